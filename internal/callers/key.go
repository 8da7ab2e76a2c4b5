package callers

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/apikey"
)

// keyPlace is where an API key is good.
type keyPlace struct{ table, tier string }

// Admin administers the API keys of an authorizer.
func (c *Callers) Admin(a Authorizer) apikey.Admin {
	env := c.aws.Environment()
	return apikey.Admin{DynamoDB: apikey.NewDynamoDB(apikey.DynamoDBConfig{
		KeyTable: a.KeyTable, StateTable: a.StateTable,
		Getenv:      func(name string) string { return env[name] },
		Credentials: func(context.Context) (aws.Credentials, error) { return c.credentials(), nil },
	})}
}

// credentials are the developer's.
func (c *Callers) credentials() aws.Credentials {
	env := c.aws.Environment()
	return aws.Credentials{AccessKeyID: env["AWS_ACCESS_KEY_ID"], SecretAccessKey: env["AWS_SECRET_ACCESS_KEY"]}
}

// key is an API key with every permission, of the authorizer's first tier: one for each
// table, as long as the table has it.
func (c *Callers) key(ctx context.Context, a Authorizer) (apikey.Key, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	place, admin := keyPlace{a.KeyTable, a.Tier()}, c.Admin(a)
	key, made := c.keys[place]
	if made {
		// With any other error the table does not answer now: the authorizer shall say so.
		_, err := admin.DynamoDB.Key(ctx, key.Digest())
		made = !errors.Is(err, authz.ErrUnknownKey)
	}
	if made {
		return key, nil
	}
	key, _, err := admin.Create(ctx, apikey.Spec{Subject: Subject, Tier: place.tier, Name: "local", Permissions: []string{"*"}})
	if err != nil {
		return apikey.Key{}, fmt.Errorf("the table %s: %w", a.KeyTable, err)
	}
	c.keys[place] = key
	return key, nil
}
