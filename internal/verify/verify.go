// Package verify checks an HTTP API from outside by what is deployed, on AWS or on the
// local AWS: a protected route refuses who has no credential or a bad one and lets in
// who has a good one, a public route asks for none, and an authorizer's answers are
// reused as long as its TTL says.
//
// It changes nothing: routes of methods that may change something are called with good
// credentials, or where they are public, only with a body that the caller gives.
package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"github.com/protected-http-api/protected-http-api/internal/cleartext"
)

// Options are what is checked.
type Options struct {
	API API
	// AWS is where the logs of authorizers are read, and who signs requests for routes
	// with IAM.
	AWS aws.Config
	// Credentials are good ones, by the names of the authorizers. Defaults to none: then
	// nobody is let in, and a line says so.
	Credentials map[string]Credential
	// Bodies are for routes that may change something, by their keys: these are called,
	// and have to answer 2xx.
	Bodies map[string]string
}

// Credential is one that an authorizer accepts.
type Credential struct {
	// Header are the headers that a request needs.
	Header http.Header
	// Everything says that it has every permission.
	Everything bool
}

// Result is one check.
type Result struct {
	Name string
	// Err is nil where it passed. Skipped says why it could not be checked.
	Err     error
	Skipped string
}

// String is the line that a check prints.
func (r Result) String() string {
	switch {
	case r.Skipped != "":
		return fmt.Sprintf("-    %s: not checked: %s", r.Name, r.Skipped)
	case r.Err != nil:
		return fmt.Sprintf("FAIL %s: %v", r.Name, r.Err)
	}
	return "ok   " + r.Name
}

// ErrFailed is returned when at least one check failed; which, the report has
// been told.
var ErrFailed = errors.New("the API does not behave as it is deployed")

// Run runs every check in order and reports each.
func Run(ctx context.Context, opts Options, report func(Result)) error {
	if err := CheckURL(opts.API.URL); err != nil {
		return err
	}
	if err := opts.checkNames(); err != nil {
		return err
	}
	v := &verifier{Options: opts}
	failed := false
	for _, check := range v.checks() {
		err := check.run(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		result := Result{Name: check.name, Err: err}
		if why := skipped(""); errors.As(err, &why) {
			result.Err, result.Skipped = nil, string(why)
		}
		report(result)
		failed = failed || result.Err != nil
	}
	if failed {
		return ErrFailed
	}
	return nil
}

// checkNames refuses credentials and bodies for what is not there.
func (o Options) checkNames() error {
	routes, authorizers := map[string]bool{}, map[string]bool{}
	for _, r := range o.API.Routes {
		routes[r.Key] = true
		if r.Authorizer != nil {
			authorizers[r.Authorizer.Name] = true
		}
	}
	var errs []error
	for name := range o.Credentials {
		if !authorizers[name] {
			errs = append(errs, fmt.Errorf("there is a credential for the authorizer %q, which no route of the API has; its authorizers: %s", name, listed(authorizers)))
		}
	}
	for key := range o.Bodies {
		if !routes[key] {
			errs = append(errs, fmt.Errorf("there is a body for the route %q, which the API does not have; its routes: %s", key, listed(routes)))
		}
	}
	return errors.Join(errs...)
}

// listed are names for an error.
func listed(names map[string]bool) string {
	return cmp.Or(strings.Join(slices.Sorted(maps.Keys(names)), ", "), "none")
}

// CheckURL returns the error with which Run refuses an API's address: credentials are
// sent there.
func CheckURL(text string) error {
	base, err := url.Parse(text)
	switch {
	case strings.Contains(text, "@"):
		return errors.New("the API's URL is not shown, because it has an @ and so maybe a password: leave that out")
	case err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "":
		return fmt.Errorf("the API's URL %q is not an http or https URL, such as https://abc123.execute-api.eu-central-1.amazonaws.com", text)
	}
	if err := cleartext.Check(base); err != nil {
		return fmt.Errorf("the API's URL %q takes credentials: %w", text, err)
	}
	return nil
}

type verifier struct{ Options }

type check struct {
	name string
	run  func(context.Context) error
}

// skipped says why a check could not be made.
type skipped string

func (s skipped) Error() string { return string(s) }

func (v *verifier) checks() []check {
	var all []check
	cached := map[*Authorizer]bool{}
	for _, r := range v.API.Routes {
		t, reachable := targetOf(r.Key, v.API.Routes)
		if !reachable {
			all = append(all, check{r.Key, func(context.Context) error {
				return skipped("the other routes get every request")
			}})
			continue
		}
		all = append(all, v.checksOf(r, t)...)
		if r.Authorization == types.AuthorizationTypeCustom && !cached[r.Authorizer] {
			cached[r.Authorizer] = true
			all = append(all, v.cacheCheck(r, t))
		}
	}
	return all
}

// checksOf are those of one route.
func (v *verifier) checksOf(r Route, t target) []check {
	if r.Authorization == types.AuthorizationTypeNone {
		return []check{{r.Key + " is public", func(ctx context.Context) error { return v.letIn(ctx, r, t, nil) }}}
	}
	without, bad := refusals(r)
	all := []check{
		{fmt.Sprintf("%s without a credential is %s", r.Key, without), func(ctx context.Context) error {
			return v.refused(ctx, r, t, nil, without)
		}},
		{fmt.Sprintf("%s with a bad credential is %s", r.Key, bad), func(ctx context.Context) error {
			for _, credential := range v.badCredentials(r) {
				if err := v.refused(ctx, r, t, credential.apply, bad); err != nil {
					return fmt.Errorf("%s: %w", credential.name, err)
				}
			}
			return nil
		}},
	}
	return append(all, check{r.Key + " with a good credential lets in", func(ctx context.Context) error {
		apply, err := v.goodCredential(r)
		if err != nil {
			return err
		}
		return v.letIn(ctx, r, t, apply)
	}})
}

// statuses are those of which one is right.
type statuses []int

func (s statuses) String() string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint([]int(s)), "[]"), " ", " or ")
}

// refusals are what API Gateway answers to who has no credential, and a bad one. A
// Lambda authorizer to whose identity sources a request need not contribute is run in
// either case, and may ask for a 401 itself.
func refusals(r Route) (without, bad statuses) {
	switch {
	case r.Authorization == types.AuthorizationTypeAwsIam:
		return statuses{http.StatusForbidden}, statuses{http.StatusForbidden}
	case r.Authorization == types.AuthorizationTypeJwt:
		return statuses{http.StatusUnauthorized}, statuses{http.StatusUnauthorized}
	case len(r.Authorizer.clientSources()) == 0:
		return statuses{http.StatusUnauthorized, http.StatusForbidden}, statuses{http.StatusUnauthorized, http.StatusForbidden}
	}
	return statuses{http.StatusUnauthorized}, statuses{http.StatusForbidden}
}

// refused wants API Gateway to refuse a request: a function's own 401 or 403 says
// that the request has reached it.
func (v *verifier) refused(ctx context.Context, r Route, t target, apply applier, want statuses) error {
	answer, err := v.send(ctx, t, v.Bodies[r.Key], apply)
	if err != nil {
		return err
	}
	for _, status := range want {
		switch {
		case answer.status != status:
		case !answer.fromGateway(t.method):
			return fmt.Errorf("the status is %d, but not by API Gateway: the request reached the function, which answered %s", status, answer)
		default:
			return nil
		}
	}
	return fmt.Errorf("the status is %d: %s", answer.status, answer)
}

// letIn wants API Gateway to let a request through to a function that works.
func (v *verifier) letIn(ctx context.Context, r Route, t target, apply applier) error {
	body, given := v.Bodies[r.Key]
	if !given && !safe(t.method) {
		return skipped("it may change something, and no body is given for it")
	}
	answer, err := v.send(ctx, t, body, apply)
	switch {
	case err != nil:
		return err
	case answer.fromGateway(t.method) && r.Authorizer != nil && answer.status == http.StatusForbidden && v.mayLack(r):
		return skipped("the credential is refused, and the route requires " + strings.Join(r.Authorizer.Permissions[r.Key], ", "))
	case answer.fromGateway(t.method):
		return fmt.Errorf("API Gateway refuses it with %d: %s", answer.status, answer)
	case answer.status >= http.StatusInternalServerError:
		return fmt.Errorf("the status is %d: %s", answer.status, answer)
	case given && answer.status/100 != 2:
		return fmt.Errorf("with the body that was given the status is %d: %s", answer.status, answer)
	}
	return nil
}

// mayLack reports whether a good credential may be without what a route requires.
func (v *verifier) mayLack(r Route) bool {
	return !v.Credentials[r.Authorizer.Name].Everything && len(r.Authorizer.Permissions[r.Key]) > 0
}
