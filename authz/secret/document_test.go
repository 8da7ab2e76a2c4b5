package secret

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

// plain is a document with its secrets readable.
func plain(d Document) string {
	var parts []string
	for _, e := range d.Entries() {
		parts = append(parts, e.Role+"|"+e.ID+"|"+e.Value())
	}
	return strings.Join(parts, " ")
}

func TestParseDocument(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, value, want string }{
		{"one secret", " s\n", "|| s\n"},
		{"empty", "", "||"},
		{"one secret with a brace later", "s{", "||s{"},
		{"current", `{"current":"a"}`, "current||a"},
		{"all three", `{"next":"c","current":"a","previous":"b"}`, "current||a previous||b next||c"},
		{"with ids", `{"current":{"kid":"k2","secret":"a"},"previous":{"secret":"b","kid":"k1"}}`, "current|k2|a previous|k1|b"},
		{"keys in the document's order", `{"keys":{"z":"1","a":"2"}}`, "key 1|z|1 key 2|a|2"},
		{"white space and byte order mark", "\ufeff\r\n {\n\t\"current\" : \"a\" }\n", "current||a"},
		{"escapes", `{"current":"\u0061\n"}`, "current||a\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, err := ParseDocument(tt.value)
			if err != nil || plain(d) != tt.want {
				t.Errorf("got %q, %v; want %q", plain(d), err, tt.want)
			}
		})
	}
}

func TestParseDocumentRefuses(t *testing.T) {
	t.Parallel()
	const useOther = "; for an issuer with a JSON Web Key Set (JWKS) use API Gateway's built-in JWT authorizer, which fetches it"
	tests := []struct{ name, value, text string }{
		{"nothing in it", `{}`, `has no "current"`},
		{"cut", `{"current":"hidden"`, `is not valid JSON`},
		{"no JSON", `{hidden}`, `is not valid JSON`},
		{"trailing comma", `{"current":"hidden",}`, `is not valid JSON`},
		{"more behind it", `{"current":"hidden"} hidden`, `is not valid JSON`},
		{"two documents", `{"current":"hidden"}{"current":"hidden"}`, `is not valid JSON`},
		{"not UTF-8", "{\"current\":\"hidden\xff\"}", `is not UTF-8`},
		{"unknown member", `{"current":"hidden","hidden":1}`, `has a member other than "current", "previous", "next" and "keys"`},
		{"another case", `{"Current":"hidden"}`, `has a member other than "current", "previous", "next" and "keys"`},
		{"member twice", `{"current":"hidden","current":"hidden"}`, `names a member twice`},
		{"member twice, escaped", `{"current":"hidden","\u0063urrent":"hidden"}`, `names a member twice`},
		{"previous alone", `{"previous":"hidden"}`, `has no "current"`},
		{"number", `{"current":5}`, `has in "current" neither a string nor an object with "kid" and "secret"`},
		{"null", `{"current":"hidden","previous":null}`, `has in "previous" neither a string nor an object with "kid" and "secret"`},
		{"list", `{"current":["hidden"]}`, `has in "current" neither a string nor an object with "kid" and "secret"`},
		{"kid alone", `{"current":{"kid":"hidden"}}`, `has in "current" not both "kid" and "secret"`},
		{"secret alone", `{"current":{"secret":"hidden"}}`, `has in "current" not both "kid" and "secret"`},
		{"empty kid", `{"current":{"kid":"","secret":"hidden"}}`, `has in "current" not both "kid" and "secret"`},
		{"kid of another type", `{"next":{"kid":1,"secret":"hidden"}}`, `has in "next" something other than a string`},
		{"secret null", `{"next":{"kid":"hidden","secret":null}}`, `has in "next" something other than a string`},
		{"further member", `{"next":{"kid":"hidden","secret":"hidden","alg":"none"}}`, `has in "next" a member other than "kid" and "secret"`},
		{"kid twice", `{"next":{"kid":"hidden","kid":"hidden"}}`, `names a member twice in "next"`},
		{"keys beside current", `{"current":"hidden","keys":{"a":"hidden"}}`, `has other members beside "keys"`},
		{"no keys", `{"keys":{}}`, `has no key in "keys"`},
		{"keys is a string", `{"keys":"hidden"}`, `has in "keys" something other than an object`},
		{"key without id", `{"keys":{"":"hidden"}}`, `has in "keys" a key without an id`},
		{"key is an object", `{"keys":{"hidden":"hidden","hidden2":{"secret":"hidden"}}}`, `has in "key 2" something other than a string`},
		{"key twice", `{"keys":{"hidden":"hidden","hidden":"hidden"}}`, `names a member twice in "keys"`},
		{"JWKS", `{"keys":[{"kty":"oct","k":"hidden"}]}`, `is a JSON Web Key Set` + useOther},
		{"JWK", `{"kty":"oct","k":"hidden"}`, `is a JSON Web Key` + useOther},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, err := ParseDocument(tt.value)
			want := "misconfigured: the secret document " + tt.text
			if !errors.Is(err, authz.ErrMisconfigured) || err.Error() != want || !reflect.DeepEqual(d, Document{}) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

func TestEncode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		d    Document
		want string
	}{
		{"without ids", Document{Current: NewEntry("", "a"), Previous: NewEntry("", "b<")}, `{"current":"a","previous":"b\u003c"}`},
		{"keys", Document{Keys: []Entry{NewEntry("z", "a"), NewEntry("b", "c")}}, `{"keys":{"b":"c","z":"a"}}`},
		{"with ids", Document{Current: NewEntry("k", "a"), Next: NewEntry("n", "c")}, `{"current":{"kid":"k","secret":"a"},"next":{"kid":"n","secret":"c"}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.d.Encode(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			again, err := ParseDocument(tt.d.Encode())
			if err != nil || again.Encode() != tt.want {
				t.Errorf("read again it is %s, %v", again.Encode(), err)
			}
		})
	}
}

// TestChecklist7DocumentIsNotPrinted: printed or marshalled, a document shows
// no secret (item 7 of the security checklist).
func TestChecklist7DocumentIsNotPrinted(t *testing.T) {
	t.Parallel()
	d, err := ParseDocument(`{"current":{"kid":"k","secret":"hidden"},"previous":"hidden"}`)
	if err != nil {
		t.Fatal(err)
	}
	marshalled, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	inside := struct{ d Document }{d}
	for _, out := range []string{string(marshalled), fmt.Sprintf("%v %+v %#v %s %x %q", d, d, d, d, d, &d), fmt.Sprintf("%v %+v %#v %x", inside, inside, inside, inside)} {
		if strings.Contains(out, "hidden") || strings.Contains(out, fmt.Sprintf("%x", "hidden")) {
			t.Errorf("it is printed")
		}
	}
}

// FuzzParse: what is accepted is what encoding/json reads, and no error shows
// a part of the value.
func FuzzSecretDocument(f *testing.F) {
	for _, seed := range []string{"secret", `{"current":"a"}`, `{"current":{"kid":"k","secret":"a"},"previous":"b","next":"c"}`, `{"keys":{"a":"1"}}`, `{"keys":[]}`, `{"current":"a","current":"b"}`, "\ufeff{", `{"a":[{"":{}}]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		d, err := ParseDocument(value)
		if err != nil {
			if !errors.Is(err, authz.ErrMisconfigured) || len(err.Error()) > 200 {
				t.Fatalf("got an error of %d bytes", len(err.Error()))
			}
			return
		}
		if !strings.HasPrefix(strings.TrimLeft(value, " \t\r\n\ufeff"), "{") {
			if d.Current.Value() != value || len(d.Entries()) != 1 {
				t.Fatal("one secret is not taken as it is")
			}
			return
		}
		if !json.Valid([]byte(strings.TrimLeft(value, " \t\r\n\ufeff"))) {
			t.Fatal("accepted what is no JSON")
		}
		if len(d.Keys) == 0 {
			again, err := ParseDocument(d.Encode())
			if err != nil || plain(again) != plain(d) {
				t.Fatalf("encoded and read again it is another document: %v", err)
			}
		}
	})
}
