package lambda

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// Limits of the Lambda API (API reference CreateFunction; developer guide
// gettingstarted-limits).
const (
	minMemory         = 128
	maxMemory         = 10240
	minTimeout        = time.Second
	maxTimeout        = 900 * time.Second
	maxNameLength     = 64
	maxEnvironment    = 4096 // bytes
	maxDescription    = 256
	minUnreserved     = 10 // what a new account must leave unreserved
	servicePrincipal  = "lambda.amazonaws.com"
	reservedKeyReason = "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: "
)

var (
	functionName = regexp.MustCompile(`^[a-zA-Z0-9\-_]+$`)
	roleARN      = regexp.MustCompile(`^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$`)
	variableName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)

	runtimes      = []string{"provided.al2023", "provided.al2"}
	architectures = []string{"x86_64", "arm64"}

	logGroupName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)

	// reservedVariables cannot be set by a function (Lambda developer guide,
	// configuration-envvars). PATH, LD_LIBRARY_PATH, LANG and TZ can.
	reservedVariables = []string{
		"_HANDLER", "_X_AMZN_TRACE_ID",
		"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
		"AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
		"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
		"AWS_LAMBDA_RUNTIME_API", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
	}
)

// Validate returns the function with its defaults filled in, or the error
// that CreateFunction would give it for what it is by itself: all but
// whether its role can be assumed, its name is free and its reservation leaves
// enough. Code is checked where there is some.
func Validate(f Function) (Function, error) { return validateFor(f, machine()) }

// ValidateForAWS is Validate for a function that is to run on AWS: its code is for what
// AWS runs, and not for this machine.
func ValidateForAWS(f Function) (Function, error) {
	return validateFor(f, onAWS(f))
}

func validateFor(f Function, machine platform) (Function, error) {
	f = f.withDefaults()
	for _, check := range []func(Function) error{validateModel, validateLogging, validateEnvironment, validateSurroundings} {
		if err := check(f); err != nil {
			return f, err
		}
	}
	if len(f.Code) == 0 {
		return f, nil
	}
	_, program, err := openArchive(f.Code)
	if err == nil {
		err = program.check(f.Architecture, machine)
	}
	return f, err
}

// validate checks everything but the code and the reservation.
func (s *Service) validate(f Function) error {
	for _, check := range []func(Function) error{validateModel, validateLogging, validateEnvironment, validateSurroundings, s.validateRegion, s.validateRole} {
		if err := check(f); err != nil {
			return err
		}
	}
	return nil
}

// validateModel checks what the API's model says of each member.
func validateModel(f Function) error {
	const atMost, atLeast = "Member must have value less than or equal to %d", "Member must have value greater than or equal to %d"
	switch {
	case !functionName.MatchString(f.Name):
		return constraint("functionName", f.Name, "Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+", "use letters, digits, - and _")
	case len(f.Name) > maxNameLength:
		return constraint("functionName", f.Name, fmt.Sprintf("Member must have length less than or equal to %d", maxNameLength), "shorten the name")
	case len(f.Description) > maxDescription:
		return constraint("description", f.Description, fmt.Sprintf("Member must have length less than or equal to %d", maxDescription), "shorten the description")
	case !slices.Contains(runtimes, f.Runtime):
		return invalidParameter("set the runtime provided.al2023: the local AWS runs a program called bootstrap, and no interpreter",
			"Value '%s' at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [%s] (the local AWS runs no other)", f.Runtime, strings.Join(runtimes, ", "))
	case f.Handler == "" || strings.ContainsAny(f.Handler, " \t\n\x00") || len(f.Handler) > 128:
		return constraint("handler", f.Handler, `Member must satisfy regular expression pattern: [^\s]+ with at most 128 characters`, "set the handler, by convention bootstrap")
	case !slices.Contains(architectures, f.Architecture):
		return constraint("architectures", "["+f.Architecture+"]", "Member must satisfy enum value set: ["+strings.Join(architectures, ", ")+"]", "")
	case f.MemorySize < minMemory:
		return constraint("memorySize", f.MemorySize, fmt.Sprintf(atLeast, minMemory), "")
	case f.MemorySize > maxMemory:
		return constraint("memorySize", f.MemorySize, fmt.Sprintf(atMost, maxMemory), "")
	case f.Timeout < minTimeout:
		return constraint("timeout", f.Timeout.Seconds(), fmt.Sprintf(atLeast, int(minTimeout.Seconds())), "")
	case f.Timeout > maxTimeout:
		return constraint("timeout", f.Timeout.Seconds(), fmt.Sprintf(atMost, int(maxTimeout.Seconds())), "")
	case f.Timeout%time.Second != 0:
		return constraint("timeout", f.Timeout.Seconds(), "Member must be an integer", "use whole seconds")
	case !roleARN.MatchString(f.RoleARN):
		return constraint("role", f.RoleARN, `Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`, "give the ARN of the role, not its name")
	}
	return validateReservation(f.ReservedConcurrency)
}

func validateReservation(reserved *int) error {
	if reserved != nil && *reserved < 0 {
		return constraint("reservedConcurrentExecutions", *reserved, "Member must have value greater than or equal to 0", "")
	}
	return nil
}

// validateLogging checks the logging configuration (API reference,
// LoggingConfig).
func validateLogging(f Function) error {
	enum := func(member, value string, allowed []string) error {
		if slices.Contains(allowed, value) {
			return nil
		}
		return constraint("loggingConfig."+member, value, "Member must satisfy enum value set: ["+strings.Join(allowed, ", ")+"]", "")
	}
	if !logGroupName.MatchString(f.LogGroup) {
		return constraint("loggingConfig.logGroup", f.LogGroup, `Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+ with at most 512 characters`, "")
	}
	if err := enum("logFormat", f.LogFormat, []string{formatJSON, formatText}); err != nil {
		return err
	}
	if f.LogFormat == formatText {
		if f.ApplicationLogLevel != "" || f.SystemLogLevel != "" {
			return invalidParameter("leave the levels out, or set the log format JSON",
				`LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request or change the LogFormat to "Json" and try again.`)
		}
		return nil
	}
	if err := enum("applicationLogLevel", f.ApplicationLogLevel, logLevels); err != nil {
		return err
	}
	return enum("systemLogLevel", f.SystemLogLevel, systemLogLevels)
}

// validateEnvironment never puts a variable's value into an error, since it
// may be a secret.
func validateEnvironment(f Function) error {
	var reserved []string
	for name, value := range f.Environment {
		switch {
		case slices.Contains(reservedVariables, name):
			reserved = append(reserved, name)
		case !variableName.MatchString(name):
			return constraint("environment.variables", name, "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]", "rename the variable")
		case strings.ContainsRune(value, 0):
			return invalidParameter("remove the NUL", "The value of the environment variable %s contains a NUL character", name)
		}
	}
	if len(reserved) > 0 {
		slices.Sort(reserved)
		return invalidParameter("Lambda sets these variables itself: rename yours", "%s%s", reservedKeyReason, strings.Join(reserved, ", "))
	}
	// AWS measures the JSON text of the variables.
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(f.Environment); err != nil {
		return fmt.Errorf("measuring the environment of the function %q: %w", f.Name, err)
	}
	if size := len(bytes.TrimSpace(text.Bytes())); size > maxEnvironment {
		return invalidParameter("keep large values in SSM or in the code",
			"Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit (%d bytes)", size)
	}
	return nil
}

// validateRole assumes the role once, as AWS does at creation, and asks for what it
// has to allow.
func (s *Service) validateRole(f Function) error {
	credentials, role, err := s.iam.AssumeRole(f.RoleARN, servicePrincipal, f.Name)
	if err != nil {
		return invalidParameter(roleCure(f.RoleARN, err), "The role defined for the function cannot be assumed by Lambda.")
	}
	defer s.iam.Revoke(credentials.AccessKeyID)
	return s.validatePermissions(f, role.OfService())
}

func roleCure(role string, err error) string {
	return fmt.Sprintf("create the role %s with a trust policy that allows sts:AssumeRole to the service %s (%s)", role, servicePrincipal, awserr.Message(err))
}

// checkReservation refuses a reservation that leaves too little to the other
// functions. The caller holds Service.mu.
func (s *Service) checkReservation(f Function) error {
	if f.ReservedConcurrency == nil || *f.ReservedConcurrency == 0 {
		return nil // no reservation, or a function that is switched off
	}
	others := 0
	for name, fn := range s.functions {
		if r := fn.reserved; name != f.Name && r != nil {
			others += *r
		}
	}
	if s.maxConcurrency-others-*f.ReservedConcurrency < minUnreserved {
		return invalidParameter(
			fmt.Sprintf("reserve at most %d; the local account's limit is %d invocations at once", max(0, s.maxConcurrency-others-minUnreserved), s.maxConcurrency),
			"Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", minUnreserved)
	}
	return nil
}

var (
	statementID   = regexp.MustCompile(`^[a-zA-Z0-9\-_]{1,100}$`)
	action        = regexp.MustCompile(`^(lambda:\*|lambda:[a-zA-Z]+|\*)$`)
	principal     = regexp.MustCompile(`^[^\s]+$`)
	sourceAccount = regexp.MustCompile(`^\d{12}$`)
	// sourceARN allows no wildcard in Region and account (API reference,
	// AddPermission).
	sourceARN = regexp.MustCompile(`^arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}(-gov)?(-iso[a-z]?)?-[a-z]+-\d{1})?:(\d{12})?:(.*)$`)
)

// ValidatePermission returns the error that AddPermission would give for the
// statement by itself: all but whether the function exists, the name is free
// and the policy becomes too large.
func ValidatePermission(p Permission) error {
	for _, member := range []struct {
		name, value string
		grammar     *regexp.Regexp
		optional    bool
	}{
		{"statementId", p.StatementID, statementID, false},
		{"action", p.Action, action, false},
		{"principal", p.Principal, principal, false},
		{"sourceArn", p.SourceARN, sourceARN, true},
		{"sourceAccount", p.SourceAccount, sourceAccount, true},
	} {
		if (!member.optional || member.value != "") && !member.grammar.MatchString(member.value) {
			rule := "Member must satisfy regular expression pattern: " + strings.Trim(member.grammar.String(), "^$")
			return constraint(member.name, member.value, rule, "")
		}
	}
	return nil
}
