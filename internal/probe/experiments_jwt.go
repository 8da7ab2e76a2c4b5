package probe

import (
	"net/http"
	"strings"
)

func jwtExperiments() []Experiment {
	text := func(s string) *string { return &s }
	good := Want{Status: 200, Event: map[string]string{"requestContext.authorizer.jwt.claims.sub": `"probe"`}}
	// challenged is a refusal in words.
	challenged := func(words string) Want {
		return Want{Status: http.StatusUnauthorized, Body: unauthorized, Header: map[string]string{
			"WWW-Authenticate": `Bearer scope="" error="invalid_token" error_description="` + words + `"`,
		}}
	}
	ask := func(name, asks string, token Token, want Want) Experiment {
		return Experiment{Name: "jwt/" + name, Asks: asks, API: jwtAPI, After: []Step{{Request: Request{Target: "/jwt/1", JWT: &token}, Want: want}}}
	}
	claim := func(name string, value any) Token { return Token{Claims: map[string]any{name: value}} }
	header := func(name string, value any) Token { return Token{Header: map[string]any{name: value}} }
	changed := func(change func(string) string) Token { return Token{Change: change} }
	// seen are claims as the handler gets them.
	seen := func(name, asks string, value any, want string) Experiment {
		return ask(name, asks, claim("more", value), Want{Status: 200, Event: map[string]string{"requestContext.authorizer.jwt.claims.more": want}})
	}
	scoped := func(name, asks, scope string, want Want) Experiment {
		e := ask(name, asks, claim("scope", scope), want)
		e.After[0].Target = "/scoped"
		return e
	}
	const malformed = "the token is malformed"
	return []Experiment{
		ask("good", "Is a good token let in, with its claims as texts and scopes null?", Token{}, Want{Status: 200, Event: map[string]string{
			"requestContext.authorizer.jwt.claims.sub": `"probe"`, "requestContext.authorizer.jwt.claims.aud": `"probe"`, "requestContext.authorizer.jwt.scopes": "null",
		}}),
		{Name: "jwt/none", Asks: "What is the answer to no token?", API: jwtAPI, After: []Step{
			{Request: Request{Target: "/jwt/1"}, Want: Want{Status: 401, Body: unauthorized, Header: map[string]string{"WWW-Authenticate": "Bearer"}}},
		}},
		ask("alone", "Is a token let in without Bearer before it?", Token{Prefix: text("")}, good),
		ask("scheme-case", "Does the case of Bearer not matter?", Token{Prefix: text("bEARER ")}, good),
		ask("two-spaces", "May two spaces follow Bearer?", Token{Prefix: text("Bearer  ")}, good),
		ask("issuer", "What is said to another issuer?", claim("iss", "https://issuer.example.com"), challenged("issuer does not match")),
		ask("audience", "What is said to another audience?", claim("aud", "other"), challenged("the token does not have a valid audience")),
		ask("client-id", "Does client_id count without aud?", Token{Claims: map[string]any{"aud": nil, "client_id": audience}}, good),
		ask("client-id-beside", "Does client_id not count beside aud?", Token{Claims: map[string]any{"aud": "other", "client_id": audience}}, challenged("the token does not have a valid audience")),
		ask("expired", "What is said to a token that has expired?", claim("exp", "{now}-60"), challenged("the token has expired")),
		ask("no-expiry", "Is a token without exp refused?", claim("exp", nil), challenged("the token has an invalid exp claim")),
		ask("expiry-leeway", "Is there no leeway for exp?", claim("exp", "{now}-2"), challenged("the token has expired")),
		ask("not-before", "Is there no leeway of 30 s for nbf?", claim("nbf", "{now}+30"), challenged("the token is not valid yet")),
		ask("issued-at", "Is there no leeway of 30 s for iat?", claim("iat", "{now}+30"), challenged("the token was issued in the future")),
		ask("expiry-text", "Is an exp that is a text refused?", claim("exp", "9999999999"), challenged("the token has an invalid exp claim")),
		ask("not-before-text", "Is an nbf that is a text refused?", claim("nbf", "1"), challenged("the token has an invalid nbf claim")),
		ask("no-key-id", "Is a token without kid refused?", header("kid", nil), challenged("the token does not have a key id")),
		ask("other-key-id", "Is a token with another kid refused?", header("kid", "other"), challenged("the token's key was not found")),
		ask("other-algorithm", "Is a token refused that is signed with another algorithm than its key is for?", header("alg", "RS384"), challenged("the token's key was not found")),
		ask("pss", "Is PS256 refused?", header("alg", "PS256"), challenged("signing method PS256 is invalid")),
		ask("hmac", "Is HS256 refused?", header("alg", "HS256"), challenged("signing method HS256 is invalid")),
		ask("unsigned", "Is the algorithm none refused?", header("alg", "none"), challenged("signing method none is invalid")),
		ask("signature", "What is said to a bad signature?", changed(func(t string) string {
			signature := t[strings.LastIndex(t, ".")+1:]
			return strings.TrimSuffix(t, signature) + strings.Repeat("A", len(signature))
		}), challenged("the token has an invalid signature")),
		ask("two-segments", "What is said to two segments?", changed(func(t string) string { return t[:strings.LastIndex(t, ".")] }), challenged("token contains an invalid number of segments")),
		ask("padding", "Is padding refused?", changed(func(t string) string { return t + "==" }), challenged(malformed)),
		ask("critical", "Is an extension that must be understood refused?", Token{Header: map[string]any{"crit": []string{"x"}, "x": 1}}, challenged(malformed)),
		ask("repeated", "Is a claim that stands twice refused?", Token{More: `"sub":"other"`}, challenged(malformed)),
		ask("nested", "Is nesting of 17 objects refused?", Token{More: `"deep":` + strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17)}, challenged(malformed)),
		seen("number", "Is a number a text in digits?", 12, `"12"`),
		seen("boolean", "Is a boolean a text?", true, `"true"`),
		seen("list", "Is a list a text in brackets?", []string{"a", "b"}, `"[a b]"`),
		seen("object", "Is an object the text map[…]?", map[string]any{"roles": []string{"a", "b"}}, `"map[roles:[a b]]"`),
		ask("null", "Is a claim that is null left out?", Token{More: `"more":null`}, Want{Status: 200, Event: map[string]string{"requestContext.authorizer.jwt.claims.more": Absent}}),
		scoped("scope", "Is one of a route's scopes enough, and does the handler get all of the token's?", "a:read other", Want{Status: 200, Event: map[string]string{
			"requestContext.authorizer.jwt.scopes": `["a:read","other"]`,
		}}),
		scoped("no-scope", "What is the answer to a token without the route's scopes?", "other", Want{Status: 403, Body: forbidden, Header: map[string]string{
			"WWW-Authenticate": `Bearer scope="a:read a:write" error="insufficient_scope" error_description="the token does not have a required scope"`,
		}}),
	}
}
