package awsjson_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/protected-http-api/protected-http-api/authz/internal/awsjson"
)

// A conditional write to DynamoDB that finds the item there already.
func ExampleTable_Call() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed"}`)
	}))
	defer server.Close()
	environment := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL_DYNAMODB": server.URL,
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example",
	}
	table := awsjson.Table{
		Client: awsjson.NewDynamoDB(awsjson.Config{Getenv: func(name string) string { return environment[name] }}),
		Name:   "nonces", Title: "state", Variable: "STATE_TABLE_NAME",
	}
	err := table.Call(context.Background(), "PutItem", map[string]any{
		"TableName": table.Name, "Item": awsjson.Item{"id": awsjson.String("nonce")}, "ConditionExpression": "attribute_not_exists(id)",
	}, nil)
	_, failed := awsjson.ConditionFailed(err)
	fmt.Println(failed)
	// Output: true
}
