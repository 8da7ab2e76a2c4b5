package local

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

// A stack that an older component has deployed is brought up to date under traffic:
// every resource that it had is still the same one, the table has its items, and no
// request fails.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	for state, methods := range map[string]string{"jwt": "jwt", "all": "jwt,apikey,signature"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			d := deploy(t, Options{Project: "testdata/before", Stack: "dev", Settings: map[string]string{"state": state}, Console: &consoletest.Buffer{}})
			token := with("Authorization", "Bearer "+d.token(t))
			path := "/events/" + d.newEvent(t, token)
			before := d.resources(t)

			ctx, stop := context.WithCancel(t.Context())
			tr := d.traffic(t)
			defer tr.wantNoFault(stop)
			tr.send(ctx, "read", http.MethodGet, path, nil)
			tr.send(ctx, "write", http.MethodPost, "/events", token)
			d.opts.Project, d.opts.Settings = repository, map[string]string{"authMethods": methods}
			if err := d.readProject(); err != nil {
				t.Fatal(err)
			}
			if err := d.project.copyTo(d.dir, d.opts.Stack); err != nil {
				t.Fatal(err)
			}
			changes, err := d.Up(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for change := range changes {
				if !slices.Contains([]string{"same", "create", "update"}, change) {
					t.Errorf("the changes are %v", changes)
				}
			}
			tr.expect("upgraded", "read", http.StatusOK)
			tr.expect("upgraded", "write", http.StatusCreated)
			stop()
			d.sameResources(t, before)
			d.up(t, map[string]int{})
			d.expect(t, http.StatusOK, http.MethodGet, path, nil)
			d.verify(t, 0)
			d.destroyAll(t)
		})
	}
}

// newEvent creates an event and returns its id.
func (d deployed) newEvent(t *testing.T, token http.Header) string {
	t.Helper()
	status, body := d.call(t, http.MethodPost, "/events", anEvent, token, http.DefaultClient)
	var event struct{ ID string }
	if err := json.Unmarshal([]byte(body), &event); err != nil || status != http.StatusCreated {
		t.Fatalf("POST /events is %d: %v: %s", status, err, body)
	}
	return event.ID
}

// sameResources: what was there is there, by the same names and IDs.
func (d deployed) sameResources(t *testing.T, before []stateResource) {
	t.Helper()
	ids := map[string]string{}
	for _, r := range d.resources(t) {
		ids[r.URN] = r.ID
	}
	for _, r := range before {
		if id, there := ids[r.URN]; !there || id != r.ID {
			t.Errorf("%s was %q and is %q", r.URN, r.ID, id)
		}
		if strings.HasSuffix(r.URN, "::ProtectedHttpApi::events") && r.Inputs != nil {
			t.Error("the older component has inputs in its state")
		}
	}
}
