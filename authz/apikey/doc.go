// Package apikey lets clients in by API keys: generated here, stored as a
// digest in DynamoDB, with an owner, permissions and a tier that has quotas.
//
// The parts:
//
//   - [Key] is the secret, [Header] finds it in a request, [Verifier] looks it
//     up in a [Store] and makes the principal;
//   - [Tiers] says in code what tiers there are, what they permit and how many
//     requests they have;
//   - [Limiter] counts requests, of API keys and of any other principal;
//   - [Admin] generates, lists, changes, rotates and deletes keys;
//   - [DynamoDB] keeps the records and counters, in two tables, so that an
//     authorizer that has been taken over can count, but not make itself a key.
//
// # What an authorizer result cache does to it
//
// API Gateway may reuse an authorizer's answer for its TTL. Within it a
// disabled, changed or expired key works on as before, and a request that is
// answered from the cache is not counted: quotas are exact only with a TTL of
// 0.
package apikey
