// Package authz is what Lambda authorizers and the handlers behind them
// import: it finds the credential in a request, verifies it, decides whether
// the request may be made, answers API Gateway, and hands the identity to the
// handler.
//
// A request passes through small interfaces. A [Chain] of methods authenticates
// it: an [Extractor] finds a [Credential], a [Verifier] turns it into a
// [Principal]. [Revocations] knows which good credentials were withdrawn. A [Policy]
// decides whether the principal may do what the request asks for, a [Limiter] counts
// it, and [Handler] answers API Gateway with the principal as the authorizer context,
// where [FromRequest] reads it back in the handler as an [Identity].
//
// [JWT] verifies tokens with keys of a [KeyProvider]. Package authz/secret has
// the one that reads AWS Systems Manager, authz/apikey verifies API keys,
// authz/httpsig HTTP message signatures, authz/tenant tells tenants apart,
// authz/revocation withdraws credentials that are good, and authz/cedar has policies
// in Cedar. Who does not import them does not pay for them.
//
// Every refusal wraps one of the package's sentinel errors. A bad credential
// is an answer, isAuthorized false; a broken dependency is a returned error,
// so that API Gateway answers 500: a failure is never an allow, and never
// looks like a bad credential.
//
// Tokens of a standard OpenID Connect issuer are left to API Gateway's own JWT
// authorizer, which needs no function at all.
package authz
