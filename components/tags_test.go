package components

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func tagged(tags map[string]string) func(*ProtectedHttpApiArgs) {
	return func(a *ProtectedHttpApiArgs) { a.Tags = tags }
}

func TestCheckTags(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for i := range 51 {
		many[fmt.Sprint("k", i)] = ""
	}
	expectMistakes(t, testScope, exampleArgs, []mistakeTest{
		{"all that is allowed", tagged(map[string]string{"cost centre": "", "ü": "a_b.c:d/e=f+g-h@i", strings.Repeat("k", 128): strings.Repeat("v", 256)}), ""},
		{"many", tagged(many), "Tags: 51 tags are too many: AWS allows 50 on a resource, those of the provider's defaultTags among them"},
		{"no key", tagged(map[string]string{"": "x"}), `Tags[""]: a key has 1 to 128 characters, and this one has 0`},
		{"long key", tagged(map[string]string{strings.Repeat("k", 129): ""}), `Tags["` + strings.Repeat("k", 129) + `"]: a key has 1 to 128 characters, and this one has 129`},
		{"AWS's key", tagged(map[string]string{"AWS:team": "x"}), `Tags["AWS:team"]: keys with aws: are AWS's own: give it another`},
		{"key", tagged(map[string]string{"team!": "x"}), `Tags["team!"]: a key has letters, digits, spaces and _ . : / = + - @ only`},
		{"keys of a role", tagged(map[string]string{"Team": "x", "team": "x"}),
			`Tags["team"]: differs from Tags["Team"] in upper and lower case only, and a role's tags may not (IAM): keep one of them`},
		{"long value", tagged(map[string]string{"team": strings.Repeat("v", 257)}), `Tags["team"]: the value has 257 characters: at most 256 are allowed`},
		{"value", tagged(map[string]string{"team": "a,b"}), `Tags["team"]: the value "a,b" has a character other than letters, digits, spaces and _ . : / = + - @`},
	})
}

// Everything that takes tags has them.
func TestTags(t *testing.T) {
	t.Parallel()
	args := guardedArgs()
	args.Table = &TableArgs{HashKey: "pk"}
	args.Domain = &DomainArgs{Name: "api.example.com", CertificateArn: testCertificate, HostedZoneId: pulumi.String("Z1")}
	args.Monitoring = &MonitoringArgs{}
	args.Tags = map[string]string{"team": "events"}
	m := mustDeploy(t, args)
	takesTags := map[string]bool{
		"Api": true, "Stage": true, "DomainName": true, "Function": true, "Role": true, "LogGroup": true, "Table": true, "MetricAlarm": true,
		"Authorizer": false, "Integration": false, "Route": false, "Permission": false, "RolePolicy": false, "ApiMapping": false, "Dashboard": false, "Record": false,
	}
	seen := map[string]bool{}
	for _, r := range m.registered {
		kind := short(r.TypeToken)
		takes, known := takesTags[kind]
		if !r.Custom {
			continue
		}
		if !known {
			t.Errorf("whether a %s takes tags is not known", kind)
		}
		seen[kind] = true
		if tags := r.Inputs.Mappable()["tags"]; takes != (fmt.Sprint(tags) == "map[team:events]") {
			t.Errorf("the tags of the %s %s are %v", kind, r.Name, tags)
		}
	}
	if len(seen) != len(takesTags) {
		t.Errorf("seen are %q", slices.Sorted(maps.Keys(seen)))
	}
}
