package authz

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// Errors of [FromRequest] beside ErrExpired. A handler answers 401 to each of
// the three.
var (
	// ErrNoIdentity: the request has no Lambda authorizer's context. The
	// route is public, or protected in another way.
	ErrNoIdentity = errors.New("no identity in the request")
	// ErrMalformedIdentity: the authorizer's context is not one that [Handler]
	// makes.
	ErrMalformedIdentity = errors.New("malformed identity in the request")
)

// Identity is who sent a request, as the authorizer found.
type Identity struct {
	// UserID is the subject of the verified credential.
	UserID string
	// ExpiresAt is when that credential expires, to the second.
	ExpiresAt time.Time
}

// IdentityReader reads the identity that the authorizer put into a request.
type IdentityReader struct {
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

// FromRequest returns the identity of a request by the system's clock; see
// [IdentityReader.FromRequest].
func FromRequest(request events.APIGatewayV2HTTPRequest) (Identity, error) {
	return IdentityReader{}.FromRequest(request)
}

// FromRequest returns the identity of a request that passed the authorizer.
// The expiry is checked again, because API Gateway reuses the authorizer's
// answer for its cache TTL, which can outlive the credential. The errors are
// ErrNoIdentity, ErrMalformedIdentity and ErrExpired: answer 401.
func (r IdentityReader) FromRequest(request events.APIGatewayV2HTTPRequest) (Identity, error) {
	authorizer := request.RequestContext.Authorizer
	if authorizer == nil || authorizer.Lambda == nil {
		return Identity{}, fmt.Errorf("%w: requestContext.authorizer.lambda is missing; does the route have the Lambda authorizer?", ErrNoIdentity)
	}
	userID, ok := authorizer.Lambda[contract.ContextUserID].(string)
	if !ok {
		return Identity{}, fmt.Errorf("%w: %s is not a string", ErrMalformedIdentity, contract.ContextUserID)
	}
	if err := CheckSubject(userID); err != nil {
		return Identity{}, fmt.Errorf("%w: %s: %w", ErrMalformedIdentity, contract.ContextUserID, err)
	}
	// encoding/json decodes every number into a float64, which is exact for
	// whole numbers far beyond the range. NaN is not equal to itself.
	seconds, ok := authorizer.Lambda[contract.ContextExpiresAt].(float64)
	if !ok || math.Trunc(seconds) != seconds || seconds <= 0 || seconds > maxNumericDate {
		return Identity{}, fmt.Errorf("%w: %s is not a whole number of seconds since the Unix epoch", ErrMalformedIdentity, contract.ContextExpiresAt)
	}
	now := r.Now
	if now == nil {
		now = time.Now
	}
	identity := Identity{UserID: userID, ExpiresAt: time.Unix(int64(seconds), 0).UTC()}
	if !now().Before(identity.ExpiresAt) {
		return Identity{}, fmt.Errorf("%w: the credential behind the identity has expired", ErrExpired)
	}
	return identity, nil
}
