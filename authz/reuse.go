package authz

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// SourceRouteKey is the identity source with which API Gateway keeps an answer for
// each route; SourceMethod, SourcePath and SourceHost are those for each method,
// path and domain name (API Gateway developer guide, "Customize HTTP API access
// logs", whose variables are identity sources too).
const (
	SourceRouteKey = "$context.routeKey"
	SourceMethod   = "$context.httpMethod"
	SourcePath     = "$context.path"
	SourceHost     = "$context.domainName"
)

// maxTTL is the longest that API Gateway reuses an answer, in seconds (API Gateway
// API reference, CreateAuthorizer, authorizerResultTtlInSeconds).
const maxTTL = 3600

// reuse is how API Gateway reuses the authorizer's answers. It is read once for the
// same texts.
type reuse struct {
	ttl, text string   // of the environment
	sources   []string // that the text names; none where there is no text
	// requested is how many of them are values of the request itself.
	requested int
}

// lastReuse is what was read last. An environment does not change: it is read
// again in tests only.
var lastReuse atomic.Pointer[reuse]

// reuseOf returns how API Gateway reuses the answer to a request, nil if it does
// not: with a TTL of 0, or without identity sources. Where nothing says the TTL,
// it is taken to be any.
func reuseOf(getenv func(string) string, r Request) (*reuse, error) {
	ttl := getenv(contract.EnvCacheTTL)
	if ttl == "0" || ttl == "" && len(r.identity) == 0 {
		return nil, nil
	}
	text := getenv(contract.EnvIdentitySources)
	u := lastReuse.Load()
	if u == nil || u.ttl != ttl || u.text != text {
		u = &reuse{ttl: ttl, text: text}
		for source := range strings.SplitSeq(text, ",") {
			if source = strings.TrimSpace(source); source != "" {
				u.sources = append(u.sources, source)
			}
			if strings.HasPrefix(source, "$request.") {
				u.requested++
			}
		}
		if seconds, err := strconv.Atoi(ttl); ttl != "" && (err != nil || seconds <= 0 || seconds > maxTTL || ttl != strconv.Itoa(seconds)) {
			return nil, fmt.Errorf("%w: environment variable %s is %q, which is not a whole number of seconds from 0 to %d; set it to the TTL of the API's authorizer", ErrMisconfigured, contract.EnvCacheTTL, ttl, maxTTL)
		}
		lastReuse.Store(u)
	}
	// AWS does not say whether an event has the values of $context sources too.
	if got := r.identitySources(); got < u.requested {
		return nil, fmt.Errorf("%w: the event has %d identity sources, and environment variable %s names %d of the request; set it to those of the API's authorizer", ErrMisconfigured, got, contract.EnvIdentitySources, u.requested)
	}
	return u, nil
}

// refuse is the error of an answer that must not be reused as it would be.
func (u *reuse) refuse(why, cure string) error {
	how := "API Gateway reuses this answer for " + u.ttl + " s"
	if u.ttl == "" {
		how = "API Gateway may reuse this answer: the event has identity sources, and " + contract.EnvCacheTTL + " is not set"
		cure += "; and set " + contract.EnvCacheTTL + " to that TTL, in seconds"
	}
	return fmt.Errorf("%w: %s; %s: %s", ErrMisconfigured, how, why, cure)
}

// noTTL is the cure of everything that must not be reused.
const noTTL = "set the authorizer's TTL to 0"

// headerSources begin the identity sources in which letters' case does not count
// behind it.
const headerSources = "$request.header."

// names reports whether the environment names an identity source. Values alone say
// nothing: a client that writes one into a header could write the route there.
func (u *reuse) names(source string) bool {
	return slices.ContainsFunc(u.sources, func(s string) bool {
		return s == source || strings.HasPrefix(s, headerSources) && strings.HasPrefix(source, headerSources) && strings.EqualFold(s, source)
	})
}

// keptBy reports whether API Gateway keeps the answer by an identity source.
func (r Request) keptBy(source string) bool {
	return r.reuse.names(source) || source == SourceMethod && r.routeHasMethod() && r.reuse.names(SourceRouteKey)
}

// routeHasMethod reports whether the route key has the request's method in it: it
// does not on a route for any method. In format 1.0 the route key is not known.
func (r Request) routeHasMethod() bool {
	return !r.ownMethod && r.Method != "" && strings.HasPrefix(r.RouteKey, r.Method+" ")
}

// misses returns the identity source of sources whose value the event does not have
// although it has more values than those of the request itself: API Gateway's
// authorizer has other sources than the environment names. Of a path nobody says how
// it is written there, and of format 1.0 the route key is not known.
func (r Request) misses(sources []string) string {
	if r.ownMethod || len(r.identity) <= r.reuse.requested {
		return ""
	}
	for _, source := range sources {
		value := map[string]string{SourceRouteKey: r.RouteKey, SourceMethod: r.Method, SourceHost: r.Host}[source]
		if value != "" && r.reuse.names(source) && !slices.Contains(r.identity, value) {
			return source
		}
	}
	return ""
}

// CheckReuse is for a [Verifier], a [Policy] or another part of an authorizer whose
// answer depends on more of a request than its credential. It returns an error,
// which is ErrMisconfigured and has the cure in it, if API Gateway would reuse the
// answer to this request for one that differs in an identity source that is given
// here ([SourceRouteKey] and others); without any, if it would reuse the answer at
// all: so do credentials that are good for one request. Return the error as it is.
//
// On a route for one method [SourceRouteKey] does for [SourceMethod] too. A variable
// of the path depends on [SourcePath] and on [SourceRouteKey], which says where in the
// path it is.
//
// Known are the authorizer's TTL and identity sources by the environment variables
// AUTHORIZER_CACHE_TTL and AUTHORIZER_IDENTITY_SOURCES, which the component sets.
// Without them every event that has identity sources counts as one whose answer is
// reused, and no source as one of them.
func (r Request) CheckReuse(sources ...string) error {
	if r.reuse == nil {
		return nil
	}
	if len(sources) == 0 {
		return r.reuse.refuse("it is good for this request only", noTTL)
	}
	for _, source := range sources {
		if r.keptBy(source) {
			continue
		}
		cure := "add " + source + " to the authorizer's identity sources, or " + noTTL
		if r.reuse.text == "" {
			cure = "name the authorizer's identity sources in " + contract.EnvIdentitySources + ", with commas between them and " + source + " among them, or " + noTTL
		}
		return r.reuse.refuse("it depends on "+source, cure)
	}
	if source := r.misses(sources); source != "" {
		return r.reuse.refuse("the event's identity sources do not have the value of "+source, "set "+contract.EnvIdentitySources+" to those of the API's authorizer; during a deployment, wait for its end")
	}
	return nil
}

// sourced is what a [Policy] is as well that says what of a request it looks at.
type sourced interface{ IdentitySources() []string }

// checkPolicy returns an error if API Gateway would reuse a policy's decision on a
// request for one about which it might decide otherwise. What a policy does not say
// is taken to be: method and path, as far as the route key does not have them.
func (r Request) checkPolicy(policy Policy) error {
	if r.reuse == nil {
		return nil
	}
	switch policy := policy.(type) {
	case RoutePermissions: // and itself for permissions with variables
		return r.CheckReuse(SourceRouteKey)
	case AllPolicies, noPermissions: // of the former each is asked
		return nil
	case sourced:
		if sources := policy.IdentitySources(); len(sources) > 0 {
			return r.CheckReuse(sources...)
		}
		return nil
	}
	sources := []string{SourceRouteKey, SourceMethod}
	if r.RouteKey == defaultRoute || strings.Contains(r.RouteKey, "{") {
		sources = append(sources, SourcePath)
	}
	for _, source := range sources {
		err := r.CheckReuse(source)
		if err != nil && source != SourceRouteKey {
			err = fmt.Errorf("policy %T without the method IdentitySources: %w", policy, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkPolicyAnswer returns an error if API Gateway would reuse an IAM policy, which
// is for one method and path, for another.
func (r Request) checkPolicyAnswer() error { return r.CheckReuse(SourceMethod, SourcePath) }

// checkCredential returns an error if the answer about a credential would be given
// to whoever does not have it: its value must stand in an identity source. That is
// so for a refusal too, with which a stranger would shut out somebody else.
func (r Request) checkCredential(c Credential) error {
	if r.reuse == nil || slices.ContainsFunc(r.identity, func(value string) bool { return holds(value, c.Value()) }) {
		return nil
	}
	return r.reuse.refuse("the credential ("+c.Scheme+") is in none of the identity sources, so that others would get its answer", "make where the credential is an identity source, or "+noTTL)
}

// checkExtraction returns an error if the refusal of a request by the extractors of a
// chain would be given to others. It may be if they refuse the request for what stands
// in the identity sources: they are asked again with nothing else of it.
func (r Request) checkExtraction(c Chain, refusal error) error {
	if r.reuse == nil {
		return nil
	}
	kept := Request{Headers: map[string]string{}, ownMethod: r.ownMethod}
	for name, value := range r.Headers {
		known := len(r.reuse.sources) == 0 || r.reuse.names(headerSources+name)
		if known && slices.ContainsFunc(r.identity, func(v string) bool { return v == value || r.ownMethod && strings.Contains(v, value) }) {
			kept.Headers[name] = value
		}
	}
	if _, err := c.extract(kept, nil); err != nil {
		if _, denied := classify(err); denied {
			return nil
		}
	}
	return r.reuse.refuse("it is a refusal ("+refusal.Error()+") for what is in none of the identity sources, so that others would get it", "make every place where a credential may be an identity source, or "+noTTL)
}

// holds reports whether a value is a credential, or has it as a word of its own: a
// header after the scheme, a cookie after its name.
func holds(value, credential string) bool {
	const within = "-._~+/" // beside letters and digits, and = at the end
	letter := func(c byte) bool { return isBase64URL(c) || strings.IndexByte(within, c) >= 0 }
	for from := 0; credential != ""; {
		at := strings.Index(value[from:], credential)
		if at < 0 {
			return false
		}
		start, end := from+at, from+at+len(credential)
		if (start == 0 || !letter(value[start-1])) && (end == len(value) || !letter(value[end]) && value[end] != '=') {
			return true
		}
		from = start + 1
	}
	return false
}

// identitySources returns how many identity sources the event has. In format 1.0
// they are one text, with commas between them.
func (r Request) identitySources() int {
	if r.ownMethod && len(r.identity) == 1 {
		return strings.Count(r.identity[0], ",") + 1
	}
	return len(r.identity)
}
