package page

import (
	"net/http"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// authorization are the reasons of a good credential that may not do this.
var authorization = []string{"denied", "insufficient scope", "tenant suspended", "quota exceeded", "rate limited"}

// byAuthorizer is the reason where an authorizer has not said in its log why it refused.
const byAuthorizer = "refused by the authorizer"

// ended says how a request ended at its authorizer, and why where that is known.
func ended(how, reason string) string {
	if reason == byAuthorizer || reason == authorizerFailed {
		return how
	}
	return how + ": " + reason
}

// reasonOf is why a request was refused or failed before its handler, in a few words.
func reasonOf(e entry) string {
	d := e.decision
	switch missing := missingSource(d); {
	case d.Early && d.Status < 400 && d.Failure != "":
		return "not allowed by CORS"
	case d.Allowed || d.Status < 400:
		return ""
	case e.reason != "":
		return e.reason
	case d.Status == http.StatusTooManyRequests:
		return "throttled"
	case d.Kind == "" && (d.Early || d.RouteKey == ""):
		return strings.ToLower(http.StatusText(d.Status))
	case missing != "":
		return "no identity source"
	case d.Cache.Hit, d.Authorization == live.AuthorizationCustom && d.Authorizer.RequestID != "" && d.Authorizer.Failure == "":
		return byAuthorizer
	case d.Authorization == live.AuthorizationCustom:
		return authorizerFailure(d.Failure)
	case d.Kind != "":
		return d.Kind
	}
	return strings.ToLower(http.StatusText(d.Status))
}

// authorizerFailed is the reason where no more is known of it.
const authorizerFailed = "authorizer failed"

// authorizerFailure is the kind of a Lambda authorizer's failure.
func authorizerFailure(why string) string {
	switch {
	case strings.Contains(why, "doesn't have permissions"):
		return "the authorizer may not be invoked"
	case strings.Contains(why, "doesn't match the format"):
		return "the authorizer's answer is malformed"
	case strings.HasPrefix(why, "no answer within"):
		return "the authorizer gave " + why
	case why == "Rate Exceeded.": // Lambda's own words
		return "the authorizer was throttled"
	}
	return authorizerFailed
}

func firstSentence(text string) string {
	text, _, _ = strings.Cut(text, ": ")
	return text
}

// missingSource is the identity source that a request does not have.
func missingSource(d live.Decision) string {
	if n := len(d.Sources); n > 0 && d.Sources[n-1].Value == "" {
		return d.Sources[n-1].Source
	}
	return ""
}

// cacheOf says what a Lambda authorizer's cache did.
func cacheOf(d live.Decision) string {
	switch {
	case d.Authorization != live.AuthorizationCustom || d.Early || missingSource(d) != "":
		return ""
	case !d.Cache.Asked:
		return "off"
	case d.Cache.Hit:
		return "hit"
	}
	return "miss"
}
