package revocation

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/protected-http-api/protected-http-api/authz"
)

// TestAdd: a further entry for the same target never takes anything back.
func TestAdd(t *testing.T) {
	t.Parallel()
	hour := func(n int) time.Time { return moment.Add(time.Duration(n) * time.Hour) }
	never := time.Time{}
	target := Target{Subject, "usr_abc", "https://a.example"}
	for _, tt := range []struct {
		name                 string
		before, expires      time.Time // of the second; the first is moment, two hours
		wantBefore, wantKept time.Time
	}{
		{"the same", moment, hour(2), moment, hour(3)},
		{"a later moment, kept longer", hour(1), hour(4), hour(1), hour(5)},
		{"an earlier moment, kept longer", hour(-1), hour(4), moment, hour(5)},
		{"a later moment, kept for less", hour(1), hour(1), hour(1), hour(3)},
		{"no moment, never removed", never, never, never, never},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, order := range [][2]Entry{
				{{Target: target, Before: moment, Expires: hour(2)}, {Target: target, Before: tt.before, Expires: tt.expires}},
				{{Target: target, Before: tt.before, Expires: tt.expires}, {Target: target, Before: moment, Expires: hour(2)}},
			} {
				table := newCloud(t).table(t)
				var got Entry
				for _, e := range order {
					var err error
					if got, err = table.Add(t.Context(), e); err != nil {
						t.Fatal(err)
					}
				}
				want := Entry{target, tt.wantBefore, tt.wantKept, moment}
				if all, err := table.All(t.Context()); !reflect.DeepEqual(got, want) || err != nil || !reflect.DeepEqual(all, []Entry{want}) {
					t.Errorf("got %v, in the table %v, %v; want %v", got, all, err, want)
				}
			}
		})
	}
}

func TestAddRefuses(t *testing.T) {
	t.Parallel()
	table := newCloud(t).table(t)
	far := time.Unix(253402300799, 0)
	for want, e := range map[string]Entry{
		`: there is no kind "group"`: {Target: Target{"group", "x", ""}},
		": the subject is empty":     {Target: Target{Subject, "", ""}},
		": the id is not 1 to 128 letters, digits and characters of ._:~=+-@/ without .. in it": {Target: Target{Key, "a b", ""}},
		": a tenant has no issuer":                                {Target: Target{Tenant, "x", "i"}},
		": a token has no issuer":                                 {Target: Target{Token, "x", "i"}},
		": the issuer is longer than 255 bytes, or not printable": {Target: Target{Subject, "x", "i\n"}},
		": Entry.Before is out of range":                          {Target: Target{Subject, "x", ""}, Before: far},
		": Entry.Expires is out of range":                         {Target: Target{Subject, "x", ""}, Expires: time.Unix(-1, 0)},
	} {
		if _, err := table.Add(t.Context(), e); !strings.HasSuffix(text(err), want) || !errors.Is(err, authz.ErrMisconfigured) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if all, err := table.All(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("there are %v, %v", all, err)
	}
}

// TestConcurrentAdd: of entries that are written at the same time none is lost.
func TestConcurrentAdd(t *testing.T) {
	t.Parallel()
	table := newCloud(t).table(t)
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			_, err := table.Add(t.Context(), Entry{Target: Target{Tenant, "acme", ""}, Before: moment.Add(time.Duration(i) * time.Second)})
			if err != nil && !errors.Is(err, authz.ErrUnavailable) {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	last := moment.Add(time.Hour)
	if _, err := table.Add(t.Context(), Entry{Target: Target{Tenant, "acme", ""}, Before: last}); err != nil {
		t.Fatal(err)
	}
	if all, err := table.All(t.Context()); err != nil || len(all) != 1 || !all[0].Before.Equal(last) {
		t.Errorf("got %v, %v", all, err)
	}
}

// TestLostUpdate: an entry that somebody else writes between reading and writing
// stays as wide as it is.
func TestLostUpdate(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	wide := Entry{Target: Target{Tenant, "acme", ""}, Before: moment.Add(time.Hour)}
	var once sync.Once
	table := c.tableAt(c.between(t, func(operation string, carryOut func()) bool {
		if operation == "PutItem" {
			once.Do(func() { c.add(t, wide) })
		}
		carryOut()
		return false
	}))
	if e, err := table.Add(t.Context(), Entry{Target: wide.Target, Before: moment}); err != nil || !e.Before.Equal(wide.Before) {
		t.Errorf("got %v, %v", e, err)
	}
}

// TestLostAnswer: a write that is carried out and repeated, because its answer was
// lost, is done once.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	var writes atomic.Int32
	table := c.tableAt(c.between(t, func(operation string, carryOut func()) bool {
		carryOut()
		return operation == "PutItem" && writes.Add(1) == 1
	}))
	if _, err := table.Add(t.Context(), Entry{Target: Target{Key, "k", ""}}); err != nil {
		t.Error(err)
	}
	if n := writes.Load(); n != 2 {
		t.Errorf("%d writes", n)
	}
}

// TestMalformed: what is no entry is named, hides no other, and is not overwritten.
func TestMalformed(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	table := c.table(t)
	c.add(t, Entry{Target: Target{Subject, "good", ""}})
	for id, before := range map[string]types.AttributeValue{"subject#bad": &types.AttributeValueMemberS{Value: "x"}, "by hand": &types.AttributeValueMemberN{Value: "1"}} {
		if _, err := c.sdk.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(testTable), Item: map[string]types.AttributeValue{
			"id": &types.AttributeValueMemberS{Value: id}, "before": before,
		}}); err != nil {
			t.Fatal(err)
		}
	}
	const cure = "; delete it with aws dynamodb delete-item, and write it anew"
	bad := `item "subject#bad" of table "events-revocations" is no entry: misconfigured: its attribute "before": it is no number` + cure
	byHand := `item "by hand" of table "events-revocations" is no entry: misconfigured: its id is no target` + cure
	all, err := table.All(t.Context())
	lines := strings.Split(text(err), "\n")
	slices.Sort(lines)
	if len(all) != 1 || all[0].ID != "good" || !slices.Equal(lines, []string{byHand, bad}) {
		t.Errorf("got %v, %v", all, err)
	}
	if _, err := table.Add(t.Context(), Entry{Target: Target{Subject, "bad", ""}}); text(err) != bad {
		t.Errorf("got %v", err)
	}
	if err := table.Remove(t.Context(), Target{Subject, "none", ""}); fmt.Sprint(err) != `revocation table "events-revocations": there is no such entry` || !errors.Is(err, ErrNoEntry) {
		t.Errorf("got %v", err)
	}
	if err := NewTable(Config{Table: "none", Getenv: c.Root().Get}).Remove(t.Context(), Target{Subject, "s", ""}); !errors.Is(err, ErrNoTable) {
		t.Errorf("got %v", err)
	}
}
