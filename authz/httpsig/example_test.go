package httpsig_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/httpsig"
)

// partnerKey is a key that a client and the API share. Outside of examples it
// comes from package authz/secret.
func partnerKey() authz.Key {
	key, err := authz.NewHMACKey(authz.HS256, "partner-1", []byte("an example's secret, 32 bytes or more"))
	if err != nil {
		panic(err)
	}
	return key
}

// A client in Go gives the signer to its http.Client.
func ExampleSigner() {
	client := &http.Client{Transport: &httpsig.Signer{Key: partnerKey(), Base: printer{}}}
	response, err := client.Post("https://api.example.com/events", "application/json", strings.NewReader("{}"))
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = response.Body.Close()
	// Output:
	// Content-Digest: sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:
	// signed: true
}

// printer prints instead of sending.
type printer struct{}

func (printer) RoundTrip(r *http.Request) (*http.Response, error) {
	fmt.Println("Content-Digest:", r.Header.Get("Content-Digest"))
	fmt.Println("signed:", r.Header.Get("Signature-Input") != "" && r.Header.Get("Signature") != "")
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
}

// once is a ReplayStore for the example; an authorizer has a ReplayTable.
type once map[string]bool

func (o once) Use(_ context.Context, keyID, nonce string, _ time.Time) error {
	if o[keyID+" "+nonce] {
		return authz.ErrReplayed
	}
	o[keyID+" "+nonce] = true
	return nil
}

// An authorizer has the verifier in its chain. The same request a second time
// is refused.
func ExampleVerifier() {
	verifier, err := httpsig.New(httpsig.Config{
		Keys:    authz.StaticKeys{partnerKey()},
		Replays: once{}, // httpsig.NewReplayTable("", os.Getenv)
		Map: func(keyID string, p *authz.Principal) error {
			p.Tenant, p.Permissions = keyID, []string{"events:read"}
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	chain := authz.Chain{{Extractor: httpsig.Extractor{}, Verifier: verifier}}
	request := signedRequest()
	principal, err := chain.Authenticate(context.Background(), request)
	fmt.Println(principal.Subject, principal.Method, principal.Permissions, err)
	_, err = chain.Authenticate(context.Background(), request)
	fmt.Println(err, errors.Is(err, authz.ErrReplayed))
	// Output:
	// partner-1 HTTPSignature [events:read] <nil>
	// using the nonce: replayed true
}

// signedRequest is a signed request as an authorizer gets it.
func signedRequest() authz.Request {
	r, err := http.NewRequest(http.MethodGet, "https://api.example.com/events?limit=5", nil)
	if err != nil {
		panic(err)
	}
	if err := (&httpsig.Signer{Key: partnerKey()}).Sign(r); err != nil {
		panic(err)
	}
	return authz.Request{
		Method: "GET", Path: "/events", RawQuery: "limit=5", Host: "api.example.com",
		Headers: map[string]string{"signature-input": r.Header.Get("Signature-Input"), "signature": r.Header.Get("Signature")},
	}
}

// A handler checks the body in one line. Here a man in the middle has added one.
func ExampleCheckContentDigest() {
	request := events.APIGatewayV2HTTPRequest{Body: `{"name":"Launch"}`}
	request.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		Lambda: map[string]any{"userId": "partner-1", "method": httpsig.Method, "contentDigest": "required"},
	}
	fmt.Println(httpsig.CheckContentDigest(request))
	// Output:
	// content digest: the request has a body that its signature does not cover; send the header Content-Digest and sign it
}

// The store of an authorizer is a DynamoDB table. Without one nobody is let in.
func ExampleReplayTable() {
	table := httpsig.NewReplayTable("", os.Getenv)
	err := table.Use(context.Background(), "partner-1", "2Q7WJQZ5VY3XN4T6KDPMRB8CHS", time.Now().Add(time.Minute))
	fmt.Println(err)
	// Output:
	// misconfigured: the name of the state table is not set; set AUTHORIZER_STATE_TABLE_NAME to it
}
