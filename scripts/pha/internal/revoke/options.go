package revoke

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/revocation"
	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployed"
)

// options are what the flags say.
type options struct {
	target                     deployed.Target
	table, api, stage          string
	list, asJSON, undo, noWait bool
	// entry is what is written; of it the target is what is undone.
	entry revocation.Entry
}

// target is a flag that says what is revoked, and what it may have beside it.
type target struct {
	flag   string
	kind   revocation.Kind
	beside []string
}

// targets are those of which one is given.
var targets = []target{
	{"token", revocation.Token, nil},
	{"jti", revocation.Credential, []string{"issuer", "expires"}},
	{"subject", revocation.Subject, []string{"issuer", "before", "lifetime"}},
	{"tenant", revocation.Tenant, []string{"before", "lifetime"}},
	{"key", revocation.Key, []string{"issuer", "before", "lifetime"}},
}

// flags are what they say before it is checked.
type flags struct {
	o        options
	ids      map[string]*string
	before   time.Time
	lifetime time.Duration
}

func (f *flags) add(flags *pflag.FlagSet) {
	o := &f.o
	o.target.Add(flags)
	flags.StringVar(&o.table, "table", "", "the `name` of the table of revocations (default: the authorizer's)")
	flags.StringVar(&o.api, "api-id", "", "the `ID` of the API whose cache is reset (default: that which is found)")
	flags.StringVar(&o.stage, "stage", "", "the `stage` whose cache is reset (default: that which is found, with --api-id $default)")
	flags.BoolVar(&o.list, "list", false, "list all entries")
	flags.BoolVar(&o.asJSON, "json", false, "list them as a JSON array")
	flags.BoolVar(&o.undo, "undo", false, "remove the entry instead of writing it")
	flags.BoolVar(&o.noWait, "no-wait", false, "reset the cache once only")
	f.ids = map[string]*string{
		"token":   flags.String("token", "", "the `file` with the token, - for standard input"),
		"jti":     flags.String("jti", "", "the `id` of the token or another credential"),
		"subject": flags.String("subject", "", "the `subject`"),
		"tenant":  flags.String("tenant", "", "the `tenant`"),
		"key":     flags.String("key", "", "the `id` of the key"),
	}
	flags.StringVar(&o.entry.Issuer, "issuer", "", "only what this `issuer` has issued, for --jti, --subject and --key (default every issuer's)")
	f.before = time.Now().UTC().Truncate(time.Second)
	flags.Func("before", "the last second whose credentials are withdrawn, a `time` like 2026-01-31T23:59:59Z (default now)", timeOf(&f.before))
	flags.Func("expires", "when what --jti names has expired, a `time` like 2026-01-31T23:59:59Z (default never)", timeOf(&o.entry.Expires))
	flags.DurationVar(&f.lifetime, "lifetime", 0, "how long tokens live at most, a Go `duration` (default for ever)")
}

// options checks what the flags say.
func (f *flags) options(cmd *cobra.Command) (options, error) {
	o := f.o
	given := map[string]bool{}
	cmd.Flags().Visit(func(f *pflag.Flag) { given[f.Name] = true })
	if o.list {
		return o, checkList(given)
	}
	what, err := checkTarget(given)
	switch {
	case err != nil:
		return o, err
	case given["json"]:
		return o, cli.Usagef("--json is for --list")
	case given["lifetime"] && f.lifetime < time.Second:
		return o, cli.Usagef("--lifetime is %v, allowed is 1s and more", f.lifetime)
	case time.Until(f.before) > authz.MaxLeeway:
		return o, cli.Usagef("--before is in the future: it would shut out those who log in until then; up to %v is allowed, for an issuer whose clock is ahead", authz.MaxLeeway)
	case given["expires"] && !o.entry.Expires.After(time.Now()):
		return o, cli.Usagef("--expires is in the past: what has expired is refused already")
	}
	o.entry.Kind, o.entry.ID = what.kind, *f.ids[what.flag]
	switch what.kind {
	case revocation.Token:
		err = readToken(cmd.Context(), o.entry.ID, &o.entry, o.undo)
	case revocation.Credential:
	default:
		o.entry.Before = f.before.UTC().Truncate(time.Second)
		if given["lifetime"] {
			o.entry.Expires = f.before.Add(f.lifetime)
		}
	}
	if err != nil {
		return o, err
	}
	if err := o.entry.Check(); err != nil {
		return o, cli.Usagef("--%s: %w", what.flag, err)
	}
	return o, nil
}

func timeOf(t *time.Time) func(string) error {
	return func(text string) (err error) {
		if *t, err = time.Parse(time.RFC3339, text); err != nil {
			return errors.New("write it like 2026-01-31T23:59:59Z, or with another offset from UTC in place of the Z")
		}
		return nil
	}
}

// find looks up what no flag names.
func (o *options) find(ctx context.Context, stderr io.Writer) (err error) {
	if o.list || o.table == "" {
		if o.table, err = o.target.Lookup(ctx, o.table, deployed.Revocations, stderr); o.list || err != nil {
			return err
		}
	}
	o.api, o.stage, err = o.target.APIAndStage(ctx, o.api, o.stage, stderr)
	return err
}

// checkList refuses what --list cannot have beside it.
func checkList(given map[string]bool) error {
	for name := range given {
		if !slices.Contains([]string{"list", "json", "table", "verbose", "project", "stack", "local", "api"}, name) {
			return cli.Usagef("--list goes with --json and what says which table, not with --%s", name)
		}
	}
	return nil
}

// checkTarget returns the one target that is given.
func checkTarget(given map[string]bool) (target, error) {
	var what target
	var names []string
	for _, t := range targets {
		if given[t.flag] {
			what = t
			names = append(names, "--"+t.flag)
		}
	}
	switch len(names) {
	case 0:
		return what, cli.Usagef("nothing says what to revoke: give one of --token, --jti, --subject, --tenant and --key, or --list")
	case 1:
	default:
		return what, cli.Usagef("%s are given together; revoke one after the other", strings.Join(names, " and "))
	}
	for _, name := range []string{"issuer", "before", "expires", "lifetime"} {
		switch {
		case !given[name]:
		case !slices.Contains(what.beside, name):
			return what, cli.Usagef("--%s does not go with --%s", name, what.flag)
		case given["undo"] && name != "issuer":
			return what, cli.Usagef("--%s does not go with --undo, which removes the entry whatever it says", name)
		}
	}
	return what, nil
}

// readToken reads the token from a file or standard input, and has the entry be about
// it. Nothing of the token is verified: an entry for one that was made up is about no
// other.
func readToken(ctx context.Context, file string, e *revocation.Entry, undo bool) error {
	if _, err := authz.TokenDigest(file); err == nil || strings.HasPrefix(file, "eyJ") {
		return cli.Usagef("--token takes the name of a file, or - for standard input, and not the token itself: other processes see arguments, and the shell keeps them")
	}
	text, err := readFile(ctx, file)
	if err != nil {
		return err
	}
	token := strings.TrimSpace(text)
	if scheme, rest, ok := strings.Cut(token, " "); ok && strings.EqualFold(scheme, authz.BearerScheme) {
		token = strings.TrimSpace(rest)
	}
	if e.ID, err = authz.TokenDigest(token); err != nil {
		return fmt.Errorf("what --token names is no token: %w", err)
	}
	_, claims, err := authz.UnverifiedJWT(token)
	if err != nil {
		return fmt.Errorf("what --token names is no token: %w", err)
	}
	var exp float64
	if claims.Decode("exp", &exp) != nil || exp <= 0 || exp > contract.MaxSeconds {
		return errors.New("the token has no exp that is a time, so that the authorizer refuses it already")
	}
	e.Expires = time.Unix(int64(exp)+1, 0).UTC() // a fraction of a second counts as one
	if !undo && !e.Expires.After(time.Now()) {
		return fmt.Errorf("the token expired at %s, so that the authorizer refuses it already", time.Unix(int64(exp), 0).UTC().Format(time.RFC3339))
	}
	return nil
}

// readFile reads a little more than a token may have. An interruption ends it, also
// while nothing comes on standard input.
func readFile(ctx context.Context, name string) (string, error) {
	in, what := os.Stdin, "standard input"
	if name != "-" {
		f, err := os.Open(name) //nolint:gosec // the user's own choice
		if err != nil {
			var path *fs.PathError
			if errors.As(err, &path) {
				err = path.Err
			}
			return "", fmt.Errorf("reading the token from the file %q: %w", name, err)
		}
		defer func() { _ = f.Close() }()
		in, what = f, fmt.Sprintf("the file %q", name)
	}
	type result struct {
		text []byte
		err  error
	}
	read := make(chan result, 1)
	go func() {
		text, err := io.ReadAll(io.LimitReader(in, 2*authz.MaxTokenBytes))
		read <- result{text, err}
	}()
	select {
	case r := <-read:
		if r.err != nil {
			return "", fmt.Errorf("reading the token from %s: %w", what, r.err)
		}
		return string(r.text), nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
