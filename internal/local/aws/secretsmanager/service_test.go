package secretsmanager

import (
	"fmt"
	"log/slog"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

const keyID = "1234abcd-12ab-34cd-56ef-1234567890ab"

var start = time.Date(2024, 9, 5, 19, 33, 8, 123e6, time.UTC)

func newService() *Service {
	return New(account.Account{ID: "000000000000", Region: "eu-central-1", Partition: "aws"}, func() time.Time { return start })
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got error\n%v\nwant\n%s", err, want)
	}
}

func (s *Service) value(t *testing.T, id, version, stage string) string {
	t.Helper()
	_, v, err := s.Get(id, version, stage)
	if err != nil {
		t.Fatal(err)
	}
	return v.String
}

func TestLifeOfASecret(t *testing.T) {
	t.Parallel()
	s := newService()
	made, first, err := s.Create(Secret{Name: "app/jwt", Tags: map[string]string{"k": "v"}}, Value{String: "one"}, "")
	if err != nil || !regexp.MustCompile(`^arn:aws:secretsmanager:eu-central-1:000000000000:secret:app/jwt-[A-Za-z0-9]{6}$`).MatchString(made.ARN) {
		t.Fatalf("got %+v, %v", made, err)
	}
	_, _, err = s.Create(Secret{Name: "app/jwt"}, Value{}, "")
	wantError(t, err, "ResourceExistsException: The operation failed because the secret app/jwt already exists.")
	token := strings.Repeat("t", 32)
	if _, v, err := s.Put("app/jwt", Value{String: "two"}, token, nil); err != nil || v.ID != token || !reflect.DeepEqual(v.Stages, []string{"AWSCURRENT"}) {
		t.Fatalf("got %+v, %v", v, err)
	}
	if _, _, err := s.Put("app/jwt", Value{String: "two"}, token, nil); err != nil {
		t.Errorf("the same again: %v", err)
	}
	_, _, err = s.Put("app/jwt", Value{String: "three"}, token, nil)
	wantError(t, err, "ResourceExistsException: You can't modify the value of the existing version "+token+": use another ClientRequestToken")
	partial := made.ARN[:len(made.ARN)-7]
	for _, id := range []string{"app/jwt", made.ARN, partial} {
		for _, want := range [][3]string{{"", "", "two"}, {"", "AWSPREVIOUS", "one"}, {first, "", "one"}, {token, "AWSCURRENT", "two"}} {
			if got := s.value(t, id, want[0], want[1]); got != want[2] {
				t.Errorf("%s, version %q, label %q: %q", id, want[0], want[1], got)
			}
		}
	}
	if _, stages, err := s.Describe(partial); err != nil || !reflect.DeepEqual(stages, map[string][]string{first: {"AWSPREVIOUS"}, token: {"AWSCURRENT"}}) {
		t.Errorf("the labels are %v, %v", stages, err)
	}
	if _, _, err := s.Put("app/jwt", Value{String: "next"}, "", []string{"AWSPENDING"}); err != nil || s.value(t, "app/jwt", "", "") != "two" || s.value(t, "app/jwt", "", "AWSPENDING") != "next" {
		t.Errorf("a pending version: %v", err)
	}
	_, _, err = s.Get("app/jwt", first, "AWSCURRENT")
	wantError(t, err, "ResourceNotFoundException: Secrets Manager can't find the specified secret value for VersionId: "+first)
	_, _, err = s.Get("app/jwt", "", "NONE")
	wantError(t, err, "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: NONE")
	_, _, err = s.Get("app", "", "")
	wantError(t, err, "ResourceNotFoundException: Secrets Manager can't find the specified secret.")
	if err := s.DeleteVersion("app/jwt", token); err != nil || s.value(t, "app/jwt", "", "") != "two" {
		t.Errorf("the current version is gone: %v", err)
	}

	if _, err := s.Delete("app/jwt", false); err != nil {
		t.Fatal(err)
	}
	_, _, err = s.Get("app/jwt", "", "")
	wantError(t, err, "InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion.")
	_, _, err = s.Create(Secret{Name: "app/jwt"}, Value{}, "")
	wantError(t, err, "InvalidRequestException: You can't create this secret because a secret with this name is already scheduled for deletion.")
	if len(s.Secrets()) != 0 {
		t.Error("a deleted secret is listed")
	}
	if _, err := s.Delete(made.ARN, true); err != nil {
		t.Fatal(err)
	}
	again, _, err := s.Create(Secret{Name: "app/jwt"}, Value{}, "")
	if err != nil || again.ARN == made.ARN {
		t.Errorf("made again: %+v, %v", again, err)
	}
	_, _, err = s.Get("app/jwt", "", "")
	wantError(t, err, "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT")
}

// A secret that a program names by an ARN has just that ARN.
func TestSeed(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		"plain", "arn:aws:secretsmanager:eu-central-1:000000000000:secret:app/jwt-AbCdEf",
		"arn:aws:secretsmanager:eu-central-1:000000000000:secret:app/jwt", "arn:aws:secretsmanager:eu-central-1:000000000000:secret:my-secret",
	} {
		s := newService()
		if err := s.Seed(id, "x"); err != nil || s.value(t, id, "", "") != "x" {
			t.Errorf("%s: %v", id, err)
		}
		it, _, err := s.Describe(id)
		if err != nil || strings.HasSuffix(id, "-AbCdEf") && (it.ARN != id || it.Name != "app/jwt") {
			t.Errorf("%s: %+v, %v", id, it, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const v = "ValidationException: 1 validation error detected: Value at "
	for _, tt := range []struct {
		name   string
		secret Secret
		value  Value
		token  string
		want   string
	}{
		{"name", Secret{Name: "a b"}, Value{}, "", "InvalidParameterException: Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"},
		{"long name", Secret{Name: strings.Repeat("n", 513)}, Value{}, "", v + "'name' failed to satisfy constraint: Member must have length less than or equal to 512"},
		{"long description", Secret{Name: "n", Description: strings.Repeat("d", 2049)}, Value{}, "", v + "'description' failed to satisfy constraint: Member must have length less than or equal to 2048"},
		{"key", Secret{Name: "n", KMSKeyID: "alias/mine"}, Value{}, "", "InvalidParameterException: The KMS key alias/mine is not found"},
		{"two values", Secret{Name: "n"}, Value{String: "a", Binary: []byte("b")}, "", "InvalidParameterException: You can't specify both a binary secret value and a string secret value in the same secret."},
		{"large value", Secret{Name: "n"}, Value{String: strings.Repeat("s", 65537)}, "", v + "'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536"},
		{"large bytes", Secret{Name: "n"}, Value{Binary: make([]byte, 65537)}, "", v + "'secretBinary' failed to satisfy constraint: Member must have length less than or equal to 65536"},
		{"short token", Secret{Name: "n"}, Value{String: "a"}, "t", v + "'clientRequestToken' failed to satisfy constraint: Member must have length between 32 and 64"},
	} {
		_, _, err := newService().Create(tt.secret, tt.value, tt.token)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: got error\n%v\nwant\n%s", tt.name, err, tt.want)
		}
	}
	_, _, err := newService().Put("n", Value{}, "", nil)
	wantError(t, err, "InvalidParameterException: You must provide either SecretString or SecretBinary.")
}

func TestVersionsAreBounded(t *testing.T) {
	t.Parallel()
	s := newService()
	if _, _, err := s.Create(Secret{Name: "n"}, Value{String: "0"}, ""); err != nil {
		t.Fatal(err)
	}
	for i := range 2 * maxVersions {
		if _, _, err := s.Put("n", Value{String: fmt.Sprint(i)}, "", nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.secrets["n"].versions); n != maxVersions || s.value(t, "n", "", "AWSPREVIOUS") != "198" {
		t.Errorf("%d versions are kept", n)
	}
}

func TestValuesPrintAsNothing(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	v := Version{ID: "i", Value: Value{String: "hidden", Binary: []byte("hidden")}}
	slog.New(slog.NewTextHandler(&text, nil)).Info("x", "version", v, "value", v.Value)
	fmt.Fprintf(&text, "%v %+v %#v %s %v", v, v, v, v.Value, &v)
	if strings.Contains(text.String(), "hidden") {
		t.Error("a value is printed")
	}
}

// A request needs its action on the secret's whole ARN, and where a customer's key
// encrypts it the key.
func TestGrants(t *testing.T) {
	t.Parallel()
	s := newService()
	made, _, err := s.Create(Secret{Name: "n", KMSKeyID: keyID}, Value{String: "x"}, "")
	if err != nil {
		t.Fatal(err)
	}
	const prefix, key = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:", "arn:aws:kms:eu-central-1:000000000000:key/" + keyID
	for _, tt := range []struct {
		op, body string
		want     []string
	}{
		{"GetSecretValue", `{"SecretId":"n"}`, []string{"secretsmanager:GetSecretValue " + made.ARN, "kms:Decrypt " + key}},
		{"GetSecretValue", `{"SecretId":"` + made.ARN[:len(made.ARN)-7] + `"}`, []string{"secretsmanager:GetSecretValue " + made.ARN, "kms:Decrypt " + key}},
		{"GetSecretValue", `{"SecretId":"none"}`, []string{"secretsmanager:GetSecretValue " + prefix + "none"}},
		{"GetSecretValue", `{"SecretId":"` + prefix + `none-AbCdEf"}`, []string{"secretsmanager:GetSecretValue " + prefix + "none-AbCdEf"}},
		{"PutSecretValue", `{"SecretId":"n"}`, []string{"secretsmanager:PutSecretValue " + made.ARN, "kms:GenerateDataKey " + key, "kms:Decrypt " + key}},
		{"DescribeSecret", `{"SecretId":"n"}`, []string{"secretsmanager:DescribeSecret " + made.ARN}},
		{"CreateSecret", `{"Name":"new","SecretString":"x","KmsKeyId":"` + keyID + `"}`, []string{"secretsmanager:CreateSecret " + prefix + "new", "kms:GenerateDataKey " + key, "kms:Decrypt " + key}},
		{"ListSecrets", `{}`, []string{"secretsmanager:ListSecrets *"}},
	} {
		grants, err := s.Handler().(*protocol.JSON).Operations[tt.op].Grants([]byte(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, g := range grants {
			got = append(got, g.Action+" "+g.Resource)
			if strings.HasPrefix(g.Action, "kms:") && g.Context["kms:ViaService"] != "secretsmanager.eu-central-1.amazonaws.com" {
				t.Errorf("%s: the context is %v", tt.op, g.Context)
			}
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s %s: %q, want %q", tt.op, tt.body, got, tt.want)
		}
	}
}

func TestRequestErrors(t *testing.T) {
	t.Parallel()
	s := newService()
	if _, _, err := s.Create(Secret{Name: "n"}, Value{}, ""); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ op, body, want string }{
		{"GetSecretValue", `{}`, "ValidationException: 1 validation error detected: Value at 'secretId' failed to satisfy constraint: Member must not be null"},
		{"CreateSecret", `{"Name":"m","AddReplicaRegions":[{}]}`, "InvalidParameterException: replicas, filters and IncludePlannedDeletion are not supported by the local AWS: leave them out"},
		{"DeleteSecret", `{"SecretId":"n","RecoveryWindowInDays":7,"ForceDeleteWithoutRecovery":true}`, "InvalidParameterException: You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."},
		{"DeleteSecret", `{"SecretId":"n","RecoveryWindowInDays":6}`, "InvalidParameterException: The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."},
		{"ListSecrets", `{"MaxResults":101}`, "ValidationException: 1 validation error detected: Value at 'maxResults' failed to satisfy constraint: Member must have value between 1 and 100"},
		{"ListSecrets", `{"NextToken":"x"}`, "InvalidNextTokenException: The specified token is invalid."},
	} {
		_, err := s.Handler().(*protocol.JSON).Operations[tt.op].Run([]byte(tt.body))
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: got error\n%v\nwant\n%s", tt.op, err, tt.want)
		}
	}
}
