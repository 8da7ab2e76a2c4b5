package dynamodb

import "testing"

func FuzzConditions(f *testing.F) {
	for _, s := range []string{"a = :v", "NOT (a.b[0] <> :v OR size(a) IN (:v))", "begins_with(a, :v) AND a BETWEEN :v AND :v", "#n < :v", "(((", "(size(a)) = (:v)", "attribute_type(:v, :v) or a = b.c[1]",
		"SET a.b[3] = :v, c = list_append(if_not_exists(a.b, :l), :l) REMOVE a.b[0]", "ADD n :v DELETE a.b[0] :v", "SET a = (b + :v) - c", "a, b.c[1].d, #n[99999999999]", "SET _a = :v", "\xff = :v"} {
		f.Add(s)
	}
	it := item{"a": {kind: "M", m: item{"b": {kind: "L", list: []value{{kind: "S", text: "x"}}}}}}
	f.Fuzz(func(t *testing.T, text string) {
		e := newExpressions(map[string]string{"#n": "a"}, map[string]value{":v": {kind: "S", text: "x"}, ":l": {kind: "L"}})
		if n, err := e.condition("ConditionExpression", text); err == nil {
			n.holds(it)
			n.holds(nil)
			_, _ = keyConditions(n)
		}
		if actions, err := e.update(text); err == nil {
			before := it.size()
			_, _ = apply(actions, it)
			if it.size() != before {
				t.Fatalf("%q changed the item itself", text)
			}
		}
		if paths, err := e.projection(text); err == nil {
			project(it, paths)
		}
	})
}

func FuzzRequests(f *testing.F) {
	f.Add("PutItem", `{"TableName":"events","Item":{"pk":{"S":"p"},"sk":{"N":"1"}}}`)
	f.Add("Query", `{"TableName":"events","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"p"}}}`)
	f.Add("TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"events"}}]}`)
	f.Add("BatchGetItem", `{"RequestItems":{"events":{"Keys":[null]}}}`)
	f.Add("UpdateTable", `{"TableName":"events","GlobalSecondaryIndexUpdates":[{}]}`)
	s := newService()
	if _, err := s.CreateTable(f.Context(), eventsTable); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(_ *testing.T, op, body string) {
		if o, ok := operations(s)[op]; ok {
			_, _ = o.Grants([]byte(body))
			_, _ = do(s, op, body)
		}
	})
}
