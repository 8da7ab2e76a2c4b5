package httpsig

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	localdynamodb "github.com/protected-http-api/protected-http-api/internal/local/aws/dynamodb"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
)

const stateTable = "events-authorizer-state"

// cloud is a local AWS with a state table. Nothing is ever deleted there,
// which is what an expired item meets on AWS for up to some days.
type cloud struct {
	*endpointtest.Server
	// loseAnswers is how many of the next calls are carried out, but end
	// without an answer.
	loseAnswers atomic.Int64
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{Server: endpointtest.Start(t, endpoint.Options{Services: endpoint.Services{"dynamodb": localdynamodb.New(endpointtest.Account, nil).Handler()}})}
	aws := c.Handler
	c.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.loseAnswers.Add(-1) >= 0 {
			aws.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		aws.ServeHTTP(w, r)
	})
	c.CreateTables(t, stateTable)
	return c
}

// table is the store with credentials that may do one action on the table.
func (c *cloud) table(t *testing.T, action string) *ReplayTable {
	t.Helper()
	env := c.Role(t, action[len("dynamodb:"):], endpointtest.Allow(action, "arn:aws:dynamodb:eu-central-1:"+endpointtest.Account.ID+":table/"+stateTable))
	table := NewReplayTable(stateTable, env.Get)
	table.now = func() time.Time { return testNow }
	return table
}

func (c *cloud) verifier(t *testing.T, table *ReplayTable) *Verifier {
	t.Helper()
	v, _ := newVerifier(t, func(cfg *Config) { cfg.Replays = table })
	return v
}

// TestChecklist12Replay: the same request twice; then with another nonce, and
// the same nonce with another key.
func TestChecklist12Replay(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	v, err := New(Config{
		Keys:    authz.StaticKeys{testKey(t), newKey(t, authz.HS256, "partner-2", bytes.ToUpper(testSecret))},
		Replays: c.table(t, "dynamodb:PutItem"), now: func() time.Time { return testNow },
	})
	if err != nil {
		t.Fatal(err)
	}
	r := signed(t, testSigner(t), "POST", "/events", "{}")
	nonce, key := testSigner(t), testSigner(t)
	nonce.nonce, key.Key = nil, newKey(t, authz.HS256, "partner-2", bytes.ToUpper(testSecret))
	for i, step := range []struct {
		r   authz.Request
		err error
	}{
		{r, nil}, {r, authz.ErrReplayed}, {r, authz.ErrReplayed},
		{signed(t, testSigner(t), "POST", "/other", "{}"), authz.ErrReplayed},
		{signed(t, nonce, "POST", "/events", "{}"), nil},
		{signed(t, key, "POST", "/events", "{}"), nil},
	} {
		_, err := authenticate(t.Context(), v, step.r)
		if !errors.Is(err, step.err) || err != nil && step.err == nil {
			t.Errorf("step %d: got %v, want %v", i, err, step.err)
		}
		if about := (*authz.CredentialError)(nil); step.err != nil && (!errors.As(err, &about) || about.CredentialID != testKeyID) {
			t.Errorf("step %d: the error does not name the key, whose signature is good: %v", i, about)
		}
	}
}

// TestChecklist12ReplayConcurrently: of 50 at once one is let in, through as
// many execution environments.
func TestChecklist12ReplayConcurrently(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	shared := c.table(t, "dynamodb:PutItem")
	r := signed(t, testSigner(t), "POST", "/events", "{}")
	var accepted, replayed atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		table := *shared
		v := c.verifier(t, &table)
		wg.Go(func() {
			switch _, err := authenticate(t.Context(), v, r); {
			case err == nil:
				accepted.Add(1)
			case errors.Is(err, authz.ErrReplayed):
				replayed.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if accepted.Load() != 1 || replayed.Load() != 49 {
		t.Errorf("%d accepted, %d replayed", accepted.Load(), replayed.Load())
	}
}

// TestChecklist12ReplayWindow: a nonce is kept for as long as its signature is good.
func TestChecklist12ReplayWindow(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	table := c.table(t, "dynamodb:PutItem")
	now := testCreated
	table.now = func() time.Time { return now }
	v, _ := newVerifier(t, func(cfg *Config) { cfg.Replays, cfg.now = table, table.now })
	r := signed(t, testSigner(t), "POST", "/events", "{}")
	if _, err := authenticate(t.Context(), v, r); err != nil {
		t.Fatal(err)
	}
	now = testCreated.Add(Window - 1)
	if _, err := authenticate(t.Context(), v, r); !errors.Is(err, authz.ErrReplayed) {
		t.Errorf("got %v", err)
	}
}

// TestChecklist12ReplayExpiry: the condition asks for the expiry by itself, to
// the second, as nothing deletes the item.
func TestChecklist12ReplayExpiry(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	table := c.table(t, "dynamodb:PutItem")
	until := testNow.Add(time.Minute)
	use := func(now time.Time) error {
		table.now = func() time.Time { return now }
		return table.Use(t.Context(), testKeyID, testNonce, until)
	}
	if err := use(testNow); err != nil {
		t.Fatal(err)
	}
	if err := use(until); !errors.Is(err, authz.ErrReplayed) {
		t.Errorf("in the last second: got %v", err)
	}
	if err := use(until.Add(time.Second)); err != nil {
		t.Errorf("after that: %v", err)
	}
}

// TestChecklist12ReplayLostAnswer: a put that is sent again because its answer
// was lost is no replay; the next request with the nonce is one. Where every
// answer is lost, nobody is let in.
func TestChecklist12ReplayLostAnswer(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	v := c.verifier(t, c.table(t, "dynamodb:PutItem"))
	r := signed(t, testSigner(t), "GET", "/", "")
	c.loseAnswers.Store(1)
	if _, err := authenticate(t.Context(), v, r); err != nil || c.loseAnswers.Load() >= 0 {
		t.Errorf("got %v, %d answers left to lose", err, c.loseAnswers.Load())
	}
	if _, err := authenticate(t.Context(), v, r); !errors.Is(err, authz.ErrReplayed) {
		t.Errorf("the replay: got %v", err)
	}
	s := testSigner(t)
	s.nonce = nil
	r = signed(t, s, "GET", "/", "")
	c.loseAnswers.Store(3)
	if _, err := authenticate(t.Context(), v, r); !errors.Is(err, authz.ErrUnavailable) {
		t.Errorf("with no answer at all: got %v", err)
	}
	if _, err := authenticate(t.Context(), v, r); !errors.Is(err, authz.ErrReplayed) {
		t.Errorf("after that: got %v", err)
	}
}

// TestReplayOutage: without the table nobody is let in, and the same verifier
// recovers.
func TestReplayOutage(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	v := c.verifier(t, c.table(t, "dynamodb:PutItem"))
	r := signed(t, testSigner(t), "GET", "/", "")
	c.Stop()
	if _, err := authenticate(t.Context(), v, r); !errors.Is(err, authz.ErrUnavailable) || errors.Is(err, authz.ErrReplayed) {
		t.Errorf("got %v", err)
	}
	c.Restart(t)
	if _, err := authenticate(t.Context(), v, r); err != nil {
		t.Errorf("after recovery: %v", err)
	}
	if _, err := authenticate(t.Context(), v, r); !errors.Is(err, authz.ErrReplayed) {
		t.Errorf("a replay: got %v", err)
	}
}

// TestReplayMisconfigured: a missing table, name or grant is a fault.
func TestReplayMisconfigured(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	good := c.table(t, "dynamodb:PutItem")
	nameless := *good
	nameless.table.Name = ""
	env := c.Role(t, "none", endpointtest.Allow("dynamodb:PutItem", "arn:aws:dynamodb:eu-central-1:"+endpointtest.Account.ID+":table/none"))
	for _, tt := range []struct {
		name  string
		table *ReplayTable
		want  string
	}{
		{"no name", &nameless, "misconfigured: the name of the state table is not set; set AUTHORIZER_STATE_TABLE_NAME to it"},
		{"no table", NewReplayTable("", func(name string) string {
			if name == "AUTHORIZER_STATE_TABLE_NAME" {
				return "none"
			}
			return env.Get(name)
		}), `state table "none": misconfigured: DynamoDB answered status 400, "ResourceNotFoundException": "Requested resource not found"; is it deployed, in this Region and account?`},
		{"no grant", c.table(t, "dynamodb:GetItem"), `state table "events-authorizer-state": misconfigured: DynamoDB answered status 400, "AccessDeniedException": "User: arn:aws:sts::000000000000:assumed-role/GetItem/GetItem is not authorized to perform: dynamodb:PutItem on resource: arn:aws:dynamodb:eu-central-1:000000000000:table/events-authorizer-state because no identity-based policy allows the dynamodb:PutItem action"; allow the caller dynamodb:PutItem on the table`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := tt.table.Use(t.Context(), testKeyID, testNonce, testNow); !errors.Is(err, authz.ErrMisconfigured) || text(err) != tt.want {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}
