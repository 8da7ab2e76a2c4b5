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
// (&url.URL{Path: path}).EscapedPath(). The path has the name of the stage
// where the URL has it. In it an encoded slash cannot be told from a slash:
// the signer refuses it, and the verifier refuses a request in which the value
// of a path parameter has a slash, unless the route's parameter is greedy.
//
// @query is a question mark and the query string as the client sent it; a
// question mark alone without one. @authority is the name that API Gateway was
// called by, in lower case; see Config.Authorities for proxies in front of it.
//
// An event of format 1.0 does not tell the query string as it was sent: an
// authorizer of request signatures needs format 2.0.
//
// # Bodies
//
// An authorizer is not given the body. It judges by the headers: where
// Content-Digest is there, or Content-Length or Transfer-Encoding say that
// there is a body, Content-Digest must be there and covered. A body that none
// of them announces, which HTTP/2 allows, is left to the handler: behind an
// authorizer of signatures [CheckContentDigest] refuses every body without a
// matching Content-Digest. The header is trustworthy there, because the
// authorizer has refused all requests that have it uncovered.
package httpsig
