// Command probe is a Lambda function for tests: an authorizer that lets the
// token "good" in, or a handler that reads from DynamoDB.
package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func main() {
	if os.Getenv("MODE") == "authorizer" {
		lambda.Start(func(req events.APIGatewayV2CustomAuthorizerV2Request) (events.APIGatewayV2CustomAuthorizerSimpleResponse, error) {
			return events.APIGatewayV2CustomAuthorizerSimpleResponse{IsAuthorized: req.Headers["authorization"] == "good"}, nil
		})
	}
	lambda.Start(handle)
}

func handle(ctx context.Context, req events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	client := dynamodb.New(dynamodb.Options{
		Region:       os.Getenv("AWS_REGION"),
		BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")),
		Credentials: credentials.NewStaticCredentialsProvider(
			os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")),
		RetryMaxAttempts: 1,
	})
	table := aws.String(os.Getenv("TABLE_NAME"))
	var err error
	switch req.RawPath {
	case "/open":
	case "/item":
		_, err = client.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: table, Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "1"}},
		})
	case "/list":
		_, err = client.Query(ctx, &dynamodb.QueryInput{
			TableName: table, IndexName: aws.String("by-kind"), KeyConditionExpression: aws.String("kind = :k"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":k": &types.AttributeValueMemberS{Value: "a"}},
		})
	case "/slow":
		time.Sleep(time.Minute)
	default:
		err = errors.New("no such path")
	}
	return events.APIGatewayV2HTTPResponse{StatusCode: 200, Body: "ok"}, err
}
