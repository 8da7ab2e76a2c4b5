package authz_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/authz"
)

// The token of these examples: {"sub":"usr_abc","exp":1700000060}.
const exampleToken = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1c3JfYWJjIiwiZXhwIjoxNzAwMDAwMDYwfQ.H4WmcZSbiREPpvd6atBE3-l3XRLeq4-rzweUZZBH-J0"

func exampleVerifier() *authz.HS256 {
	secret, err := authz.ParseSecret("0123456789abcdef0123456789abcdef")
	if err != nil {
		panic(err)
	}
	key, err := authz.NewHS256Key(secret)
	if err != nil {
		panic(err)
	}
	verifier, err := authz.NewHS256(authz.HS256Config{
		Keys:        authz.StaticKeys{key},
		AnyIssuer:   true,
		AnyAudience: true,
		Now:         func() time.Time { return time.Unix(1_700_000_000, 0) },
	})
	if err != nil {
		panic(err)
	}
	return verifier
}

// An authorizer's main passes Handle to lambda.Start; here it is called.
func ExampleHandler() {
	handler := authz.Handler{Verifier: exampleVerifier(), Logger: slog.New(slog.DiscardHandler)}
	for _, token := range []string{exampleToken, "bad-token"} {
		answer, err := handler.Handle(context.Background(), events.APIGatewayV2CustomAuthorizerV2Request{
			Version:  "2.0",
			RouteKey: "POST /events",
			Headers:  map[string]string{"authorization": "Bearer " + token},
		})
		fmt.Println(answer.IsAuthorized, answer.Context, err)
	}
	// Output:
	// true map[expiresAt:1700000060 userId:usr_abc] <nil>
	// false map[] <nil>
}

func ExampleHS256_Verify() {
	principal, err := exampleVerifier().Verify(context.Background(), authz.NewCredential(authz.BearerScheme, exampleToken))
	fmt.Println(principal.Subject, principal.ExpiresAt.Unix(), err)

	_, err = exampleVerifier().Verify(context.Background(), authz.NewCredential(authz.BearerScheme, exampleToken[:len(exampleToken)-4]+"AAAA"))
	fmt.Println(errors.Is(err, authz.ErrInvalidSignature), err)
	// Output:
	// usr_abc 1700000060 <nil>
	// true invalid signature
}

// A handler's first line. Every error of FromRequest is a 401.
func ExampleFromRequest() {
	var request events.APIGatewayV2HTTPRequest // what API Gateway sent
	request.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		Lambda: map[string]any{"userId": "usr_abc", "expiresAt": float64(time.Now().Add(time.Hour).Unix())},
	}
	identity, err := authz.FromRequest(request)
	fmt.Println(identity.UserID, err)

	_, err = authz.FromRequest(events.APIGatewayV2HTTPRequest{})
	fmt.Println(errors.Is(err, authz.ErrNoIdentity))
	// Output:
	// usr_abc <nil>
	// true
}
