// Command work does with a table what a request says, and answers with what came of it:
// 200, 403 where that is not allowed, 404 where there is no item.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

// work is what a request says.
type work struct {
	// Variable has the table's name.
	Variable string
	// Action is put, get, delete or query.
	Action string
	// Index is that of a query; empty for the table.
	Index string
	// Until is the second at which what is put expires.
	Until string
}

var errNone = errors.New("no item")

func main() {
	lambda.Start(func(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		var w work
		if err := json.Unmarshal([]byte(event.Body), &w); err != nil {
			return events.APIGatewayV2HTTPResponse{StatusCode: 400}, nil
		}
		err := w.do(ctx)
		var refused smithy.APIError
		switch {
		case err == nil:
			return events.APIGatewayV2HTTPResponse{StatusCode: 200}, nil
		case errors.Is(err, errNone):
			return events.APIGatewayV2HTTPResponse{StatusCode: 404}, nil
		case errors.As(err, &refused) && refused.ErrorCode() == "AccessDeniedException":
			return events.APIGatewayV2HTTPResponse{StatusCode: 403, Body: refused.ErrorMessage()}, nil
		}
		return events.APIGatewayV2HTTPResponse{StatusCode: 500, Body: err.Error()}, nil
	})
}

func (w work) do(ctx context.Context) error {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	client, table := dynamodb.NewFromConfig(cfg), os.Getenv(w.Variable)
	if table == "" {
		return errors.New(w.Variable + " is not set")
	}
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	key := map[string]types.AttributeValue{"id": text("1")}
	switch w.Action {
	case "put":
		item := map[string]types.AttributeValue{"id": text("1"), "owner": text("1"), "until": &types.AttributeValueMemberN{Value: w.Until}}
		_, err = client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: item})
	case "get":
		var got *dynamodb.GetItemOutput
		if got, err = client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, Key: key}); err == nil && got.Item == nil {
			return errNone
		}
	case "delete":
		_, err = client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &table, Key: key})
	case "query":
		input := &dynamodb.QueryInput{TableName: &table, KeyConditionExpression: aws.String("#k = :k"),
			ExpressionAttributeNames: map[string]string{"#k": "id"}, ExpressionAttributeValues: map[string]types.AttributeValue{":k": text("1")}}
		if w.Index != "" {
			input.IndexName, input.ExpressionAttributeNames["#k"] = &w.Index, w.Index[len("by-"):]
		}
		var got *dynamodb.QueryOutput
		if got, err = client.Query(ctx, input); err == nil && got.Count == 0 {
			return errNone
		}
	}
	return err
}
