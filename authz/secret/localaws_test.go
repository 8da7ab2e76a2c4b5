package secret_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/secret"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint/endpointtest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
)

const arn = "arn:aws:ssm:eu-central-1:000000000000:parameter"

// newCloud returns a Parameter Store and the endpoint that leads to it.
func newCloud(t *testing.T) (*ssm.Service, *endpointtest.Server) {
	t.Helper()
	store := ssm.New(endpointtest.Account, nil)
	return store, endpointtest.Start(t, endpoint.Options{Services: endpoint.Services{"ssm": store.Handler()}})
}

func put(t *testing.T, store *ssm.Service, name, value string) {
	t.Helper()
	if _, _, err := store.Put(ssm.Parameter{Name: name, Type: ssm.TypeSecureString, Value: value, Overwrite: true}); err != nil {
		t.Fatal(err)
	}
}

// mac signs with HS256.
func mac(secret, text string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// TestLocalAWSByPath: more than a page, with a permission for the path alone;
// one for what is below it is not enough.
func TestLocalAWSByPath(t *testing.T) {
	t.Parallel()
	store, server := newCloud(t)
	for _, letter := range "abcdefghijklmnopqrstuvwxyz" {
		put(t, store, "/app/tenants/"+string(letter)+"/key", "secret of "+string(letter))
	}
	put(t, store, "/app/tenants-of-others/a", "hidden")
	got, err := secret.NewClient(server.Role(t, "reader", endpointtest.Allow("ssm:GetParametersByPath", arn+"/app/tenants")).Get).ByPath(t.Context(), "/app/tenants")
	if err != nil || len(got) != 26 || got["/app/tenants/k/key"] != "secret of k" {
		t.Errorf("got %d parameters, %v", len(got), err)
	}
	_, err = secret.NewClient(server.Role(t, "below", endpointtest.Allow("ssm:GetParametersByPath", arn+"/app/tenants/*")).Get).ByPath(t.Context(), "/app/tenants")
	if !errors.Is(err, authz.ErrMisconfigured) || !strings.Contains(err.Error(), "ssm:GetParametersByPath on resource: "+arn+"/app/tenants ") {
		t.Errorf("got %v", err)
	}
}

// TestLocalAWSRotation: with ssm:GetParameter on the one parameter, a source
// follows a rotation that it is not told of.
func TestLocalAWSRotation(t *testing.T) {
	t.Parallel()
	const first, second = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
	store, server := newCloud(t)
	put(t, store, "/app/secret", first)
	source, err := secret.New(secret.Config{Paths: []string{"/app/secret"}, Getenv: server.Role(t, "authorizer", endpointtest.Allow("ssm:GetParameter", arn+"/app/secret")).Get})
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := authz.NewJWT(authz.JWTConfig{Keys: source, AnyIssuer: true, AnyAudience: true, Now: func() time.Time { return time.Unix(1_700_000_000, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	// Signed with each of the secrets: sub usr_abc, exp 1700000060.
	const claims = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1c3JfYWJjIiwiZXhwIjoxNzAwMDAwMDYwfQ."
	tokens := map[string]string{first: claims + "H4WmcZSbiREPpvd6atBE3-l3XRLeq4-rzweUZZBH-J0", second: claims + mac(second, strings.TrimSuffix(claims, "."))}
	verify := func(secret string) error {
		_, err := verifier.Verify(t.Context(), authz.Request{}, authz.NewCredential(authz.BearerScheme, tokens[secret]))
		return err
	}
	if err := verify(first); err != nil {
		t.Fatal(err)
	}
	put(t, store, "/app/secret", `{"current":"`+second+`","previous":"`+first+`"}`)
	for _, secret := range []string{second, first} {
		if err := verify(secret); err != nil {
			t.Errorf("in the rotation: %v", err)
		}
	}
	put(t, store, "/app/secret", `{"current":"`+second+`"}`)
	if _, changed, err := source.Refresh(t.Context()); !changed || err != nil {
		t.Fatalf("the end of the rotation is not seen: %v", err)
	}
	if err := verify(first); !errors.Is(err, authz.ErrInvalidSignature) {
		t.Errorf("after the rotation the old token gives %v", err)
	}
}
