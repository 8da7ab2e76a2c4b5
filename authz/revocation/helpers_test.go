package revocation

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/contract"
	localdynamodb "github.com/protected-http-api/protected-http-api/internal/local/aws/dynamodb"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
)

const testTable = "events-revocations"

// moment is when the tests' entries are written.
var moment = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// cloud is a local AWS with the table.
type cloud struct {
	*endpointtest.Server
	sdk *dynamodb.Client
}

func newCloud(t testing.TB) cloud {
	t.Helper()
	server := endpointtest.Start(t, endpoint.Options{Services: endpoint.Services{"dynamodb": localdynamodb.New(endpointtest.Account, nil).Handler()}})
	return cloud{server, server.CreateTables(t, testTable)}
}

func withTable(env endpointtest.Environment) endpointtest.Environment {
	env = maps.Clone(env)
	env[contract.EnvRevocationTable] = testTable
	return env
}

// table is the table with the permissions that Table's comment names, at the time
// moment.
func (c cloud) table(t testing.TB) *Table {
	t.Helper()
	return c.tableAt(c.Role(t, "operator", endpointtest.Allow("dynamodb:GetItem,dynamodb:PutItem,dynamodb:DeleteItem,dynamodb:Scan", tableARN)))
}

func (cloud) tableAt(env endpointtest.Environment) *Table {
	table := NewTable(Config{Getenv: withTable(env).Get, Timeout: time.Minute})
	table.now = func() time.Time { return moment }
	return table
}

const tableARN = "arn:aws:dynamodb:eu-central-1:000000000000:table/" + testTable

// checker is what an authorizer asks, with the one permission that it needs. It has
// more patience: other tests may keep the machine busy.
func (c cloud) checker(t testing.TB) *Checker {
	t.Helper()
	return New(Config{Getenv: withTable(c.Role(t, "authorizer", endpointtest.Allow("dynamodb:BatchGetItem", tableARN))).Get, Timeout: time.Minute})
}

// between returns an environment whose requests go through a hook, which has them
// carried out, or not, and may lose the answer.
func (c cloud) between(t testing.TB, hook func(operation string, carryOut func()) (lost bool)) endpointtest.Environment {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		answer := httptest.NewRecorder()
		if hook(operation, func() { c.Handler.ServeHTTP(answer, r) }) {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(answer.Code)
		_, _ = io.Copy(w, answer.Body)
	}))
	t.Cleanup(proxy.Close)
	env := c.Root()
	env["AWS_ENDPOINT_URL"] = proxy.URL
	return env
}

// answering is the environment of a DynamoDB that has the same answers, one after the
// other, to everything; the last is repeated.
func answering(t testing.TB, status int, bodies ...string) (env endpointtest.Environment, requests *[]string) {
	t.Helper()
	requests = new([]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*requests = append(*requests, string(body)) // one follows the other
		w.WriteHeader(status)
		_, _ = io.WriteString(w, bodies[min(len(*requests), len(bodies))-1])
	}))
	t.Cleanup(server.Close)
	return withTable(endpointtest.Environment{"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": server.URL}), requests
}

// principal is a token's with everything that there can be an entry for.
func principal(change ...func(*authz.Principal)) authz.Principal {
	p := authz.Principal{
		Identity: authz.Identity{Subject: "usr_abc", Issuer: "https://a.example", Tenant: "acme", Method: "JWT", CredentialID: "j1", ExpiresAt: moment.Add(time.Hour)},
		IssuedAt: moment, KeyID: "2026-01", Digest: strings.Repeat("0f", 32),
	}
	for _, f := range change {
		f(&p)
	}
	return p
}

func (c cloud) add(t testing.TB, entries ...Entry) {
	t.Helper()
	table := c.tableAt(c.Root())
	for _, e := range entries {
		if _, err := table.Add(context.Background(), e); err != nil {
			t.Fatal(err)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
