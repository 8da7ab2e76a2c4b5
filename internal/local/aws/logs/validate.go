package logs

import (
	"regexp"
	"slices"
)

var groupName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)

// retentions are the values of PutRetentionPolicy (CloudWatch Logs API).
var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// ValidateGroup returns the error that CreateGroup would give for what the
// group is by itself: all but whether the name is free.
func ValidateGroup(g Group) error {
	if !groupName.MatchString(g.Name) {
		return invalid("1 validation error detected: Value %q at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+ with 1 to 512 characters", g.Name)
	}
	if g.RetentionDays != 0 && !slices.Contains(retentions, g.RetentionDays) {
		return invalid("1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: %v; 0 keeps the events for ever", g.RetentionDays, retentions)
	}
	return nil
}
