package dynamodb

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// member returns a member of a JSON object.
func member(t *testing.T, object, name string) string {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &members); err != nil {
		t.Fatal(err)
	}
	return string(members[name])
}

// TestSegments: the segments of a Scan have each item once, by pages too.
func TestSegments(t *testing.T) {
	t.Parallel()
	s := newIndexed(t)
	want := []string{}
	for i := range 40 {
		id := fmt.Sprintf("%02d", i)
		want = append(want, id)
		must(t, s, "PutItem", `{"TableName":"tab","Item":{"pk":{"S":"`+id+`"},"g":{"S":"`+id+`"}}}`)
	}
	for _, more := range []string{"", `,"IndexName":"by-g"`, `,"Limit":3`, `,"Limit":3,"IndexName":"by-g"`} {
		for _, total := range []int{1, 2, 7, 1000000} {
			found := []string{}
			used := 0
			for segment := range min(total, 50) {
				if total > 50 { // nearly all are empty: look at where an item is
					segment = total / 50 * segment
				}
				cursor, before := "", len(found)
				for range 50 {
					got := must(t, s, "Scan", fmt.Sprintf(`{"TableName":"tab","Segment":%d,"TotalSegments":%d%s%s}`, segment, total, more, cursor))
					var p page
					if err := json.Unmarshal([]byte(got), &p); err != nil {
						t.Fatal(err)
					}
					for _, it := range p.Items {
						found = append(found, fmt.Sprint(it["pk"]["S"]))
					}
					if p.LastEvaluatedKey == nil {
						break
					}
					cursor = `,"ExclusiveStartKey":` + string(p.LastEvaluatedKey)
				}
				if len(found) > before {
					used++
				}
			}
			slices.Sort(found)
			if total < 50 && (!slices.Equal(found, want) || used != total) {
				t.Errorf("%s, %d segments, of which %d have items: got %v", more, total, used, found)
			}
		}
	}
}

func TestScanErrors(t *testing.T) {
	t.Parallel()
	s := newIndexed(t)
	const v = "ValidationException: "
	wrong := 0
	for segment := range 2 {
		_, err := do(s, "Scan", fmt.Sprintf(`{"TableName":"tab","Segment":%d,"TotalSegments":2,"ExclusiveStartKey":{"pk":{"S":"a"}}}`, segment))
		if err != nil {
			wrong++
			wantError(t, err, fmt.Sprintf("%sThe provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: 2 Segment: %d", v, segment))
		}
	}
	if wrong != 1 {
		t.Errorf("a key is in %d of 2 segments", 2-wrong)
	}
	for body, want := range map[string]string{
		`"Segment":0`:                                   v + "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
		`"TotalSegments":4`:                             v + "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
		`"Segment":5,"TotalSegments":5`:                 v + "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 5 is not less than TotalSegments: 5",
		`"Segment":-1,"TotalSegments":0`:                v + "2 validation errors detected: Value '0' at 'totalSegments' failed to satisfy constraint: Member must have value greater than or equal to 1; Value '-1' at 'segment' failed to satisfy constraint: Member must have value greater than or equal to 0",
		`"Segment":0,"TotalSegments":1000001`:           v + "1 validation error detected: Value '1000001' at 'totalSegments' failed to satisfy constraint: Member must have value less than or equal to 1000000",
		`"Limit":0`:                                     v + "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
		`"ExclusiveStartKey":{"bad":{"S":"p"}}`:         v + "The provided starting key is invalid: The provided key element does not match the schema",
		`"ExclusiveStartKey":{}`:                        v + "The provided starting key is invalid: The provided key element does not match the schema",
		`"ExclusiveStartKey":{"pk":{"S":""}}`:           v + "The provided starting key is invalid: One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
		`"Select":"SPECIFIC_ATTRIBUTES"`:                v + "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
		`"Select":"COUNT","ProjectionExpression":"a"`:   v + "Cannot specify the ProjectionExpression when choosing to get only the Count",
		`"Select":"ALL_PROJECTED_ATTRIBUTES"`:           v + "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
		`"IndexName":""`:                                v + "The table does not have the specified index: ",
		`"IndexName":"by-g","ProjectionExpression":"x"`: v + "One or more parameter values were invalid: Global secondary index by-g does not project [x]",
		`"FilterExpression":"pk.a = g"`:                 v + "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk",
	} {
		_, err := do(s, "Scan", `{"TableName":"tab",`+body+`}`)
		if err == nil || err.Error() != want {
			t.Errorf("%s: got error\n%v\nwant\n%s", body, err, want)
		}
	}
}

// TestListTables: the names in order, by pages.
func TestListTables(t *testing.T) {
	t.Parallel()
	s := newService()
	wantJSON(t, must(t, s, "ListTables", `{}`), `{"TableNames":[]}`)
	for _, name := range []string{"ccc", "aaa", "bbb"} {
		if _, err := s.CreateTable(t.Context(), Table{Name: name, BillingMode: "PAY_PER_REQUEST", HashKey: "id", Attributes: []Attribute{{"id", "S"}}}); err != nil {
			t.Fatal(err)
		}
	}
	wantJSON(t, must(t, s, "ListTables", `{}`), `{"TableNames":["aaa","bbb","ccc"]}`)
	wantJSON(t, must(t, s, "ListTables", `{"Limit":2}`), `{"TableNames":["aaa","bbb"],"LastEvaluatedTableName":"bbb"}`)
	wantJSON(t, must(t, s, "ListTables", `{"Limit":2,"ExclusiveStartTableName":"bbb"}`), `{"TableNames":["ccc"]}`)
	wantJSON(t, must(t, s, "ListTables", `{"Limit":1,"ExclusiveStartTableName":"abc"}`), `{"TableNames":["bbb"],"LastEvaluatedTableName":"bbb"}`)
	const v = "ValidationException: 1 validation error detected: Value "
	for body, want := range map[string]string{
		`{"ExclusiveStartTableName":""}`:    v + "'' at 'exclusiveStartTableName' failed to satisfy constraint: Member must have length greater than or equal to 3",
		`{"ExclusiveStartTableName":"a b"}`: v + "'a b' at 'exclusiveStartTableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
		`{"Limit":0}`:                       v + "'0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
		`{"Limit":101}`:                     v + "'101' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100",
	} {
		_, err := do(s, "ListTables", body)
		wantError(t, err, want)
	}
	grants, err := operations(s)["ListTables"].Grants([]byte(`{}`))
	if err != nil || len(grants) != 1 || grants[0].Action != "dynamodb:ListTables" || grants[0].Resource != "*" {
		t.Errorf("got %+v, %v", grants, err)
	}
}

// TestNamesInRequests: a table's name is looked at before permissions are.
func TestNamesInRequests(t *testing.T) {
	t.Parallel()
	s := newService()
	const v = "ValidationException: 1 validation error detected: Value "
	long := strings.Repeat("a", 256)
	for body, want := range map[string]string{
		`{}`:                                  v + "null at 'tableName' failed to satisfy constraint: Member must not be null",
		`{"TableName":""}`:                    v + "at 'TableName' failed to satisfy constraint: Member must have length greater than or equal to 1",
		`{"TableName":"` + long + `"}`:        v + "'" + long + "' at 'tableName' failed to satisfy constraint: Member must have length less than or equal to 255",
		`{"TableName":"bad table!@#"}`:        v + "'bad table!@#' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
		`{"TableName":"t","IndexName":"ab"}`:  v + "'ab' at 'indexName' failed to satisfy constraint: Member must have length greater than or equal to 3",
		`{"TableName":"t","IndexName":"a/b"}`: v + "'a/b' at 'indexName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
	} {
		_, err := operations(s)["Query"].Grants([]byte(body))
		wantError(t, err, want)
	}
}
