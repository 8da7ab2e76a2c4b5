package page

import (
	"net/http"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// authorization are authz's reasons of a good credential that may not do this.
var authorization = []string{"denied", "tenant suspended", "quota exceeded", "rate limited"}

// byAuthorizer is the reason where an authorizer has not said in its log why it refused.
const byAuthorizer = "refused by the authorizer"

// refusedFor says that a request was refused, and why.
func refusedFor(reason string) string {
	if reason == byAuthorizer {
		return "refused"
	}
	return "refused: " + reason
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
	case d.Early || d.RouteKey == "":
		return strings.ToLower(http.StatusText(d.Status))
	case missing != "":
		return "no identity source"
	case d.Cache.Hit, d.Authorization == live.AuthorizationCustom && d.Authorizer.RequestID != "" && d.Authorizer.Failure == "":
		return byAuthorizer
	case d.Authorization == live.AuthorizationCustom:
		return authorizerFailure(d.Failure)
	case d.Failure != "":
		return firstSentence(d.Failure)
	}
	return strings.ToLower(http.StatusText(d.Status))
}

// authorizerFailure is the kind of a Lambda authorizer's failure.
func authorizerFailure(why string) string {
	switch {
	case strings.Contains(why, "doesn't have permissions"):
		return "the authorizer may not be invoked"
	case strings.Contains(why, "doesn't match the format"):
		return "the authorizer's answer is malformed"
	case strings.HasPrefix(why, "no answer within"):
		return "authorizer: " + why
	}
	return "authorizer failed"
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
