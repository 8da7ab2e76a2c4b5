package events

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// canned is a DynamoDB that gives these answers by operation.
type canned struct{ answers map[string]string }

func (c canned) Do(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	text := c.answers[r.Header.Get("X-Amz-Target")]
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"X-Amz-Crc32": {fmt.Sprint(crc32.ChecksumIEEE([]byte(text)))}},
		ContentLength: int64(len(text)), Body: io.NopCloser(strings.NewReader(text)),
	}, nil
}

// BenchmarkStore is what AWS's SDK and the store take for a call, without the network.
func BenchmarkStore(b *testing.B) {
	const item = `{"pk":{"S":"EVENT#01J7Z3NDEKTSV4RRFFQ69G5FAV"},"type":{"S":"EVENT"},"id":{"S":"01J7Z3NDEKTSV4RRFFQ69G5FAV"},"name":{"S":"Launch"},"createdBy":{"S":"usr_abc"},"createdAt":{"S":"2024-09-05T19:33:08.000Z"}}`
	client, err := newClient(func(name string) string {
		return map[string]string{"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"}[name]
	})
	if err != nil {
		b.Fatal(err)
	}
	options := client.Options()
	options.HTTPClient = canned{map[string]string{
		"DynamoDB_20120810.PutItem": `{}`,
		"DynamoDB_20120810.GetItem": `{"Item":` + item + `}`,
		"DynamoDB_20120810.Query":   `{"Count":10,"ScannedCount":10,"Items":[` + strings.Repeat(item+",", 9) + item + `]}`,
	}}
	store := NewStore(dynamodb.New(options), "t")
	for name, call := range map[string]func(context.Context) error{
		"create": func(ctx context.Context) error { _, err := store.Create(ctx, "Launch", "usr_abc"); return err },
		"get":    func(ctx context.Context) error { _, err := store.Get(ctx, "01J7Z3NDEKTSV4RRFFQ69G5FAV"); return err },
		"list":   func(ctx context.Context) error { _, err := store.List(ctx, 20, ""); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := call(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
