package cedar

import (
	"github.com/cedar-policy/cedar-go/types"

	"github.com/protected-http-api/protected-http-api/authz"
)

// principalOf returns the caller as an entity. Every attribute is there for
// every caller, so that a policy can compare it without asking whether it is.
func principalOf(p authz.Principal) types.Entity {
	return types.Entity{
		UID: types.NewEntityUID(UserType, types.String(p.Subject)),
		Attributes: types.NewRecord(types.RecordMap{
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
		"time":           types.NewDatetime(p.cfg.Now()),
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
