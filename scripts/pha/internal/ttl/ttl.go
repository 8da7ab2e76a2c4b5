// Package ttl says which TTL of the authorizer's cache to take, and which of AWS's quotas
// a load meets: what it computes is in internal/planner.
package ttl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/protected-http-api/protected-http-api/internal/planner"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/deployed"
)

const long = `Says what each TTL of the authorizer's cache means, and which one to take: how often the
authorizer runs, what that adds to a request, dollars a month, and for how long a credential
goes on that was withdrawn.

The traffic is described by --requests and --credentials, or read from an access log of the
component: --log, --log-group, or with none of them the log of what is deployed. Of a
credential such a log has the public name alone, credentialId; what an authorizer refuses
has none there and is taken to run it each time. A log is replayed request by request.

Where the authorizer takes signed requests or counts quotas its TTL is 0, and there is nothing
to choose. With --rps it says instead what AWS's quotas are to a load, and what cures
those that it meets. docs/ttl.md and docs/scale.md say what both are computed of, and what is
assumed.

` + deployed.About

const example = `  {pha} ttl --requests 36000 --credentials 500 --lifetime 1h --plot ttl.svg
  {pha} ttl --log access.log --within 15m
  {pha} ttl --stack prod --since 24h
  {pha} ttl --rps 100,1000,10000 --ttl 5m`

// options are the flags.
type options struct {
	target  deployed.Target
	traffic planner.Traffic

	memory           int
	warm, cold, idle time.Duration
	handler          time.Duration

	log, logGroup string
	since         time.Duration
	byRoute       bool

	within time.Duration
	rps    []float64
	ttl    time.Duration

	prices, plot string
	json         bool

	flags *pflag.FlagSet
}

func (o *options) given(flag string) bool { return o.flags.Changed(flag) }

// New is the part ttl of the command.
func New() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "ttl [flags]", GroupID: cli.GroupDeployed,
		Short: "Plan the cache's TTL: runs, latency, dollars, quotas",
		Long:  long, Example: example,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.flags = cmd.Flags()
	o.target.Add(o.flags)
	o.flags.Float64Var(&o.traffic.Requests, "requests", 0, "how `many` requests come in an hour to routes with the authorizer")
	o.flags.IntVar(&o.traffic.Credentials, "credentials", 0, "how `many` callers they come from, each with one credential at a time (with --rps, default: one for 100 requests an hour)")
	o.flags.Float64Var(&o.traffic.Skew, "skew", 1, "how uneven the callers are: the k-th makes requests in proportion to 1/k^skew, a `number`; 0: all alike")
	o.flags.DurationVar(&o.traffic.Lifetime, "lifetime", time.Hour, "how long a credential is good before its caller has a new one; 0: for ever")
	o.flags.IntVar(&o.traffic.Routes, "routes", 1, "how `many` routes a caller uses whose answers are kept apart ($context.routeKey)")
	o.flags.IntVar(&o.memory, "memory", 128, "the authorizer's memory in `MB`, where it is not found in what is deployed")
	o.flags.DurationVar(&o.warm, "warm", 0, "what a run of the authorizer adds to a request (default: what the log says, else by the memory)")
	o.flags.DurationVar(&o.cold, "cold", 0, "what a cold start of it adds (default: by the memory)")
	o.flags.DurationVar(&o.idle, "idle", planner.DefaultIdle, "after how long unused Lambda gives an environment up")
	o.flags.StringVar(&o.log, "log", "", "a `file` with the access log; - is stdin")
	o.flags.StringVar(&o.logGroup, "log-group", "", "the log `group` of the access log")
	o.flags.DurationVar(&o.since, "since", 3*time.Hour, "how much of the log group is read")
	o.flags.BoolVar(&o.byRoute, "by-route", false, "the log's answers are kept for each route (default: as deployed)")
	o.flags.DurationVar(&o.within, "within", 5*time.Minute, "how long a withdrawn credential may go on")
	o.flags.Float64SliceVar(&o.rps, "rps", nil, "say what AWS's quotas are to so many `requests` a second, several with commas")
	o.flags.Lookup("rps").DefValue = "" // and not []
	o.flags.DurationVar(&o.ttl, "ttl", 5*time.Minute, "the TTL, with --rps")
	o.flags.DurationVar(&o.handler, "handler", 20*time.Millisecond, "what a handler takes, with --rps")
	o.flags.StringVar(&o.prices, "prices", "", "a `file` with prices in place of the built-in ones, in the form of the member prices of --json")
	o.flags.StringVar(&o.plot, "plot", "", "write a picture of the plan to a `file`, in SVG")
	o.flags.BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

func (o *options) run(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	if len(o.rps) > 0 {
		return o.limits(stdout)
	}
	prices, err := o.readPrices()
	if err != nil {
		return err
	}
	var plan planner.Plan
	if o.given("requests") || o.given("credentials") {
		plan, err = planner.FromTraffic(o.traffic, o.authorizer(0), prices, o.within)
		if err != nil {
			return cli.Usage(err)
		}
	} else {
		plan, err = o.fromLog(ctx, stdin, stderr, prices)
		if err != nil {
			return err
		}
	}
	if o.plot != "" {
		if err := o.draw(plan); err != nil {
			return err
		}
	}
	if o.json {
		return printJSON(stdout, plan)
	}
	_, err = io.WriteString(stdout, plan.Text())
	return err
}

// check finds flags that exclude each other.
func (o *options) check() error {
	var named []string
	for _, flag := range []string{"requests", "log", "log-group", "rps"} {
		if o.given(flag) {
			named = append(named, "--"+flag)
		}
	}
	switch {
	case len(named) > 1:
		return cli.Usagef("%s and %s describe different traffic: leave out all but one", named[0], named[1])
	case o.given("rps") && (o.plot != "" || o.given("within")):
		return cli.Usagef("--rps is about quotas, and draws no plot and recommends no TTL: leave out --plot and --within")
	case o.given("credentials") && !o.given("requests") && !o.given("rps"):
		return cli.Usagef("--credentials goes with --requests or --rps")
	case o.since <= 0:
		return cli.Usagef("--since %v: write how much of the log is read, such as 3h", o.since)
	}
	return nil
}

// authorizer is what the flags say of the function; measured is what a run takes by the
// log, 0 where that is not known.
func (o *options) authorizer(measured time.Duration) planner.Authorizer {
	a := planner.DefaultAuthorizer(o.memory)
	switch {
	case o.given("warm"):
		a.Cold += o.warm - a.Warm
		a.Warm = o.warm
	case measured > 0:
		a.Cold += measured - a.Warm
		a.Warm = measured
	}
	if o.given("cold") {
		a.Cold = o.cold
	}
	a.Idle = o.idle
	return a
}

func (o *options) readPrices() (planner.Prices, error) {
	if o.prices == "" {
		return planner.DefaultPrices(), nil
	}
	f, err := os.Open(o.prices)
	if err != nil {
		return planner.Prices{}, fmt.Errorf("reading --prices: %w", err)
	}
	defer func() { _ = f.Close() }()
	prices, err := planner.ReadPrices(f)
	if err != nil {
		return planner.Prices{}, fmt.Errorf("reading --prices %s: %w", o.prices, err)
	}
	return prices, nil
}

func (o *options) draw(plan planner.Plan) (err error) {
	f, err := os.Create(o.plot)
	if err != nil {
		return fmt.Errorf("writing --plot: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return plan.Plot(f)
}

// limits says what the quotas are to each of the loads.
func (o *options) limits(stdout io.Writer) error {
	type answer struct {
		RPS         float64         `json:"requestsASecond"`
		Credentials int             `json:"credentials"`
		Limits      []planner.Limit `json:"limits"`
	}
	var answers []answer
	for i, rps := range o.rps {
		load := planner.NewLoad(rps, o.traffic.Credentials, o.traffic, o.ttl, o.authorizer(0), o.handler)
		limits, err := planner.Limits(load)
		if err != nil {
			return cli.Usage(err)
		}
		answers = append(answers, answer{rps, load.Traffic.Credentials, limits})
		if o.json {
			continue
		}
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		fmt.Fprint(stdout, planner.LimitsText(load, limits))
	}
	if o.json {
		return printJSON(stdout, answers)
	}
	return nil
}

func printJSON(stdout io.Writer, v any) error {
	encoder := json.NewEncoder(stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}
