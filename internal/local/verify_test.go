package local

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/verify"
)

// testVerify checks the API of the example with routes of every kind by what the local
// AWS says of it, once as it is, and once as what it should be if another route were
// public and an authorizer's answers reused.
func (d deployed) testVerify(t *testing.T, credentials map[string]verify.Credential) {
	t.Helper()
	api, err := verify.Find(t.Context(), d.config(), d.APIs[0].ID, d.APIs[0].Stage)
	if err != nil {
		t.Fatal(err)
	}
	run := func(bodies map[string]string) (lines []string, _ error) {
		err := verify.Run(t.Context(), verify.Options{API: api, AWS: d.config(), Credentials: credentials, Bodies: bodies},
			func(r verify.Result) { lines = append(lines, r.String()) })
		return lines, err
	}
	lines, err := run(map[string]string{"POST /internal/sync": "{}"})
	const changes = ": not checked: it may change something, and no body is given for it"
	want := []string{
		"ok   DELETE /reports/{id} without a credential is 401",
		"ok   DELETE /reports/{id} with a bad credential is 403",
		"-    DELETE /reports/{id} with a good credential lets in" + changes,
		`ok   DELETE /reports/{id}: with TTL 0 a second call with the same credential runs the authorizer "reports-authorizer" again`,
		"ok   GET /health is public",
		"ok   GET /partner/reports without a credential is 401",
		"ok   GET /partner/reports with a bad credential is 403",
		"ok   GET /partner/reports with a good credential lets in",
		`ok   GET /partner/reports: with TTL 0 a second call with the same credential runs the authorizer "reports-partners-authorizer" again`,
		"ok   GET /reports without a credential is 401",
		"ok   GET /reports with a bad credential is 401",
		"ok   GET /reports with a good credential lets in",
		"ok   POST /internal/sync without a credential is 403",
		"ok   POST /internal/sync with a bad credential is 403",
		"ok   POST /internal/sync with a good credential lets in",
		"ok   POST /partner/reports without a credential is 401",
		"ok   POST /partner/reports with a bad credential is 403",
		"-    POST /partner/reports with a good credential lets in" + changes,
		"ok   POST /reports without a credential is 401",
		"ok   POST /reports with a bad credential is 401",
		"-    POST /reports with a good credential lets in" + changes,
	}
	if !slices.Equal(lines, want) || err != nil {
		t.Errorf("the error is %v, the checks are\n%s", err, strings.Join(lines, "\n"))
	}

	partners := *api.Routes[2].Authorizer
	partners.TTL = 1
	api.Routes = []verify.Route{{Key: "GET /reports", Authorization: "NONE"}, api.Routes[2]}
	api.Routes[1].Authorizer = &partners
	delete(credentials, "reports-authorizer")
	delete(credentials, "reports-jwt-users")
	lines, err = run(nil)
	want = []string{
		`FAIL GET /reports is public: API Gateway refuses it with 401: {"message":"Unauthorized"}`,
		"ok   GET /partner/reports without a credential is 401",
		"ok   GET /partner/reports with a bad credential is 403",
		"ok   GET /partner/reports with a good credential lets in",
		`FAIL GET /partner/reports: with TTL 1ns a second call with the same credential does not run the authorizer "reports-partners-authorizer": the authorizer ran for the second call too`,
	}
	if !slices.Equal(lines, want) || !errors.Is(err, verify.ErrFailed) {
		t.Errorf("the error is %v, the checks are\n%s", err, strings.Join(lines, "\n"))
	}
}
