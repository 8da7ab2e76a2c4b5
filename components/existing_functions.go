package components

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// made reports whether the component makes the function, which is not somebody
// else's, given by its ARN.
func (f *functionPlan) made() bool { return f.args.Arn == nil }

// functionArn is the ARN of a function and its parts.
type functionArn struct {
	partition, region, name string
	// function is the ARN without the qualifier, which is a version or an alias, and
	// may be empty.
	function, qualifier string
}

// functionArnGrammar is that of Lambda (API reference, AddPermission).
var functionArnGrammar = regexp.MustCompile(`^(arn:(aws[a-z-]*):lambda:([a-z]{2}(?:-[a-z]+)+-\d):\d{12}:function:([A-Za-z0-9_-]{1,64}))(?::(\$LATEST|[A-Za-z0-9_-]{1,128}))?$`)

func parseFunctionArn(arn string) (functionArn, error) {
	match := functionArnGrammar.FindStringSubmatch(arn)
	if match == nil {
		return functionArn{}, fmt.Errorf("%q is not the ARN of a function, arn:aws:lambda:{region}:{account of 12 digits}:function:{name}, with :{version or alias} at its end where that is meant", arn)
	}
	if match[5] == "$LATEST" {
		return functionArn{}, fmt.Errorf("%q ends with $LATEST, for which Lambda grants no permission: leave it out", arn)
	}
	return functionArn{function: match[1], partition: match[2], region: match[3], name: match[4], qualifier: match[5]}, nil
}

// checkExisting refuses what can be said only of a function that the component
// makes.
func (c *checker) checkExisting(property string, args FunctionArgs) {
	c.add(property+".Arn", plainly(args.Arn, func(arn string) error {
		_, err := parseFunctionArn(arn)
		return err
	}))
	fields := reflect.ValueOf(args)
	for i := range fields.NumField() {
		name := fields.Type().Field(i).Name
		switch {
		case name == "Arn" || name == "Name" || fields.Field(i).IsZero():
		case name == "Package" || name == "Code":
			c.addf(property+"."+name, "is not possible with Arn, which is another function: leave out one of them")
		default:
			c.addf(property+"."+name, "is not possible with Arn: the component does not make that function, whose owner sets this: leave it out")
		}
	}
}

// checkExistingAuthorizer refuses what an authorizer that the component does not
// make could neither be told nor be allowed.
func (c *checker) checkExistingAuthorizer(a *authorizerPlan) {
	args := a.args
	for _, field := range []struct {
		name  string
		given bool
		cure  string
	}{
		{"SecretPath", args.SecretPath != nil, "have its owner allow its role to read the secret and set the variable"},
		{"Secrets", args.Secrets != nil, "have its owner allow its role to read the secrets and set the variables"},
		{"ApiKeys", args.ApiKeys != nil, "have its owner make the tables and allow its role to use them"},
		{"ReplayProtection", args.ReplayProtection, "have its owner make the state table and allow its role to use it"},
		{"Revocation", args.Revocation != nil, "have its owner make the table and allow its role to read it"},
	} {
		if field.given {
			c.addf(a.property+"."+field.name, "is not possible with Function.Arn, since the component does not make that function: %s", field.cure)
		}
	}
	for _, f := range c.plan.functions {
		if f != a.function && sameInput(f.args.Arn, args.Function.Arn) {
			c.addf(a.property+".Function.Arn", "is the function of %s too: an authorizer's function is nobody else's, since it knows one TTL and one list of identity sources: give one of them another", f.property)
		}
	}
	for _, r := range a.routes {
		if len(r.permissions) > 0 {
			c.addf(fmt.Sprintf("Routes[%q].Permissions", r.key), "cannot be told to %s.Function.Arn, since the component does not make that function: have the route's function check them", a.property)
		}
	}
}

// plainly checks a value that is known before the deployment.
func plainly(input pulumi.StringInput, check func(string) error) error {
	if plain, ok := input.(pulumi.String); ok {
		return check(string(plain))
	}
	if input == nil {
		return errors.New("has no value")
	}
	return nil
}

// invokeArn is how API Gateway names the function (API Gateway developer guide,
// "Create AWS Lambda proxy integrations for HTTP APIs").
func (c *ProtectedHttpApi) invokeArn(f *functionPlan) pulumi.StringOutput {
	if f.made() {
		return c.Functions[f.args.Name].InvokeArn
	}
	return f.existing(func(arn functionArn) string {
		target := arn.function
		if arn.qualifier != "" {
			target += ":" + arn.qualifier
		}
		return fmt.Sprintf("arn:%s:apigateway:%s:lambda:path/2015-03-31/functions/%s/invocations", arn.partition, arn.region, target)
	})
}

// functionName is the function's name on AWS.
func (c *ProtectedHttpApi) functionName(f *functionPlan) pulumi.StringOutput {
	if f.made() {
		return c.Functions[f.args.Name].Name
	}
	return f.existing(func(arn functionArn) string { return arn.name })
}

// invoked is what a permission to invoke names: the function, and its version or
// alias.
func (c *ProtectedHttpApi) invoked(f *functionPlan) (pulumi.StringOutput, pulumi.StringPtrInput) {
	if f.made() {
		return c.functionName(f), nil
	}
	function := f.existing(func(arn functionArn) string { return arn.function })
	if plain, ok := f.args.Arn.(pulumi.String); ok {
		arn, _ := parseFunctionArn(string(plain)) // it was checked
		return function, optional(arn.qualifier)
	}
	return function, f.args.Arn.ToStringOutput().ApplyT(func(text string) (*string, error) {
		arn, err := parseFunctionArn(text)
		if err != nil || arn.qualifier == "" {
			return nil, err
		}
		return &arn.qualifier, nil
	}).(pulumi.StringPtrOutput)
}

// existing returns something about the function's ARN.
func (f *functionPlan) existing(of func(functionArn) string) pulumi.StringOutput {
	return f.args.Arn.ToStringOutput().ApplyT(func(text string) (string, error) {
		arn, err := parseFunctionArn(text)
		if err != nil {
			return "", fmt.Errorf("%s.Arn: %w", f.property, err)
		}
		return of(arn), nil
	}).(pulumi.StringOutput)
}
