package components

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// SecretsArgs are an authorizer's further secrets, and what is to be said of all of
// its secrets.
type SecretsArgs struct {
	// Paths are where further secrets are that the function may read, each as
	// AuthorizerArgs.SecretPath. The map's key is the environment variable in which
	// the function finds the path or ARN, by the rules of FunctionArgs.Environment.
	// Each purpose has a secret of its own, also among several authorizers: whoever
	// has a key for one purpose could use it for the other. Defaults to none.
	Paths map[string]pulumi.StringInput
	// Prefixes are paths of SSM parameters, of a registry of tenants for instance.
	// The function may read all parameters below a path at once
	// (ssm:GetParametersByPath), at any depth. The map's key is the environment
	// variable in which the function finds the path. A path has no slash at its
	// end, and the function must ask for exactly this path. Defaults to none.
	Prefixes map[string]pulumi.StringInput
	// Delivery is how the secret at SecretPath comes to the function. Defaults to
	// DeliverAtRuntime.
	Delivery SecretDelivery
	// MaxAge is how old a secret may be before the function reads it again: whole
	// seconds, 1s to 24h. The function finds it in the environment variable
	// SECRET_MAX_AGE. Defaults to no variable; authz/secret then takes 5 minutes.
	MaxAge time.Duration
	// KmsKeyArn is the ARN of the customer managed KMS key that the secrets are
	// encrypted with; the function may then decrypt them with it. Defaults to the
	// AWS managed keys aws/ssm and aws/secretsmanager, which need no permission:
	// their key policies let every principal of the account decrypt through the
	// service.
	KmsKeyArn pulumi.StringInput
}

// SecretDelivery is how a secret comes to a function.
type SecretDelivery string

const (
	// DeliverAtRuntime has the function read the secret itself, at cold start and
	// again when it is old. The value is nowhere else, and a rotation needs no
	// deployment.
	DeliverAtRuntime SecretDelivery = "runtime"
	// DeliverInEnvironment has the deployment read the secret and put it into the
	// function's environment variable JWT_SECRET. The function starts faster. The
	// price: Pulumi's state holds the value, encrypted; whoever may read the
	// function's configuration on AWS reads the value there; and a changed secret
	// needs a deployment.
	DeliverInEnvironment SecretDelivery = "environment"
)

// CheckSecretPath returns an error that names the value and what is allowed, unless
// path is where a secret can be: the name of an SSM parameter that begins with "/", up
// to 15 parts of letters, digits, ".", "-" and "_", the first of which does not begin
// with "aws" or "ssm" (Systems Manager API reference, PutParameter); or the ARN of a
// secret of Secrets Manager.
func CheckSecretPath(path string) error {
	switch {
	case isSecretArn(path):
		return nil
	case !strings.HasPrefix(path, "/"):
		return fmt.Errorf("%q must begin with /, or be the ARN of a secret of Secrets Manager: arn:aws:secretsmanager:{region}:{account}:secret:{name}", path)
	}
	return checkParameterName(path)
}

// checkParameterName is CheckSecretPath for SSM parameters alone.
func checkParameterName(path string) error {
	lower := strings.ToLower(path)
	switch {
	case !strings.HasPrefix(path, "/"):
		return fmt.Errorf("%q must begin with /", path)
	case !secretPath.MatchString(path):
		return fmt.Errorf("%q must be 1 to 15 parts, each a / and letters, digits, '.', '-' or '_'", path)
	case strings.HasPrefix(lower, "/aws"), strings.HasPrefix(lower, "/ssm"):
		return fmt.Errorf("%q must not begin with /aws or /ssm, which AWS reserves", path)
	case len(path) > maxSecretPath:
		return fmt.Errorf("%q has %d characters: at most %d are allowed", path, len(path), maxSecretPath)
	}
	return nil
}

// CheckSecretMaxAge returns an error that names the value and what is allowed,
// unless age may be SecretsArgs.MaxAge: 1s to 24h, whole seconds.
func CheckSecretMaxAge(age time.Duration) error {
	if age < minSecretMaxAge || age > maxSecretMaxAge {
		return fmt.Errorf("%v is out of range: 1s to 24h", age)
	}
	return checkWholeSeconds(age)
}

// maxSecretPath is the longest name that a parameter may have. SSM's limit of
// 1011 characters is for the ARN (Systems Manager API reference,
// PutParameter); 63 are enough for what stands before the name in any Region.
const maxSecretPath = 1011 - 63

// minSecretMaxAge keeps a function from reading its secrets at every request;
// maxSecretMaxAge is about how long Lambda keeps an execution environment.
const minSecretMaxAge, maxSecretMaxAge = time.Second, 24 * time.Hour

var secretPath = regexp.MustCompile(`^(/[A-Za-z0-9_.-]+){1,15}$`)

// secretArn matches the ARN of a secret, whose name has up to 512 characters, with or
// without the hyphen and the six characters behind it, which wholeSecretArn wants
// (Secrets Manager API reference, CreateSecret).
var (
	secretArn      = regexp.MustCompile(`^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]{1,519}$`)
	wholeSecretArn = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)
)

func isSecretArn(path string) bool { return secretArn.MatchString(path) }

var kmsKeyArn = regexp.MustCompile(`^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)

// checkKmsKeyArn refuses what is no key's ARN, and would be a grant for more than one
// key.
func checkKmsKeyArn(arn string) error {
	if !kmsKeyArn.MatchString(arn) {
		return fmt.Errorf("%q is not the ARN of a KMS key: arn:aws:kms:{region}:{account}:key/{id}", arn)
	}
	return nil
}

// secrets returns Secrets, or those that it defaults to.
func (a AuthorizerArgs) secrets() SecretsArgs {
	if a.Secrets == nil {
		return SecretsArgs{}
	}
	return *a.Secrets
}

// injectsSecret reports whether the secret is in the function's environment.
func (a AuthorizerArgs) injectsSecret() bool { return a.secrets().Delivery == DeliverInEnvironment }

// readsSecrets reports whether the function reads any secret itself.
func (a AuthorizerArgs) readsSecrets() bool {
	return a.SecretPath != nil && !a.injectsSecret() || len(a.secrets().Paths)+len(a.secrets().Prefixes) > 0
}

// secretPaths returns where the secrets are that the function reads one by one.
func (a AuthorizerArgs) secretPaths() pulumi.StringArray {
	paths := inputs(a.secrets().Paths)
	if a.SecretPath != nil && !a.injectsSecret() {
		paths = append(pulumi.StringArray{a.SecretPath}, paths...)
	}
	return paths
}

// checkSecrets checks what is known of the secrets before AWS is asked.
func (c *checker) checkSecrets(a *authorizerPlan) {
	args, secrets, property := a.args, a.args.secrets(), a.property+".Secrets"
	c.checkSecretPath(a.property+".SecretPath", args.SecretPath)
	switch secrets.Delivery {
	case "", DeliverAtRuntime:
	case DeliverInEnvironment:
		if args.SecretPath == nil {
			c.addf(a.property+".SecretPath", "is required with the Delivery %q", secrets.Delivery)
		}
	default:
		c.addf(property+".Delivery", "%q is not one of %q, %q", secrets.Delivery, DeliverAtRuntime, DeliverInEnvironment)
	}
	// taken are the variables that have a value, with the property that sets it.
	taken := map[string]string{}
	for name := range args.Function.Environment {
		taken[name] = a.property + ".Function.Environment"
	}
	if a.methods == nil { // checkMethods knows what is asked for instead
		c.checkSecretVariables(property+".Paths", secrets.Paths, taken, CheckSecretPath)
	}
	c.checkPurposes(a)
	c.checkSecretVariables(property+".Prefixes", secrets.Prefixes, taken, checkParameterName)
	if secrets.MaxAge != 0 {
		c.add(property+".MaxAge", CheckSecretMaxAge(secrets.MaxAge))
		if !args.readsSecrets() {
			c.addf(property+".MaxAge", "has no use: the function reads no secret by itself")
		}
	}
	c.checkKmsKey(a)
}

// checkSecretVariables checks names or paths of parameters by the variables
// that hand them over. taken are the variables that other properties set, by
// variable; checkSecretVariables adds its own.
func (c *checker) checkSecretVariables(property string, paths map[string]pulumi.StringInput, taken map[string]string, check func(string) error) {
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		element := fmt.Sprintf("%s[%q]", property, name)
		c.checkVariable(element, name, paths[name])
		if plain, ok := paths[name].(pulumi.String); ok {
			c.add(element, check(string(plain)))
		}
		if other, ok := taken[name]; ok {
			c.addf(element, "is in %s too: keep one of them", other)
		}
		taken[name] = property
	}
}

func (c *checker) checkSecretPath(property string, path pulumi.StringInput) {
	if plain, ok := path.(pulumi.String); ok {
		c.add(property, CheckSecretPath(string(plain)))
	}
}

func (c *checker) checkKmsKey(a *authorizerPlan) {
	args, property := a.args, a.property+".Secrets.KmsKeyArn"
	if args.secrets().KmsKeyArn == nil {
		return
	}
	key, ok := args.secrets().KmsKeyArn.(pulumi.String)
	switch {
	case ok && checkKmsKeyArn(string(key)) != nil:
		c.add(property, checkKmsKeyArn(string(key)))
	case args.readsSecrets():
	case args.injectsSecret():
		c.addf(property, "has no use with the Delivery %q: the function does not read the secret", DeliverInEnvironment)
	default:
		c.addf(property, "has no use without SecretPath, Paths or Prefixes")
	}
}

// lookupSecret reads the secret at deployment. It marks the value as secret,
// and Pulumi marks everything that is made of it.
func (c *ProtectedHttpApi) lookupSecret(ctx *pulumi.Context, path pulumi.StringInput) pulumi.StringOutput {
	value := path.ToStringOutput().ApplyT(func(path string) pulumi.StringOutput {
		if isSecretArn(path) {
			return secretsmanager.LookupSecretVersionOutput(ctx, secretsmanager.LookupSecretVersionOutputArgs{
				SecretId: pulumi.String(path),
			}, pulumi.Parent(c)).SecretString()
		}
		return ssm.LookupParameterOutput(ctx, ssm.LookupParameterOutputArgs{
			Name:           pulumi.String(path),
			WithDecryption: pulumi.Bool(true),
		}, pulumi.Parent(c)).Value()
	})
	return pulumi.ToSecret(value).(pulumi.StringOutput)
}
