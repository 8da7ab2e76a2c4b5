// Package store measures the local DynamoDB beside dynalite.
package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/protected-http-api/protected-http-api/internal/events/schema"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/bench"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/functions"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/load"
	"github.com/protected-http-api/protected-http-api/scripts/bench/internal/report"
)

const (
	own     = "the local AWS"
	other   = "dynalite"
	version = "4.0.0"
	items   = 200
	clients = 4
)

// Measure fills the part.
func Measure(ctx context.Context, e *bench.Env, part *report.Part) error {
	cloud, err := functions.NewCloud(ctx)
	if err != nil {
		return err
	}
	defer cloud.Close() //nolint:errcheck // it is of this run only
	part.Notes = []string{
		fmt.Sprintf("Requests of %d clients, signed beforehand and sent as they are, so that little else is measured than the stores. PutItem writes one of %d items of the events table with its index; Query reads 20 by the index.", clients, items),
		"The local AWS is in the process of the clients and checks each signature; dynalite has a process of its own and checks none.",
	}
	stores := []table{{own, cloud.Endpoint(), cloud.Credentials()}}
	peer, stop, err := Dynalite(ctx, e)
	switch {
	case err == nil:
		defer stop()
		stores = append(stores, table{other, peer, Credentials})
		part.Versions = map[string]string{other: version}
	case !e.Skip(part, err):
		return err
	}
	n := e.Repeats(2000, 40)
	var sides []bench.Side
	for _, s := range stores {
		if s.name != own {
			if err := s.create(ctx); err != nil {
				return err
			}
		}
		for i := range items {
			if err := s.send(ctx, "PutItem", put(i)); err != nil {
				return err
			}
		}
		for _, operation := range []struct {
			name string
			body func(i int) string
		}{{"PutItem", put}, {"Query", func(int) string { return query }}} {
			sides = append(sides, bench.Single(s.name+": "+operation.name, report.PerSecond, func(ctx context.Context) (float64, error) {
				var signed [items]*http.Request
				for i := range signed {
					var err error
					if signed[i], err = s.sign(ctx, operation.name, operation.body(i)); err != nil {
						return 0, err
					}
				}
				perSecond, _, err := load.Batch(ctx, clients, n, func(ctx context.Context, i int) error {
					req := signed[i%items].Clone(ctx)
					req.Body, _ = req.GetBody() // of bytes, it does not fail
					return load.Send(req, http.StatusOK)
				})
				return perSecond, err
			}))
		}
	}
	e.Logf("store: measuring")
	if err := e.Rounds(ctx, part, 1, e.Repeats(21, 5), sides...); err != nil {
		return err
	}
	for _, operation := range []string{"PutItem", "Query"} {
		if err := part.Compare(own+": "+operation, other+": "+operation, report.AtLeast(3)); err != nil {
			return err
		}
	}
	return nil
}

// Credentials are those that dynalite takes, as any.
var Credentials = aws.Credentials{AccessKeyID: "x", SecretAccessKey: "y"}

// Dynalite starts one on a free port, and returns its address and what ends it.
func Dynalite(ctx context.Context, e *bench.Env) (address string, stop func(), err error) {
	folder, err := e.NPM(ctx, other, "dynalite@"+version)
	if err != nil {
		return "", nil, err
	}
	port, err := load.FreePort()
	if err != nil {
		return "", nil, err
	}
	stop, err = e.Background(ctx, folder, nil, "node", filepath.Join("node_modules", "dynalite", "cli.js"), "--port", port, "--createTableMs", "0")
	if err != nil {
		return "", nil, err
	}
	if err := load.Serves(ctx, "127.0.0.1:"+port, time.Minute); err != nil {
		stop()
		return "", nil, err
	}
	return "http://127.0.0.1:" + port, stop, nil
}

// table is the events table in one of the stores.
type table struct {
	name, address string
	credentials   aws.Credentials
}

func (t table) sign(ctx context.Context, operation, body string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.address+"/", bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	sum := sha256.Sum256([]byte(body))
	return req, v4.NewSigner().SignHTTP(ctx, t.credentials, req, hex.EncodeToString(sum[:]), "dynamodb", functions.Region, time.Now())
}

func (t table) send(ctx context.Context, operation, body string) error {
	req, err := t.sign(ctx, operation, body)
	if err != nil {
		return err
	}
	return load.Send(req, http.StatusOK)
}

// create makes the table, as the local AWS has it.
func (t table) create(ctx context.Context) error {
	return t.send(ctx, "CreateTable", fmt.Sprintf(`{"TableName":%q,"BillingMode":"PAY_PER_REQUEST",
		"AttributeDefinitions":[{"AttributeName":%q,"AttributeType":"S"},{"AttributeName":%q,"AttributeType":"S"},{"AttributeName":%q,"AttributeType":"S"}],
		"KeySchema":[{"AttributeName":%q,"KeyType":"HASH"}],
		"GlobalSecondaryIndexes":[{"IndexName":%q,"KeySchema":[{"AttributeName":%q,"KeyType":"HASH"},{"AttributeName":%q,"KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}}]}`,
		functions.TableName, schema.PartitionKey, schema.IndexPartitionKey, schema.IndexSortKey, schema.PartitionKey, schema.Index, schema.IndexPartitionKey, schema.IndexSortKey))
}

func put(i int) string {
	return fmt.Sprintf(`{"TableName":%q,"Item":{%q:{"S":"event-%03d"},%q:{"S":"all"},%q:{"S":"%03d"},"name":{"S":"My event"},"createdAt":{"S":"2026-11-28T17:00:00Z"},"createdBy":{"S":"usr_abc"}}}`,
		functions.TableName, schema.PartitionKey, i, schema.IndexPartitionKey, schema.IndexSortKey, i)
}

var query = fmt.Sprintf(`{"TableName":%q,"IndexName":%q,"Limit":20,"ScanIndexForward":false,"KeyConditionExpression":"#k = :v","ExpressionAttributeNames":{"#k":%q},"ExpressionAttributeValues":{":v":{"S":"all"}}}`,
	functions.TableName, schema.Index, schema.IndexPartitionKey)
