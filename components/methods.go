package components

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// MethodsArgs are the credentials that the component's own authorizer accepts, at least
// one kind. A request has one of them: one with two is refused.
//
// What a method needs comes with it: the table of API keys, the state table, replay
// protection, and the identity source: the header Authorization, X-Api-Key or Signature
// of a single method; of several none, since none of the headers is in every request.
// ApiKeys, ReplayProtection and IdentitySources of AuthorizerArgs are then left out.
type MethodsArgs struct {
	// Tokens accepts HS256 tokens in the header Authorization, with the scheme
	// Bearer. They are verified with the secret at AuthorizerArgs.SecretPath, which
	// is required. Defaults to none.
	Tokens *TokensArgs
	// ApiKeys accepts API keys in the header X-Api-Key. Defaults to none.
	ApiKeys *ApiKeyMethodArgs
	// Signatures accepts requests with an HTTP message signature (RFC 9421) of
	// HMAC-SHA256, each once. It excludes a CacheTtl. Defaults to none.
	Signatures *SignaturesArgs
}

// TokensArgs are what is known of the tokens. Each has a sub and an exp.
type TokensArgs struct {
	// Issuer is the claim iss that a token must have, at most 255 characters. Defaults
	// to any, or none: who has the secret may issue.
	Issuer string
	// Audience is what the claim aud of a token must be or contain. Defaults to any,
	// or none: the secret is for this API alone. Where several authorizers verify tokens
	// with one secret, each has an Audience or an Issuer of its own, without which a
	// token for one would be good for all; aud may name several of them.
	Audience string
	// Leeway is how far the issuer's clock may be ahead: whole seconds, 1s to 1m. It
	// lengthens no token's life. Defaults to 30s.
	Leeway time.Duration
	// PermissionsClaim is the claim that has a token's permissions, an array of
	// strings or one string of words; a token without it has none. Defaults to
	// "permissions", an array, and for a token without it to the words of "scope".
	PermissionsClaim string
}

// ApiKeyMethodArgs describes the API keys, and their table, which the component makes
// empty: keys are added with a tool that has more rights than the authorizer.
type ApiKeyMethodArgs struct {
	// Tiers are what keys can be for, by name: 1 to 32 lower-case letters, digits
	// and "-". A key names one of them; one whose tier is not here is answered with
	// 500. Required.
	Tiers map[string]TierArgs
	// PointInTimeRecovery keeps what is needed to restore the table of keys as it was
	// at any second of the last 35 days. Defaults to false.
	PointInTimeRecovery bool
	// DeletionProtection has AWS refuse to delete the table of keys, which cannot be
	// made again. Defaults to false.
	DeletionProtection bool
}

// TierArgs are what the keys of one kind of customer have in common.
type TierArgs struct {
	// Permissions are granted to each key of the tier, beside the key's own:
	// "orders:write"; "orders:*" for all that begin with "orders:". Defaults to none.
	Permissions []string
	// PerMinute is how many requests each key of the tier may make in a minute. It
	// excludes a CacheTtl, as PerDay does. Defaults to 0, no limit.
	PerMinute int
	// PerDay is how many requests each key of the tier may make in a day of UTC; with
	// PerMinute it is the greater one. Each of the two costs a write of DynamoDB a
	// request. Defaults to 0, no limit.
	PerDay int
}

// SignaturesArgs describes the keys that clients sign requests with.
type SignaturesArgs struct {
	// KeysPath is where the keys are, as AuthorizerArgs.SecretPath: JSON that has them
	// by their ids, {"keys":{"partner":"the secret"}}. Required.
	KeysPath pulumi.StringInput
	// Permissions are granted to each key, as those of a tier. Defaults to none.
	Permissions []string
	// KeyPermissions are granted to single keys too, by the key's id. Defaults to
	// none.
	KeyPermissions map[string][]string
}

// The component's own authorizers are two: one for tokens alone, which carries no other
// method's code, and one for all.
const (
	ownTokens  = "github.com/protected-http-api/protected-http-api/handlers/authorizer" //nolint:gosec // a package, not a credential
	ownMethods = "github.com/protected-http-api/protected-http-api/handlers/multiauthorizer"
)

// envLeeway is what authz.LeewayFromEnvironment reads, and maxLeeway authz.MaxLeeway.
const (
	envLeeway = "JWT_LEEWAY"
	maxLeeway = time.Minute
)

// own reports whether the authorizer is the component's own.
func (a AuthorizerArgs) own() bool {
	return !a.Function.given() && (a.SecretPath != nil || a.Methods != nil)
}

// counts reports whether any tier has a quota.
func (a *ApiKeyMethodArgs) counts() bool {
	return a != nil && a.countingTier() != ""
}

// countingTier is the first tier with a quota.
func (a *ApiKeyMethodArgs) countingTier() string {
	for _, name := range slices.Sorted(maps.Keys(a.Tiers)) {
		if tier := a.Tiers[name]; tier.PerMinute > 0 || tier.PerDay > 0 {
			return name
		}
	}
	return ""
}

// identitySources are where the credentials are that API Gateway can require.
func (m MethodsArgs) identitySources() []IdentitySource {
	var sources []IdentitySource
	if m.Tokens != nil {
		sources = append(sources, defaultIdentitySource)
	}
	if m.ApiKeys != nil {
		sources = append(sources, Header("X-Api-Key"))
	}
	if m.Signatures != nil {
		sources = append(sources, signatureSource)
	}
	if len(sources) > 1 {
		return []IdentitySource{}
	}
	return sources
}

// methodHeaders are the headers in which the methods' credentials are, in lower case.
func (p *plan) methodHeaders() []string {
	var headers []string
	for _, a := range p.authorizers {
		if a.methods == nil {
			continue
		}
		if a.methods.Tokens != nil {
			headers = append(headers, "authorization")
		}
		if a.methods.ApiKeys != nil {
			headers = append(headers, "x-api-key")
		}
		if a.methods.Signatures != nil {
			headers = append(headers, "content-digest", "signature", "signature-input")
		}
	}
	return headers
}

// planOwn checks what is said of the component's own authorizer, and fills in what its
// methods need: an authorizer with a Function says that itself.
func (c *checker) planOwn(a *authorizerPlan) {
	if a.args.Methods != nil && a.args.Function.given() {
		c.addf(a.property+".Methods", "is not possible with a Function that has code of its own: leave out one of them")
	}
	if !a.args.own() {
		return
	}
	a.methods = &MethodsArgs{Tokens: &TokensArgs{}}
	if a.args.Methods != nil {
		a.methods = a.args.Methods
	}
	c.checkOwn(a)
	c.checkMethods(a)
	c.checkOwnCaching(a)

	f := &a.args.Function
	f.Package = ownTokens
	if a.methods.ApiKeys != nil || a.methods.Signatures != nil {
		f.Package = ownMethods
	}
	if f.Name == "" {
		f.Name = strings.TrimPrefix(a.name+"-authorizer", "-")
	}
	a.args.ApiKeys, a.args.ReplayProtection = nil, a.methods.Signatures != nil
	if keys := a.methods.ApiKeys; keys != nil {
		a.args.ApiKeys = &ApiKeysArgs{Quotas: keys.counts(), PointInTimeRecovery: keys.PointInTimeRecovery, DeletionProtection: keys.DeletionProtection}
	}
	a.args.IdentitySources = a.methods.identitySources()
	secrets := a.args.secrets()
	secrets.Paths, secrets.Prefixes = nil, nil
	if s := a.methods.Signatures; s != nil && s.KeysPath != nil {
		secrets.Paths = map[string]pulumi.StringInput{contract.EnvSigningKeysPath: s.KeysPath}
	}
	a.args.Secrets = &secrets
}

// checkOwn refuses what is for an authorizer with code of its own.
func (c *checker) checkOwn(a *authorizerPlan) {
	args, f := a.args, a.args.Function
	const brings = "is not possible without a Function: it comes with %s: leave it out"
	const unused = "is not possible without a Function: the component's own authorizer has no use for it: leave it out"
	if args.ApiKeys != nil {
		c.addf(a.property+".ApiKeys", brings, "Methods.ApiKeys")
	}
	if args.ReplayProtection {
		c.addf(a.property+".ReplayProtection", brings, "Methods.Signatures")
	}
	if args.IdentitySources != nil {
		c.addf(a.property+".IdentitySources", brings, "the methods")
	}
	for _, field := range []struct {
		name  string
		given bool
	}{
		{"Secrets.Paths", args.secrets().Paths != nil}, {"Secrets.Prefixes", args.secrets().Prefixes != nil},
		{"Function.TableActions", f.TableActions != nil}, {"Function.IndexActions", f.IndexActions != nil},
		{"Function.Tables", f.Tables != nil}, {"Function.Statements", f.Statements != nil},
	} {
		if field.given {
			c.addf(a.property+"."+field.name, unused)
		}
	}
	for _, own := range []struct{ variable, instead string }{{envLeeway, "Methods.Tokens.Leeway"}, {contract.EnvSigningKeysPath, "Methods.Signatures.KeysPath"}} {
		if _, given := f.Environment[own.variable]; given {
			c.addf(fmt.Sprintf("%s.Function.Environment[%q]", a.property, own.variable), "is not possible without a Function: set %s", own.instead)
		}
	}
}

// checkMethods checks the methods themselves.
func (c *checker) checkMethods(a *authorizerPlan) {
	m, property := a.methods, a.property+".Methods"
	switch {
	case *m == (MethodsArgs{}):
		c.addf(property, "has none: give Tokens, ApiKeys or Signatures")
		return
	case m.Tokens != nil && a.args.SecretPath == nil:
		c.addf(a.property+".SecretPath", "is required with Methods.Tokens: it is where the secret is that tokens are verified with")
	case m.Tokens == nil && a.args.SecretPath != nil:
		c.addf(a.property+".SecretPath", "has no use without Methods.Tokens: add that, or leave it out")
	}
	if m.Tokens != nil {
		c.checkTokens(property+".Tokens", *m.Tokens)
	}
	if m.ApiKeys != nil {
		c.checkTiers(property+".ApiKeys.Tiers", m.ApiKeys.Tiers)
	}
	if s := m.Signatures; s != nil {
		property += ".Signatures"
		if s.KeysPath == nil {
			c.addf(property+".KeysPath", "is required: it is where the keys are that requests are signed with")
		}
		c.checkSecretPath(property+".KeysPath", s.KeysPath)
		c.checkGranted(property+".Permissions", s.Permissions)
		ids := slices.Sorted(maps.Keys(s.KeyPermissions))
		for i, id := range ids {
			element := fmt.Sprintf("%s.KeyPermissions[%q]", property, id)
			same := func(other string) bool { return strings.EqualFold(id, other) }
			if other := slices.IndexFunc(ids[:i], same); other >= 0 {
				c.addf(element, "differs from %q in letters' case only, which the authorizer refuses to tell apart: give one of the keys another id", ids[other])
			}
			if !signingKeyID.MatchString(id) || strings.Contains(id, "..") {
				c.addf(element, "the id of a key must be 1 to 128 letters, digits and any of _-.:~=+@/, without two dots together")
			}
			c.checkGranted(element, s.KeyPermissions[id])
		}
	}
}

var (
	// signingKeyID matches what authz lets a key's id be.
	signingKeyID = regexp.MustCompile(`^[A-Za-z0-9_.:~=+@/-]{1,128}$`)
	tierName     = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	// claimText matches what a claim can be called, and what an issuer or an audience
	// can be.
	claimText = regexp.MustCompile(`^[!-~]+$`)
)

func (c *checker) checkTokens(property string, t TokensArgs) {
	for _, text := range []struct{ name, value string }{{"Issuer", t.Issuer}, {"Audience", t.Audience}, {"PermissionsClaim", t.PermissionsClaim}} {
		if text.value != "" && !claimText.MatchString(text.value) {
			c.addf(property+"."+text.name, "%q has a character that is no printable ASCII, or a space", text.value)
		}
	}
	if len(t.Issuer) > contract.MaxSubjectBytes {
		c.addf(property+".Issuer", "%q has %d characters: at most %d are allowed", t.Issuer, len(t.Issuer), contract.MaxSubjectBytes)
	}
	registered := func(claim string) bool { return strings.EqualFold(claim, t.PermissionsClaim) }
	if slices.ContainsFunc([]string{"sub", "iss", "aud", "exp", "nbf", "iat", "jti"}, registered) {
		c.addf(property+".PermissionsClaim", "%q has a meaning of its own (RFC 7519 section 4.1): name another claim", t.PermissionsClaim)
	}
	if t.Leeway != 0 && (t.Leeway < time.Second || t.Leeway > maxLeeway) {
		c.addf(property+".Leeway", "%v is out of range: 1s to 1m", t.Leeway)
	} else {
		c.add(property+".Leeway", checkWholeSeconds(t.Leeway))
	}
}

// distinct reports whether no issuer's token for the one is good for the other.
func (t TokensArgs) distinct(other TokensArgs) bool {
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	return differ(t.Issuer, other.Issuer) || differ(t.Audience, other.Audience)
}

func (c *checker) checkTiers(property string, tiers map[string]TierArgs) {
	if len(tiers) == 0 {
		c.addf(property, "at least one is required: each key names its tier")
	}
	for _, name := range slices.Sorted(maps.Keys(tiers)) {
		tier, property := tiers[name], fmt.Sprintf("%s[%q]", property, name)
		if !tierName.MatchString(name) {
			c.addf(property, "the name must be 1 to %d lower-case letters, digits and -", contract.MaxTierBytes)
		}
		c.checkGranted(property+".Permissions", tier.Permissions)
		switch {
		case tier.PerMinute < 0:
			c.addf(property+".PerMinute", "%d is negative: leave it out for no limit", tier.PerMinute)
		case tier.PerDay < 0:
			c.addf(property+".PerDay", "%d is negative: leave it out for no limit", tier.PerDay)
		case tier.PerDay > 0 && tier.PerMinute >= tier.PerDay:
			c.addf(property+".PerMinute", "%d is not less than PerDay, %d, and is never met: leave it out", tier.PerMinute, tier.PerDay)
		}
	}
}

// checkGranted refuses permissions that no route can require, and more than the
// authorizer takes.
func (c *checker) checkGranted(property string, permissions []string) {
	if len(permissions) > contract.MaxPermissions {
		c.addf(property, "has %d permissions: at most %d are allowed: grant one with * in the place of several", len(permissions), contract.MaxPermissions)
	} else if all := strings.Join(permissions, " "); len(all) > contract.MaxPermissionsBytes {
		c.addf(property, "has %d characters, with one between any two permissions: at most %d are allowed: grant one with * in the place of several", len(all), contract.MaxPermissionsBytes)
	}
	for i, permission := range permissions {
		element := fmt.Sprintf("%s[%d]", property, i)
		wrong := func(segment string) bool { return segment != "*" && !permissionSegment.MatchString(segment) }
		switch {
		case slices.ContainsFunc(strings.Split(permission, ":"), wrong):
			c.addf(element, "%q must be segments of letters, digits, '_', '-' or '.', or * alone for any, with a : between two of them", permission)
		case len(permission) > contract.MaxPermissionBytes:
			c.addf(element, "%q has %d characters: at most %d are allowed", permission, len(permission), contract.MaxPermissionBytes)
		case slices.Contains(permissions[:i], permission):
			c.addf(element, "%q occurs twice", permission)
		}
	}
}

// checkOwnCaching refuses a TTL with methods whose results must not be reused.
func (c *checker) checkOwnCaching(a *authorizerPlan) {
	m, ttl, property := a.methods, a.args.CacheTtl, a.property+".CacheTtl"
	switch {
	case ttl <= 0:
	case m.Signatures != nil:
		c.addf(property, "%v is not possible with Methods.Signatures: a cached result would let the same signed request in again: set it to 0s", ttl)
	case m.ApiKeys.counts():
		c.addf(property, "%v is not possible with the quota of Methods.ApiKeys.Tiers[%q]: requests that API Gateway answers with a cached result would not be counted: set it to 0s, or leave out the tiers' quotas", ttl, m.ApiKeys.countingTier())
	case len(m.identitySources()) == 0 && m.ApiKeys != nil:
		c.addf(property, "%v is not possible with several Methods: results are kept by identity source, and none of their headers is in every request: set it to 0s, or give each method an authorizer of its own in Authorizers", ttl)
	}
}
