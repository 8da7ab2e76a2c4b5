package provider

import (
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/secretsmanager"
)

// A program finds its own secrets, and those that the local AWS makes for it; their
// values are secret.
func TestSecretsAreFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := of(w.everything(), secretType)
	find := func(pr p.Provider, token tokens.Type, args property.Map) (property.Map, error) {
		response, err := pr.Invoke(t.Context(), p.InvokeRequest{Token: "aws:secretsmanager/" + token, Args: args})
		return response.Return, err
	}
	found, err := find(w.Provider, "getSecret:getSecret", object("name", "app/jwt"))
	if err != nil || found.Get("arn").AsString() != secret.id || found.Get("description").AsString() != "d" {
		t.Errorf("got %v, %v", found, err)
	}
	version, err := find(w.Provider, "getSecretVersion:getSecretVersion", object("secretId", secret.id))
	if value := version.Get("secretString"); err != nil || !value.Secret() || value.AsString() != "hidden" {
		t.Errorf("the value is not there, as a secret: %v", err)
	}
	const missing = "invoking aws:secretsmanager/getSecretVersion:getSecretVersion: ResourceNotFoundException: Secrets Manager can't find the specified secret."
	if _, err := find(w.Provider, "getSecretVersion:getSecretVersion", object("secretId", "none")); err == nil || err.Error() != missing {
		t.Errorf("got %v", err)
	}

	acct := account.Account{ID: "000000000000", Region: "eu-central-1", Partition: "aws"}
	seeding := New(Services{Account: acct, Secrets: secretsmanager.New(acct, nil), Secret: func(name string) string { return "secret of " + name }})
	const arn = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:app/jwt-AbCdEf"
	version, err = find(seeding, "getSecretVersion:getSecretVersion", object("secretId", arn))
	if err != nil || version.Get("arn").AsString() != arn || version.Get("secretString").AsString() != "secret of "+arn {
		t.Errorf("the made secret: %v", err)
	}
	found, err = find(seeding, "getSecret:getSecret", object("name", "other"))
	if err != nil || !strings.HasPrefix(found.Get("arn").AsString(), "arn:aws:secretsmanager:eu-central-1:000000000000:secret:other-") {
		t.Errorf("got %v, %v", found, err)
	}
}

// A secret that is deleted with a recovery window blocks its name, as on AWS.
func TestRecoveryWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	it := w.create(secretType, object("name", "app/jwt"))
	if err := w.remove(it); err != nil {
		t.Fatal(err)
	}
	if read := w.refresh(it); read.id != "" {
		t.Error("the deleted secret is still there")
	}
	_, err := w.Create(t.Context(), createRequest(secretType, it.inputs))
	const want = `creating aws:secretsmanager/secret:Secret "x": InvalidRequestException: You can't create this secret because a secret with this name is already scheduled for deletion.; cure: delete the secret without a recovery window (RecoveryWindowInDays 0), or use another name`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// Another value is another version, which takes the label over from the old one.
func TestNewVersionOfASecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.create(secretType, object("name", "app/jwt", "recoveryWindowInDays", 0))
	first := w.create(versionType, object("secretId", secret.id, "secretString", "one"))
	second := w.create(versionType, object("secretId", secret.id, "secretString", "two"))
	if err := w.remove(first); err != nil {
		t.Fatal(err)
	}
	if read := w.refresh(first); read.id != "" {
		t.Error("the old version is still there")
	}
	if read := w.refresh(second); read.states.Get("versionStages").AsArray().Get(0).AsString() != "AWSCURRENT" {
		t.Errorf("the new version is %v", read.states.Get("versionStages"))
	}
}

// The plain value of a String shows in its own property.
func TestInsecureValue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	it := w.create(parameterType, object("name", "plain", "type", "String", "insecureValue", "shown"))
	if read := w.refresh(it); !read.inputs.Equals(it.inputs) || read.states.Get("version").AsNumber() != 1 {
		t.Errorf("the inputs are %v", read.inputs)
	}
	w.update(it, it.inputs.Set("insecureValue", property.New("changed")))
	if parameter, err := w.SSM.Get("plain"); err != nil || parameter.Value != "changed" || parameter.Version != 2 {
		t.Errorf("the parameter is %v, %v", parameter, err)
	}
}
