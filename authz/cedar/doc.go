// Package cedar decides requests by policies in Cedar (https://cedarpolicy.com),
// a language for authorization in which a policy permits or forbids a principal
// an action on a resource. It is a package of its own so that only a binary
// that imports it links the Cedar engine.
//
// A request is denied unless a policy permits it. A policy that forbids wins
// over any that permits. Beyond Cedar's own rules, a policy that fails to
// evaluate denies as well, even where another permits: Cedar skips such a
// policy, and the one skipped may be the one that would have forbidden.
//
// # What a policy sees
//
//   - principal is User::"subject", or User::"tenant::subject" where the caller
//     has a tenant ([UserID]), or what [Config.Principal] makes of the caller,
//     with the attributes subject, tenant, tier, issuer, method (strings, empty
//     where the caller has none), scopes and permissions (sets of strings,
//     compared exactly: "events:*" is a permission of that name here, no
//     wildcard);
//   - action is Action::"POST /events", the route key, or what [Config.Action]
//     makes of the request;
//   - resource is Route::"POST /events", or what [Config.Resource] makes of it;
//   - context has method and pathParameters (strings, by name), time (a
//     datetime) and sourceIp (an ipaddr; missing where API Gateway gave none).
//
// There are no headers and no query: what a policy relies on, the client must
// not be free to write. Path parameters are the client's too: they say what the
// request is about, never who sends it.
//
// Scope a policy that reads a path parameter to the actions that have it, or
// test it with "context.pathParameters has id": reading what is not there is a
// failure, and denies.
//
// # Caching
//
// API Gateway reuses an authorizer's answers for requests with the same identity
// sources. With a TTL policies need $context.routeKey among these; those that look at
// context.method, on a route for any method, $context.httpMethod as well; those that
// look at path parameters $context.path; and an action or a resource that the program
// makes what [Config.IdentitySources] says, or a TTL of 0 where it says nothing. Those
// that look at anything else of context, such as time or address, need a TTL of 0. A
// decision is refused otherwise (authz.ErrMisconfigured).
package cedar
