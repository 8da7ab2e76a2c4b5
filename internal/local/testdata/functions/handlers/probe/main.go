// The function probe does what a request says, and answers what came of it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"
)

func main() {
	if os.Getenv("ACT") == "gate" {
		lambda.Start(func(_ context.Context, req events.APIGatewayV2CustomAuthorizerV2Request) (events.APIGatewayV2CustomAuthorizerSimpleResponse, error) {
			return events.APIGatewayV2CustomAuthorizerSimpleResponse{IsAuthorized: req.Headers["authorization"] == "open"}, nil
		})
	}
	lambda.Start(func(ctx context.Context, req events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		fmt.Println("a line of the function")
		err := do(ctx, req.QueryStringParameters["do"])
		result := "done"
		if refused := smithy.APIError(nil); errors.As(err, &refused) {
			result = refused.ErrorCode()
		} else if err != nil {
			return events.APIGatewayV2HTTPResponse{}, err
		}
		body, err := json.Marshal(map[string]string{
			"result": result, "memory": os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), "shared": os.Getenv("SHARED"), "act": os.Getenv("ACT"),
		})
		return events.APIGatewayV2HTTPResponse{StatusCode: 200, Body: string(body)}, err
	})
}

// do does one thing that the function may be permitted to do.
func do(ctx context.Context, what string) error {
	if what == "" {
		return nil
	}
	conf, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	table := aws.String(os.Getenv("TABLE_NAME"))
	key := map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "1"}}
	kind := map[string]types.AttributeValue{":k": &types.AttributeValueMemberS{Value: "1"}}
	switch what {
	case "parameter":
		_, err = ssm.NewFromConfig(conf).GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(os.Getenv("PARAMETER")), WithDecryption: aws.Bool(true)})
	case "get":
		_, err = dynamodb.NewFromConfig(conf).GetItem(ctx, &dynamodb.GetItemInput{TableName: table, Key: key})
	case "scan":
		_, err = dynamodb.NewFromConfig(conf).Scan(ctx, &dynamodb.ScanInput{TableName: table})
	case "put":
		_, err = dynamodb.NewFromConfig(conf).PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: key})
	case "index":
		_, err = dynamodb.NewFromConfig(conf).Query(ctx, &dynamodb.QueryInput{
			TableName: table, IndexName: aws.String("by-kind"), KeyConditionExpression: aws.String("kind = :k"), ExpressionAttributeValues: kind,
		})
	default:
		err = fmt.Errorf("nobody knows how to %s", what)
	}
	return err
}
