package authztest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// life is how long identities and tokens are valid that do not say it.
const life = time.Hour

// Lambda is the context of a Lambda authorizer of package authz that let the identity
// in. ExpiresAt defaults to in an hour; it may be over, as it is of an answer that API
// Gateway has kept. An identity that no verifier may give fails the test.
func Lambda(t testing.TB, identity authz.Identity) *events.APIGatewayV2HTTPRequestContextAuthorizerDescription {
	t.Helper()
	expires := identity.ExpiresAt
	if expires.IsZero() {
		expires = time.Now().Add(life)
	}
	identity.ExpiresAt = time.Now().Add(life)
	if identity.Method == "" {
		identity.Method = "JWT"
	}
	authorizer := authz.Handler{
		Chain: authz.Chain{{Verifier: verifier{authz.Principal{Identity: identity}}}}, Logger: slog.New(slog.DiscardHandler),
		Getenv: func(string) string { return "" },
	}
	answer, err := authorizer.Handle(context.Background(), Request{Headers: map[string]string{"Authorization": "Bearer x"}}.Authorizer())
	if err == nil && !answer.IsAuthorized {
		err = fmt.Errorf("the authorizer refuses it")
	}
	var members map[string]any
	if err == nil {
		members, err = received(answer.Context)
	}
	if err != nil {
		t.Fatalf("the identity %+v is none that a verifier may give: %v", identity, err)
	}
	members[contract.ContextExpiresAt] = float64(expires.Unix())
	return &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{Lambda: members}
}

// received is an authorizer's context as a function gets it.
func received(given map[string]any) (members map[string]any, err error) {
	encoded, err := json.Marshal(given)
	if err == nil {
		err = json.Unmarshal(encoded, &members)
	}
	return members, err
}

// verifier finds one principal behind each credential.
type verifier struct{ principal authz.Principal }

func (v verifier) Verify(context.Context, authz.Request, authz.Credential) (authz.Principal, error) {
	return v.principal, nil
}

// JWT is the context of API Gateway's own JWT authorizer that accepted a token with
// these claims: texts as they are, other values as JSON, arrays with spaces in brackets.
// The claim exp defaults to in an hour. scopes are those of the token where the route
// requires some.
func JWT(t testing.TB, claims map[string]any, scopes ...string) *events.APIGatewayV2HTTPRequestContextAuthorizerDescription {
	t.Helper()
	texts := map[string]string{"exp": fmt.Sprint(time.Now().Add(life).Unix())}
	for name, value := range claims {
		text, err := claimText(value)
		if err != nil {
			t.Fatalf("the claim %s: %v", name, err)
		}
		texts[name] = text
	}
	return &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: texts, Scopes: scopes},
	}
}

func claimText(value any) (string, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	var text string
	if json.Unmarshal(encoded, &text) == nil {
		return text, nil
	}
	var list []json.RawMessage
	if json.Unmarshal(encoded, &list) != nil || list == nil {
		return string(encoded), nil
	}
	for i, element := range list {
		if i > 0 {
			text += " "
		}
		part, err := claimText(element)
		if err != nil {
			return "", err
		}
		text += part
	}
	return "[" + text + "]", nil
}

// IAM is the context of a caller whose signature API Gateway has verified, by the
// unique id of its user or role.
func IAM(userID string) *events.APIGatewayV2HTTPRequestContextAuthorizerDescription {
	return &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		IAM: &events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{
			AccessKey: AccessKeyID, AccountID: AccountID, CallerID: userID, UserID: userID,
			UserARN: "arn:aws:iam::" + AccountID + ":user/example",
		},
	}
}
