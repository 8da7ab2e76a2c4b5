package components

import (
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// VpcArgs connect a function to a VPC: it reaches what is in there, and the internet
// only through a NAT gateway of the VPC. Its calls to AWS (SSM, DynamoDB, logs apart)
// go the same way, or through VPC endpoints.
//
// The function's role gets the permissions on network interfaces that Lambda needs
// to connect it, and is denied to use them itself (Lambda developer guide, "Giving
// Lambda functions access to resources in an Amazon VPC").
type VpcArgs struct {
	// SubnetIds are the ids of 1 to 16 subnets of one VPC.
	SubnetIds []pulumi.StringInput
	// SecurityGroupIds are the ids of 1 to 5 security groups of that VPC.
	SecurityGroupIds []pulumi.StringInput
}

// connects reports whether the function is in a VPC.
func (v *VpcArgs) connects() bool { return v != nil && len(v.SubnetIds) > 0 }

// Lambda API reference, VpcConfig.
const maxSubnets, maxSecurityGroups = 16, 5

var (
	subnetId        = regexp.MustCompile(`^subnet-[0-9a-z]+$`)
	securityGroupId = regexp.MustCompile(`^sg-[0-9a-zA-Z]+$`)
)

func (c *checker) checkVpc(property string, vpc *VpcArgs) {
	if vpc == nil {
		return
	}
	for _, list := range []struct {
		name, other, what string
		ids, others       []pulumi.StringInput
		max               int
		grammar           *regexp.Regexp
	}{
		{"SubnetIds", "SecurityGroupIds", "subnet", vpc.SubnetIds, vpc.SecurityGroupIds, maxSubnets, subnetId},
		{"SecurityGroupIds", "SubnetIds", "security group", vpc.SecurityGroupIds, vpc.SubnetIds, maxSecurityGroups, securityGroupId},
	} {
		path := property + "." + list.name
		if len(list.ids) == 0 && len(list.others) > 0 {
			c.addf(path, "at least one is required with %s", list.other)
		}
		if len(list.ids) > list.max {
			c.addf(path, "%d are too many: Lambda allows a function %d", len(list.ids), list.max)
		}
		for i, id := range list.ids {
			c.add(fmt.Sprintf("%s[%d]", path, i), plainly(id, func(id string) error {
				if !list.grammar.MatchString(id) {
					return fmt.Errorf("%q is not the id of a %s", id, list.what)
				}
				return nil
			}))
		}
	}
}

// vpcActions are what Lambda needs to connect a function (Lambda developer guide,
// "Giving Lambda functions access to resources in an Amazon VPC"). Those that
// describe work on all resources only.
var vpcActions = []string{
	"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces",
	"ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
}

// vpcStatements allow them to Lambda and deny them to the function's code, whose
// calls alone have the condition key (Lambda developer guide, "Working with source
// function ARN to control function access behavior").
func vpcStatements() []statement {
	return []statement{
		{Effect: "Allow", Action: vpcActions, Resource: []string{"*"}},
		{Effect: "Deny", Action: vpcActions, Resource: []string{"*"},
			Condition: map[string]map[string][]string{"Null": {"lambda:SourceFunctionArn": {"false"}}}},
	}
}
