package components

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// Limits of Lambda (Lambda developer guide, "Lambda quotas" and API reference,
// CreateFunction) and IAM (IAM user guide, "IAM and AWS STS quotas").
const (
	minMemorySize, maxMemorySize = 128, 10240
	maxFunctionName              = 64
	maxRoleName                  = 64
	// autoNameSuffix is what Pulumi adds to a logical name: a hyphen and seven
	// random characters.
	autoNameSuffix = 8
	maxEnvironment = 4096 // bytes
)

// limits are those of a function for what calls it.
type limits struct {
	maxTimeout time.Duration
	why        string
}

var (
	// API Gateway developer guide, "Quotas for configuring and running an HTTP
	// API".
	routeLimits      = limits{30 * time.Second, "API Gateway waits no longer for an integration"}
	authorizerLimits = limits{10 * time.Second, "API Gateway waits no longer for an authorizer"}

	functionName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	// Lambda API reference, Environment.
	variableName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]+$`)
)

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

// ownVariables are those that mean something to the component or are set by it.
var ownVariables = []string{
	contract.EnvAPIKeyTable, contract.EnvBuildTarget, contract.EnvRoutePermissions, contract.EnvSecret,
	contract.EnvSecretMaxAge, contract.EnvSecretPath, contract.EnvStateTable, contract.EnvTableName,
}

// Actions on items (Service Authorization Reference, Amazon DynamoDB).
var (
	tableActions = dynamodbActions("BatchGetItem", "BatchWriteItem", "ConditionCheckItem", "DeleteItem", "DescribeTable",
		"GetItem", "PartiQLDelete", "PartiQLInsert", "PartiQLSelect", "PartiQLUpdate", "PutItem", "Query", "Scan", "UpdateItem")
	indexActions = dynamodbActions("PartiQLSelect", "Query", "Scan")
)

func dynamodbActions(names ...string) []string {
	for i, name := range names {
		names[i] = "dynamodb:" + name
	}
	return names
}

func withDefaults(args FunctionArgs, name string) FunctionArgs {
	args.Name = orDefault(args.Name, name)
	args.MemorySize = orDefault(args.MemorySize, defaultMemorySize)
	args.Timeout = orDefault(args.Timeout, defaultTimeout)
	return args
}

// newFunction adds a function to the plan.
func (c *checker) newFunction(property, folder string, args FunctionArgs, limits limits) *functionPlan {
	f := &functionPlan{args: args, property: property, environment: args.Environment}
	f.logicalName = c.plan.name + "-" + args.Name
	f.physicalName = fmt.Sprintf("%s-%s-%s", c.scope.project, c.scope.stack, f.logicalName)
	c.plan.functions = append(c.plan.functions, f)
	if args.Package == "" {
		c.addf(property+".Package", "is required: give the folder of the function's Go package")
	} else {
		c.byFolder[folder] = f
		c.checkName(f)
	}
	if args.MemorySize < minMemorySize || args.MemorySize > maxMemorySize {
		c.addf(property+".MemorySize", "%d is out of range: %d to %d MB", args.MemorySize, minMemorySize, maxMemorySize)
	}
	if args.Timeout < time.Second || args.Timeout > limits.maxTimeout {
		c.addf(property+".Timeout", "%v is out of range: 1s to %v, %s", args.Timeout, limits.maxTimeout, limits.why)
	} else {
		c.add(property+".Timeout", checkWholeSeconds(args.Timeout))
	}
	c.checkEnvironment(property+".Environment", args.Environment)
	c.checkTableAccess(property, args)
	return f
}

func (c *checker) checkName(f *functionPlan) {
	property := f.property + ".Name"
	if other, ok := c.byName[f.args.Name]; ok {
		c.addf(property, "%q is the name of %s too: give one of them another Name", f.args.Name, other.property)
		return
	}
	c.byName[f.args.Name] = f
	switch {
	case !functionName.MatchString(f.physicalName):
		c.addf(property, "the function would be called %q: AWS allows letters, digits, - and _", f.physicalName)
	case len(f.physicalName) > maxFunctionName:
		c.addf(property, "the function would be called %q: AWS allows %d characters, not %d: shorten Name, or the component's, the stack's or the project's name",
			f.physicalName, maxFunctionName, len(f.physicalName))
	case len(f.logicalName)+autoNameSuffix > maxRoleName:
		c.addf(property, "the function's role would be called %q and %d characters more: AWS allows %d: shorten Name or the component's name",
			f.logicalName, autoNameSuffix, maxRoleName)
	}
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
	case slices.Contains(ownVariables, name):
		c.addf(property, "is the component's own")
	case value == nil:
		c.addf(property, "has no value")
	}
}

// checkEnvironmentSize measures the function's variables as Lambda does, which
// takes their JSON text. What is not known before deployment counts as empty.
func (c *checker) checkEnvironmentSize(f *functionPlan) {
	known := map[string]string{}
	for name, value := range f.environment {
		plain, _ := value.(pulumi.String)
		known[name] = string(plain)
	}
	for variable, table := range c.plan.tableNames(f) {
		known[variable] = table + strings.Repeat("x", autoNameSuffix)
	}
	size := jsonSize(known)
	_, hasPermissions := f.environment[contract.EnvRoutePermissions]
	switch {
	case size <= maxEnvironment:
	case hasPermissions:
		c.addf(f.property, "the environment variables would have %d bytes as JSON, %d of them for %s: Lambda allows %d: give the routes fewer or shorter Permissions, or divide them between two components",
			size, jsonSize(known[contract.EnvRoutePermissions]), contract.EnvRoutePermissions, maxEnvironment)
	default:
		c.addf(f.property, "the environment variables would have %d bytes as JSON: Lambda allows %d: keep large values in SSM or in the code", size, maxEnvironment)
	}
}

// jsonSize returns the length of a value's JSON text.
func jsonSize(value any) int {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return 0 // strings and maps of them have JSON
	}
	return len(bytes.TrimSpace(text.Bytes()))
}

func (c *checker) checkTableAccess(property string, args FunctionArgs) {
	c.checkActions(property+".TableActions", args.TableActions, tableActions)
	for _, index := range slices.Sorted(maps.Keys(args.IndexActions)) {
		path := fmt.Sprintf("%s.IndexActions[%q]", property, index)
		if c.plan.table != nil {
			if _, ok := c.plan.table.GlobalSecondaryIndexes[index]; !ok {
				c.addf(path, "Table has no index of this name")
			}
		}
		if len(args.IndexActions[index]) == 0 {
			c.addf(path, "lists no action")
		}
		c.checkActions(path, args.IndexActions[index], indexActions)
	}
	if args.usesTable() && c.plan.table == nil {
		c.addf(property, "has TableActions or IndexActions, but there is no Table")
	}
}

func (c *checker) checkActions(property string, actions, allowed []string) {
	for i, action := range actions {
		switch {
		case !slices.Contains(allowed, action):
			c.addf(property, "%q is not one of %s", action, strings.Join(allowed, ", "))
		case slices.Contains(actions[:i], action):
			c.addf(property, "%q occurs twice", action)
		}
	}
}

// differences returns the names of the fields in which two functions differ.
func differences(a, b FunctionArgs) []string {
	var fields []string
	for _, field := range []struct {
		name string
		same bool
	}{
		{"Name", a.Name == b.Name},
		{"MemorySize", a.MemorySize == b.MemorySize},
		{"Timeout", a.Timeout == b.Timeout},
		{"Environment", maps.EqualFunc(a.Environment, b.Environment, sameInput)},
		{"TableActions", slices.Equal(a.TableActions, b.TableActions)},
		{"IndexActions", maps.EqualFunc(a.IndexActions, b.IndexActions, slices.Equal[[]string])},
	} {
		if !field.same {
			fields = append(fields, field.name)
		}
	}
	return fields
}

// sameInput reports whether two inputs are the same plain value, or the same
// output. What an output will hold cannot be compared before it is known.
func sameInput(a, b pulumi.StringInput) bool {
	return reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}
