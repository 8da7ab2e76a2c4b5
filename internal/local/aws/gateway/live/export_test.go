package live

import (
	"maps"
	"slices"
	"time"
)

// What tests of whole requests, which are outside of the package because they make
// their APIs by package management, set and look at.

const (
	MaxBodyBytes              = maxBodyBytes
	MaxHeaderBytes            = maxHeaderBytes
	MaxLambdaPayload          = maxLambdaPayload
	IntegrationPermissionText = integrationPermissionText
	AuthorizerFormatText      = authorizerFormatText
)

var CORSHeaders = corsHeaders

// ContextNames are the variables that can be identity sources.
func ContextNames() []string { return slices.Sorted(maps.Keys(contextValues)) }

// WithClock returns the options with a clock.
func (o Options) WithClock(now func() time.Time) Options {
	o.now = now
	return o
}

// AuthorizerTimeout is how long an authorizer may take.
func (g *Gateway) AuthorizerTimeout() *time.Duration { return &g.authorizerTimeout }

// AccountTokens is how many requests the account may make at once.
func (g *Gateway) AccountTokens() *float64 { return &g.accountBucket.tokens }

// KindOf names why a credential was refused.
func KindOf(cause error) string { return kindOf(cause) }
