package local

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/cleartext"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
)

// EndpointVariables are the environment variables with the access key and the secret
// key of a service's emulator.
func EndpointVariables(service string) []string {
	prefix := "LOCAL_ENDPOINT_" + strings.ToUpper(strings.ReplaceAll(service, "-", "_"))
	return []string{prefix + "_ACCESS_KEY_ID", prefix + "_SECRET_ACCESS_KEY"}
}

// signingNames are names under which services are known that sign by another one.
var signingNames = map[string]string{
	"cloudwatch": "monitoring", "eventbridge": "events", "ses": "email", "sesv2": "email", "sfn": "states", "stepfunctions": "states",
}

var serviceNames = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// emulators reads the options' endpoints.
func emulators(endpoints map[string]string, getenv func(string) string) (endpoint.Emulators, error) {
	all := endpoint.Emulators{}
	for _, service := range slices.Sorted(maps.Keys(endpoints)) {
		wrong := func(format string, args ...any) (endpoint.Emulators, error) {
			return nil, fmt.Errorf("the endpoint of %q: "+format, append([]any{service}, args...)...)
		}
		address, err := url.Parse(endpoints[service])
		switch {
		case !serviceNames.MatchString(service):
			return wrong("it is no name by which requests are signed, such as s3 or sqs")
		case signingNames[service] != "":
			return wrong("its requests are signed as %s: use %s", signingNames[service], signingNames[service])
		case err != nil, address.Host == "", address.Scheme != "http" && address.Scheme != "https":
			return wrong("it is no http or https URL such as http://127.0.0.1:9000")
		case address.User != nil, address.RawQuery != "", address.Fragment != "":
			return wrong("the URL may have no credentials, query or fragment: the credentials are read from %s", strings.Join(EndpointVariables(service), " and "))
		}
		if err := cleartext.Check(address); err != nil {
			return wrong("%w", err)
		}
		e := endpoint.Emulator{URL: address, AccessKeyID: getenv(EndpointVariables(service)[0]), SecretAccessKey: getenv(EndpointVariables(service)[1])}
		if (e.AccessKeyID == "") != (e.SecretAccessKey == "") {
			return wrong("only one of %s is set: set both or none", strings.Join(EndpointVariables(service), " and "))
		}
		all[service] = e
	}
	return all, nil
}
