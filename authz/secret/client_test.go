package secret

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/authz"
)

func TestGet(t *testing.T) {
	t.Parallel()
	ssm := newSSM(t, testSecret)
	value, err := testClient(environment(ssm.URL)).Get(t.Context(), testPath)
	if value != testSecret || err != nil {
		t.Errorf("got another value, %v", err)
	}
	if want := `{"Name":"/events-api/jwt-secret","WithDecryption":true}`; ssm.bodies[0] != want {
		t.Errorf("asked for %s, want %s", ssm.bodies[0], want)
	}
}

func TestGetFails(t *testing.T) {
	t.Parallel()
	const prefix = `reading parameter "/events-api/jwt-secret": `
	respond := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
	}
	tests := []struct {
		name    string
		failure http.HandlerFunc
		want    error
		text    string
	}{
		{"not found", refuse("ParameterNotFound"), authz.ErrMisconfigured, `misconfigured: Systems Manager answered status 400, "ParameterNotFound": "no"; put the parameter: aws ssm put-parameter --type SecureString --name /events-api/jwt-secret --value …`},
		{"denied", refuse("AccessDeniedException"), authz.ErrMisconfigured, `misconfigured: Systems Manager answered status 400, "AccessDeniedException": "no"; allow the function's role ssm:GetParameter on /events-api/jwt-secret, and kms:Decrypt if the parameter has a key of its own`},
		{"another refusal", refuse("ValidationException"), authz.ErrMisconfigured, `misconfigured: Systems Manager answered status 400, "ValidationException": "no"`},
		{"no JSON", respond("a hidden value"), authz.ErrUnavailable, `unavailable: the answer of Systems Manager to GetParameter is not as documented`},
		{"value of another type", respond(`{"Parameter":{"Type":"SecureString","Value":["a hidden value"]}}`), authz.ErrUnavailable, `unavailable: the answer of Systems Manager to GetParameter is not as documented`},
		{"no parameter", respond(`{}`), authz.ErrUnavailable, `unavailable: the answer of Systems Manager has no parameter`},
		{"String", respond(`{"Parameter":{"Type":"String","Value":"a hidden value"}}`), authz.ErrMisconfigured, `misconfigured: its type is "String", but a secret must be a SecureString; delete it and put it again: aws ssm put-parameter --type SecureString --name /events-api/jwt-secret --value …`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ssm := newSSM(t, testSecret)
			ssm.fail(tt.failure)
			value, err := testClient(environment(ssm.URL)).Get(t.Context(), testPath)
			if value != "" || !errors.Is(err, tt.want) || text(err) != prefix+tt.text {
				t.Errorf("got error %q, want %q", text(err), prefix+tt.text)
			}
		})
	}
}

func TestGetRefusesWhatIsNoName(t *testing.T) {
	t.Parallel()
	_, err := testClient(environment("")).Get(t.Context(), testSecret)
	if want := "reading a parameter: misconfigured: the path, which has 32 characters, " + noName; !errors.Is(err, authz.ErrMisconfigured) || text(err) != want {
		t.Errorf("got %q, want %q", text(err), want)
	}
}

// newPages answers GetParametersByPath with count parameters of a kind, three
// a page, in one connection.
func newPages(t *testing.T, count int, kind string) (endpoint string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var input struct {
			Path                      string
			Recursive, WithDecryption bool
			MaxResults                int
			NextToken                 *string
		}
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&input); err != nil || input.Path != "/app/tenants" || !input.Recursive || !input.WithDecryption || input.MaxResults != 10 {
			t.Errorf("got %+v, %v", input, err)
		}
		if got := r.Header.Get("X-Amz-Target"); got != "AmazonSSM.GetParametersByPath" {
			t.Errorf("got the operation %s", got)
		}
		first := 0
		if input.NextToken != nil {
			if _, err := fmt.Sscanf(*input.NextToken, "from %d", &first); err != nil {
				t.Errorf("got the token %q", *input.NextToken)
			}
		}
		answer := map[string]any{}
		var page []parameter
		for i := first; i < min(first+3, count); i++ {
			page = append(page, parameter{fmt.Sprintf("/app/tenants/t%d/key", i), kind, fmt.Sprintf("hidden %d", i), testChanged})
		}
		answer["Parameters"] = page
		if first+3 < count {
			answer["NextToken"] = fmt.Sprintf("from %d", first+3)
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestByPath(t *testing.T) {
	t.Parallel()
	for _, count := range []int{0, 1, 3, 7, 300} {
		t.Run(fmt.Sprint(count), func(t *testing.T) {
			t.Parallel()
			want := map[string]string{}
			for i := range count {
				want[fmt.Sprintf("/app/tenants/t%d/key", i)] = fmt.Sprintf("hidden %d", i)
			}
			got, err := testClient(environment(newPages(t, count, secureString))).ByPath(t.Context(), "/app/tenants")
			if err != nil || !maps.Equal(got, want) {
				t.Errorf("got %d parameters, %v", len(got), err)
			}
		})
	}
}

// TestByPathOtherTypes: a String is there, without its value.
func TestByPathOtherTypes(t *testing.T) {
	t.Parallel()
	got, err := testClient(environment(newPages(t, 1, "String"))).ByPath(t.Context(), "/app/tenants")
	if value, there := got["/app/tenants/t0/key"]; err != nil || len(got) != 1 || !there || value != "" {
		t.Errorf("got %d parameters, %v, or a value", len(got), err)
	}
}

func TestByPathFails(t *testing.T) {
	t.Parallel()
	denied := newSSM(t, testSecret)
	denied.fail(refuse("AccessDeniedException"))
	const prefix = `reading the parameters below "/app/tenants": `
	tests := []struct{ name, endpoint, path, text string }{
		{"too many", newPages(t, 301, secureString), "/app/tenants", prefix + "misconfigured: there are more than 300, which cannot be read in time; use several paths, or another store"},
		{"denied", denied.URL, "/app/tenants", prefix + `misconfigured: Systems Manager answered status 400, "AccessDeniedException": "no"; allow the function's role ssm:GetParametersByPath on /app/tenants itself, and kms:Decrypt if a parameter has a key of its own`},
		{"without slash", "", testSecret, "reading parameters: misconfigured: the path, which has 32 characters, " + noName},
		{"slash at the end", "", "/app/", `reading the parameters below "/app/": misconfigured: the path must not end with a slash`},
		{"everything", "", "/", `reading the parameters below "/": misconfigured: the path must not end with a slash`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := testClient(environment(tt.endpoint)).ByPath(t.Context(), tt.path)
			if got != nil || !errors.Is(err, authz.ErrMisconfigured) || text(err) != tt.text {
				t.Errorf("got %q, want %q", text(err), tt.text)
			}
			if strings.Contains(text(err), "hidden") {
				t.Error("a value is in the error")
			}
		})
	}
}

// TestParameterOf: an answer is what encoding/json reads in it, or is none.
func TestParameterOf(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		`{}`, `{"Parameter":{}}`, `{"X":[null],"Parameter":{"ARN":"a","Type":"SecureString","Name":"/a","Value":"\u00e9\n","LastModifiedDate":1.7E9,"Version":1}}`,
	} {
		var want struct{ Parameter parameter }
		got, good := parameterOf([]byte(answer))
		if err := json.Unmarshal([]byte(answer), &want); err != nil || !good || got != want.Parameter {
			t.Errorf("%s is %+v, %t, want %+v, %v", answer, got, good, want.Parameter, err)
		}
	}
	for _, answer := range []string{
		``, `[]`, `{"Parameter":null}`, `{"Parameter":[]}`, `{"Parameter":{},"Parameter":{}}`, `{"Parameter":{"Value":"a","Value":"b"}}`, `{"Parameter":{"Value":7}}`,
		`{"Parameter":{"Type":null}}`, `{"Parameter":{"LastModifiedDate":"1"}}`, `{"Parameter":{"LastModifiedDate":1e999}}`,
	} {
		if got, good := parameterOf([]byte(answer)); good || got.Value != "" {
			t.Errorf("%s is %+v, %t", answer, got, good)
		}
	}
}
