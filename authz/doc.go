// Package authz is what Lambda authorizers and the handlers behind them
// import: it finds the credential in a request, verifies it, answers API
// Gateway, and hands the identity to the handler.
//
// A request passes through small interfaces: an [Extractor] finds a
// [Credential], a [Verifier] turns it into a [Principal], and [Handler]
// answers API Gateway with the principal's subject and expiry as the
// authorizer context, where [FromRequest] reads them back in the handler. A
// verifier takes its keys from a [KeyProvider]; package authz/secret has the
// one that reads AWS Systems Manager.
//
// Every refusal wraps one of the package's sentinel errors. A bad credential
// is an answer, isAuthorized false; a broken dependency is a returned error,
// so that API Gateway answers 500: a failure is never an allow, and never
// looks like a bad credential.
//
// Tokens of a standard OpenID Connect issuer are left to API Gateway's own JWT
// authorizer, which needs no function at all.
package authz
