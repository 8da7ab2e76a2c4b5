// Command getfile answers with what S3 says of a file, or SQS of the queue.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

func main() {
	lambda.Start(func(ctx context.Context, request events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		endpoint := os.Getenv("AWS_ENDPOINT_URL")
		if request.QueryStringParameters["of"] == "queue" {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(`{"QueueUrl":"`+os.Getenv("QUEUE_URL")+`","MessageBody":"m"}`))
			if err != nil {
				return events.APIGatewayV2HTTPResponse{}, err
			}
			r.Header.Set("X-Amz-Target", "AmazonSQS.SendMessage")
			r.Header.Set("Content-Type", "application/x-amz-json-1.0")
			return send(ctx, r, "sqs")
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+"/"+os.Getenv("BUCKET")+"/readme", http.NoBody)
		if err != nil {
			return events.APIGatewayV2HTTPResponse{}, err
		}
		return send(ctx, r, "s3")
	})
}

// send signs a request with the function's credentials and returns its answer.
func send(ctx context.Context, r *http.Request, service string) (events.APIGatewayV2HTTPResponse, error) {
	var body []byte
	if r.GetBody != nil {
		content, err := r.GetBody()
		if err == nil {
			body, err = io.ReadAll(content)
		}
		if err != nil {
			return events.APIGatewayV2HTTPResponse{}, err
		}
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	r.Header.Set("X-Amz-Content-Sha256", hash)
	credentials := aws.Credentials{
		AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN"),
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
	if err := signer.SignHTTP(ctx, credentials, r, hash, service, os.Getenv("AWS_REGION"), time.Now()); err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	return events.APIGatewayV2HTTPResponse{StatusCode: response.StatusCode, Body: string(answer)}, err
}
