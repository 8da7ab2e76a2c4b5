package revoke

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/protected-http-api/protected-http-api/authz/revocation"
)

func issuedUntil(e revocation.Entry) string {
	if e.Before.IsZero() {
		return ""
	}
	return ", issued until " + e.Before.UTC().Format(time.RFC3339)
}

func until(e revocation.Entry) string {
	if e.Expires.IsZero() {
		return "it is undone"
	}
	return e.Expires.UTC().Format(time.RFC3339)
}

// view is an entry as JSON shows it.
type view struct {
	Kind      revocation.Kind `json:"kind"`
	ID        string          `json:"id"`
	Issuer    string          `json:"issuer,omitempty"`
	Before    time.Time       `json:"before,omitzero"`
	Expires   time.Time       `json:"expires,omitzero"`
	WrittenAt time.Time       `json:"writtenAt,omitzero"`
}

// printAll prints the entries, the last that was written first. What could not be read
// hides none of them.
func (s session) printAll(ctx context.Context) error {
	entries, failed := s.table.All(ctx)
	if entries == nil {
		return failed
	}
	slices.SortFunc(entries, func(a, b revocation.Entry) int {
		return cmp.Or(b.WrittenAt.Compare(a.WrittenAt), cmp.Compare(a.String(), b.String()))
	})
	var err error
	switch {
	case s.asJSON:
		views := make([]view, len(entries))
		for i, e := range entries {
			views[i] = view{e.Kind, e.ID, e.Issuer, e.Before, e.Expires, e.WrittenAt}
		}
		encoder := json.NewEncoder(s.stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(views)
	case len(entries) == 0:
		fmt.Fprintln(s.stderr, "nothing is revoked")
	default:
		table := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "KIND\tID\tISSUER\tISSUED UNTIL\tKEPT UNTIL\tWRITTEN")
		for _, e := range entries {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", e.Kind, e.ID, cmp.Or(e.Issuer, "-"), date(e.Before), date(e.Expires), date(e.WrittenAt))
		}
		err = table.Flush()
	}
	return errors.Join(err, failed)
}

// date is a time to the second; a dash stands for none.
func date(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
