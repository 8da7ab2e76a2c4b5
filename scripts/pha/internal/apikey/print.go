package apikey

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

var cached = cli.Text("An answer that API Gateway has cached is reused until its TTL has passed; {pha} reset-cache resets it.")

const shownOnce = "It is shown this once and stored as a digest only. Hand it over on a safe way."

// reveal writes a key to the standard output, alone.
func (s session) reveal(key apikey.Key) error {
	_, err := fmt.Fprintln(s.stdout, key.Reveal())
	return err
}

// changed reports what was done to a key.
func (s session) changed(done string) func(apikey.Record, error) error {
	return func(record apikey.Record, err error) error {
		if err != nil {
			return err
		}
		fmt.Fprintf(s.stderr, "%s %s\n%s\n", done, describe(record), cached)
		return nil
	}
}

// describe is a key in one line.
func describe(r apikey.Record) string {
	text := fmt.Sprintf("%s (%s…) of %q, %s, tier %s", r.CredentialID(), r.Start, r.Subject, r.Status(time.Now()), r.Tier)
	if len(r.Permissions) > 0 {
		text += ", permissions " + strings.Join(r.Permissions, " ")
	}
	if !r.ExpiresAt.IsZero() {
		text += ", expires " + r.ExpiresAt.Format(time.RFC3339)
	}
	return text
}

// view is a key as JSON shows it.
type view struct {
	ID          string        `json:"id"`
	Start       string        `json:"start"`
	Name        string        `json:"name,omitempty"`
	Subject     string        `json:"subject"`
	Tier        string        `json:"tier"`
	Permissions []string      `json:"permissions"`
	Status      apikey.Status `json:"status"`
	CreatedAt   time.Time     `json:"createdAt"`
	ExpiresAt   time.Time     `json:"expiresAt,omitzero"`
	ReplacedBy  string        `json:"replacedBy,omitempty"`
	LastUsed    time.Time     `json:"lastUsed,omitzero"`
}

func viewOf(i apikey.Info) view {
	return view{
		i.CredentialID(), i.Start, i.Name, i.Subject, i.Tier, append([]string{}, i.Permissions...),
		i.Status(time.Now()), i.CreatedAt, i.ExpiresAt, i.ReplacedBy, i.LastUsed,
	}
}

func (s session) printJSON(v any) error {
	encoder := json.NewEncoder(s.stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

func (s session) printList(infos []apikey.Info, asJSON bool) error {
	views := make([]view, len(infos))
	for i, info := range infos {
		views[i] = viewOf(info)
	}
	if asJSON {
		return s.printJSON(views)
	}
	if len(views) == 0 {
		fmt.Fprintln(s.stderr, "there are no API keys")
		return nil
	}
	table := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSTART\tSUBJECT\tNAME\tTIER\tSTATUS\tCREATED\tEXPIRES\tLAST USED")
	for _, v := range views {
		fmt.Fprintln(table, strings.Join([]string{
			v.ID, v.Start, v.Subject, dash(v.Name), v.Tier, string(v.Status), date(v.CreatedAt), date(v.ExpiresAt), date(v.LastUsed),
		}, "\t"))
	}
	return table.Flush()
}

func (s session) printOne(info apikey.Info, asJSON bool) error {
	v := viewOf(info)
	if asJSON {
		return s.printJSON(v)
	}
	table := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{"id", v.ID}, {"start", v.Start}, {"subject", v.Subject}, {"name", dash(v.Name)}, {"tier", v.Tier},
		{"permissions", dash(strings.Join(v.Permissions, " "))}, {"status", string(v.Status)}, {"created", date(v.CreatedAt)},
		{"expires", date(v.ExpiresAt)}, {"replaced by", dash(v.ReplacedBy)}, {"last used", date(v.LastUsed)},
	} {
		fmt.Fprintf(table, "%s\t%s\n", line[0], line[1])
	}
	return table.Flush()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// date is a time to the second; a dash stands for never.
func date(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
