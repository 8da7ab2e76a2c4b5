package endpoint_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/dynamodb"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
)

// BenchmarkDynamoDB compares signed requests of a role to a table of a thousand items
// with the reading and writing of the same JSON, in turn.
//
//	go test -run '^$' -bench DynamoDB ./internal/local/aws/endpoint
func BenchmarkDynamoDB(b *testing.B) {
	store := dynamodb.New(endpointtest.Account, nil)
	if _, err := store.CreateTable(b.Context(), dynamodb.Table{
		Name: "bench", BillingMode: "PAY_PER_REQUEST", HashKey: "pk", RangeKey: "sk",
		Attributes: []dynamodb.Attribute{{Name: "pk", Type: "S"}, {Name: "sk", Type: "S"}},
	}); err != nil {
		b.Fatal(err)
	}
	server := endpointtest.Start(b, endpoint.Options{Services: endpoint.Services{"dynamodb": store.Handler()}})
	role := server.Role(b, "bench", endpointtest.Allow("dynamodb:PutItem,dynamodb:Query", store.ARN("bench")))
	signer := v4.NewSigner()
	send := func(op, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/", bytes.NewReader([]byte(body)))
		r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+op)
		sum := sha256.Sum256([]byte(body))
		credentials := aws.Credentials{AccessKeyID: role["AWS_ACCESS_KEY_ID"], SecretAccessKey: role["AWS_SECRET_ACCESS_KEY"], SessionToken: role["AWS_SESSION_TOKEN"]}
		if err := signer.SignHTTP(b.Context(), credentials, r, hex.EncodeToString(sum[:]), "dynamodb", endpointtest.Account.Region, time.Now()); err != nil {
			b.Fatal(err)
		}
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
		return w
	}
	put := func(i int) string {
		return fmt.Sprintf(`{"TableName":"bench","Item":{"pk":{"S":"EVENTS"},"sk":{"S":"%06d"},"name":{"S":"an event of the benchmark"},"createdAt":{"S":"2026-01-02T03:04:05.678Z"},"n":{"N":"42"}}}`, i)
	}
	for i := range 1000 {
		send("PutItem", put(i*7919%1000))
	}
	bodies := map[string]string{
		"PutItem": put(500),
		"Query":   `{"TableName":"bench","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"EVENTS"}},"Limit":20,"ScanIndexForward":false}`,
	}
	for op, body := range bodies {
		b.Run(op, func(b *testing.B) {
			var through, beside []time.Duration
			for b.Loop() {
				begin := time.Now()
				answer := send(op, body)
				through = append(through, time.Since(begin))
				begin = time.Now()
				for _, text := range [][]byte{[]byte(body), answer.Body.Bytes()} {
					var value any
					if err := json.Unmarshal(text, &value); err != nil {
						b.Fatal(err)
					}
					if _, err := json.Marshal(value); err != nil {
						b.Fatal(err)
					}
				}
				beside = append(beside, time.Since(begin))
			}
			slices.Sort(through)
			slices.Sort(beside)
			p50, bare := through[len(through)/2], beside[len(beside)/2]
			b.ReportMetric(float64(p50.Microseconds()), "request-p50-µs")
			b.ReportMetric(float64(p50)/float64(bare), "request/json")
		})
	}
}
