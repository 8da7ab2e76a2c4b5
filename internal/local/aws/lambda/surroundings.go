package lambda

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

// What surrounds a function on AWS and has no effect here: it is checked as AWS
// checks it, kept and shown, and the console says once of each that it has none.

// VPCConfig is the network that a function is connected to.
type VPCConfig struct {
	SubnetIDs, SecurityGroupIDs []string
	IPv6AllowedForDualStack     bool
}

// Modes of tracing.
const (
	tracingActive = "Active"
	tracingPass   = "PassThrough"
)

// Limits of the Lambda API (API reference, CreateFunction, VpcConfig and
// EphemeralStorage; developer guide, gettingstarted-limits).
const (
	maxLayers         = 5
	maxSubnets        = 16
	maxSecurityGroups = 5
	minStorage        = 512 // MB
	maxStorage        = 10240
)

var (
	layerVersionARN  = regexp.MustCompile(`^arn:aws[a-zA-Z-]*:lambda:([a-z0-9-]+):\d{12}:(layer:[a-zA-Z0-9-_]+):[0-9]+$`)
	subnetID         = regexp.MustCompile(`^subnet-[0-9a-z]*$`)
	securityGroupID  = regexp.MustCompile(`^sg-[0-9a-zA-Z]*$`)
	deadLetterTarget = regexp.MustCompile(`^arn:aws[a-zA-Z-]*:(sqs|sns):[a-z0-9-]+:\d{12}:[^:]+$`)
	kmsKeyARN        = regexp.MustCompile(`^arn:aws[a-zA-Z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/.+$`)
)

// validateSurroundings checks what can be known without the function's role.
func validateSurroundings(f Function) error {
	if err := validateLayers(f.Layers); err != nil {
		return err
	}
	if err := validateVPC(f.VPC); err != nil {
		return err
	}
	const atMost, atLeast = "Member must have value less than or equal to %d", "Member must have value greater than or equal to %d"
	switch {
	case f.TracingMode != tracingActive && f.TracingMode != tracingPass:
		return constraint("tracingConfig.mode", f.TracingMode, "Member must satisfy enum value set: [Active, PassThrough]", "")
	case f.EphemeralStorage < minStorage:
		return constraint("ephemeralStorage.size", f.EphemeralStorage, fmt.Sprintf(atLeast, minStorage), "")
	case f.EphemeralStorage > maxStorage:
		return constraint("ephemeralStorage.size", f.EphemeralStorage, fmt.Sprintf(atMost, maxStorage), "")
	case f.DeadLetterTarget != "" && !deadLetterTarget.MatchString(f.DeadLetterTarget):
		return invalidParameter("give the ARN of a queue of SQS or of a topic of SNS", "Invalid dead letter ARN: %s", f.DeadLetterTarget)
	case strings.HasSuffix(f.DeadLetterTarget, ".fifo"):
		return invalidParameter("give a standard queue or topic (developer guide, invocation-async-retain-records)",
			"Invalid dead letter ARN: %s is a FIFO queue or topic", f.DeadLetterTarget)
	case f.KMSKeyARN != "" && !kmsKeyARN.MatchString(f.KMSKeyARN):
		return constraint("kMSKeyArn", f.KMSKeyARN, `Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()`, "give the ARN of a KMS key")
	}
	return nil
}

func validateLayers(layers []string) error {
	if len(layers) > maxLayers {
		return invalidParameter("merge layers", "Layers quota: cannot reference more than %d layers, and there are %d.", maxLayers, len(layers))
	}
	seen := map[string]bool{}
	for _, arn := range layers {
		m := layerVersionARN.FindStringSubmatch(arn)
		if m == nil {
			return constraint("layers", arn, `Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+`,
				"give the ARN of a layer's version, with its number at the end")
		}
		layer := arn[:strings.LastIndex(arn, ":")]
		if seen[layer] {
			return invalidParameter("leave one of the versions out", "Two different versions of the same layer are not allowed to be referenced in the same function: %s", layer)
		}
		seen[layer] = true
	}
	return nil
}

func validateVPC(vpc *VPCConfig) error {
	if vpc == nil {
		return nil
	}
	const length = "Member must have length less than or equal to %d"
	switch {
	case (len(vpc.SubnetIDs) == 0) != (len(vpc.SecurityGroupIDs) == 0):
		return invalidParameter("give subnets and security groups, or neither", "SubnetIds and SecurityIds must coexist or be both empty list.")
	case len(vpc.SubnetIDs) > maxSubnets:
		return constraint("vpcConfig.subnetIds", vpc.SubnetIDs, fmt.Sprintf(length, maxSubnets), "")
	case len(vpc.SecurityGroupIDs) > maxSecurityGroups:
		return constraint("vpcConfig.securityGroupIds", vpc.SecurityGroupIDs, fmt.Sprintf(length, maxSecurityGroups), "")
	}
	for _, id := range vpc.SubnetIDs {
		if !subnetID.MatchString(id) {
			return constraint("vpcConfig.subnetIds", id, "Member must satisfy regular expression pattern: "+strings.Trim(subnetID.String(), "^$"), "give the id of a subnet")
		}
	}
	for _, id := range vpc.SecurityGroupIDs {
		if !securityGroupID.MatchString(id) {
			return constraint("vpcConfig.securityGroupIds", id, "Member must satisfy regular expression pattern: "+strings.Trim(securityGroupID.String(), "^$"), "give the id of a security group")
		}
	}
	return nil
}

// theVPC stands for the VPC of all subnets, which nobody here knows.
const theVPC = "vpc-00000000000000000"

// VPCID is the VPC of the function's subnets; empty where it is in none.
func (f Function) VPCID() string {
	if !f.connected() {
		return ""
	}
	return theVPC
}

// xrayDaemon is where AWS's daemon for traces listens, on AWS. Here nobody does.
const xrayDaemon = "169.254.100.1:2000"

// traceID is an invocation's trace header: with active tracing it is sampled, which
// AWS does for the first one of a second and 5 % of the others.
func traceID(active bool) string {
	sampled := 0
	if active {
		sampled = 1
	}
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=%d", time.Now().Unix(), randomHex(12), randomHex(8), sampled)
}

// connected is whether the function is in a VPC.
func (f Function) connected() bool { return f.VPC != nil && len(f.VPC.SubnetIDs) > 0 }

// validateRegion refuses layers of another Region.
func (s *Service) validateRegion(f Function) error {
	for _, arn := range f.Layers {
		if region := layerVersionARN.FindStringSubmatch(arn)[1]; region != s.account.Region {
			return invalidParameter("publish the layer in "+s.account.Region,
				"Layers are not in the same region as the function. Layers are expected to be in region %s.", s.account.Region)
		}
	}
	return nil
}

// need is a permission of the execution role that AWS looks for when a function
// is created or configured.
type need struct{ action, resource, service string }

func (f Function) needs() []need {
	var needs []need
	if f.TracingMode == tracingActive {
		needs = append(needs, need{"xray:PutTraceSegments", "*", "XRAY"})
	}
	if f.connected() {
		for _, action := range []string{"CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface"} {
			needs = append(needs, need{"ec2:" + action, "*", "EC2"})
		}
	}
	if m := deadLetterTarget.FindStringSubmatch(f.DeadLetterTarget); m != nil {
		action := map[string]string{"sqs": "SendMessage", "sns": "Publish"}[m[1]]
		needs = append(needs, need{m[1] + ":" + action, f.DeadLetterTarget, strings.ToUpper(m[1])})
	}
	return needs
}

// validatePermissions asks for what the function's role has to allow. The words are
// AWS's own: elastic/beats issue 13963 quotes those of a queue.
func (s *Service) validatePermissions(f Function, role iam.Identity) error {
	for _, n := range f.needs() {
		if err := s.iam.Authorize(role, n.action, n.resource); err != nil {
			_, call, _ := strings.Cut(n.action, ":")
			return invalidParameter(
				fmt.Sprintf("allow %s on %s in a policy of the role %q, and make the function depend on that policy", n.action, n.resource, role.Role),
				"The provided execution role does not have permissions to call %s on %s", call, n.service)
		}
	}
	return nil
}

// sayWithoutEffect tells the console once of each setting that it has no effect.
func (s *Service) sayWithoutEffect(f Function) {
	said := func(given bool, what, instead string) {
		if !given {
			return
		}
		s.mu.Lock()
		told := slices.Contains(s.told, what)
		if !told {
			s.told = append(s.told, what)
		}
		s.mu.Unlock()
		if !told {
			s.console.Printf("%s of the function %q and others: kept, without effect here: %s", what, f.Name, instead)
		}
	}
	said(len(f.Layers) > 0, "layers", "nothing is unpacked to /opt, so that a program or extension of a layer is not there")
	said(f.connected(), "the VPC", "the function has this machine's network")
	said(f.TracingMode == tracingActive, "tracing", "traces are sampled and go nowhere")
	said(f.EphemeralStorage != minStorage, "ephemeral storage", "the temporary folder has no limit")
	said(f.DeadLetterTarget != "", "the dead-letter target", "there are no asynchronous invocations")
	said(f.KMSKeyARN != "", "the KMS key", "the environment is kept in memory, in clear")
}
