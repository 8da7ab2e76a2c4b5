package apikey

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli/clitest"
)

// TestRotateKeepsThePrefix: the successor is a key that the same authorizer
// takes.
func TestRotateKeepsThePrefix(t *testing.T) {
	t.Parallel()
	env, _ := newAWS(t)
	created := run(t, env, "create", "--subject", "s", "--tier", "t", "--prefix", "acme")
	old, err := apikey.Parse("acme", strings.TrimSpace(created.Stdout))
	if err != nil {
		t.Fatal(err, created.Stderr)
	}
	rotated := run(t, env, "rotate", old.Start())
	if _, err := apikey.Parse("acme", strings.TrimSpace(rotated.Stdout)); err != nil || rotated.Code != 0 {
		t.Errorf("got %v, %s", err, rotated.Stderr)
	}
}

// TestPartlyReadable: what cannot be read hides nothing else, and is said.
func TestPartlyReadable(t *testing.T) {
	t.Parallel()
	environment, _, client := newCloud(t)
	env := environment.Environ()
	key := newKey(t, env, "(?s).*", "create", "--subject", "s", "--tier", "t")
	id := key.Digest().CredentialID()

	const cause = `state table "gone": misconfigured: DynamoDB answered status 400, "ResourceNotFoundException": "Requested resource not found"; is it deployed, in this Region and account? The Region is eu-central-1` + "\n"
	for _, tt := range []struct {
		stderr string
		args   []string
	}{
		{"pha apikey list: listing API keys: reading when they were last used: " + cause, []string{"list"}},
		{fmt.Sprintf("pha apikey show: reading when API key %q was last used: %s", id, cause), []string{"show", id}},
	} {
		if got := run(t, env, append(tt.args, "--state-table=gone")...); got.Code != 1 || got.Stderr != tt.stderr || !strings.Contains(got.Stdout, id) {
			t.Errorf("%s: got %+v", tt.args, got)
		}
	}

	if _, err := client.PutItem(t.Context(), &sdk.PutItemInput{TableName: aws.String(keyTable), Item: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "note"}}}); err != nil {
		t.Fatal(err)
	}
	var listed []map[string]any
	got := run(t, env, "list", "--json")
	if err := json.Unmarshal([]byte(got.Stdout), &listed); err != nil || len(listed) != 1 || listed[0]["id"] != id || got.Code != 1 ||
		got.Stderr != `pha apikey list: listing API keys: item "note" of table "events-api-keys": misconfigured: a record of the API key table: its id is no digest: it is not 64 lower-case hexadecimal digits; repair it, or delete it with aws dynamodb delete-item`+"\n" {
		t.Errorf("got %+v", got)
	}
	if got := run(t, env, "disable", id); got.Code != 0 {
		t.Errorf("got %+v", got)
	}
	if got := run(t, env, "delete", "note"); got.Code != 0 || !strings.HasPrefix(got.Stderr, "deleted \"note\", whose record could not be read\n") {
		t.Errorf("got %+v", got)
	}
	if got := run(t, env, "list"); got.Code != 0 || got.Stderr != "" {
		t.Errorf("got %+v", got)
	}
}

// TestInterruptedRotation: a key that is stored when Ctrl-C comes is written; one
// of which that is not known is not passed over.
//
//nolint:paralleltest // it sets the environment of the process
func TestInterruptedRotation(t *testing.T) {
	for _, stored := range []bool{true, false} {
		environment, server, _ := newCloud(t)
		env := environment.Environ()
		old := newKey(t, env, "(?s).*", "create", "--subject", "s", "--tier", "t")
		id := old.Digest().CredentialID()
		ctx, cancel := context.WithCancelCause(t.Context())
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			writes := strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".TransactWriteItems")
			if stored || !writes {
				server.Handler.ServeHTTP(w, r)
			}
			if writes {
				cancel(cli.ErrInterrupted)
				panic(http.ErrAbortHandler)
			}
		}))
		t.Cleanup(proxy.Close)
		environment["AWS_ENDPOINT_URL"], environment["AWS_EC2_METADATA_DISABLED"] = proxy.URL, "true"
		environment["AWS_CONFIG_FILE"], environment["AWS_SHARED_CREDENTIALS_FILE"] = "none", "none"
		for name, value := range environment {
			t.Setenv(name, value)
		}
		var stdout, stderr bytes.Buffer
		err := cli.Call(ctx, New(), []string{"rotate", id, "--grace", "1h", "--table", keyTable}, &stdout, &stderr)
		if !stored {
			want := "; it may have been done all the same: show " + id + "; if it says replaced by key_"
			if !errors.Is(err, cli.ErrInterrupted) || stdout.Len() > 0 || !strings.HasPrefix(err.Error(), `interrupted: rotating API key "`+id+`": API key table`) || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v", err)
			}
			continue
		}
		next, parseErr := apikey.Parse("pha", strings.TrimSpace(stdout.String()))
		if parseErr != nil || err != nil {
			t.Fatalf("got %v, %v", parseErr, err)
		}
		if one := run(t, env, "show", id); !strings.Contains(one.Stdout, next.Digest().CredentialID()) {
			t.Errorf("got %+v", one)
		}
	}
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	clitest.Endpoints(t, "dynamodb", "dynamodb-fips.us-east-1.api.aws", "list", "--table", "keys")
}
