// Command apikey generates and manages the API keys of a deployment.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

const usage = `apikey generates and manages API keys, of AWS or of the local AWS, by the usual AWS
environment: AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_REGION,
AWS_ENDPOINT_URL. It finds the tables by their names:

  export API_KEY_TABLE_NAME="$(pulumi stack output apiKeyTableName)"
  export AUTHORIZER_STATE_TABLE_NAME="$(pulumi stack output stateTableName)"

  go run ./scripts/apikey create --subject usr_abc --tier standard --name ci --expires-in 2160h
  go run ./scripts/apikey list                   all keys; --json for programs
  go run ./scripts/apikey show ID                one key; --json for programs
  go run ./scripts/apikey disable ID             refuse it until it is enabled again
  go run ./scripts/apikey enable ID
  go run ./scripts/apikey retier ID TIER         another tier
  go run ./scripts/apikey permissions ID [PERMISSION …]
                                                 replace its own permissions, beside its tier's
  go run ./scripts/apikey rotate ID --grace 24h  a new key alike; the old one ends after the grace
  go run ./scripts/apikey delete ID

ID is a key's credential id (key_…) or its start, as list shows them, never the key.
delete also takes the id of an item that list cannot read, of up to 25 bytes. create and
rotate write the new key, and nothing else, to standard output. It is stored as a digest only: this is
the one time that it is shown. The tiers that there are stand in the authorizer's code;
a key of another tier makes the authorizer fail.

An authorizer result that API Gateway has cached is reused until its TTL has passed,
whatever becomes of the key: go run ./scripts/reset-cache resets it.
`

func main() { cli.Main("apikey", run) }

// command is one subcommand.
type command struct {
	// args are the names of the arguments; one that ends with "…" takes any
	// number.
	args []string
	// flags adds those of the subcommand and returns what it does.
	flags func(*flag.FlagSet) action
}

// action is a subcommand whose flags are known: check finds mistakes before
// anything is asked of AWS, run does the work.
type action struct {
	check func(args []string) error
	run   func(ctx context.Context, s session, args []string) error
}

// session is what an action works with.
type session struct {
	admin          apikey.Admin
	stdout, stderr io.Writer
}

var commands = map[string]command{
	"create":      {nil, create},
	"list":        {nil, list},
	"show":        {[]string{"ID"}, show},
	"disable":     {[]string{"ID"}, change("disabled", apikey.Admin.Disable)},
	"enable":      {[]string{"ID"}, change("enabled", apikey.Admin.Enable)},
	"retier":      {[]string{"ID", "TIER"}, retier},
	"permissions": {[]string{"ID", "PERMISSION…"}, permissions},
	"rotate":      {[]string{"ID"}, rotate},
	"delete":      {[]string{"ID"}, remove},
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == "help" {
		args = append(args[1:len(args):len(args)], "--help")
	}
	name, rest := "", args
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, rest = args[0], args[1:]
	}
	cmd, known := commands[name]
	if name != "" && !known {
		return cli.Usagef("there is no subcommand %s; there are %s", shown(name), subcommands())
	}
	flags := cli.NewFlags("apikey", usage, stdout)
	table := flags.String("table", os.Getenv(contract.EnvAPIKeyTable), "the `name` of the table of API keys, pulumi stack output apiKeyTableName")
	state := flags.String("state-table", os.Getenv(contract.EnvStateTable), "the `name` of the authorizer's state table, pulumi stack output stateTableName; without it list and show do not know when a key was last used")
	var do action
	if known {
		do = cmd.flags(flags)
	}
	given, err := cli.ParseArgs(flags, rest)
	switch {
	case name == "" && !errors.Is(err, flag.ErrHelp):
		return noSubcommand(rest)
	case err != nil:
		return err
	case *table == "":
		return cli.Usagef("--table is missing; it is pulumi stack output apiKeyTableName")
	}
	if err := cmd.checkArgs(given); err != nil {
		return err
	}
	if do.check != nil {
		if err := do.check(given); err != nil {
			return err
		}
	}
	store, region, err := open(ctx, *table, *state)
	if err == nil {
		err = do.run(ctx, session{apikey.Admin{DynamoDB: store}, stdout, stderr}, given)
	}
	switch {
	case err == nil || ctx.Err() == nil:
		return explain(err, region)
	case errors.Is(err, apikey.ErrUncertain): // which says what to do now
		return fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return context.Cause(ctx) // the interruption, not what it broke
}

// noSubcommand is for arguments that do not begin with one.
func noSubcommand(args []string) error {
	for _, arg := range args {
		if _, ok := commands[arg]; ok {
			return cli.Usagef("the subcommand %s stands behind a flag; write it first", arg)
		}
	}
	return cli.Usagef("the subcommand is missing; there are %s", subcommands())
}

func subcommands() string { return strings.Join(slices.Sorted(maps.Keys(commands)), ", ") }

// shown is an argument for an error, unless it is a secret in the wrong place.
func shown(arg string) string {
	if apikey.MayBeKey(arg) {
		return "(not shown: it may be a key)"
	}
	return strconv.Quote(arg)
}

func (c command) checkArgs(given []string) error {
	for i, name := range c.args {
		if strings.HasSuffix(name, "…") {
			return nil
		}
		if i >= len(given) {
			return cli.Usagef("the argument %s is missing", name)
		}
	}
	if len(given) > len(c.args) {
		return cli.Usagef("unexpected argument %s", shown(given[len(c.args)]))
	}
	return nil
}

func create(flags *flag.FlagSet) action {
	var spec apikey.Spec
	flags.StringVar(&spec.Subject, "subject", "", "the `owner` of the key, whom a request with it speaks for (required)")
	flags.StringVar(&spec.Tier, "tier", "", "the `tier` of the key (required)")
	flags.StringVar(&spec.Name, "name", "", "a `name` for the owner to tell keys apart")
	flags.Func("permission", "a `permission` beside those of the tier, as often as needed", func(s string) error {
		spec.Permissions = append(spec.Permissions, s)
		return apikey.CheckPermissions(spec.Permissions)
	})
	expires := flags.Duration("expires-in", 0, "how long the key works, a Go `duration` of at least 1s (default for ever)")
	prefix := flags.String("prefix", apikey.DefaultPrefix, "what the key begins with, the `prefix` that the authorizer is made for")
	check := func([]string) error {
		switch given := isSet(flags, "expires-in"); {
		case spec.Subject == "":
			return cli.Usagef("--subject is missing")
		case spec.Tier == "":
			return cli.Usagef("--tier is missing")
		case given && *expires < time.Second:
			return cli.Usagef("--expires-in is %v, allowed is 1s and more", *expires)
		}
		if err := authz.CheckSubject(spec.Subject); err != nil {
			return cli.Usagef("--subject: %w", err)
		}
		if err := apikey.CheckTierName(spec.Tier); err != nil {
			return cli.Usagef("--tier: %w", err)
		}
		if err := apikey.CheckName(spec.Name); spec.Name != "" && err != nil {
			return cli.Usagef("--name: %w", err)
		}
		if _, err := apikey.Generate(*prefix); err != nil {
			return cli.Usagef("--prefix: %w", err)
		}
		spec.Life = *expires
		return nil
	}
	return action{check, func(ctx context.Context, s session, _ []string) error {
		s.admin.Prefix = *prefix
		key, record, err := s.admin.Create(ctx, spec)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.stderr, "created %s\n%s\n", describe(record), shownOnce)
		return s.reveal(key)
	}}
}

func isSet(flags *flag.FlagSet, name string) (set bool) {
	flags.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

func list(flags *flag.FlagSet) action {
	asJSON := flags.Bool("json", false, "write a JSON array")
	return action{nil, func(ctx context.Context, s session, _ []string) error {
		infos, err := s.admin.List(ctx)
		if infos == nil { // else they are shown, whatever could not be read beside them
			return err
		}
		return errors.Join(s.printList(infos, *asJSON), err)
	}}
}

func show(flags *flag.FlagSet) action {
	asJSON := flags.Bool("json", false, "write a JSON object")
	return action{nil, func(ctx context.Context, s session, args []string) error {
		info, err := s.admin.Show(ctx, args[0])
		if info.CreatedAt.IsZero() {
			return err
		}
		return errors.Join(s.printOne(info, *asJSON), err)
	}}
}

// change is a subcommand that takes nothing but the key.
func change(done string, do func(apikey.Admin, context.Context, string) (apikey.Record, error)) func(*flag.FlagSet) action {
	return func(*flag.FlagSet) action {
		return action{nil, func(ctx context.Context, s session, args []string) error {
			return s.changed(done)(do(s.admin, ctx, args[0]))
		}}
	}
}

func remove(*flag.FlagSet) action {
	return action{nil, func(ctx context.Context, s session, args []string) error {
		record, err := s.admin.Delete(ctx, args[0])
		if err == nil && record.CreatedAt.IsZero() {
			fmt.Fprintf(s.stderr, "deleted %q, whose record could not be read\n%s\n", args[0], cached)
			return nil
		}
		return s.changed("deleted")(record, err)
	}}
}

func retier(*flag.FlagSet) action {
	return action{func(args []string) error {
		if err := apikey.CheckTierName(args[1]); err != nil {
			return cli.Usagef("TIER: %w", err)
		}
		return nil
	}, func(ctx context.Context, s session, args []string) error {
		return s.changed("changed")(s.admin.SetTier(ctx, args[0], args[1]))
	}}
}

func permissions(*flag.FlagSet) action {
	return action{func(args []string) error {
		if err := apikey.CheckPermissions(args[1:]); err != nil {
			return cli.Usagef("PERMISSION: %w", err)
		}
		return nil
	}, func(ctx context.Context, s session, args []string) error {
		return s.changed("changed")(s.admin.SetPermissions(ctx, args[0], args[1:]))
	}}
}

func rotate(flags *flag.FlagSet) action {
	grace := flags.Duration("grace", 24*time.Hour, "how long the old key works beside the new one, a Go `duration`")
	return action{func([]string) error {
		if *grace < 0 {
			return cli.Usagef("--grace is %v, allowed is 0s and more", *grace)
		}
		return nil
	}, func(ctx context.Context, s session, args []string) error {
		key, record, old, err := s.admin.Rotate(ctx, args[0], *grace)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.stderr, "created %s\nit replaces %s\n%s\n", describe(record), describe(old), shownOnce)
		return s.reveal(key)
	}}
}
