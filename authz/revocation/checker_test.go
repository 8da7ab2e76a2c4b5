package revocation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
)

// TestCheck: which entry withdraws which credential, against the local DynamoDB with
// the authorizer's one permission.
func TestCheck(t *testing.T) {
	t.Parallel()
	digest := strings.Repeat("0f", 32)
	other := "https://b.example"
	const entry = "revoked: there is an entry for its "
	const before = ", and it was issued before the entry's moment"
	later := func(p *authz.Principal) { p.IssuedAt = moment.Add(time.Second) }
	unknown := func(p *authz.Principal) { p.IssuedAt = time.Time{} }
	foreign := func(p *authz.Principal) { p.Issuer = other }
	for _, tt := range []struct {
		name   string
		entry  Entry
		change func(*authz.Principal)
		want   string
	}{
		{"token", Entry{Target: Target{Token, digest, ""}}, nil, entry + "token"},
		{"another token", Entry{Target: Target{Token, strings.Repeat("0e", 32), ""}}, nil, ""},
		{"credential", Entry{Target: Target{Credential, "j1", ""}}, nil, entry + "credential"},
		{"credential, whenever it was issued", Entry{Target: Target{Credential, "j1", ""}}, later, entry + "credential"},
		{"credential of its issuer", Entry{Target: Target{Credential, "j1", "https://a.example"}}, nil, entry + "credential"},
		{"credential of another issuer", Entry{Target: Target{Credential, "j1", other}}, nil, ""},
		{"another credential", Entry{Target: Target{Credential, "j2", ""}}, nil, ""},
		{"an id in another case", Entry{Target: Target{Credential, "J1", ""}}, nil, ""},
		{"subject", Entry{Target: Target{Subject, "usr_abc", ""}, Before: moment}, nil, entry + "subject" + before},
		{"subject, issued later", Entry{Target: Target{Subject, "usr_abc", ""}, Before: moment}, later, ""},
		{"subject, issued later in the same second", Entry{Target: Target{Subject, "usr_abc", ""}, Before: moment}, func(p *authz.Principal) { p.IssuedAt = moment.Add(time.Second - 1) }, entry + "subject" + before},
		{"subject, issued nobody knows when", Entry{Target: Target{Subject, "usr_abc", ""}, Before: moment}, unknown, entry + "subject before a moment, and nothing says when it was issued"},
		{"subject without a moment", Entry{Target: Target{Subject, "usr_abc", ""}}, later, entry + "subject"},
		{"subject of its issuer", Entry{Target: Target{Subject, "usr_abc", other}, Before: moment}, foreign, entry + "subject" + before},
		{"subject of another issuer", Entry{Target: Target{Subject, "usr_abc", other}, Before: moment}, nil, ""},
		{"subject of an issuer, of a credential without", Entry{Target: Target{Subject, "usr_abc", other}, Before: moment}, func(p *authz.Principal) { p.Issuer = "" }, ""},
		{"subject of every issuer, of a credential without", Entry{Target: Target{Subject, "usr_abc", ""}, Before: moment}, func(p *authz.Principal) { p.Issuer = "" }, entry + "subject" + before},
		{"another subject", Entry{Target: Target{Subject, "usr_abcd", ""}, Before: moment}, nil, ""},
		{"a subject like a subject of an issuer", Entry{Target: Target{Subject, "usr_abc#https://a.example", ""}, Before: moment}, nil, ""},
		{"a subject beyond ASCII", Entry{Target: Target{Subject, "Zoë #李", ""}, Before: moment}, func(p *authz.Principal) { p.Subject = "Zoë #李" }, entry + "subject" + before},
		{"tenant", Entry{Target: Target{Tenant, "acme", ""}, Before: moment}, nil, entry + "tenant" + before},
		{"tenant, issued later", Entry{Target: Target{Tenant, "acme", ""}, Before: moment}, later, ""},
		{"another tenant", Entry{Target: Target{Tenant, "acme2", ""}, Before: moment}, nil, ""},
		{"a tenant that is called like the subject", Entry{Target: Target{Tenant, "usr_abc", ""}, Before: moment}, nil, ""},
		{"key", Entry{Target: Target{Key, "2026-01", ""}, Before: moment}, nil, entry + "key" + before},
		{"key of its issuer, issued later", Entry{Target: Target{Key, "2026-01", "https://a.example"}, Before: moment}, later, ""},
		{"a key that is called like the credential", Entry{Target: Target{Key, "j1", ""}, Before: moment}, nil, ""},
		{"an entry that has expired and is still there", Entry{Target: Target{Subject, "usr_abc", ""}, Before: moment, Expires: time.Now().Add(-2 * time.Hour)}, nil, entry + "subject" + before},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			checker, p := c.checker(t), principal()
			if tt.change != nil {
				tt.change(&p)
			}
			if err := checker.Check(t.Context(), p); err != nil {
				t.Errorf("without an entry: %v", err)
			}
			c.add(t, tt.entry)
			err := checker.Check(t.Context(), p)
			if text(err) != tt.want || (err != nil) != errors.Is(err, authz.ErrRevoked) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if err := c.table(t).Remove(t.Context(), tt.entry.Target); err != nil {
				t.Fatal(err)
			}
			if err := checker.Check(t.Context(), p); err != nil {
				t.Errorf("after the entry was removed: %v", err)
			}
		})
	}
}

// TestOneRead: a decision is one strongly consistent read of exactly what can be
// about the credential.
func TestOneRead(t *testing.T) {
	t.Parallel()
	const begin, end = `{"RequestItems":{"events-revocations":{"Keys":[`, `],"ConsistentRead":true}}}`
	keys := func(ids ...string) string {
		return begin + `{"id":{"S":"` + strings.Join(ids, `"}},{"id":{"S":"`) + `"}}` + end
	}
	digest := strings.Repeat("0f", 32)
	for name, tt := range map[string]struct {
		p    authz.Principal
		want string
	}{
		"least": {authz.Principal{Identity: authz.Identity{Subject: "s"}}, keys("subject#s")},
		"a token without issuer, jti and kid": {authz.Principal{Identity: authz.Identity{Subject: "s", CredentialID: "sha256:000000000000"}, Digest: digest},
			keys("token#"+digest, "credential#sha256%3A000000000000", "subject#s")},
		"everything": {principal(), keys("token#"+digest, "credential#j1", "credential#j1#https%3A%2F%2Fa.example", "subject#usr_abc", "subject#usr_abc#https%3A%2F%2Fa.example",
			"tenant#acme", "key#2026-01", "key#2026-01#https%3A%2F%2Fa.example")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, requests := answering(t, 200, `{"Responses":{"events-revocations":[]},"UnprocessedKeys":{}}`)
			if err := New(Config{Getenv: env.Get}).Check(t.Context(), tt.p); err != nil {
				t.Error(err)
			}
			if len(*requests) != 1 || (*requests)[0] != tt.want {
				t.Errorf("sent\n%s\nwant\n%s", strings.Join(*requests, "\n"), tt.want)
			}
		})
	}
}

// TestUnread: what DynamoDB leaves unread is asked for again, and never taken for
// missing.
func TestUnread(t *testing.T) {
	t.Parallel()
	const left = `{"Responses":{"events-revocations":[]},"UnprocessedKeys":{"events-revocations":{"Keys":[{"id":{"S":"subject#s"}}]}}}`
	const revoked = `{"Responses":{"events-revocations":[{"id":{"S":"subject#s"}}]},"UnprocessedKeys":{}}`
	p := authz.Principal{Identity: authz.Identity{Subject: "s"}}
	env, requests := answering(t, 200, left, left, revoked)
	if err := New(Config{Getenv: env.Get, Timeout: time.Minute}).Check(t.Context(), p); !errors.Is(err, authz.ErrRevoked) || len(*requests) != 3 {
		t.Errorf("got %v after %d requests", err, len(*requests))
	}
	env, _ = answering(t, 200, left)
	const want = `looking for revocations: revocation table "events-revocations": unavailable: DynamoDB leaves 1 items unread`
	if err := New(Config{Getenv: env.Get, Timeout: 250 * time.Millisecond}).Check(t.Context(), p); !errors.Is(err, authz.ErrUnavailable) || errors.Is(err, authz.ErrRevoked) || text(err) != want && !strings.Contains(text(err), context.DeadlineExceeded.Error()) {
		t.Errorf("got %v", err)
	}
}

// TestFaults: who cannot be looked up is not let in; with FailOpen he is while
// DynamoDB does not answer, and in no other case.
func TestFaults(t *testing.T) {
	t.Parallel()
	const unavailable, misconfigured = "unavailable", "misconfigured"
	throttled := `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow"}`
	item := func(attributes string) string {
		return `{"Responses":{"events-revocations":[{"id":{"S":"subject#usr_abc"}` + attributes + `}]},"UnprocessedKeys":{}}`
	}
	const notThat = `revocation table "events-revocations": misconfigured: an entry about the credential: `
	const named = "; pha revoke --list names it"
	for _, tt := range []struct {
		name, kind string
		status     int
		body, text string
	}{
		{"throttling", unavailable, 400, throttled, `looking for revocations: revocation table "events-revocations": unavailable: DynamoDB answered status 400, "ProvisionedThroughputExceededException": "slow"`},
		{"an error of the server", unavailable, 500, `{}`, `looking for revocations: revocation table "events-revocations": unavailable: DynamoDB answered status 500 without saying why`},
		{"an answer without a list", unavailable, 200, `{}`, `looking for revocations: revocation table "events-revocations": unavailable: the answer of DynamoDB to BatchGetItem is not as documented`},
		{"an answer about another table", unavailable, 200, `{"Responses":{"other":[]},"UnprocessedKeys":{"other":{"Keys":[{"id":{"S":"subject#s"}}]}}}`, `looking for revocations: revocation table "events-revocations": unavailable: the answer of DynamoDB to BatchGetItem is not as documented`},
		{"the page of a proxy", unavailable, 200, `<html>`, `looking for revocations: revocation table "events-revocations": unavailable: the answer of DynamoDB to BatchGetItem is not as documented`},
		{"no table", misconfigured, 400, `{"__type":"ResourceNotFoundException","message":"no"}`, `looking for revocations: revocation table "events-revocations": misconfigured: DynamoDB answered status 400, "ResourceNotFoundException": "no"; is it deployed, in this Region and account?`},
		{"no permission", misconfigured, 400, `{"__type":"AccessDeniedException","message":"no"}`, `looking for revocations: revocation table "events-revocations": misconfigured: DynamoDB answered status 400, "AccessDeniedException": "no"; allow the caller dynamodb:BatchGetItem on the table`},
		{"a moment that is a text", misconfigured, 200, item(`,"before":{"S":"2026"}`), notThat + `its attribute "before": it is no number` + named},
		{"a moment that is no time", misconfigured, 200, item(`,"before":{"N":"-1"}`), notThat + `its attribute "before": it is no time` + named},
		{"a moment with a fraction", misconfigured, 200, item(`,"before":{"N":"1.5"}`), notThat + `its attribute "before": it is no time` + named},
		{"a moment that is null", misconfigured, 200, item(`,"before":{"NULL":true}`), notThat + `its attribute "before": it is no number` + named},
		{"an item of another kind", misconfigured, 200, `{"Responses":{"events-revocations":[{"id":{"S":"group#x"}}]}}`, notThat + `its id is no target` + named},
		{"an item without an id", misconfigured, 200, `{"Responses":{"events-revocations":[{}]}}`, notThat + `its id is no target` + named},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env, _ := answering(t, tt.status, tt.body)
			sentinel := map[string]error{unavailable: authz.ErrUnavailable, misconfigured: authz.ErrMisconfigured}[tt.kind]
			if err := New(Config{Getenv: env.Get, Timeout: time.Minute}).Check(t.Context(), principal()); text(err) != tt.text || !errors.Is(err, sentinel) || errors.Is(err, authz.ErrRevoked) {
				t.Errorf("got\n%v\nwant\n%s", err, tt.text)
			}
			var log bytes.Buffer
			err := New(Config{Getenv: env.Get, Timeout: time.Minute, FailOpen: true, Logger: slog.New(slog.NewJSONHandler(&log, nil))}).Check(t.Context(), principal())
			if (err == nil) != (tt.kind == unavailable) || strings.Contains(log.String(), `"level":"ERROR","msg":"letting in a credential that may be revoked"`) != (err == nil) {
				t.Errorf("with FailOpen: got %v, logged %s", err, log.String())
			}
		})
	}
}

// TestBrokenEntryHidesNone: one that cannot be read does not hide one that can.
func TestBrokenEntryHidesNone(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	if _, err := c.sdk.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(testTable), Item: map[string]types.AttributeValue{
		"id": &types.AttributeValueMemberS{Value: "subject#usr_abc"}, "before": &types.AttributeValueMemberS{Value: "x"},
	}}); err != nil {
		t.Fatal(err)
	}
	checker, table := c.checker(t), c.table(t)
	if err := checker.Check(t.Context(), principal()); !errors.Is(err, authz.ErrMisconfigured) {
		t.Errorf("got %v", err)
	}
	for _, kind := range []Target{{Credential, "j1", ""}, {Tenant, "acme", ""}} {
		c.add(t, Entry{Target: kind})
		if err := checker.Check(t.Context(), principal()); !errors.Is(err, authz.ErrRevoked) || errors.Is(err, authz.ErrMisconfigured) {
			t.Errorf("got %v", err)
		}
		if err := table.Remove(t.Context(), kind); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOutage: DynamoDB goes and comes back.
func TestOutage(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	role := withTable(c.Role(t, "authorizer", endpointtest.Allow("dynamodb:BatchGetItem", tableARN)))
	closed, open := New(Config{Getenv: role.Get}), New(Config{Getenv: role.Get, FailOpen: true, Logger: slog.New(slog.DiscardHandler)})
	c.add(t, Entry{Target: Target{Subject, "revoked", ""}})
	c.Stop()
	good, revoked := principal(), principal(func(p *authz.Principal) { p.Subject = "revoked" })
	if err := closed.Check(t.Context(), good); !errors.Is(err, authz.ErrUnavailable) {
		t.Errorf("closed: got %v", err)
	}
	if err := open.Check(t.Context(), revoked); err != nil {
		t.Errorf("open: got %v", err)
	}
	c.Restart(t)
	if err := closed.Check(t.Context(), good); err != nil {
		t.Errorf("closed, after the outage: got %v", err)
	}
	if err := open.Check(t.Context(), revoked); !errors.Is(err, authz.ErrRevoked) {
		t.Errorf("open, after the outage: got %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := closed.Check(ended, good); !errors.Is(err, authz.ErrUnavailable) {
		t.Errorf("a caller that has gone: got %v", err)
	}
}

func TestFromEnvironment(t *testing.T) {
	t.Parallel()
	if r := FromEnvironment(func(string) string { return "" }); r != nil {
		t.Errorf("without a table: got %v", r)
	}
	for text, open := range map[string]bool{"": false, "false": false, "true": true} {
		env := endpointtest.Environment{contract.EnvRevocationTable: "t", contract.EnvRevocationFailOpen: text}
		if c, ok := FromEnvironment(env.Get).(*Checker); !ok || c.cfg.FailOpen != open || c.table.Name != "t" {
			t.Errorf("%q: got %+v", text, c)
		}
	}
	env := endpointtest.Environment{contract.EnvRevocationTable: "t", contract.EnvRevocationFailOpen: "yes"}
	err := FromEnvironment(env.Get).Check(t.Context(), principal())
	if want := `misconfigured: environment variable REVOCATION_FAIL_OPEN is "yes", neither true nor false`; fmt.Sprint(err) != want || !errors.Is(err, authz.ErrMisconfigured) {
		t.Errorf("got %v", err)
	}
	err = New(Config{Getenv: func(string) string { return "" }}).Check(t.Context(), principal())
	if want := "looking for revocations: misconfigured: the name of the revocation table is not set; set REVOCATION_TABLE_NAME to it"; fmt.Sprint(err) != want {
		t.Errorf("without a table: got %v", err)
	}
}
