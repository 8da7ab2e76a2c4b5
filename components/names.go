package components

import (
	"crypto/sha256"
	"encoding/hex"
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
