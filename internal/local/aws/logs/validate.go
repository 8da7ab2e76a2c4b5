package logs

// ValidateGroup returns the error that CreateGroup would give for what the
// group is by itself: all but whether the name is free.
func ValidateGroup(g Group) error { return validate(g) }
