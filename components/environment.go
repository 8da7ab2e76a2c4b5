package components

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// maxEnvironment is how many bytes a function's variables may have (Lambda
// developer guide, "Lambda quotas").
const maxEnvironment = 4096

// variableName matches what Lambda lets a variable be called (Lambda API
// reference, Environment).
var variableName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]+$`)

// reservedVariables are those that Lambda sets itself (Lambda developer guide,
// "Defined runtime environment variables"). Others begin with an underscore,
// which the grammar of names excludes.
var reservedVariables = []string{
	"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
	"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
	"AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
}

// ownVariables are those that the component sets or reads itself.
var ownVariables = []string{
	contract.EnvAccepts, contract.EnvAPIKeyTable, contract.EnvBuildRecord, contract.EnvBuildTarget, contract.EnvCacheTTL, contract.EnvIdentitySources, contract.EnvMetrics, contract.EnvModule,
	contract.EnvRevocationFailOpen, contract.EnvRevocationTable,
	contract.EnvRoutePermissions, contract.EnvSecret, contract.EnvSecretMaxAge, contract.EnvSecretPath, contract.EnvStateTable, contract.EnvTableName,
}

func (c *checker) checkEnvironment(property string, environment map[string]pulumi.StringInput) {
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		c.checkVariable(fmt.Sprintf("%s[%q]", property, name), name, environment[name])
	}
}

func (c *checker) checkVariable(property, name string, value pulumi.StringInput) {
	switch {
	case !variableName.MatchString(name):
		c.addf(property, "is not a name that Lambda allows: a letter, then at least one letter, digit or underscore")
	case slices.Contains(reservedVariables, name):
		c.addf(property, "is reserved by Lambda")
	case slices.Contains(ownVariables, name), strings.HasPrefix(name, contract.EnvTableName+"_"):
		c.addf(property, "is the component's own")
	case value == nil:
		c.addf(property, "has no value")
	}
}

// checkEnvironmentSize refuses more variables than a function may have. Permissions
// that do not fit in are in the function's code.
//
// They are there in any case, so that the first change that does not fit in is
// none that requests fail at: Lambda has the new variable before the new code, and
// until then the file that the variable names is that of before.
func (c *checker) checkEnvironmentSize(f *functionPlan) {
	if !f.made() {
		return
	}
	size := c.environmentSize(f)
	if size > maxEnvironment && f.files[contract.RoutePermissionsFile] != "" && f.args.Package != "" { // what is compiled elsewhere has no such file
		f.environment[contract.EnvRoutePermissions] = pulumi.String(contract.RoutePermissionsInFile)
		size = c.environmentSize(f)
	}
	if _, given := f.environment[contract.EnvAccepts]; given && size > maxEnvironment {
		delete(f.environment, contract.EnvAccepts)
		size = c.environmentSize(f)
	}
	if size > maxEnvironment {
		c.addf(f.property, "the environment variables would have %d bytes as JSON: Lambda allows %d: keep large values in SSM or in the code", size, maxEnvironment)
	}
}

// environmentSize measures the function's variables as Lambda does: by their JSON
// text. A value that is known only at deployment counts as empty.
func (c *checker) environmentSize(f *functionPlan) int {
	known := map[string]string{}
	for name, value := range f.environment {
		plain, _ := value.(pulumi.String)
		known[name] = string(plain)
	}
	maps.Copy(known, c.plan.tableNames(f))
	return jsonSize(known)
}

// jsonSize returns the length of a value's JSON text.
func jsonSize(value any) int {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // strings and maps of them have JSON
	return len(bytes.TrimSpace(text.Bytes()))
}

// tableNames returns names as long as those of the tables that the function finds in
// its environment, by variable.
func (p *plan) tableNames(f *functionPlan) map[string]string {
	names := map[string]string{}
	suffix := strings.Repeat("x", autoNameSuffix)
	for name := range f.args.tables() {
		switch t := p.table(name); {
		case t == nil: // a mistake that is known already
		case t.args.Existing == nil:
			names[t.variable] = t.logicalName + suffix
		default:
			plain, _ := t.args.Existing.(pulumi.String)
			names[t.variable] = string(plain)
		}
	}
	if a := f.authorizer; a != nil && a.args.ApiKeys != nil {
		names[contract.EnvAPIKeyTable] = p.apiKeyTableName(a) + suffix
	}
	if a := f.authorizer; a != nil && a.args.needsState() {
		names[contract.EnvStateTable] = p.stateTableName(a) + suffix
	}
	if a := f.authorizer; a != nil && a.args.Revocation != nil {
		names[contract.EnvRevocationTable] = p.revocationTableName(a) + suffix
	}
	return names
}

// environment returns those of the authorizer's variables whose values need no
// resource of the component.
func (a *authorizerPlan) environment() map[string]pulumi.StringInput {
	args := a.args
	variables := map[string]pulumi.StringInput{}
	for _, group := range []map[string]pulumi.StringInput{args.Function.Environment, args.secrets().Paths, args.secrets().Prefixes} {
		maps.Copy(variables, group)
	}
	if args.SecretPath != nil && !args.injectsSecret() {
		variables[contract.EnvSecretPath] = args.SecretPath
	}
	if age := args.secrets().MaxAge; age != 0 {
		variables[contract.EnvSecretMaxAge] = pulumi.String(age.String())
	}
	variables[contract.EnvCacheTTL] = pulumi.String(strconv.Itoa(int(args.CacheTtl / time.Second)))
	if args.CacheTtl > 0 {
		variables[contract.EnvIdentitySources] = pulumi.String(strings.Join(sourceNames(args.IdentitySources), ","))
	}
	if args.Revocation != nil && args.Revocation.FailOpen {
		variables[contract.EnvRevocationFailOpen] = pulumi.String("true")
	}
	if accepts := a.methods.accepts(); accepts != "" {
		variables[contract.EnvAccepts] = pulumi.String(accepts)
	}
	if a.requiresPermissions() {
		variables[contract.EnvRoutePermissions] = pulumi.String(a.routePermissions())
	}
	return variables
}

// environment returns the function's environment variables, and the resource
// options that they need. neighbour is the ARN of something beside the function.
func (c *ProtectedHttpApi) environment(ctx *pulumi.Context, p *plan, f *functionPlan, neighbour pulumi.StringOutput) (pulumi.StringMap, []pulumi.ResourceOption) {
	variables := pulumi.StringMap{}
	maps.Copy(variables, f.environment)
	for name := range f.args.tables() {
		t := p.table(name)
		_, variables[t.variable] = c.located(t, neighbour)
	}
	if f.authorizer != nil {
		own := c.Authorizers[f.authorizer.name]
		for variable, table := range map[string]*dynamodb.Table{contract.EnvAPIKeyTable: own.ApiKeyTable, contract.EnvStateTable: own.StateTable, contract.EnvRevocationTable: own.RevocationTable} {
			if table != nil {
				variables[variable] = table.Name
			}
		}
	}
	if f.authorizer == nil || !f.authorizer.args.injectsSecret() {
		return variables, nil
	}
	variables[contract.EnvSecret] = c.lookupSecret(ctx, f.authorizer.args.SecretPath)
	// The provider reads the variables back from AWS, where they are not
	// marked as secret.
	return variables, []pulumi.ResourceOption{pulumi.AdditionalSecretOutputs([]string{"environment"})}
}
