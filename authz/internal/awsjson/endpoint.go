package awsjson

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/protected-http-api/protected-http-api/authz"
)

// Environment variables that say where a service is, as AWS's SDKs have them (AWS
// SDKs and Tools Reference Guide, "Service-specific endpoints", "Dual-stack and
// FIPS endpoints").
const (
	envEndpoint   = "AWS_ENDPOINT_URL" // that of one service has "_SSM", "_SECRETS_MANAGER", "_DYNAMODB" behind it
	envIgnore     = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
	envFIPS       = "AWS_USE_FIPS_ENDPOINT"
	envDualStack  = "AWS_USE_DUALSTACK_ENDPOINT"
	regionLetters = "abcdefghijklmnopqrstuvwxyz0123456789-"
)

// target is where a call goes, and the Region to sign for.
type target struct{ endpoint, region string }

// target reads the variables of AWS's SDKs in their order.
func (c *Client) target() (target, error) {
	region := c.config.Getenv(envRegion)
	if region == "" || strings.Trim(region, regionLetters) != "" {
		return target{}, fmt.Errorf("%w: %s is %q, which is no AWS Region; Lambda sets it, elsewhere set it to the Region of the deployment", authz.ErrMisconfigured, envRegion, region)
	}
	fips, err := c.flag(envFIPS)
	if err != nil {
		return target{}, err
	}
	dualStack, err := c.flag(envDualStack)
	if err != nil {
		return target{}, err
	}
	own, err := c.ownEndpoint(fips, dualStack)
	if own != "" || err != nil {
		return target{own, region}, err
	}
	return target{"https://" + c.host(region, fips, dualStack), region}, nil
}

// flag reads a variable that is true, false or not there.
func (c *Client) flag(name string) (bool, error) {
	switch text := c.config.Getenv(name); strings.ToLower(text) {
	case "true":
		return true, nil
	case "", "false":
		return false, nil
	default:
		return false, fmt.Errorf("%w: %s is %q, neither true nor false", authz.ErrMisconfigured, name, text)
	}
}

// ownEndpoint returns the endpoint that a variable names, "" for none. As in AWS's
// SDKs, it goes with neither of the two settings: they are names of AWS's.
func (c *Client) ownEndpoint(fips, dualStack bool) (string, error) {
	ignore, err := c.flag(envIgnore)
	if ignore || err != nil {
		return "", err
	}
	service := strings.ToUpper(c.config.Service)
	if c.config.Service == "secretsmanager" {
		service = "SECRETS_MANAGER"
	}
	for _, name := range []string{envEndpoint + "_" + service, envEndpoint} {
		endpoint := c.config.Getenv(name)
		if endpoint == "" {
			continue
		}
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return "", fmt.Errorf("%w: %s is not an http or https URL", authz.ErrMisconfigured, name)
		}
		for setting, on := range map[string]bool{envFIPS: fips, envDualStack: dualStack} {
			if on {
				return "", fmt.Errorf("%w: both %s and %s are set; remove one of them", authz.ErrMisconfigured, name, setting)
			}
		}
		return endpoint, nil
	}
	return "", nil
}

// partition is one of AWS's, by the beginning of its Regions.
type partition struct{ prefix, domain, dualStack string }

// partitions are those of AWS's SDK for Go (partitions.json), from which the last
// is taken where no prefix fits. All of them have FIPS and dual-stack endpoints.
var partitions = []partition{
	{"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	{"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
	{"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
	{"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
	{"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
	{"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
	{"us-gov-", "amazonaws.com", "api.aws"},
	{"", "amazonaws.com", "api.aws"},
}

// host is the name of the service in a Region, by the rules that AWS publishes for
// Systems Manager, Secrets Manager and DynamoDB (endpoint rule sets of its SDKs): in
// AWS GovCloud (US) the usual names of the first and the last are those with FIPS.
func (c *Client) host(region string, fips, dualStack bool) string {
	var of partition
	for _, of = range partitions {
		if strings.HasPrefix(region, of.prefix) {
			break
		}
	}
	name, domain := c.config.Service, of.domain
	// There its usual names have both kinds of address.
	usual := name == "secretsmanager" && strings.HasPrefix(domain, "amazonaws.com") && (!fips || of.prefix != "cn-")
	if dualStack && !usual {
		domain = of.dualStack
	}
	if fips && (dualStack || of.prefix != "us-gov-" || usual) {
		name += "-fips"
	}
	return name + "." + region + "." + domain
}
