package page

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

// cures are what helps against the reasons that package authz logs.
var cures = map[string]string{ //nolint:gosec // no credentials
	"no credential":         "send a credential of a kind that the authorizer takes: Methods of AuthorizerArgs says which; Try it sends one of each",
	"not applicable":        "send a credential of a kind that the authorizer takes: Methods of AuthorizerArgs says which",
	"malformed":             "send a well-formed credential: a token is three parts of base64url with dots between them, after \"Bearer \"; {pha} token signs one",
	"unsupported algorithm": "sign the token with the algorithm of the key: HS256 for a shared secret ({pha} token)",
	"unknown key":           "use a key that the authorizer knows: {pha} apikey create makes an API key, and the kid of a token or the key id of a signature has to be in the parameter that the authorizer reads",
	"invalid signature":     "sign with the secret in the parameter that the authorizer reads (SecretPath of AuthorizerArgs): {pha} token does; after a rotation, {pha} rotate says which secrets are accepted",
	"expired":               "get a new credential: {pha} token --subject … signs a token that is good for an hour",
	"not yet valid":         "the credential is good later only: check the clocks, or allow for them with LeewaySeconds of TokensArgs",
	"invalid claim":         "give the token what the authorizer wants: Issuer and Audience of TokensArgs; {pha} token fits them by itself",
	"revoked":               "get a new credential: this one, or all of its subject, was withdrawn with {pha} revoke",
	"replayed":              "sign each request anew: a signature is good for one request ({pha} sign)",
	"denied":                "use a credential with the permission that the route needs ({pha} token --claim 'permissions=[…]'; Tiers of ApiKeyMethodArgs for API keys), or change Permissions of the Route",
	"tenant suspended":      "resume the tenant in the registry that the authorizer reads",
	"quota exceeded":        "wait for the next day, or raise PerDay of the key's TierArgs",
	"rate limited":          "send fewer requests a minute, or raise PerMinute of the key's TierArgs",
	"misconfigured":         "the authorizer's log below says which setting is wrong; nothing is let in until it is changed",
	"unavailable":           "what the authorizer asks does not answer: resume it if it is stopped, or see its log below",
	"internal":              "the authorizer failed by an error of its own: its log below has it",
}

// cureOf is what to change so that a request is let through; empty for one that was.
func cureOf(e entry) string {
	d := e.decision
	if d.Status < 400 {
		return d.Cure // of a preflight, which is answered by 204 whatever CORS allows
	}
	ran := d.Handler.RequestID
	if !d.Allowed {
		ran = d.Authorizer.RequestID
	}
	if call := failedCall(e.calls, ran); call != nil && d.Status >= 500 {
		return call.Cure
	}
	cure := cmp.Or(cli.Text(cures[e.reason]), d.Cure)
	switch {
	case !d.Allowed && d.Cache.Hit:
		cure = cmp.Or(cure, "send a credential that the authorizer lets in: its log says more, by the request "+d.Cache.RequestID)
		return cure + fmt.Sprintf(". The answer came from the cache, %s old: empty it (%s) if what the authorizer decides has changed since", d.Cache.Age.Round(time.Second), cli.Text("{pha} reset-cache"))
	case cure != "":
		return cure
	case !d.Allowed:
		return "send a credential that the authorizer lets in: what it got and answered, and what it logged, is below"
	case d.Status == http.StatusUnauthorized && d.Cache.Hit:
		return "the handler itself answered 401, as authz.FromRequest has it do where the credential has expired while its answer was cached: get a new one; a shorter CacheTtl has the authorizer say so"
	case d.Status == http.StatusUnauthorized && d.Authorization == live.AuthorizationCustom:
		return "the handler itself answered 401: authz.FromRequest has it do so where the authorizer's answer has no identity in it, or one that has expired"
	case d.Status >= 500:
		return "the handler failed: its log below says why"
	}
	return "the request was let through, and the handler itself answered " + strings.ToLower(http.StatusText(d.Status)) + ": it wants another request"
}

// failedCall is the last call of an invocation that failed for good and could be cured; nil
// where there is none.
func failedCall(calls []endpoint.Call, requestID string) *endpoint.Call {
	good := map[string]bool{}
	for i := len(calls) - 1; i >= 0; i-- {
		switch call := &calls[i]; {
		case call.RequestID != requestID:
		case call.Error == "":
			good[call.Action] = true
		case call.Cure != "" && !good[call.Action]:
			return call
		}
	}
	return nil
}
