package apikey_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/apikey"
)

// memory is a store for the examples; NewDynamoDB returns the one for AWS.
type memory struct {
	records  map[apikey.Digest]apikey.Record
	counters map[string]int
}

func (m memory) Key(_ context.Context, d apikey.Digest) (apikey.Record, error) {
	record, ok := m.records[d]
	if !ok {
		return apikey.Record{}, authz.ErrUnknownKey
	}
	return record, nil
}

func (m memory) Count(_ context.Context, window string, limit int, _ time.Time) (bool, error) {
	if m.counters[window] >= limit {
		return false, nil
	}
	m.counters[window]++
	return true, nil
}

// An authorizer that lets requests in by API key, with tiers and quotas. On AWS
// the store is NewDynamoDB(DynamoDBConfig{}), which finds its tables by the
// environment variables that the component sets.
func Example() {
	key, err := apikey.Generate(apikey.DefaultPrefix)
	if err != nil {
		fmt.Println(err)
		return
	}
	store := memory{
		records:  map[apikey.Digest]apikey.Record{key.Digest(): {Digest: key.Digest(), Subject: "usr_abc", Tier: "free"}},
		counters: map[string]int{},
	}
	tiers, err := apikey.NewTiers(map[string]apikey.Tier{
		"free": {Permissions: []string{"events:read"}, Quota: apikey.Quota{PerDay: 2}},
		"pro":  {Permissions: []string{"events:*"}, Quota: apikey.Quota{PerMinute: 100, PerDay: 10_000}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier, err := apikey.NewVerifier(apikey.Config{Store: store, Tiers: tiers})
	if err != nil {
		fmt.Println(err)
		return
	}
	limiter, err := apikey.NewLimiter(apikey.LimiterConfig{Counters: store, Tiers: tiers})
	if err != nil {
		fmt.Println(err)
		return
	}
	chain := authz.Chain{{Extractor: apikey.Header{}, Verifier: verifier}}
	request := authz.Request{Headers: map[string]string{"x-api-key": key.Reveal()}}
	for range 3 {
		principal, err := chain.Authenticate(context.Background(), request)
		if err == nil {
			err = limiter.Take(context.Background(), principal, request)
		}
		fmt.Println(principal.Subject, principal.Permissions, errors.Is(err, authz.ErrQuotaExceeded))
	}
	// Output:
	// usr_abc [events:read] false
	// usr_abc [events:read] false
	// usr_abc [events:read] true
}

func ExampleParse() {
	for _, text := range []string{
		"pha_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf0RJfVy",
		"pha_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf0RJfV0",
		"eyJhbGciOiJIUzI1NiJ9.e30.x",
	} {
		key, err := apikey.Parse("pha", text)
		fmt.Println(key, err)
	}
	// Output:
	// pha_003aUlTJ[redacted] <nil>
	// [redacted] malformed credential: the API key's checksum is wrong
	// [redacted] credential of another kind: it does not begin with the prefix of this API's keys
}

func ExampleHeader() {
	header := apikey.Header{Bearer: true}
	for _, headers := range []map[string]string{
		{"x-api-key": "pha_1"},
		{"authorization": "Bearer pha_1"},
		{"authorization": "Bearer a.b.c"},
		{"x-api-key": "pha_1,pha_2"},
	} {
		credential, err := header.Extract(authz.Request{Headers: headers})
		fmt.Println(credential, err)
	}
	// Output:
	// APIKey [redacted] <nil>
	// Bearer [redacted] <nil>
	// [redacted] credential of another kind: the header Authorization has no API key
	// [redacted] malformed credential: the header X-Api-Key has a comma, so it may be several headers
}

func ExampleNewTiers() {
	_, err := apikey.NewTiers(map[string]apikey.Tier{"free": {Permissions: []string{"events:re*"}}})
	fmt.Println(err)
	// Output:
	// misconfigured: tier "free": permission "events:re*" is not segments with colons between them, each a word or a star
}
