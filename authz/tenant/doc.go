// Package tenant verifies the credentials of several tenants, each with keys,
// issuer, audience, claim mapping and policy of its own.
//
// A [Registry] is an [authz.Verifier] that selects the tenant of a request and
// leaves the credential to that tenant's verifier, and nobody else's. A tenant
// is selected by what the request or the unverified credential says: host, path
// parameter, key id, issuer ([Selector]). That only selects: whoever lies about
// it is verified with another tenant's keys, and refused. Where several
// selectors are configured, all that find something must find the same tenant.
// After the verification the principal's issuer and tenant are compared with
// the tenant's again, and [authz.Principal.Tenant] is set by the registry.
//
// No two tenants share a key, a key id, a host or an issuer: that is refused
// when the registry is made or read, and where keys come from a provider of
// their own, when it gives them. So a tenant can neither pass for another nor
// be taken for one. A tenant that the configured selectors cannot select is
// refused as well.
//
// A registry verifies. It decides only as
//
//	authz.Handler{Chain: authz.Chain{{Verifier: registry}}, Policy: registry.Policy()}
//
// Without that no tenant's policy is enforced: Verify refuses tenants that have
// one, as long as nobody has called [Registry.Policy].
//
// The tenants are values in the program ([New]) or documents below a path of
// AWS Systems Manager Parameter Store ([FromParameters], [ParseDocument]).
//
// # What is refused, and how
//
//   - A request of which nothing names a tenant, or names one that is not
//     there, is [ErrUnknown]: always the same denial, before any key is looked
//     at. What a stranger can measure is that a signature was checked for a
//     name that exists, less than a network's noise; hosts, issuers and tenant
//     ids are public names.
//   - A suspended tenant's credential is verified like any other. Only one
//     that is good is told authz.ErrTenantSuspended: without a credential of
//     the tenant nobody learns that it is suspended.
//   - A tenant whose document cannot be used is shut out until it can; the
//     others go on. Its requests are faults (authz.ErrMisconfigured), not
//     denials, and so are requests that fit no tenant as long as they might be
//     its.
//
// # Caching and identities
//
// API Gateway reuses an authorizer's answer for requests with the same identity
// sources. With a TTL, what a selector looks at must be among them:
// $context.domainName for hosts, $context.path for path parameters; a registry
// refuses all requests otherwise (authz.ErrMisconfigured), because the answer for
// one tenant's address would be reused on another's. Suspending,
// removing or changing a tenant works after the TTL and [Parameters.MaxAge], if
// all documents can be read in 4 s, and in half of the function's timeout.
//
// Subjects are unique within a tenant only: a handler keeps data by tenant and
// subject, and takes the tenant from the identity, never from host or path.
// Credential ids are made unique here, by the tenant's id and a colon in front.
package tenant
