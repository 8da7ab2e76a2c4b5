package components

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TestMissingSecrets: only what AWS says is not there is missing, and nothing is
// decrypted to find out.
func TestMissingSecrets(t *testing.T) {
	t.Parallel()
	const jwt = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:jwt-Ab1Cd2"
	for failure, missing := range map[string]bool{"": false, "couldn't find resource": true, "AccessDeniedException: no": false} {
		m := &mocks{account: testAccount, failures: map[string]string{jwt: failure, "/events-api/signing-keys": failure}}
		err := deploy(m, secretsManagerArgs(), func(ctx *pulumi.Context, api *ProtectedHttpApi) {
			for _, path := range []string{jwt, "/events-api/signing-keys"} {
				if got := api.isMissing(ctx, path); got != missing {
					t.Errorf("with the failure %q %s is missing: %v", failure, path, got)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		var asked []string
		for _, call := range m.invoked {
			switch short(call.Token) {
			case "getParameter":
				asked = append(asked, call.Args["name"].StringValue())
				if !call.Args["withDecryption"].DeepEquals(resource.NewBoolProperty(false)) {
					t.Errorf("%v is decrypted", call.Args)
				}
			case "getSecret":
				asked = append(asked, call.Args["arn"].StringValue())
			}
		}
		if want := []string{jwt, "/events-api/signing-keys", jwt, "/events-api/signing-keys"}; !slices.Equal(asked, want) {
			t.Errorf("the look-ups are %q, want %q", asked, want)
		}
	}
}

// TestWarningOfAMissingSecret: the warning has a command that puts the secret.
func TestWarningOfAMissingSecret(t *testing.T) {
	t.Parallel()
	const sealed, open = "arn:aws:kms:eu-central-1:123456789012:key/1", ""
	for _, test := range []struct {
		path, key string
		ofTokens  bool
		want      string
	}{
		{"/a", open, true, `printf 'base64:%s' "$(openssl rand -base64 32)" | aws ssm put-parameter --type SecureString --name /a --value file:///dev/stdin`},
		{"/a", sealed, false, `cat {file with the secret} | aws ssm put-parameter --type SecureString --name /a --value file:///dev/stdin --key-id ` + sealed},
		{"arn:aws:secretsmanager:eu-central-1:123456789012:secret:app/jwt-Ab1Cd2", open, true,
			`printf 'base64:%s' "$(openssl rand -base64 32)" | aws secretsmanager create-secret --name app/jwt --secret-string file:///dev/stdin, and name the ARN that it prints`},
		{"arn:aws:secretsmanager:eu-central-1:123456789012:secret:app/keys", open, false,
			`cat {file with the secret} | aws secretsmanager create-secret --name app/keys --secret-string file:///dev/stdin, and name the ARN that it prints`},
	} {
		var args AuthorizerArgs
		if test.key != "" {
			args.Secrets = &SecretsArgs{KmsKeyArn: pulumi.String(test.key)}
		}
		if got := putCommand(args, test.path, test.ofTokens); got != test.want {
			t.Errorf("the command is\n%s\nwant\n%s", got, test.want)
		}
	}
}
