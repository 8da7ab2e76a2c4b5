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
// each route; SourcePath and SourceHost are those for each path and domain name.
const (
	SourceRouteKey = "$context.routeKey"
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
		if text != "" {
			u.sources = strings.Split(text, ",")
		}
		for _, source := range u.sources {
			if strings.HasPrefix(source, "$request.") {
				u.requested++
			}
		}
		if seconds, err := strconv.Atoi(ttl); ttl != "" && (err != nil || seconds <= 0 || seconds > maxTTL) {
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

// names reports whether the environment names an identity source. Values alone say
// nothing: a client that writes one into a header could write the route there.
func (u *reuse) names(source string) bool {
	return slices.ContainsFunc(u.sources, func(s string) bool { return strings.EqualFold(s, source) })
}

// CheckReuse is for a [Verifier], a [Policy] or another part of an authorizer whose
// answer depends on more of a request than its credential. It returns an error,
// which is ErrMisconfigured and has the cure in it, if API Gateway would reuse the
// answer to this request for one that differs in an identity source that is given
// here ([SourceRouteKey] and others); without any, if it would reuse the answer at
// all: so do credentials that are good for one request. Return the error as it is.
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
		if r.reuse.names(source) {
			continue
		}
		cure := "add " + source + " to the authorizer's identity sources, or " + noTTL
		if r.reuse.text == "" {
			cure = "name the authorizer's identity sources in " + contract.EnvIdentitySources + ", with commas between them and " + source + " among them, or " + noTTL
		}
		return r.reuse.refuse("it depends on "+source, cure)
	}
	return nil
}

// checkCredential returns an error if the answer about a credential would be given
// to whoever does not have it: its value must stand in an identity source. That is
// so for a refusal too, with which a stranger would shut out somebody else.
func (r Request) checkCredential(c Credential) error {
	if r.reuse == nil || slices.ContainsFunc(r.identity, func(value string) bool { return holds(value, c.Value()) }) {
		return nil
	}
	return r.reuse.refuse("the credential ("+c.Scheme+") is in none of the identity sources, so that others would get its answer", "make where the credential is an identity source, or "+noTTL)
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
