package cedar

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	cedargo "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"github.com/protected-http-api/protected-http-api/authz"
)

// Entity types of what a request is about.
const (
	UserType   types.EntityType = "User"
	ActionType types.EntityType = "Action"
	RouteType  types.EntityType = "Route"
)

// idAnnotation gives a policy its id: @id("owners-only").
const idAnnotation = "id"

// Config configures [New].
type Config struct {
	// Policies are policies in Cedar's text form, usually embedded from a file.
	// Required. Each has the id of its annotation @id, or "policy" and its
	// number from 0. Templates are refused.
	Policies string
	// Name is where the policies are from, for errors. Defaults to "policies".
	Name string
	// Entities are further entities: groups of actions, parents of resources.
	// None may be a User.
	Entities types.EntityMap
	// Action returns the id of the request's action. Defaults to the route key.
	// An empty id denies.
	Action func(authz.Request) string
	// Principal returns the id of the caller's User: callers with one id are one
	// user to the policies. Defaults to UserID. An empty id denies.
	Principal func(authz.Principal) string
	// Resource returns the entity that the request is about, for instance made
	// of a path parameter, with the attributes and parents that the policies
	// read; those of the caller's own User are not replaced. Its error ends the
	// decision: ErrDenied, ErrUnavailable or another of package authz. Defaults
	// to Route with the id of the action.
	Resource func(context.Context, authz.Principal, authz.Request) (types.Entity, error)
	// IdentitySources are the identity sources of API Gateway's authorizer that tell
	// requests apart for which Action or Resource returns something else: for a path
	// variable authz.SourceRouteKey and authz.SourcePath, for a header
	// "$request.header.NAME". An empty slice that is not nil: they look at the caller
	// only. Defaults to the route's where neither is set, else to none, which needs a
	// cache TTL of 0.
	IdentitySources []string

	now func() time.Time // the clock; of tests another
}

// Policy is an [authz.Policy] of Cedar policies.
type Policy struct {
	cfg      Config
	policies policyList
	// looksAt is what they look at beside caller, action and resource.
	looksAt
}

// looksAt is what a decision depends on that an answer of API Gateway's cache may
// not be the same in.
type looksAt struct{ method, path, more bool }

// Texts of Cedar's JSON, in which a string of a policy cannot have them: its quotes
// are escaped.
const (
	varContext  = `{"Var":"context"}`
	getMethod   = `{".":{"left":` + varContext + `,"attr":"method"}}`
	getPath     = `{".":{"left":` + varContext + `,"attr":"pathParameters"}}`
	hasItMethod = `{"has":{"left":` + varContext + `,"attr":"method"}}`
	hasItPath   = `{"has":{"left":` + varContext + `,"attr":"pathParameters"}}`
)

// add adds what a policy looks at. Time and address are no identity sources that
// tell one decision from another.
func (l *looksAt) add(policy *cedargo.Policy) error {
	text, err := policy.MarshalJSON()
	if err != nil {
		return err
	}
	rest := strings.NewReplacer(getMethod, "", hasItMethod, "").Replace(string(text))
	known := strings.NewReplacer(getPath, "", hasItPath, "").Replace(rest)
	l.method = l.method || rest != string(text)
	l.path = l.path || known != rest
	l.more = l.more || strings.Contains(known, varContext)
	return nil
}

// IdentitySources returns those that every decision needs: of what the policies look
// at in a request Decide knows.
func (p *Policy) IdentitySources() []string { return p.cfg.IdentitySources }

// check returns an error if API Gateway would reuse the answer to a request for one
// about which the policies might decide otherwise.
func (p *Policy) check(r authz.Request) error {
	sources := p.cfg.IdentitySources
	if p.more || sources == nil {
		return r.CheckReuse()
	}
	if p.method {
		sources = append(slices.Clip(sources), authz.SourceMethod)
	}
	if p.path {
		sources = append(slices.Clip(sources), authz.SourceRouteKey, authz.SourcePath)
	}
	if len(sources) == 0 {
		return nil
	}
	return r.CheckReuse(sources...)
}

// New parses the policies. The error is ErrMisconfigured with the place and
// the id of the policy where there is one.
func New(cfg Config) (*Policy, error) {
	if cfg.Name == "" {
		cfg.Name = "policies"
	}
	if cfg.IdentitySources == nil && cfg.Action == nil && cfg.Resource == nil {
		cfg.IdentitySources = []string{authz.SourceRouteKey}
	}
	if cfg.Action == nil {
		cfg.Action = func(r authz.Request) string { return r.RouteKey }
	}
	if cfg.Principal == nil {
		cfg.Principal = UserID
	}
	if cfg.now == nil {
		cfg.now = time.Now
	}
	parsed, err := cedargo.NewPolicyListFromBytes(cfg.Name, []byte(cfg.Policies))
	if err != nil {
		// cedar-go calls every text <input>, the name given or not.
		return nil, fmt.Errorf("%w: reading Cedar policies from %q: %s", authz.ErrMisconfigured, cfg.Name, strings.Replace(err.Error(), "<input>", cfg.Name, 1))
	}
	if len(parsed) == 0 {
		return nil, fmt.Errorf("%w: reading Cedar policies from %q: there is none, so every request would be denied", authz.ErrMisconfigured, cfg.Name)
	}
	p := &Policy{cfg: cfg}
	for i, policy := range parsed {
		if err := p.add(policy); err != nil {
			return nil, fmt.Errorf("%w: reading Cedar policies from %q: %w", authz.ErrMisconfigured, cfg.Name, err)
		}
		id := string(policy.Annotations()[idAnnotation])
		if id == "" {
			id = fmt.Sprintf("policy%d", i)
		}
		if at := slices.IndexFunc(p.policies, func(n named) bool { return n.id == cedargo.PolicyID(id) }); at >= 0 {
			return nil, fmt.Errorf("%w: reading Cedar policies from %q: the id %q of the policy at line %d is also that of the policy at line %d",
				authz.ErrMisconfigured, cfg.Name, id, policy.Position().Line, p.policies[at].policy.Position().Line)
		}
		p.policies = append(p.policies, named{cedargo.PolicyID(id), policy})
	}
	for uid, entity := range cfg.Entities {
		switch {
		case uid != entity.UID:
			return nil, fmt.Errorf("%w: Config.Entities has %s under the name %s", authz.ErrMisconfigured, entity.UID, uid)
		case uid.Type == UserType:
			return nil, fmt.Errorf("%w: Config.Entities has %s, but users are made of the request alone", authz.ErrMisconfigured, uid)
		}
	}
	return p, nil
}

// named is a policy with its id.
type named struct {
	id     cedargo.PolicyID
	policy *cedargo.Policy
}

// policyList is policies in the order of the text, which makes the errors of a
// decision the same each time; a [cedargo.PolicySet] has none.
type policyList []named

// All implements [cedargo.PolicyIterator].
func (l policyList) All() iter.Seq2[cedargo.PolicyID, *cedargo.Policy] {
	return func(yield func(cedargo.PolicyID, *cedargo.Policy) bool) {
		for _, n := range l {
			if !yield(n.id, n.policy) {
				return
			}
		}
	}
}

// Decide implements [authz.Policy]. The error is ErrDenied with the ids of the
// policies that decided, and nothing of the request; or that of
// [Config.Resource]; or ErrMisconfigured where API Gateway would reuse the decision
// for requests that it may not hold for.
func (p *Policy) Decide(ctx context.Context, caller authz.Principal, r authz.Request) error {
	if err := p.check(r); err != nil {
		return err
	}
	if caller.Subject == "" {
		return fmt.Errorf("%w: the caller has no subject", authz.ErrDenied)
	}
	action := p.cfg.Action(r)
	if action == "" {
		return fmt.Errorf("%w: the request has no action", authz.ErrDenied)
	}
	id := p.cfg.Principal(caller)
	if id == "" {
		return fmt.Errorf("%w: Config.Principal returned no id for the caller", authz.ErrDenied)
	}
	principal := principalOf(caller, id)
	resource := types.Entity{UID: types.NewEntityUID(RouteType, types.String(action))}
	if p.cfg.Resource != nil {
		var err error
		if resource, err = p.cfg.Resource(ctx, caller, r); err != nil {
			return fmt.Errorf("finding the resource: %w", err)
		}
		if resource.UID.Type == "" || resource.UID.ID == "" {
			return fmt.Errorf("%w: Config.Resource returned an entity without type or id", authz.ErrMisconfigured)
		}
	}
	decision, diagnostic := cedargo.Authorize(p.policies,
		entities{principal, resource, p.cfg.Entities},
		cedargo.Request{
			Principal: principal.UID,
			Action:    types.NewEntityUID(ActionType, types.String(action)),
			Resource:  resource.UID,
			Context:   p.contextOf(r),
		})
	return verdict(decision, diagnostic)
}

// verdict makes an error of what Cedar decided. Cedar's own messages are left
// out: they name entities, and so callers.
func verdict(decision cedargo.Decision, diagnostic cedargo.Diagnostic) error {
	var failed, reasons []string
	for _, e := range diagnostic.Errors {
		failed = append(failed, fmt.Sprintf("%q", e.PolicyID))
	}
	for _, reason := range diagnostic.Reasons {
		reasons = append(reasons, fmt.Sprintf("%q", reason.PolicyID))
	}
	var why []string
	if decision != cedargo.Allow && len(reasons) > 0 {
		why = append(why, "forbidden by policy "+strings.Join(reasons, ", "))
	}
	if len(failed) > 0 {
		why = append(why, "failed to evaluate policy "+strings.Join(failed, ", "))
	}
	switch {
	case len(why) > 0:
		return fmt.Errorf("%w: %s", authz.ErrDenied, strings.Join(why, "; "))
	case decision != cedargo.Allow:
		return errNoPermit
	}
	return nil
}

var errNoPermit = fmt.Errorf("%w: no policy permits it", authz.ErrDenied)
