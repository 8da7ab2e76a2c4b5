package secret_test

import (
	"fmt"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/secret"
)

// The first rotation of a parameter that holds one secret.
func ExampleDocument_Rotate() {
	document, _ := secret.ParseDocument("the-secret-that-has-signed-so-far")
	rotated, err := document.Rotate(time.Now())
	fmt.Println(rotated.Previous.Value(), rotated.Current, err)
	// Output: the-secret-that-has-signed-so-far [redacted] <nil>
}

// A whole rotation by a program of one's own. Between its steps the authorizers
// read the parameter: Config.MaxAge passes after the first, and the life of the old
// secret's tokens after the second.
func ExampleDocument() {
	parameter := "the-secret-that-has-signed-so-far" // as Systems Manager has it
	for _, step := range []struct {
		name string
		take func(secret.Document) (secret.Document, error)
	}{
		{"prepare", func(d secret.Document) (secret.Document, error) { return d.Prepare(time.Now()) }},
		{"rotate", func(d secret.Document) (secret.Document, error) { return d.Rotate(time.Now()) }},
		{"finish", secret.Document.Finish},
	} {
		document, err := secret.ParseDocument(parameter) // GetParameter, decrypted
		if err == nil {
			document, err = step.take(document)
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		parameter = document.Encode() // PutParameter, a SecureString, overwritten
		accepted, err := secret.ParseKeys(authz.HS256, parameter)
		fmt.Println(step.name, "previous", !document.Previous.IsZero(), "next", !document.Next.IsZero(), "accepted", len(accepted), err)
	}
	// Output:
	// prepare previous false next true accepted 2 <nil>
	// rotate previous true next false accepted 2 <nil>
	// finish previous false next false accepted 1 <nil>
}
