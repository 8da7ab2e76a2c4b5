package ssm

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

// newHierarchy returns a service with parameters at several levels.
func newHierarchy(t *testing.T) *Service {
	t.Helper()
	s := newService()
	for name, key := range map[string]string{"/app/b": "", "/app/a": keyARN, "/app/sub/c": "", "app": "", "/application/d": "", "other": "", "plain": ""} {
		if _, _, err := s.Put(Parameter{Name: name, Type: TypeSecureString, Value: "value of " + name, KeyID: key}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// byPath runs a request and returns the names of its answer.
func byPath(t *testing.T, s *Service, body string) (names []string, next string) {
	t.Helper()
	out, err := operations(s)["GetParametersByPath"].Run([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Parameters []wire
		NextToken  string
	}
	if err := json.Unmarshal(b, &answer); err != nil || answer.Parameters == nil {
		t.Fatalf("got %s, %v", b, err)
	}
	for _, p := range answer.Parameters {
		names = append(names, p.Name)
		if strings.Contains(body, "WithDecryption") != (p.Value == "value of "+p.Name) {
			t.Errorf("%s: the value of %s is not as asked for", body, p.Name)
		}
	}
	return names, answer.NextToken
}

func TestByPath(t *testing.T) {
	t.Parallel()
	s := newHierarchy(t)
	if _, _, err := s.Put(Parameter{Name: "/app/b", Value: "value of /app/b", Overwrite: true}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, body string
		want       []string
	}{
		{"one level", `{"Path":"/app","WithDecryption":true}`, []string{"/app/a", "/app/b"}},
		{"without decryption", `{"Path":"/app"}`, []string{"/app/a", "/app/b"}},
		{"recursive", `{"Path":"/app","Recursive":true,"WithDecryption":true}`, []string{"/app/a", "/app/b", "/app/sub/c"}},
		{"slash at the end", `{"Path":"/app/","Recursive":true}`, []string{"/app/a", "/app/b", "/app/sub/c"}},
		{"first level", `{"Path":"/"}`, []string{"app", "other", "plain"}},
		{"everything", `{"Path":"/","Recursive":true}`, []string{"/app/a", "/app/b", "/app/sub/c", "/application/d", "app", "other", "plain"}},
		{"nothing there", `{"Path":"/aws/service","ParameterFilters":[]}`, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got, next := byPath(t, s, tc.body); !reflect.DeepEqual(got, tc.want) || next != "" {
				t.Errorf("got %v, token %q", got, next)
			}
		})
	}
	out, err := operations(s)["GetParametersByPath"].Run([]byte(`{"Path":"/app/sub","WithDecryption":true}`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(out)
	const want = `{"Parameters":[{"ARN":"arn:aws:ssm:eu-central-1:000000000000:parameter/app/sub/c","DataType":"text","LastModifiedDate":1725564788.123,"Name":"/app/sub/c","Type":"SecureString","Value":"value of /app/sub/c","Version":1}]}`
	if string(b) != want || err != nil {
		t.Errorf("got %s, %v", b, err)
	}
}

// TestByPathPages: by MaxResults and by ten, to the end; parameters that come
// and go meanwhile repeat and skip none of the others.
func TestByPathPages(t *testing.T) {
	t.Parallel()
	s := newService()
	for i := range 23 {
		if _, _, err := s.Put(Parameter{Name: fmt.Sprintf("/p/%02d", i), Type: TypeString, Value: fmt.Sprintf("value of /p/%02d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		members string
		pages   []int
	}{
		{`"WithDecryption":true`, []int{10, 10, 3}},
		{`"WithDecryption":true,"MaxResults":8`, []int{8, 8, 7}},
	} {
		var pages []int
		var all []string
		token := ""
		for {
			names, next := byPath(t, s, `{"Path":"/p",`+tc.members+token+`}`)
			pages, all = append(pages, len(names)), append(all, names...)
			if next == "" {
				break
			}
			token = `,"NextToken":"` + next + `"`
		}
		if !reflect.DeepEqual(pages, tc.pages) || all[0] != "/p/00" || all[22] != "/p/22" || len(all) != 23 {
			t.Errorf("%s: got pages of %v: %v", tc.members, pages, all)
		}
	}
	_, next := byPath(t, s, `{"Path":"/p","MaxResults":2,"WithDecryption":true}`)
	for _, name := range []string{"/p/00", "/p/01"} {
		if err := s.Delete(name); err != nil {
			t.Fatal(err)
		}
	}
	if names, _ := byPath(t, s, `{"Path":"/p","MaxResults":1,"WithDecryption":true,"NextToken":"`+next+`"}`); !reflect.DeepEqual(names, []string{"/p/02"}) {
		t.Errorf("got %v", names)
	}
}

func TestByPathErrors(t *testing.T) {
	t.Parallel()
	const requirements = `ValidationException: The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash "/". It can't be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.`
	s := newHierarchy(t)
	_, next := byPath(t, s, `{"Path":"/app","MaxResults":1}`)
	for _, tc := range []struct{ name, body, want string }{
		{"no path", `{}`, "ValidationException: 1 validation error detected: Value at 'path' failed to satisfy constraint: Member must not be null"},
		{"empty path", `{"Path":""}`, "ValidationException: 1 validation error detected: Value at 'path' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"path without slash", `{"Path":"app"}`, requirements},
		{"path with an asterisk", `{"Path":"/app/*"}`, requirements},
		{"path with an empty part", `{"Path":"/app//a"}`, requirements},
		{"no results", `{"Path":"/app","MaxResults":0}`, "ValidationException: 1 validation error detected: Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"too many results", `{"Path":"/app","MaxResults":11}`, "ValidationException: 1 validation error detected: Value '11' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 10"},
		{"bad token", `{"Path":"/app","NextToken":"x"}`, "InvalidNextToken: The specified token isn't valid."},
		{"token of another path", `{"Path":"/other","NextToken":"` + next + `"}`, "InvalidNextToken: The specified token isn't valid."},
		{"filters", `{"Path":"/app","ParameterFilters":[{"Key":"Type","Values":["String"]}]}`, "ValidationException: ParameterFilters are not supported by the local AWS: leave them out"},
		{"path of another type", `{"Path":["/app"]}`, `SerializationException: the member "Path" must be of type string`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			grants, err := operations(s)["GetParametersByPath"].Grants([]byte(tc.body))
			wantError(t, err, tc.want)
			if grants != nil {
				t.Errorf("got %v", grants)
			}
			_, err = operations(s)["GetParametersByPath"].Run([]byte(tc.body))
			wantError(t, err, tc.want)
		})
	}
}

func TestByPathGrants(t *testing.T) {
	t.Parallel()
	s := newHierarchy(t)
	const arn = "arn:aws:ssm:eu-central-1:000000000000:parameter"
	path := func(path, recursive string) iam.Grant {
		return iam.Grant{Action: "ssm:GetParametersByPath", Resource: arn + path, Context: iam.Context{"ssm:Recursive": recursive}}
	}
	kms := iam.Grant{Action: "kms:Decrypt", Resource: keyARN, Context: iam.Context{"kms:ViaService": "ssm.eu-central-1.amazonaws.com", "kms:EncryptionContext:PARAMETER_ARN": arn + "/app/a"}}
	for _, tc := range []struct {
		name, body string
		want       []iam.Grant
	}{
		{"path", `{"Path":"/app"}`, []iam.Grant{path("/app", "false")}},
		{"slash at the end", `{"Path":"/app/","Recursive":true}`, []iam.Grant{path("/app/", "true")}},
		{"root", `{"Path":"/"}`, []iam.Grant{path("/", "false")}},
		{"decrypt", `{"Path":"/app","WithDecryption":true}`, []iam.Grant{path("/app", "false"), kms}},
		{"decrypt this page", `{"Path":"/","WithDecryption":true,"Recursive":true,"MaxResults":1}`, []iam.Grant{path("/", "true"), kms}},
		{"decrypt another page", `{"Path":"/","WithDecryption":true,"Recursive":true,"MaxResults":1,"NextToken":"` + base64.RawURLEncoding.EncodeToString([]byte("/\n/app/a")) + `"}`, []iam.Grant{path("/", "true")}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := operations(s)["GetParametersByPath"].Grants([]byte(tc.body))
			wantError(t, err, "")
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %+v", got)
			}
		})
	}
}
