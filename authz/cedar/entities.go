package cedar

import (
	"strings"

	"github.com/cedar-policy/cedar-go/types"

	"github.com/protected-http-api/protected-http-api/authz"
)

// tenantSeparator stands between tenant and subject in the id of a User.
const tenantSeparator = "::"

// escapeTenant takes the colons out of a tenant's id.
var escapeTenant = strings.NewReplacer("%", "%25", ":", "%3A")

// UserID returns the id that a caller's User has by default: "alice" for a caller
// without tenant, "acme::alice" for one of the tenant acme, so that no two of
// them are the same User. A percent sign or colon in the tenant is written %25 or
// %3A, and a subject without tenant that has two colons in it gets two more in
// front.
//
// Method and issuer are not part of it: alice with a token and alice with an API
// key are one User. Where subjects are unique only within a method or an issuer,
// set [Config.Principal], or compare principal.method or principal.issuer.
func UserID(p authz.Principal) string {
	if p.Tenant == "" && !strings.Contains(p.Subject, tenantSeparator) {
		return p.Subject
	}
	return escapeTenant.Replace(p.Tenant) + tenantSeparator + p.Subject
}

// principalOf returns the caller as an entity. Every attribute is there for
// every caller, so that a policy can compare it without asking whether it is.
func principalOf(p authz.Principal, id string) types.Entity {
	return types.Entity{
		UID: types.NewEntityUID(UserType, types.String(id)),
		Attributes: types.NewRecord(types.RecordMap{
			"subject":     types.String(p.Subject),
			"tenant":      types.String(p.Tenant),
			"tier":        types.String(p.Tier),
			"issuer":      types.String(p.Issuer),
			"method":      types.String(p.Method),
			"scopes":      setOf(p.Scopes),
			"permissions": setOf(p.Permissions),
		}),
	}
}

func setOf(list []string) types.Set {
	values := make([]types.Value, 0, len(list))
	for _, one := range list {
		values = append(values, types.String(one))
	}
	return types.NewSet(values...)
}

// contextOf returns what a policy may know of the request itself.
func (p *Policy) contextOf(r authz.Request) types.Record {
	parameters := make(types.RecordMap, len(r.PathParameters))
	for name, value := range r.PathParameters {
		parameters[types.String(name)] = types.String(value)
	}
	members := types.RecordMap{
		"method":         types.String(r.Method),
		"pathParameters": types.NewRecord(parameters),
		"time":           types.NewDatetime(p.cfg.now()),
	}
	// A range is no address of a client.
	if ip, err := types.ParseIPAddr(r.SourceIP); err == nil && ip.Prefix().IsSingleIP() {
		members["sourceIp"] = ip
	}
	return types.NewRecord(members)
}

// entities are those of one request before those of the configuration.
type entities struct {
	principal, resource types.Entity
	others              types.EntityMap
}

// Get implements [types.EntityGetter]. The caller comes first: nothing that is
// made of a request can give a caller other attributes.
func (e entities) Get(uid types.EntityUID) (types.Entity, bool) {
	switch uid {
	case e.principal.UID:
		return e.principal, true
	case e.resource.UID:
		return e.resource, true
	}
	entity, ok := e.others[uid]
	return entity, ok
}
