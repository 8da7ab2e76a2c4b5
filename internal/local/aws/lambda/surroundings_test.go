package lambda

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

const (
	layer = "arn:aws:lambda:eu-central-1:000000000000:layer:tools"
	queue = "arn:aws:sqs:eu-central-1:000000000000:failed"
)

func TestSurroundingsAreChecked(t *testing.T) {
	t.Parallel()
	const (
		model   = "ValidationException: 1 validation error detected: Value "
		invalid = "InvalidParameterValueException: "
	)
	subnets := func(n int) (ids []string) {
		for i := range n {
			ids = append(ids, fmt.Sprintf("subnet-%d", i))
		}
		return ids
	}
	tests := []struct {
		name   string
		change func(*Function)
		want   string
	}{
		{"layers", func(f *Function) {
			for i := range 6 {
				f.Layers = append(f.Layers, fmt.Sprintf("%s%d:1", layer, i))
			}
		}, invalid + "Layers quota: cannot reference more than 5 layers, and there are 6.; cure: merge layers"},
		{"layer twice", func(f *Function) { f.Layers = []string{layer + ":1", layer + ":2"} }, invalid + "Two different versions of the same layer are not allowed to be referenced in the same function: " + layer + "; cure: leave one of the versions out"},
		{"layer of another Region", func(f *Function) { f.Layers = []string{strings.Replace(layer, "eu-central-1", "us-east-1", 1) + ":1"} }, invalid + "Layers are not in the same region as the function. Layers are expected to be in region eu-central-1.; cure: publish the layer in eu-central-1"},
		{"subnet", func(f *Function) { f.VPC = &VPCConfig{SubnetIDs: []string{"a"}, SecurityGroupIDs: []string{"sg-a"}} }, model + "'a' at 'vpcConfig.subnetIds' failed to satisfy constraint: Member must satisfy regular expression pattern: subnet-[0-9a-z]*; cure: give the id of a subnet"},
		{"security group", func(f *Function) { f.VPC = &VPCConfig{SubnetIDs: subnets(1), SecurityGroupIDs: []string{"a"}} }, model + "'a' at 'vpcConfig.securityGroupIds' failed to satisfy constraint: Member must satisfy regular expression pattern: sg-[0-9a-zA-Z]*; cure: give the id of a security group"},
		{"subnets alone", func(f *Function) { f.VPC = &VPCConfig{SubnetIDs: subnets(1)} }, invalid + "SubnetIds and SecurityIds must coexist or be both empty list.; cure: give subnets and security groups, or neither"},
		{"many subnets", func(f *Function) { f.VPC = &VPCConfig{SubnetIDs: subnets(17), SecurityGroupIDs: []string{"sg-a"}} }, model + "'" + fmt.Sprint(subnets(17)) + "' at 'vpcConfig.subnetIds' failed to satisfy constraint: Member must have length less than or equal to 16"},
		{"tracing", func(f *Function) { f.TracingMode = "On" }, model + "'On' at 'tracingConfig.mode' failed to satisfy constraint: Member must satisfy enum value set: [Active, PassThrough]"},
		{"little storage", func(f *Function) { f.EphemeralStorage = 511 }, model + "'511' at 'ephemeralStorage.size' failed to satisfy constraint: Member must have value greater than or equal to 512"},
		{"much storage", func(f *Function) { f.EphemeralStorage = 10241 }, model + "'10241' at 'ephemeralStorage.size' failed to satisfy constraint: Member must have value less than or equal to 10240"},
		{"dead letters to a bucket", func(f *Function) { f.DeadLetterTarget = "arn:aws:s3:::bucket" }, invalid + "Invalid dead letter ARN: arn:aws:s3:::bucket; cure: give the ARN of a queue of SQS or of a topic of SNS"},
		{"dead letters in order", func(f *Function) { f.DeadLetterTarget = queue + ".fifo" }, invalid + "Invalid dead letter ARN: " + queue + ".fifo is a FIFO queue or topic; cure: give a standard queue or topic (developer guide, invocation-async-retain-records)"},
		{"KMS key", func(f *Function) { f.KMSKeyARN = "alias/mine" }, model + `'alias/mine' at 'kMSKeyArn' failed to satisfy constraint: Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|(); cure: give the ARN of a KMS key`},
	}
	f := newFixture(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fn := f.function(func(fn *Function) { fn.Name, fn.Code = "other", script(t, "#!/bin/sh\n") }, tt.change)
			if _, err := f.CreateFunction(t.Context(), fn); err == nil || awserr.Explain(err).Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

// AWS creates no function whose role could not do what the configuration asks of it.
func TestSurroundingsNeedPermissions(t *testing.T) {
	t.Parallel()
	vpc := func(f *Function) {
		f.VPC = &VPCConfig{SubnetIDs: []string{"subnet-a"}, SecurityGroupIDs: []string{"sg-a"}}
	}
	tests := []struct {
		denied string
		change func(*Function)
		want   string
	}{
		{"xray:PutTraceSegments", func(f *Function) { f.TracingMode = "Active" }, "PutTraceSegments on XRAY; cure: allow xray:PutTraceSegments on *"},
		{"ec2:CreateNetworkInterface", vpc, "CreateNetworkInterface on EC2; cure: allow ec2:CreateNetworkInterface on *"},
		{"ec2:DescribeNetworkInterfaces", vpc, "DescribeNetworkInterfaces on EC2; cure: allow ec2:DescribeNetworkInterfaces on *"},
		{"ec2:DeleteNetworkInterface", vpc, "DeleteNetworkInterface on EC2; cure: allow ec2:DeleteNetworkInterface on *"},
		{"sqs:SendMessage", func(f *Function) { f.DeadLetterTarget = queue }, "SendMessage on SQS; cure: allow sqs:SendMessage on " + queue},
		{"sns:Publish", func(f *Function) { f.DeadLetterTarget = strings.Replace(queue, "sqs", "sns", 1) }, "Publish on SNS; cure: allow sns:Publish on " + strings.Replace(queue, "sqs", "sns", 1)},
	}
	for _, tt := range tests {
		t.Run(tt.denied, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.create()
			f.roles.set(func(r *roles) { r.denied = map[string]bool{tt.denied: true} })
			want := "InvalidParameterValueException: The provided execution role does not have permissions to call " + tt.want +
				` in a policy of the role "fn-role", and make the function depend on that policy`
			fn := f.function(func(fn *Function) { fn.Name, fn.Code = "other", script(t, "#!/bin/sh\n") }, tt.change)
			if _, err := f.CreateFunction(t.Context(), fn); err == nil || awserr.Explain(err).Error() != want {
				t.Errorf("creation: %v\nwant %s", err, want)
			}
			fn.Name = "fn"
			if _, err := f.UpdateFunctionConfiguration(fn); err == nil || awserr.Explain(err).Error() != want {
				t.Errorf("update: %v\nwant %s", err, want)
			}
		})
	}
}

// The settings are kept, shown, and named on the console, each once.
func TestSurroundingsAreKept(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, name := range []string{"fn", "second"} {
		f.create(func(fn *Function) {
			fn.Name, fn.TracingMode, fn.EphemeralStorage, fn.DeadLetterTarget = name, "Active", 1024, queue
			fn.Layers, fn.VPC = []string{layer + ":1"}, &VPCConfig{SubnetIDs: []string{"subnet-a"}, SecurityGroupIDs: []string{"sg-a"}}
			fn.KMSKeyARN = "arn:aws:kms:eu-central-1:000000000000:key/k"
		})
	}
	for _, what := range []string{"layers", "the VPC", "tracing", "ephemeral storage", "the dead-letter target", "the KMS key"} {
		if n := strings.Count(f.console.String(), " "+what+` of the function "fn" and others: kept, without effect here`); n != 1 {
			t.Errorf("%s: named %d times", what, n)
		}
	}
	if strings.Contains(f.console.String(), `"second" and others`) {
		t.Errorf("the second function's settings are named: %s", f.console)
	}
	vars := decode[seen](t, f.invoke(`{"mode":"environment"}`)).variables()
	if trace := vars["_X_AMZN_TRACE_ID"]; !strings.HasSuffix(trace, ";Sampled=1") || vars["AWS_XRAY_CONTEXT_MISSING"] != "LOG_ERROR" {
		t.Errorf("the trace is %q, the variables %v", trace, vars)
	}
	info, _ := f.Function("fn")
	c := configuration(info)
	got := fmt.Sprint(c["Layers"], c["VpcConfig"], c["TracingConfig"], c["EphemeralStorage"], c["DeadLetterConfig"], c["KMSKeyArn"])
	for _, want := range []string{layer + ":1", "subnet-a", "vpc-", "Active", "1024", queue, "key/k"} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in %s", want, got)
		}
	}
	info.Layers[0], info.VPC.SubnetIDs[0] = "changed", "changed"
	if again, _ := f.Function("fn"); slices.Contains(again.Layers, "changed") || slices.Contains(again.VPC.SubnetIDs, "changed") {
		t.Error("a caller has changed what the service holds")
	}
}
