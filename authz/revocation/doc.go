// Package revocation withdraws credentials that are good: one token, one credential
// by its id, or all of a subject, a tenant or a key that were issued until a moment.
// The entries stand in a table of DynamoDB, which an authorizer asks about each
// credential that it finds good.
//
//   - [Checker] is what the authorizer asks, the authz.Handler's Revocations;
//   - [Table] is for tools that have more rights than the authorizer: it writes,
//     lists and removes entries.
//
// # What an authorizer result cache does to it
//
// API Gateway may reuse an authorizer's answer for its TTL. An entry counts for a
// credential whose answer is in the cache only when the TTL has passed, or when the
// cache has been reset after the entry was written; pha revoke does both.
package revocation
