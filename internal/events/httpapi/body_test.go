package httpapi_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/events/httpapi"
)

func TestBody(t *testing.T) {
	t.Parallel()
	const limit = 8
	tests := []struct {
		name, contentType, body string
		base64                  bool
		want, err               string
	}{
		{name: "text", contentType: "application/json", body: `{}`, want: `{}`},
		{name: "parameters", contentType: `Application/JSON; charset="UTF-8"; v=1`, body: `{}`, want: `{}`},
		{name: "base64", contentType: "application/json", body: "e30=", base64: true, want: `{}`},
		{name: "longest", contentType: "application/json", body: "12345678", want: "12345678"},
		{name: "longest in base64", contentType: "application/json", body: base64.StdEncoding.EncodeToString([]byte("12345678")), base64: true, want: "12345678"},
		{name: "no type", err: `415: content type is ""; allowed is "application/json"`},
		{name: "other type", contentType: "text/plain", body: `{}`, err: `415: content type is "text/plain"; allowed is "application/json"`},
		{name: "two types", contentType: "application/json,application/json", body: `{}`, err: `415: content type is "application/json,application/json"; allowed is "application/json"`},
		{name: "a type that begins alike", contentType: "application/json-seq", err: `415: content type is "application/json-seq"; allowed is "application/json"`},
		{name: "long type", contentType: strings.Repeat("a", 63) + "éé", err: `415: content type is "` + strings.Repeat("a", 63) + `…"; allowed is "application/json"`},
		{name: "charset", contentType: "application/json; charset=latin1", body: `{}`, err: `415: charset is "latin1"; allowed is "utf-8"`},
		{name: "bad base64", contentType: "application/json", body: "{}", base64: true, err: "400: request body is not valid base64"},
		{name: "too long", contentType: "application/json", body: "123456789", err: "413: request body has 9 bytes; allowed are at most 8"},
		{name: "too long in base64", contentType: "application/json", body: base64.StdEncoding.EncodeToString([]byte("123456789")), base64: true, err: "413: request body has 9 bytes; allowed are at most 8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req := httpapi.Request{Headers: map[string]string{"content-type": tt.contentType}, Body: tt.body, IsBase64Encoded: tt.base64}
			got, err := httpapi.Body(req, limit)
			if string(got) != tt.want || text(err) != tt.err {
				t.Errorf("Body = %q, %q; want %q, %q", got, text(err), tt.want, tt.err)
			}
		})
	}
}

// The cases go through Object and then String, as a handler does.
func TestObject(t *testing.T) {
	t.Parallel()
	const malformed, noObject = "400: request body is malformed JSON", "400: request body is not a JSON object"
	tests := []struct{ name, body, want, err string }{
		{name: "plain", body: `{"name":"a","note":[{"x":null}]}`, want: "a"},
		{name: "white space", body: " {\n\"name\" : \"a\"\r\n}\t", want: "a"},
		{name: "escaped", body: `{"n\u0061me":"\u00e9"}`, want: "é"},
		{name: "empty string", body: `{"name":""}`},
		{name: "empty body", body: ``, err: noObject},
		{name: "array", body: `["name"]`, err: noObject},
		{name: "null", body: `null`, err: noObject},
		{name: "string", body: `"name"`, err: noObject},
		{name: "byte order mark", body: "\ufeff{}", err: malformed},
		{name: "empty object", body: `{}`, err: `400: request body lacks the member "name"`},
		{name: "null member", body: `{"name":null}`, err: `400: member "name" is not a string`},
		{name: "number", body: `{"name":1}`, err: `400: member "name" is not a string`},
		{name: "object", body: `{"name":{"name":"a"}}`, err: `400: member "name" is not a string`},
		{name: "unknown member", body: `{"name":"a","id":"1"}`, err: `400: request body has the unknown member "id"; allowed are: name, note`},
		{name: "other case", body: `{"Name":"a"}`, err: `400: request body has the unknown member "Name"; allowed are: name, note`},
		{name: "twice", body: `{"name":"a","name":"b"}`, err: `400: request body has the member "name" twice`},
		{name: "twice in a member", body: `{"name":"a","note":[{"x":1,"x":2}]}`, err: `400: request body has the member "x" twice`},
		{name: "twice, once escaped", body: `{"name":"a","n\u0061me":"b"}`, err: `400: request body has the member "name" twice`},
		{name: "trailing object", body: `{"name":"a"}{}`, err: malformed},
		{name: "trailing text", body: `{"name":"a"}x`, err: malformed},
		{name: "cut off", body: `{"name":"a"`, err: malformed},
		{name: "cut off in a string", body: `{"name":"a`, err: malformed},
		{name: "trailing comma", body: `{"name":"a",}`, err: malformed},
		{name: "no colon", body: `{"name" "a"}`, err: malformed},
		{name: "unquoted name", body: `{name:"a"}`, err: malformed},
		{name: "wrong bracket", body: `{"name":"a"]`, err: malformed},
		{name: "raw line break in a string", body: "{\"name\":\"a\nb\"}", err: malformed},
		{name: "invalid UTF-8", body: "{\"name\":\"\xff\"}", err: "400: request body is not valid UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			members, err := httpapi.Object([]byte(tt.body), "name", "note")
			var got string
			if err == nil {
				got, err = httpapi.String(members, "name")
			}
			if got != tt.want || text(err) != tt.err {
				t.Errorf("%q: %q, %q; want %q, %q", tt.body, got, text(err), tt.want, tt.err)
			}
		})
	}
}

func FuzzObject(f *testing.F) {
	for _, seed := range []string{`{"name":"a"}`, `{"name":"a","name":"b"}`, `{"name":1}{}`, `{"Name":"\ud800"}`, `{"name":[1,{"a":2}],"note":"x"}`, "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		members, err := httpapi.Object(body, "name", "note")
		if err != nil {
			var told *httpapi.Error
			if !errors.As(err, &told) || told.Status != 400 {
				t.Fatalf("Object(%q): %v; want an *Error with 400", body, err)
			}
			return
		}
		var all map[string]json.RawMessage
		if err := json.Unmarshal(body, &all); err != nil || len(all) != len(members) {
			t.Fatalf("Object(%q) = %v, but encoding/json has %v, %v", body, members, all, err)
		}
		for name, value := range members {
			if name != "name" && name != "note" || string(all[name]) != string(value) {
				t.Fatalf("Object(%q) has the member %q = %s", body, name, value)
			}
		}
	})
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
