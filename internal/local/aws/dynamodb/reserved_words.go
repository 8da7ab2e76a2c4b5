package dynamodb

import (
	_ "embed"
	"strings"
)

// reservedText are the words that no expression may use as a name of an attribute,
// a line each (developer guide, "Reserved words in DynamoDB").
//
//go:embed reserved_words.txt
var reservedText string

var reservedWords = func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(reservedText) {
		words[word] = true
	}
	return words
}()

// isReserved takes words in any case.
func isReserved(word string) bool { return reservedWords[strings.ToUpper(word)] }
