// Command session is an authorizer of one's own: it looks up whose session a
// request is of. A session is an item of the table:
//
//	{"id": SHA-256 of the session id, in hex, "user": …, "expiresAt": seconds}
//
// The table holds no session id: who reads it cannot take over a session.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/protected-http-api/protected-http-api/authz"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	aws, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Error("starting", "error", err.Error())
		os.Exit(1)
	}
	users := sessions{dynamodb.NewFromConfig(aws), os.Getenv("TABLE_NAME")}
	lambda.Start(authz.Handler{Chain: authz.Chain{{Verifier: users}}, Logger: log})
}

// sessions is the authz.Verifier of "Authorization: Bearer {session id}".
type sessions struct {
	table *dynamodb.Client
	name  string
}

func (s sessions) Verify(ctx context.Context, _ authz.Request, c authz.Credential) (authz.Principal, error) {
	if c.Scheme != "Bearer" {
		return authz.Principal{}, authz.ErrNotApplicable
	}
	sum := sha256.Sum256([]byte(c.Value()))
	id := hex.EncodeToString(sum[:])
	out, err := s.table.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.name, Key: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: id}},
	})
	if err != nil {
		return authz.Principal{}, fmt.Errorf("%w: reading the session: %w", authz.ErrUnavailable, err)
	}
	user, isText := out.Item["user"].(*types.AttributeValueMemberS)
	until, isNumber := out.Item["expiresAt"].(*types.AttributeValueMemberN)
	if !isText || !isNumber {
		return authz.Principal{}, fmt.Errorf("%w: there is no such session", authz.ErrUnknownKey)
	}
	seconds, err := strconv.ParseInt(until.Value, 10, 64)
	expires := time.Unix(seconds, 0)
	if err != nil || !time.Now().Before(expires) { // DynamoDB removes items some time later
		return authz.Principal{}, fmt.Errorf("%w: the session has ended", authz.ErrExpired)
	}
	return authz.Principal{Identity: authz.Identity{
		Subject: user.Value, Method: "Session", CredentialID: id[:16], ExpiresAt: expires,
	}}, nil
}
