package components

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// checkCode returns an output that resolves when AWS has the code of every
// function that the component makes, and fails otherwise.
//
// The AWS provider does not see to that. It writes down the new code's hash
// though the upload failed or was interrupted, and then finds nothing left to do
// (terraform-provider-aws issues 42695 and 42826). It does not compare the hash
// that AWS has, not even in a refresh (issue 41092). And of an archive it uploads
// what lies in the temporary folder under a name that follows from the archive's
// hash, whoever put it there. Lambda itself says by CodeSha256 what it has.
//
// A preview says nothing of it: there the provider still shows the old hash.
func (c *ProtectedHttpApi) checkCode(ctx *pulumi.Context, p *plan) pulumi.Output {
	if ctx.DryRun() {
		return pulumi.ToOutput(true)
	}
	checks := make([]any, 0, len(p.functions))
	for _, f := range p.functions {
		if !f.made() {
			continue
		}
		checks = append(checks, codeProblem(c.Functions[f.args.Name], f.archive.Path))
	}
	return pulumi.All(checks...).ApplyT(func(problems []any) (bool, error) {
		var errs []error
		for _, problem := range problems {
			if text := problem.(string); text != "" {
				errs = append(errs, errors.New(text))
			}
		}
		return true, errors.Join(errs...)
	})
}

// codeProblem says what is wrong with a function's code, or nothing. The hash is
// compared with the one that was given to AWS's provider, which is the archive's
// unless the program has changed the function's arguments by a transformation.
func codeProblem(function *lambda.Function, archive string) pulumi.StringOutput {
	return pulumi.All(function.Name, function.Arn, function.SourceCodeHash, function.CodeSha256).ApplyT(func(values []any) string {
		name, arn, want, has := values[0].(string), values[1].(string), values[2].(string), values[3].(string)
		if want == "" || has == want { // without a hash there is nothing to compare
			return ""
		}
		option := ""
		if _, region, _, err := location(arn); err == nil && region != "" {
			option = " --region " + region
		}
		return fmt.Sprintf("the function %q does not run its code of this deployment: the SHA-256 hash of the code that AWS has is %s, of %s it is %s. "+
			"An upload failed or was interrupted, or somebody changed the code; Pulumi has recorded the new hash and uploads nothing. "+
			"Run this, and then pulumi up --refresh: aws lambda update-function-code%s --function-name %s --zip-file 'fileb://%s'",
			name, has, archive, want, option, name, archive)
	}).(pulumi.StringOutput)
}

// after returns an output that resolves to what output does, once the condition
// has been met.
func after(condition pulumi.Output, output pulumi.StringOutput) pulumi.StringOutput {
	return pulumi.All(condition, output).ApplyT(func(values []any) string { return values[1].(string) }).(pulumi.StringOutput)
}

// afterMap is after for a map.
func afterMap(condition pulumi.Output, output pulumi.StringMapOutput) pulumi.StringMapOutput {
	return pulumi.All(condition, output).ApplyT(func(values []any) map[string]string { return values[1].(map[string]string) }).(pulumi.StringMapOutput)
}
