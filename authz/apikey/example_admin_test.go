package apikey_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/dynamodb"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

// The life of a key. On AWS, NewDynamoDB(DynamoDBConfig{}) finds the tables by
// the environment variables API_KEY_TABLE_NAME and AUTHORIZER_STATE_TABLE_NAME,
// and Region and credentials as in a function.
func ExampleAdmin() {
	ctx := context.Background()
	environment, stop := localTables("api-keys", "state")
	defer stop()
	admin := apikey.Admin{DynamoDB: apikey.NewDynamoDB(apikey.DynamoDBConfig{KeyTable: "api-keys", StateTable: "state", Getenv: environment})}

	key, record, err := admin.Create(ctx, apikey.Spec{Subject: "usr_abc", Tier: "free", Name: "ci", Life: 90 * 24 * time.Hour})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.HasPrefix(key.Reveal(), record.Start), record.Subject, record.Status(time.Now()))

	// A successor; the old key works for a day more.
	_, successor, old, err := admin.Rotate(ctx, record.CredentialID(), 24*time.Hour)
	fmt.Println(successor.Subject, old.ReplacedBy == successor.CredentialID(), err)

	// The successor has leaked.
	disabled, err := admin.Disable(ctx, successor.Start)
	fmt.Println(disabled.Status(time.Now()), err)
	_, err = admin.Disable(ctx, successor.Start)
	fmt.Println(errors.Is(err, apikey.ErrConflict))

	_, err = admin.Delete(ctx, record.CredentialID())
	infos, listErr := admin.List(ctx)
	fmt.Println(len(infos), err, listErr)
	// Output:
	// true usr_abc active
	// usr_abc true <nil>
	// disabled <nil>
	// true
	// 1 <nil> <nil>
}

// localTables starts a local DynamoDB with tables, and returns the environment
// variables that lead to it.
func localTables(names ...string) (getenv func(string) string, stop func()) {
	local := account.Account{ID: contract.LocalAccountID, Region: "eu-central-1", Partition: "aws"}
	tables, users := dynamodb.New(local, nil), iam.New(local)
	for _, name := range names {
		if _, err := tables.CreateTable(context.Background(), dynamodb.Table{
			Name: name, BillingMode: "PAY_PER_REQUEST", HashKey: "id", Attributes: []dynamodb.Attribute{{Name: "id", Type: "S"}},
		}); err != nil {
			panic(err)
		}
	}
	server := httptest.NewServer(endpoint.New(endpoint.Options{Account: local, IAM: users, Services: endpoint.Services{"dynamodb": tables.Handler()}}))
	root := users.Root()
	environment := map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": local.Region,
		"AWS_ACCESS_KEY_ID": root.AccessKeyID, "AWS_SECRET_ACCESS_KEY": root.SecretAccessKey,
	}
	return func(name string) string { return environment[name] }, server.Close
}
