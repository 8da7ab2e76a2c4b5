package components

import (
	"fmt"
	"os"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// warnOfMissingSecrets says which of the secrets are not there, those at least whose
// names are known, with the command that puts each. It never fails: whoever may deploy
// need not be allowed to look, and a secret may be put after the deployment. A deployment
// to the local AWS, which alone may build for the host, puts all of them itself.
func (c *ProtectedHttpApi) warnOfMissingSecrets(ctx *pulumi.Context, p *plan) error {
	if os.Getenv(contract.EnvBuildTarget) == contract.BuildTargetHost && !ctx.DryRun() {
		return nil
	}
	said := map[string]bool{}
	for _, a := range p.authorizers {
		ofTokens, _ := a.args.SecretPath.(pulumi.String)
		for _, path := range append(pulumi.StringArray{ofTokens}, inputs(a.args.secrets().Paths)...) {
			plain, _ := path.(pulumi.String)
			if plain == "" || said[string(plain)] || !c.isMissing(ctx, string(plain)) {
				continue
			}
			said[string(plain)] = true
			message := fmt.Sprintf("the authorizer of the function %q needs the secret %q, which is not there: until it is, protected routes answer 500. Put it: %s",
				a.function.args.Name, string(plain), putCommand(a.args, string(plain), plain == ofTokens))
			if err := ctx.Log.Warn(message, &pulumi.LogArgs{Resource: c}); err != nil {
				return err
			}
		}
	}
	return nil
}

// isMissing asks AWS without decryption: neither Pulumi nor this program sees the value.
func (c *ProtectedHttpApi) isMissing(ctx *pulumi.Context, path string) bool {
	var err error
	if isSecretArn(path) {
		_, err = secretsmanager.LookupSecret(ctx, &secretsmanager.LookupSecretArgs{Arn: &path}, pulumi.Parent(c))
	} else {
		_, err = ssm.LookupParameter(ctx, &ssm.LookupParameterArgs{Name: path, WithDecryption: pulumi.BoolRef(false)}, pulumi.Parent(c))
	}
	// Of all errors, no permission among them, only the words of AWS's provider for
	// what is not there count (terraform-plugin-sdk, helper/retry, NotFoundError).
	return err != nil && strings.Contains(err.Error(), "couldn't find resource")
}

// putCommand is a shell command that puts a secret. A value on the command line would be
// seen by every process, so it comes by standard input.
func putCommand(a AuthorizerArgs, path string, ofTokens bool) string {
	value := "cat {file with the secret}"
	if ofTokens {
		value = `printf 'base64:%s' "$(openssl rand -base64 32)"`
	}
	if isSecretArn(path) {
		name := path[strings.LastIndex(path, ":")+1:]
		if wholeSecretArn.MatchString(name) {
			name = name[:strings.LastIndex(name, "-")]
		}
		return fmt.Sprintf("%s | aws secretsmanager create-secret --name %s --secret-string file:///dev/stdin, and name the ARN that it prints", value, name)
	}
	command := fmt.Sprintf("%s | aws ssm put-parameter --type SecureString --name %s --value file:///dev/stdin", value, path)
	if key, ok := a.secrets().KmsKeyArn.(pulumi.String); ok {
		command += " --key-id " + string(key)
	}
	return command
}
