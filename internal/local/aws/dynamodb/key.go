package dynamodb

import (
	"maps"
	"slices"
)

// itemError is an error that shows only where a request meets its table or the
// item that is there; it cancels a transaction, where other errors refuse it.
type itemError struct{ error }

func (e *itemError) Unwrap() error { return e.error }

func itemErrorf(format string, args ...any) error { return &itemError{validation(format, args...)} }

var (
	errKeySchema = itemErrorf("The provided key element does not match the schema")
	errNesting   = validation("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit")
)

// checkKey wants exactly the key's attributes.
func (t *table) checkKey(key item) error {
	if len(key) != len(t.keyNames()) {
		return errKeySchema
	}
	for _, name := range t.keyNames() {
		a, ok := key[name]
		if !ok || a.kind != t.types[name] {
			return errKeySchema
		}
		if err := checkKeyValue(name, a, name == t.HashKey); err != nil {
			return err
		}
	}
	return nil
}

func checkKeyValue(name string, a value, hash bool) error {
	switch {
	case a.kind == "N":
		return nil
	case a.text == "":
		return validation("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", emptyKinds[a.kind], name)
	case hash && len(a.text) > maxHashKeySize:
		return validation("One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of%d bytes", maxHashKeySize)
	case !hash && len(a.text) > maxSortKeySize:
		return validation("One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of %d bytes", maxSortKeySize)
	}
	return nil
}

var emptyKinds = map[string]string{"S": "string", "B": "binary"}

// checkPut validates an item that is to be stored as it is.
func (t *table) checkPut(it item) error {
	for _, name := range t.keyNames() {
		a, ok := it[name]
		if !ok {
			return itemErrorf("One or more parameter values were invalid: Missing the key %s in the item", name)
		}
		if a.kind != t.types[name] {
			return itemErrorf("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", name, t.types[name], a.kind)
		}
		if err := checkKeyValue(name, a, name == t.HashKey); err != nil {
			return err
		}
	}
	err := t.eachIndexKey(it, func(index, name string, a value, hash bool) error {
		switch {
		case a.kind != t.types[name]:
			return itemErrorf("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", name, t.types[name], a.kind, index)
		case a.text == "":
			return validation("One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty %s value. IndexName: %s, IndexKey: %s", emptyKinds[a.kind], index, name)
		}
		return checkKeyValue(name, a, hash)
	})
	if err == nil && it.size() > maxItem {
		return validation("Item size has exceeded the maximum allowed size")
	}
	return err
}

// checkUpdate validates what the actions have made of an item. An update alone
// words some of it otherwise than one in a transaction.
func (t *table) checkUpdate(it item, actions []action, alone bool) error {
	touched := item{}
	for _, a := range actions {
		if v, ok := it[a.path[0].name]; ok {
			touched[a.path[0].name] = v
		}
	}
	err := t.eachIndexKey(touched, func(index, name string, a value, hash bool) error {
		switch {
		case a.kind != t.types[name] && alone:
			return itemErrorf("The update expression attempted to update the secondary index key to unsupported type")
		case a.kind != t.types[name]:
			return itemErrorf("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", name, t.types[name], a.kind, index)
		case a.text == "":
			return validation("One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty %s value.", emptyKinds[a.kind])
		}
		return checkKeyValue(name, a, hash)
	})
	if err != nil {
		return err
	}
	for _, v := range touched {
		if v.depth() >= maxDepth && alone {
			return errNesting
		} else if v.depth() >= maxDepth {
			return itemErrorf("Nesting Levels have exceeded supported limits")
		}
	}
	if it.size() > maxItem {
		return itemErrorf("Item size to update has exceeded the maximum allowed size")
	}
	return nil
}

// eachIndexKey goes through the keys of indexes that an item has, by the names
// of the indexes.
func (t *table) eachIndexKey(it item, check func(index, name string, a value, hash bool) error) error {
	for _, index := range slices.Sorted(maps.Keys(t.views)) {
		v := t.views[index]
		for _, name := range []string{v.hashKey, v.rangeKey} {
			if a, ok := it[name]; ok && index != "" {
				if err := check(index, name, a, name == v.hashKey); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
