package components

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// nameRule is what something may be called: how long its name may be, and which
// characters it may not have.
type nameRule struct {
	max   int
	other *regexp.Regexp
}

// What AWS allows, less what Pulumi adds where the name is its own. The AWS
// provider lets Pulumi's names be longer than AWS allows for some of them: 255
// characters unless it says otherwise, as for functions and roles, 64, and
// statements of a function's policy, 100 (pulumi-aws, provider/resources.go).
var (
	// Lambda API reference, CreateFunction.
	functionNames = nameRule{maxFunctionName, regexp.MustCompile(`[^A-Za-z0-9_-]`)}
	// functionLogicalNames are for a function and what belongs to it: Pulumi makes
	// the name of its role of it, the statement's (Lambda API reference,
	// AddPermission), and the function's own with AutoName.
	functionLogicalNames = nameRule{maxRoleName - autoNameSuffix, functionNames.other}
	// DynamoDB developer guide, "Naming rules".
	tableLogicalNames = nameRule{255 - autoNameSuffix, regexp.MustCompile(`[^A-Za-z0-9_.-]`)}
	// API Gateway V2 API reference, Apis.
	apiLogicalNames = nameRule{128 - autoNameSuffix, regexp.MustCompile(`[^ -~]`)}
	// CloudWatch API reference, PutMetricAlarm and PutDashboard.
	alarmNames     = nameRule{255, apiLogicalNames.other}
	dashboardNames = nameRule{255, functionNames.other}
)

// nameHash is how many characters of a hash tell apart names that would be the
// same without it.
const nameHash = 12

// of returns the parts as one name, with hyphens between them. Where the rule does
// not allow that, forbidden characters become hyphens, the name is shortened, of
// the last part as little as possible, and ends with a hash of all parts: two
// names stay two.
func (r nameRule) of(parts ...string) string {
	name := strings.Join(parts, "-")
	if len(name) <= r.max && !r.other.MatchString(name) {
		return name
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	hash := "-" + hex.EncodeToString(sum[:])[:nameHash]
	head := r.other.ReplaceAllString(strings.Join(parts[:len(parts)-1], "-"), "-")
	tail := "-" + r.other.ReplaceAllString(parts[len(parts)-1], "-")
	room := r.max - len(hash)
	tail = shorten(tail, max(room/2, room-len(head)))
	return shorten(head, room-len(tail)) + tail + hash
}

// shorten cuts a name, and no hyphen stays at its end.
func shorten(name string, length int) string {
	return strings.TrimRight(name[:min(len(name), length)], "-")
}

// checkLogicalNames refuses two children of one type with one name, which Pulumi would
// find in the middle of a deployment.
func (c *checker) checkLogicalNames() {
	p, taken := c.plan, map[[2]string]string{}
	claim := func(kind, name, property string) {
		if other, ok := taken[[2]string{kind, name}]; ok {
			c.addf(property, "the %s %q would be that of %s too: give one of them another name", kind, name, other)
		}
		taken[[2]string{kind, name}] = property
	}
	for _, t := range p.tables {
		claim("table", t.logicalName, t.property)
	}
	for _, a := range p.authorizers {
		for _, table := range []struct {
			there bool
			name  string
		}{{a.args.ApiKeys != nil, p.apiKeyTableName(a)}, {a.args.needsState(), p.stateTableName(a)}, {a.args.Revocation != nil, p.revocationTableName(a)}} {
			if table.there {
				claim("table", table.name, a.property)
			}
		}
	}
	for _, i := range p.issuers {
		claim("authorizer", p.issuerName(i), fmt.Sprintf("JwtIssuers[%q]", i.name))
	}
	if !p.accessLogs.off && p.accessLogs.group == nil {
		claim("log group", p.accessLogGroupName(), "AccessLogs")
	}
	for _, f := range p.functions {
		if c.byName[f.args.Name] != f { // a mistake that is known already
			continue
		}
		if f.authorizer != nil {
			claim("authorizer", f.logicalName, f.property+".Name")
		}
		if f.made() && f.args.Logging.Group == nil {
			claim("log group", f.logicalName, f.property+".Name")
		}
	}
}
