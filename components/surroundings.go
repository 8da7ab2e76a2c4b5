package components

import (
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Limits of what surrounds a function (Lambda developer guide, "Lambda quotas").
const (
	minStorage, maxStorage = 512, 10240
	defaultStorage         = 512
	maxLayers              = 5
)

// What Tracing may be.
const (
	tracingActive = "Active"
	tracingPass   = "PassThrough"
)

var (
	// layerArn matches a layer's version (Lambda API reference, CreateFunction).
	layerArn = regexp.MustCompile(`^(arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:layer:[A-Za-z0-9_-]+):[0-9]+$`)
	// policyArn matches a managed policy (IAM user guide, "IAM ARNs").
	policyArn     = regexp.MustCompile(`^arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[!-~]+$`)
	deadLetterArn = regexp.MustCompile(`^arn:aws[a-z-]*:(sqs|sns):[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+(\.fifo)?$`)
)

func (c *checker) checkLayers(property string, layers []pulumi.StringInput) {
	if len(layers) > maxLayers {
		c.addf(property, "%d are too many: Lambda allows a function %d layers: merge some", len(layers), maxLayers)
	}
	seen := map[string]bool{}
	for i, layer := range layers {
		element := fmt.Sprintf("%s[%d]", property, i)
		c.add(element, plainly(layer, func(arn string) error {
			match := layerArn.FindStringSubmatch(arn)
			switch {
			case match == nil:
				return fmt.Errorf("%q is not the ARN of a layer's version, arn:aws:lambda:{region}:{account}:layer:{name}:{version}", arn)
			case seen[match[1]]:
				return fmt.Errorf("%q is of a layer that is there already: Lambda takes one version of each", arn)
			}
			seen[match[1]] = true
			return nil
		}))
	}
}

func checkPolicyArn(arn string) error {
	if !policyArn.MatchString(arn) {
		return fmt.Errorf("%q is not the ARN of a policy, arn:aws:iam::{account}:policy/{name}", arn)
	}
	return nil
}

func checkDeadLetterArn(arn string) error {
	match := deadLetterArn.FindStringSubmatch(arn)
	switch {
	case match == nil:
		return fmt.Errorf("%q is not the ARN of a queue of SQS or a topic of SNS, arn:aws:sqs:{region}:{account}:{name}", arn)
	case match[2] != "":
		return fmt.Errorf("%q is FIFO: Lambda sends failed events to standard queues and topics only", arn)
	}
	return nil
}

// deadLetterAction is what a function's role has to be allowed.
func deadLetterAction(arn string) (string, error) {
	if err := checkDeadLetterArn(arn); err != nil {
		return "", fmt.Errorf("granting the dead-letter target: %w", err)
	}
	if deadLetterArn.FindStringSubmatch(arn)[1] == "sns" {
		return "sns:Publish", nil
	}
	return "sqs:SendMessage", nil
}
