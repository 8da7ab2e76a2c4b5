package components

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// file is what the component's own authorizer is told, as JSON.
func (m *MethodsArgs) file() string {
	var methods contract.Methods
	if t := m.Tokens; t != nil {
		methods.Tokens = &contract.Tokens{Issuer: t.Issuer, Audience: t.Audience, LeewaySeconds: int(t.Leeway / time.Second), PermissionsClaim: t.PermissionsClaim}
	}
	if k := m.ApiKeys; k != nil {
		methods.APIKeys = &contract.APIKeys{Tiers: map[string]contract.Tier{}}
		for name, tier := range k.Tiers {
			methods.APIKeys.Tiers[name] = contract.Tier(tier)
		}
	}
	if s := m.Signatures; s != nil {
		methods.Signatures = &contract.Signatures{Permissions: s.Permissions, KeyPermissions: map[string][]string{}}
		for id, permissions := range s.KeyPermissions { // none is [] and not null, which the authorizer refuses
			methods.Signatures.KeyPermissions[id] = append([]string{}, permissions...)
		}
	}
	text, _ := json.Marshal(methods) // strings, numbers, lists and maps of them have JSON
	return string(text)
}

// accepts is what the component's own authorizer has in its environment for whoever
// makes credentials, as JSON; empty where there is nothing to know.
func (m *MethodsArgs) accepts() string {
	var accepts contract.Accepts
	if m != nil && m.Tokens != nil {
		accepts.Issuer, accepts.Audience, accepts.PermissionsClaim = m.Tokens.Issuer, m.Tokens.Audience, m.Tokens.PermissionsClaim
	}
	if m != nil && m.ApiKeys != nil {
		accepts.Tiers = slices.Sorted(maps.Keys(m.ApiKeys.Tiers))
	}
	if reflect.ValueOf(accepts).IsZero() {
		return ""
	}
	text, _ := json.Marshal(accepts) // strings and a list of them have JSON
	return string(text)
}
