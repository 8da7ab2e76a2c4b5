package live

import (
	"fmt"
	"strings"
	"testing"
)

func TestPolicyEvaluation(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:execute-api:eu-central-1:000000000000:abc/$default/GET/r/1"
	allow := func(action, resource string) string {
		return fmt.Sprintf(`{"Effect":"Allow","Action":%s,"Resource":%s}`, action, resource)
	}
	const invoke = `"execute-api:Invoke"`
	tests := []struct {
		name, statement string // an array's inside, or an object
		want            bool
	}{
		{"exact", allow(invoke, `"`+arn+`"`), true},
		{"everything", allow(`"*"`, `"*"`), true},
		{"action wildcard", allow(`"execute-api:*"`, `"`+arn+`"`), true},
		{"action in another case", allow(`"Execute-API:invoke"`, `"`+arn+`"`), true},
		{"other action", allow(`"execute-api:ManageConnections"`, `"*"`), false},
		{"lists", allow(`["s3:Get*",`+invoke+`]`, `["x","`+arn+`"]`), true},
		{"whole API", allow(invoke, `"arn:aws:execute-api:eu-central-1:000000000000:abc/*"`), true},
		{"any stage and method", allow(invoke, `"arn:aws:execute-api:*:*:abc/*/*/r/1"`), true},
		{"a star matches slashes", allow(invoke, `"arn:aws:execute-api:*/1"`), true},
		{"question mark", allow(invoke, `"`+strings.TrimSuffix(arn, "1")+`?"`), true},
		{"question mark is one character", allow(invoke, `"`+arn+`?"`), false},
		{"resources are case-sensitive", allow(invoke, `"`+strings.Replace(arn, "GET", "get", 1)+`"`), false},
		{"other method", allow(invoke, `"`+strings.Replace(arn, "GET", "POST", 1)+`"`), false},
		{"prefix without star", allow(invoke, `"`+strings.TrimSuffix(arn, "/1")+`"`), false},
		{"another API", allow(invoke, `"arn:aws:execute-api:eu-central-1:000000000000:other/*"`), false},
		{"empty statement list", ``, false},
		{"Deny alone", `{"Effect":"Deny","Action":"*","Resource":"*"}`, false},
		{"Deny after Allow", allow(`"*"`, `"*"`) + `,{"Effect":"Deny","Action":"*","Resource":"*/r/1"}`, false},
		{"Deny that does not match", allow(`"*"`, `"*"`) + `,{"Effect":"Deny","Action":"*","Resource":"*/r/2"}`, true},
		{"NotAction", `{"Effect":"Allow","NotAction":"execute-api:Invoke","Resource":"*"}`, false},
		{"NotAction of another", `{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}`, true},
		{"NotResource", `{"Effect":"Deny","Action":"*","NotResource":"*/r/2"},` + allow(`"*"`, `"*"`), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p, err := parsePolicy([]byte(`{"Version":"2012-10-17","Statement":[` + test.statement + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			if got, why := p.allows(arn); got != test.want || (got != (why == "allowed")) {
				t.Errorf("got %v (%s), want %v", got, why, test.want)
			}
		})
	}
}

func FuzzParsePolicy(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{"Statement":[]}`, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":["a?*"],"NotResource":["**a*"]}]}`,
	} {
		f.Add([]byte(seed), "arn:aws:execute-api:eu-central-1:000000000000:abc/$default/GET/r/1")
	}
	f.Fuzz(func(t *testing.T, document []byte, arn string) {
		p, err := parsePolicy(document)
		if err != nil {
			return
		}
		if allowed, _ := p.allows(arn); allowed && !strings.Contains(string(document), "Allow") && !strings.Contains(string(document), `\u`) {
			t.Fatalf("allowed by %q", document)
		}
	})
}
