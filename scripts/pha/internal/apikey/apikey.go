// Package apikey generates and manages the API keys of a deployment.
package apikey

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployed"
)

const long = `Generates and manages the API keys of a deployed API.

ID is a key's credential id (key_…) or its start, as list shows them, never the key.
delete also takes the id of an item that list cannot read, of up to 25 bytes. create and
rotate write the new key, and nothing else, to standard output. It is stored as a digest
only: this is the one time that it is shown. The tiers that there are stand in the
authorizer's code or the component's arguments; a key of another tier makes the authorizer
fail.

An authorizer result that API Gateway has cached is reused until its TTL has passed,
whatever becomes of the key: {pha} reset-cache resets it.

` + deployed.About

const example = `  {pha} apikey create --local --subject usr_abc --tier standard --name ci --expires-in 2160h
  {pha} apikey list --json`

// New is the part apikey of the command.
func New() *cobra.Command {
	var t tables
	cmd := &cobra.Command{
		Use: "apikey COMMAND [flags]", GroupID: cli.GroupCredentials,
		Short: "Generate and manage API keys",
		Long:  long, Example: example,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("the command is missing; there are %s", names())
			}
			return fmt.Errorf("there is no command %s; there are %s", shown(args[0]), names())
		},
		RunE: func(*cobra.Command, []string) error { return nil }, // Args refuses everything
	}
	t.target.Add(cmd.PersistentFlags())
	cmd.PersistentFlags().StringVar(&t.keys, "table", "", "the `name` of the table of API keys (default: the authorizer's)")
	cmd.PersistentFlags().StringVar(&t.state, "state-table", "", "the `name` of the authorizer's state table, by which list and show know when a key was last used (default: the authorizer's, unless --table is given)")
	for _, c := range commands {
		cmd.AddCommand(c.cobra(&t))
	}
	return cmd
}

// tables are those that the flags name.
type tables struct {
	target      deployed.Target
	keys, state string
	// tiers are those that the authorizer has, empty where they are not known.
	tiers []string
}

// find looks up what no flag names.
func (t *tables) find(ctx context.Context, stderr io.Writer) error {
	if t.keys != "" {
		_, err := t.target.UseLocal()
		return err
	}
	api, err := t.target.Find(ctx, stderr)
	if err != nil {
		return err
	}
	if t.keys, err = api.Find(deployed.APIKeys); err != nil {
		return err
	}
	for _, a := range api.Authorizers {
		if a.KeyTable == t.keys && t.state == "" {
			t.state = a.StateTable
		}
		if a.KeyTable == t.keys {
			t.tiers = append(t.tiers, a.Accepts.Tiers...)
		}
	}
	return nil
}

// command is one below apikey.
type command struct {
	// use is its name and those of its arguments; one that ends with "…" takes any
	// number.
	use, short string
	// flags adds its own and returns what it does.
	flags func(*pflag.FlagSet) action
}

// action is a command whose flags are known: check finds mistakes before
// anything is asked of AWS, run does the work.
type action struct {
	check func(args []string) error
	run   func(ctx context.Context, s session, args []string) error
}

// session is what an action works with.
type session struct {
	admin          apikey.Admin
	stdout, stderr io.Writer
	tiers          []string
}

// checkTier refuses a tier with which the authorizer would fail.
func (s session) checkTier(tier string) error {
	if len(s.tiers) > 0 && !slices.Contains(s.tiers, tier) {
		return cli.Usagef("the authorizer has no tier %q, and would fail with the key: it has %s", tier, strings.Join(s.tiers, ", "))
	}
	return nil
}

var commands = []command{
	{"create", "Make a key and print it, once", create},
	{"list", "List all keys", list},
	{"show ID", "Show one key", show},
	{"disable ID", "Refuse a key until it is enabled again", change("disabled", apikey.Admin.Disable)},
	{"enable ID", "Accept a disabled key again", change("enabled", apikey.Admin.Enable)},
	{"retier ID TIER", "Give a key another tier", retier},
	{"permissions ID [PERMISSION…]", "Replace a key's own permissions, beside its tier's", permissions},
	{"rotate ID", "Make a key alike; the old one ends after a grace", rotate},
	{"delete ID", "Remove a key", remove},
}

// names are those of the commands.
func names() string {
	var names []string
	for _, c := range commands {
		name, _, _ := strings.Cut(c.use, " ")
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

func (c command) cobra(t *tables) *cobra.Command {
	cmd := &cobra.Command{Use: c.use + " [flags]", Short: c.short, Long: c.short + ".", Args: c.checkArgs}
	do := c.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 && apikey.MayBeKey(args[0]) {
			return cli.Usagef("ID is too long for a credential id or the start of one: if it is a whole API key, it is in the shell's history now: rotate it")
		}
		if do.check != nil {
			if err := do.check(args); err != nil {
				return err
			}
		}
		ctx := cmd.Context()
		if err := t.find(ctx, cmd.ErrOrStderr()); err != nil {
			return err
		}
		store, region, err := open(ctx, t.keys, t.state)
		if err == nil {
			err = do.run(ctx, session{apikey.Admin{DynamoDB: store}, cmd.OutOrStdout(), cmd.ErrOrStderr(), t.tiers}, args)
		}
		switch {
		case err == nil || ctx.Err() == nil:
			return explain(err, region)
		case errors.Is(err, apikey.ErrUncertain): // which says what to do now
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
		return context.Cause(ctx) // the interruption, not what it broke
	}
	return cmd
}

// shown is an argument for an error, unless it is a secret in the wrong place.
func shown(arg string) string {
	if apikey.MayBeKey(arg) {
		return "(not shown: it may be a key)"
	}
	return strconv.Quote(arg)
}

func (c command) checkArgs(_ *cobra.Command, given []string) error {
	names := strings.Fields(c.use)[1:]
	for i, name := range names {
		if strings.HasSuffix(name, "…]") {
			return nil
		}
		if i >= len(given) {
			return fmt.Errorf("the argument %s is missing", name)
		}
	}
	if len(given) > len(names) {
		return fmt.Errorf("unexpected argument %s", shown(given[len(names)]))
	}
	return nil
}

func create(flags *pflag.FlagSet) action {
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
		switch given := flags.Changed("expires-in"); {
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
		if err := s.checkTier(spec.Tier); err != nil {
			return err
		}
		s.admin.Prefix = *prefix
		key, record, err := s.admin.Create(ctx, spec)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.stderr, "created %s\n%s\n", describe(record), shownOnce)
		return s.reveal(key)
	}}
}

func list(flags *pflag.FlagSet) action {
	asJSON := flags.Bool("json", false, "write a JSON array")
	return action{nil, func(ctx context.Context, s session, _ []string) error {
		infos, err := s.admin.List(ctx)
		if infos == nil { // else they are shown, whatever could not be read beside them
			return err
		}
		return errors.Join(s.printList(infos, *asJSON), err)
	}}
}

func show(flags *pflag.FlagSet) action {
	asJSON := flags.Bool("json", false, "write a JSON object")
	return action{nil, func(ctx context.Context, s session, args []string) error {
		info, err := s.admin.Show(ctx, args[0])
		if info.CreatedAt.IsZero() {
			return err
		}
		return errors.Join(s.printOne(info, *asJSON), err)
	}}
}

// change is a command that takes nothing but the key.
func change(done string, do func(apikey.Admin, context.Context, string) (apikey.Record, error)) func(*pflag.FlagSet) action {
	return func(*pflag.FlagSet) action {
		return action{nil, func(ctx context.Context, s session, args []string) error {
			return s.changed(done)(do(s.admin, ctx, args[0]))
		}}
	}
}

func remove(*pflag.FlagSet) action {
	return action{nil, func(ctx context.Context, s session, args []string) error {
		record, err := s.admin.Delete(ctx, args[0])
		if err == nil && record.CreatedAt.IsZero() {
			fmt.Fprintf(s.stderr, "deleted %q, whose record could not be read\n%s\n", args[0], cached)
			return nil
		}
		return s.changed("deleted")(record, err)
	}}
}

func retier(*pflag.FlagSet) action {
	return action{func(args []string) error {
		if err := apikey.CheckTierName(args[1]); err != nil {
			return cli.Usagef("TIER: %w", err)
		}
		return nil
	}, func(ctx context.Context, s session, args []string) error {
		if err := s.checkTier(args[1]); err != nil {
			return err
		}
		return s.changed("changed")(s.admin.SetTier(ctx, args[0], args[1]))
	}}
}

func permissions(*pflag.FlagSet) action {
	return action{func(args []string) error {
		if err := apikey.CheckPermissions(args[1:]); err != nil {
			return cli.Usagef("PERMISSION: %w", err)
		}
		return nil
	}, func(ctx context.Context, s session, args []string) error {
		return s.changed("changed")(s.admin.SetPermissions(ctx, args[0], args[1:]))
	}}
}

func rotate(flags *pflag.FlagSet) action {
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
