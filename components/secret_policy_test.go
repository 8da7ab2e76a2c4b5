package components

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A key that is known only at deployment is one key, too.
func TestKeysKnownAtDeployment(t *testing.T) {
	t.Parallel()
	const want = `"*" is not the ARN of a KMS key: arn:aws:kms:{region}:{account}:key/{id}`
	all := pulumi.String("*").ToStringOutput()
	for name, change := range map[string]func(*ProtectedHttpApiArgs){
		"of the table":   func(a *ProtectedHttpApiArgs) { a.Table.KmsKeyArn = all },
		"of the secrets": func(a *ProtectedHttpApiArgs) { a.Authorizer.Secrets = &SecretsArgs{KmsKeyArn: all} },
	} {
		args := exampleArgs()
		change(args)
		if err := deploy(&mocks{}, args, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the key %s: the error is %v, want %s", name, err, want)
		}
	}
}
