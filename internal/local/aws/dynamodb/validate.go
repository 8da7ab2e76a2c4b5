package dynamodb

// ValidateTable returns the table with its defaults filled in, or the error
// that CreateTable would give for what the table is by itself: all but whether
// the name is free.
func ValidateTable(t Table) (Table, error) {
	err := checkTable(&t)
	return t, err
}
