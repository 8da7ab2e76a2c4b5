package awsjson_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/protected-http-api/protected-http-api/internal/awsjson"
)

// A conditional write to DynamoDB that finds the item there already.
func ExampleClient_Call() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed"}`)
	}))
	defer server.Close()
	environment := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL_DYNAMODB": server.URL,
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example",
	}
	client := awsjson.New(awsjson.Config{
		Service: "dynamodb", Target: "DynamoDB_20120810", Version: "1.0", KeepAlive: true,
		Getenv: func(name string) string { return environment[name] },
	})
	err := client.Call(context.Background(), "PutItem", map[string]any{
		"TableName": "state", "Item": map[string]any{"id": map[string]string{"S": "nonce"}}, "ConditionExpression": "attribute_not_exists(id)",
	}, nil)
	var refused *awsjson.Error
	fmt.Println(errors.As(err, &refused) && refused.Type == awsjson.ConditionalCheckFailed)
	// Output: true
}
