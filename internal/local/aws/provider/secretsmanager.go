package provider

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/secretsmanager"
)

type secretInputs struct {
	Name        string `json:"name" aws:"replace"`
	Description string `json:"description"`
	KMSKeyID    string `json:"kmsKeyId"`
	// RecoveryWindowInDays is what a deletion asks for: 0 deletes at once.
	RecoveryWindowInDays *int              `json:"recoveryWindowInDays"`
	Tags                 map[string]string `json:"tags"`
}

// defaultRecoveryWindow is that of AWS's provider, in days.
const defaultRecoveryWindow = 30

func (in secretInputs) secret() secretsmanager.Secret {
	return secretsmanager.Secret{Name: in.Name, Description: in.Description, KMSKeyID: in.KMSKeyID, Tags: in.Tags}
}

func (in secretInputs) of(it secretsmanager.Secret) secretInputs {
	out := secretInputs{Name: it.Name, Description: it.Description, KMSKeyID: it.KMSKeyID, RecoveryWindowInDays: in.RecoveryWindowInDays, Tags: it.Tags}
	if out.RecoveryWindowInDays == nil {
		days := defaultRecoveryWindow
		out.RecoveryWindowInDays = &days
	}
	return out
}

func secretResource() resource {
	outputs := func(it secretsmanager.Secret) map[string]any { return map[string]any{"arn": it.ARN} }
	return definition[secretInputs]{
		Type: "aws:secretsmanager/secret:Secret",
		// Secrets Manager API reference, CreateSecret: at most 512 characters.
		Name: "name", NameLength: defaultNameLength,
		Computed: []string{"arn"},
		Validate: func(in secretInputs) (secretInputs, error) {
			if days := in.RecoveryWindowInDays; days != nil && *days != 0 && (*days < 7 || *days > 30) {
				return in, fmt.Errorf("recoveryWindowInDays is %d: it is 0, to delete at once, or 7 to 30", *days)
			}
			return in.of(in.secret()), secretsmanager.Validate(in.secret())
		},
		Placeholders: map[string]any{"name": "unknown", "description": nil, "kmsKeyId": nil, "tags": nil},
		Create: func(s Services, in secretInputs) (string, map[string]any, error) {
			it, _, err := s.Secrets.Create(in.secret(), secretsmanager.Value{}, "")
			return it.ARN, outputs(it), err
		},
		Read: func(s Services, id string, in secretInputs) (secretInputs, map[string]any, bool, error) {
			it, _, err := s.Secrets.Describe(id)
			if awserr.Has(err, awserr.ResourceNotFound) || err == nil && !it.Deleted.IsZero() {
				return in, nil, false, nil
			}
			return in.of(it), outputs(it), err == nil, err
		},
		Update: func(s Services, _ string, _, in secretInputs) (map[string]any, error) {
			it, err := s.Secrets.Update(in.secret())
			return outputs(it), err
		},
		Delete: func(s Services, id string, in secretInputs) error {
			_, err := s.Secrets.Delete(id, *in.of(secretsmanager.Secret{}).RecoveryWindowInDays == 0)
			return err
		},
	}
}

type secretVersionInputs struct {
	SecretID      string   `json:"secretId" aws:"required,replace"`
	SecretString  string   `json:"secretString" aws:"replace,secret"`
	SecretBinary  string   `json:"secretBinary" aws:"replace,secret"`
	VersionStages []string `json:"versionStages" aws:"computed,replace,set"`
}

// value checks the inputs of a version and returns what it holds.
func (in secretVersionInputs) value() (secretsmanager.Value, error) {
	if (in.SecretString == "") == (in.SecretBinary == "") {
		return secretsmanager.Value{}, errors.New("a version of a secret has secretString or secretBinary, one of them")
	}
	binary, err := base64.StdEncoding.DecodeString(in.SecretBinary)
	if err != nil {
		return secretsmanager.Value{}, errors.New("secretBinary is not base64")
	}
	return secretsmanager.Value{String: in.SecretString, Binary: binary}, nil
}

func secretVersionResource() resource {
	outputs := func(it secretsmanager.Secret, v secretsmanager.Version) map[string]any {
		return map[string]any{"arn": it.ARN, "versionId": v.ID, "versionStages": anyList(v.Stages)}
	}
	return definition[secretVersionInputs]{
		Type:     "aws:secretsmanager/secretVersion:SecretVersion",
		Computed: []string{"arn", "versionId", "versionStages"},
		Validate: func(in secretVersionInputs) (secretVersionInputs, error) {
			_, err := in.value()
			return in, err
		},
		Placeholders: map[string]any{"secretId": nil, "secretString": "unknown", "versionStages": nil},
		Create: func(s Services, in secretVersionInputs) (string, map[string]any, error) {
			value, err := in.value()
			if err != nil {
				return "", nil, err
			}
			it, v, err := s.Secrets.Put(in.SecretID, value, "", in.VersionStages)
			return in.SecretID + "|" + v.ID, outputs(it, v), err
		},
		Read: func(s Services, id string, in secretVersionInputs) (secretVersionInputs, map[string]any, bool, error) {
			secret, version, _ := strings.Cut(id, "|")
			it, v, err := s.Secrets.Get(secret, version, "")
			if awserr.Has(err, awserr.ResourceNotFound) || awserr.Has(err, "InvalidRequestException") {
				return in, nil, false, nil
			}
			out := secretVersionInputs{SecretID: secret, SecretString: v.String, SecretBinary: base64.StdEncoding.EncodeToString(v.Binary), VersionStages: in.VersionStages}
			return out, outputs(it, v), err == nil, err
		},
		Import: func(importID string) (string, secretVersionInputs, error) {
			_, _, err := splitImport(importID, "|", "secret_id|version_id")
			return importID, secretVersionInputs{}, err
		},
		Delete: func(s Services, id string, in secretVersionInputs) error {
			_, version, _ := strings.Cut(id, "|")
			return s.Secrets.DeleteVersion(in.SecretID, version)
		},
	}
}

func anyList(list []string) []any {
	out := make([]any, len(list))
	for i, text := range slices.Sorted(slices.Values(list)) {
		out[i] = text
	}
	return out
}

// ensureSecret makes a secret that the program looks up and that is not there, where
// the local AWS has a value for such ones: on AWS a developer has put it there.
func ensureSecret(s Services, id string) error {
	_, _, err := s.Secrets.Describe(id)
	if awserr.Has(err, awserr.ResourceNotFound) && s.Secret != nil {
		return s.Secrets.Seed(id, s.Secret(id))
	}
	return err
}

// foundSecret finds a secret without its value.
func foundSecret(s Services, args property.Map) (property.Map, error) {
	id := cmp.Or(textOf(args, "arn"), textOf(args, "name"))
	if id == "" {
		return property.Map{}, fmt.Errorf("secretsmanager.getSecret needs the property %q or %q", "name", "arn")
	}
	if err := ensureSecret(s, id); err != nil {
		return property.Map{}, err
	}
	it, _, err := s.Secrets.Describe(id)
	if err != nil {
		return property.Map{}, err
	}
	tags := map[string]any{}
	for key, value := range it.Tags {
		tags[key] = value
	}
	return results(map[string]any{
		"id": it.ARN, "arn": it.ARN, "name": it.Name, "description": it.Description, "kmsKeyId": it.KMSKeyID, "policy": "", "tags": tags,
		"createdDate": it.Created.Format(time.RFC3339), "lastChangedDate": it.Changed.Format(time.RFC3339),
	}), nil
}

// foundSecretVersion reads a secret as the deploying developer, who may do everything.
func foundSecretVersion(s Services, args property.Map) (property.Map, error) {
	id, version, stage := textOf(args, "secretId"), textOf(args, "versionId"), textOf(args, "versionStage")
	if id == "" {
		return property.Map{}, fmt.Errorf("secretsmanager.getSecretVersion needs the property %q", "secretId")
	}
	if err := ensureSecret(s, id); err != nil {
		return property.Map{}, err
	}
	it, v, err := s.Secrets.Get(id, version, stage)
	if err != nil {
		return property.Map{}, err
	}
	return results(map[string]any{
		"id": it.ARN + "|" + v.ID, "arn": it.ARN, "secretId": id, "versionId": v.ID, "versionStage": cmp.Or(stage, "AWSCURRENT"),
		"versionStages": anyList(v.Stages), "createdDate": v.Created.Format(time.RFC3339),
	}).Set("secretString", property.New(v.String).WithSecret(true)).
		Set("secretBinary", property.New(base64.StdEncoding.EncodeToString(v.Binary)).WithSecret(true)), nil
}
