package components

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/components/golambda"
)

// maxCacheTtl is API Gateway's (API Gateway API reference, CreateAuthorizer,
// authorizerResultTtlInSeconds).
const maxCacheTtl = time.Hour

// retentionDays are the values that CloudWatch Logs knows (CloudWatch Logs API
// reference, PutRetentionPolicy).
var retentionDays = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// CheckCacheTtl returns an error that names the value and what is allowed,
// unless ttl may be AuthorizerArgs.CacheTtl: 0s to 1h, whole seconds.
func CheckCacheTtl(ttl time.Duration) error {
	if ttl < 0 || ttl > maxCacheTtl {
		return fmt.Errorf("%v is out of range: 0s to 1h", ttl)
	}
	return checkWholeSeconds(ttl)
}

// minSecretMaxAge keeps a function from reading its secrets at every request;
// maxSecretMaxAge is about how long Lambda keeps an execution environment.
const minSecretMaxAge, maxSecretMaxAge = time.Second, 24 * time.Hour

// CheckSecretMaxAge returns an error that names the value and what is allowed,
// unless age may be AuthorizerArgs.SecretMaxAge: 1s to 24h, whole seconds.
func CheckSecretMaxAge(age time.Duration) error {
	if age < minSecretMaxAge || age > maxSecretMaxAge {
		return fmt.Errorf("%v is out of range: 1s to 24h", age)
	}
	return checkWholeSeconds(age)
}

// CheckArchitecture returns an error that names the value and what is allowed,
// unless architecture may be ProtectedHttpApiArgs.Architecture.
func CheckArchitecture(architecture string) error {
	if architecture != golambda.ARM64 && architecture != golambda.X8664 {
		return fmt.Errorf("%q is not one of %q, %q", architecture, golambda.ARM64, golambda.X8664)
	}
	return nil
}

// CheckLogRetentionDays returns an error that names the value and what is
// allowed, unless days may be ProtectedHttpApiArgs.LogRetentionDays.
func CheckLogRetentionDays(days int) error {
	if !slices.Contains(retentionDays, days) {
		return fmt.Errorf("%d is not one of %s", days, strings.Trim(strings.ReplaceAll(fmt.Sprint(retentionDays), " ", ", "), "[]"))
	}
	return nil
}

// AllowedLogRetentionDays returns the values that
// ProtectedHttpApiArgs.LogRetentionDays may have.
func AllowedLogRetentionDays() []int { return slices.Clone(retentionDays) }

func checkWholeSeconds(d time.Duration) error {
	if d%time.Second != 0 {
		return fmt.Errorf("%v is not a whole number of seconds", d)
	}
	return nil
}
