package components

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestAuthorizerTables(t *testing.T) {
	t.Parallel()
	table := func(more map[string]any) map[string]any {
		all := map[string]any{
			"billingMode": "PAY_PER_REQUEST", "hashKey": "id", "attributes": []any{map[string]any{"name": "id", "type": "S"}},
			"serverSideEncryption": map[string]any{"enabled": true}, "pointInTimeRecovery": map[string]any{"enabled": false},
			"deletionProtectionEnabled": false,
		}
		maps.Copy(all, more)
		return all
	}
	state := table(map[string]any{"ttl": map[string]any{"attributeName": "expiresAt", "enabled": true}})
	safe := table(map[string]any{"pointInTimeRecovery": map[string]any{"enabled": true}, "deletionProtectionEnabled": true})
	for _, test := range []struct {
		name            string
		apiKeys         *ApiKeysArgs
		replay          bool
		wantKeys, state map[string]any
	}{
		{"none", nil, false, nil, nil},
		{"keys", &ApiKeysArgs{}, false, table(nil), state},
		{"keys with everything", &ApiKeysArgs{Quotas: true, PointInTimeRecovery: true, DeletionProtection: true}, true, safe, state},
		{"replay protection", nil, true, nil, state},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := guardedArgs()
			args.Authorizer.ApiKeys, args.Authorizer.ReplayProtection = test.apiKeys, test.replay
			m := mustDeploy(t, args)
			variables := m.find(t, "Function", "events-authorizer").Inputs["environment"].Mappable().(map[string]any)["variables"].(map[string]any)
			policy := m.find(t, "RolePolicy", "events-authorizer").Inputs["policy"].StringValue()
			for name, want := range map[string]struct {
				inputs           map[string]any
				variable, action string
			}{
				"events-api-keys":         {test.wantKeys, "API_KEY_TABLE_NAME", "dynamodb:GetItem"},
				"events-authorizer-state": {test.state, "AUTHORIZER_STATE_TABLE_NAME", "dynamodb:UpdateItem"},
			} {
				there := slices.Contains(m.children(), "Table "+name)
				if there {
					expectInputs(t, m.find(t, "Table", name), want.inputs)
				}
				if wanted := want.inputs != nil; there != wanted || (variables[want.variable] != nil) != wanted || strings.Contains(policy, want.action) != wanted {
					t.Errorf("%s is there: %v, the variable is %v, the policy is\n%s", name, there, variables[want.variable], policy)
				}
			}
		})
	}
}
