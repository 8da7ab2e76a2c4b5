// Package httpsig judges and makes request signatures: a narrow profile of RFC
// 9421 (HTTP Message Signatures) with HMAC-SHA256, for clients that share a
// secret with the API and sign each request with it. [Verifier] is what an
// authorizer uses, [CheckContentDigest] what a handler calls in one line, and
// [Signer] what a client in Go signs with.
//
// # Profile
//
// A request has exactly one signature, in the headers Signature-Input and
// Signature, on one line each (the lines are broken here only):
//
//		Signature-Input: sig1=("@method" "@path" "@query" "@authority" "content-digest")
//		  ;created=1618884473;keyid="partner-1";nonce="2Q7WJQZ5VY3XN4T6KDPMRB8CHS"
//		Signature: sig1=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:
//
//	  - Covered are exactly these components, each once, in any order.
//	    content-digest (RFC 9530) is covered when and only when the request has a
//	    body.
//	  - created, keyid and nonce are required; expires and alg="hmac-sha256" are
//	    allowed; anything else is refused. The algorithm is that of the key. The
//	    nonce is 16 to 64 letters, digits, hyphens and underscores.
//	  - The label is the client's choice, and has no meaning.
//	  - There is one spelling: no optional white space, no leading zeros, no
//	    escapes, base64 with padding and without stray bits.
//	  - The signature is good within the window around created, five minutes
//	    either way at most, and for one request: its nonce is kept in a
//	    [ReplayStore]. So API Gateway must not reuse the authorizer's answer: the
//	    cache TTL has to be 0.
//
// # Components
//
// API Gateway hands the path to a function with percent-encoding undone, so
// both sides sign one canonical encoding of the decoded path: of all bytes
// only letters, digits and the characters -._~$&+,/:;=@ stand for themselves,
// all others are written as % and two upper-case hexadecimal digits. That is
// (&url.URL{Path: path}).EscapedPath().
//
// Some paths have no such encoding that arrives as it was meant. AWS does not
// document it, but captures of payload format 2.0 show that API Gateway decodes
// a path, cuts it at a question mark, decodes it once more, and refuses it if
// that fails. So an encoded slash, percent sign or question mark cannot be told
// from what it is decoded to, or is gone: [Signer] refuses them, and a client in
// another language has to leave them out. How path parameters are decoded then
// is not known. Since handlers act on them, the verifier refuses a request
// unless its path ends with the path of its route, the parameters put in.
//
// What the path begins with is sure for the API's own URL: with the name of the
// stage, where the URL has it. With a custom domain it is not: events are
// reported to have the name of the stage, other than $default, in place of the
// mapping's key that the client sent, and AWS documents neither. A request whose
// path is not the one that was signed is refused as ErrInvalidSignature;
// Config.Path is the cure, for proxies that rewrite paths too.
//
// @query is a question mark and the query string as the client sent it; a
// question mark alone without one. @authority is the name that API Gateway was
// called by, in lower case; see Config.Authorities for proxies in front of it.
//
// An event of format 1.0 does not tell the query string as it was sent: an
// authorizer of request signatures needs format 2.0.
//
// No other header is signed: not Content-Type, Cookie or Authorization, and none
// that holds a tenant, an idempotency key or the like. Whoever is between client
// and API can add, change and remove them, so a handler must not trust them.
//
// # Bodies
//
// An authorizer is not given the body. It judges by the headers: where
// Content-Digest is there, or Content-Length or Transfer-Encoding say that
// there is a body, Content-Digest must be there and covered. A body that none
// of them announces, which HTTP/2 allows, is left to the handler: behind an
// authorizer of signatures [CheckContentDigest] refuses every body without a
// matching Content-Digest. The header is trustworthy there, because the
// authorizer has refused all requests that have it uncovered. It holds a sha-256
// or a sha-512 digest or one of each, without parameters; other algorithms are
// refused.
package httpsig
