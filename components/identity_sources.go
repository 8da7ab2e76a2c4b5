package components

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// IdentitySource is where in a request a value is that identifies the caller, as
// API Gateway writes it. Header, Query, Context and StageVariable make it (API
// Gateway developer guide, "Control access to HTTP APIs with AWS Lambda
// authorizers").
type IdentitySource string

const (
	headerSources        = "$request.header."
	querySources         = "$request.querystring."
	contextSources       = "$context."
	stageVariableSources = "$stageVariables."
)

// Header is the value of a request's header. Letters' case does not matter.
func Header(name string) IdentitySource { return IdentitySource(headerSources + name) }

// Query is the value of a parameter in a request's query string.
func Query(name string) IdentitySource { return IdentitySource(querySources + name) }

// Context is what API Gateway knows of a request, "routeKey" for instance.
func Context(name string) IdentitySource { return IdentitySource(contextSources + name) }

// StageVariable is a variable of the stage.
func StageVariable(name string) IdentitySource { return IdentitySource(stageVariableSources + name) }

// defaultIdentitySource is where a client's credential is by default.
const defaultIdentitySource IdentitySource = headerSources + "Authorization"

// signatureSource is where the signature of a request is (RFC 9421 section 4.2),
// and signatureInputSource where its nonce is (section 4.1).
const signatureSource, signatureInputSource IdentitySource = headerSources + "Signature", headerSources + "Signature-Input"

// routeKeySource is the identity source with which API Gateway keeps a result
// for each route.
const routeKeySource IdentitySource = contextSources + "routeKey"

// identitySource matches what API Gateway lets an identity source be.
var identitySource = regexp.MustCompile(`^\$(request\.(header|querystring)|context|stageVariables)\.[^\s,]+$`)

// lateContext matches what API Gateway knows of a request only after it has been
// authorized.
var lateContext = regexp.MustCompile(`^\$context\.(authorizer|authenticate|integration|response|status\b|error)`)

// clientCertificate begins what mutual TLS says of a client.
const clientCertificate = contextSources + "identity.clientCert."

func (c *checker) checkIdentitySources(a *authorizerPlan) {
	for i, source := range a.args.IdentitySources {
		property := fmt.Sprintf("%s.IdentitySources[%d]", a.property, i)
		variable, ofStage := strings.CutPrefix(string(source), stageVariableSources)
		switch {
		case !identitySource.MatchString(string(source)):
			c.addf(property, "%q is not what Header, Query, Context or StageVariable returns for a name", string(source))
		case lateContext.MatchString(string(source)):
			c.addf(property, "%q has no value before a request is authorized: API Gateway would answer 401 to every request: leave it out", string(source))
		case ofStage && c.args.Stage.Variables[variable] == nil:
			c.addf(property, "%q is not among Stage.Variables: API Gateway would answer 401 to every request: add it there, or leave it out", string(source))
		case strings.HasPrefix(string(source), clientCertificate) && (c.args.Domain == nil || c.args.Domain.MutualTls == nil && !c.args.Domain.Existing):
			c.addf(property, "%q has no value without Domain.MutualTls: API Gateway would answer 401 to every request: add that, or leave it out", string(source))
		case slices.ContainsFunc(a.args.IdentitySources[:i], source.same):
			c.addf(property, "%q occurs twice", string(source))
		}
	}
}

// same reports whether two identity sources are the same value of a request.
func (s IdentitySource) same(other IdentitySource) bool {
	return s == other || strings.HasPrefix(string(s), headerSources) && strings.EqualFold(string(s), string(other))
}

// mayHoldCredential reports whether a caller can prove something with the value of
// an identity source: with a query parameter, a client's certificate, or any header
// but those that say something else. A client's address is shared by many.
func mayHoldCredential(source IdentitySource) bool {
	text := strings.ToLower(string(source))
	header, isHeader := strings.CutPrefix(text, headerSources)
	return isHeader && !noCredential.MatchString(header) ||
		strings.HasPrefix(text, querySources) || strings.HasPrefix(text, contextSources+"identity.clientcert.")
}

// noCredential matches headers whose meaning is another (HTTP Field Name Registry
// of RFC 9110 section 18.4, and what proxies and API Gateway add).
var noCredential = regexp.MustCompile(`^(accept|accept-.+|cache-control|connection|content-.+|date|expect|forwarded|from|host|if-.+|max-forwards|` +
	`origin|pragma|prefer|range|referer|sec-.+|te|trailer|transfer-encoding|upgrade|user-agent|via|x-amzn-trace-id|x-forwarded-.+|x-real-ip|x-request-id)$`)

// sourceNames are identity sources as text.
func sourceNames(sources []IdentitySource) []string {
	names := make([]string, len(sources))
	for i, source := range sources {
		names[i] = string(source)
	}
	return names
}
