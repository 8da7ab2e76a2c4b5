package authz

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// Errors of [FromRequest] beside ErrExpired. A handler answers 401 to each of
// the three.
var (
	// ErrNoIdentity: the request has no authorizer's context. The route is
	// public.
	ErrNoIdentity = errors.New("no identity in the request")
	// ErrMalformedIdentity: the authorizer's context is not one that [Handler],
	// or API Gateway's own authorizer, makes.
	ErrMalformedIdentity = errors.New("malformed identity in the request")
)

// Identity is whom a credential speaks for. What the credential does not have is
// empty.
//
// [Handler] writes it into the authorizer context under the names userId (the
// subject), issuer, tenant, method, credentialId, scopes, permissions, tier,
// contentDigest ("required", or not there) and expiresAt: strings, with scopes and
// permissions as words with single spaces between them, and expiresAt as a number
// of seconds since the Unix epoch.
// Access logs show them as $context.authorizer.userId and so on. [FromRequest]
// reads it.
type Identity struct {
	// Subject is the caller's id: the sub claim of a token, the owner of an API
	// key, the unique id of an IAM caller; of a caller with an identity of an
	// Amazon Cognito identity pool the id of that identity. See [CheckSubject].
	Subject string
	// Issuer is who issued the credential: the iss claim of a token; of an
	// identity of an identity pool the id of the pool.
	Issuer string
	// Tenant is the tenant that the credential belongs to. It comes from the
	// configuration that verified the credential, never from what the credential
	// says of itself alone.
	Tenant string
	// Method is how the credential was verified: "JWT", "APIKey",
	// "HTTPSignature", a name that another verifier gives, or MethodIAM.
	Method string
	// CredentialID is a public name of the credential, for logs, quotas and
	// revocation: of a token its jti, of an IAM caller its access key id; see
	// [CheckCredentialID].
	CredentialID string
	// Scopes are the OAuth scopes that the credential was issued with (RFC 6749
	// section 3.3).
	Scopes []string
	// Permissions are what the caller may do; see [Identity.May].
	Permissions []string
	// Tier is the caller's tier, by which quotas are told apart.
	Tier string
	// DigestRequired says that the credential covers the request's body only
	// through the header Content-Digest (RFC 9530): the handler has to compare the
	// two, as httpsig.CheckContentDigest does.
	DigestRequired bool
	// ExpiresAt is when the identity stops being valid, to the second. It is zero
	// for an IAM caller: API Gateway checks each of its requests.
	ExpiresAt time.Time
}

// MethodIAM is Identity.Method of a caller that API Gateway's IAM authorizer
// let in.
const MethodIAM = "IAM"

// May reports whether the identity has a permission; see [Permits].
func (i Identity) May(permission string) bool { return Permits(i.Permissions, permission) }

// MaxContextBytes is how long the authorizer context may be as JSON: 4 KiB.
// AWS names no limit for HTTP APIs; for REST APIs, where it does, the whole
// answer has 8 KB. A [Handler] refuses a token whose claims make more with
// ErrInvalidClaim; of any other principal it is ErrMisconfigured.
const MaxContextBytes = 4 << 10

// allowed is the answer that lets a request through, around its context.
const allowedOpen, allowedShut = `{"isAuthorized":true,"context":`, `}`

// allow returns the simple response that lets a principal through. What made its
// context too long is the token's fault where it comes from a token, else the
// configuration's.
func allow(p Principal) ([]byte, error) {
	const usual = 512
	answer := appendContext(append(make([]byte, 0, usual), allowedOpen...), p.Identity)
	if size := len(answer) - len(allowedOpen); size > MaxContextBytes {
		fault := ErrMisconfigured
		if !p.Claims.IsZero() {
			fault = ErrInvalidClaim
		}
		return nil, fmt.Errorf("%w: the authorizer context has %d bytes, at most %d are allowed; give the principal fewer scopes and permissions", fault, size, MaxContextBytes)
	}
	return append(answer, allowedShut...), nil
}

// contextMember is a member of the authorizer context.
type contextMember struct{ name, value string }

// texts are the members of an identity's context that are texts, in the order of their
// names. Those that are empty are left out of it.
func (i Identity) texts() [9]contextMember {
	digest := ""
	if i.DigestRequired {
		digest = contract.DigestRequired
	}
	return [...]contextMember{
		{contract.ContextContentDigest, digest},
		{contract.ContextCredentialID, i.CredentialID},
		{contract.ContextIssuer, i.Issuer},
		{contract.ContextMethod, i.Method},
		{contract.ContextPermissions, joinList(i.Permissions)},
		{contract.ContextScopes, joinList(i.Scopes)},
		{contract.ContextTenant, i.Tenant},
		{contract.ContextTier, i.Tier},
		{contract.ContextUserID, i.Subject},
	}
}

// appendContext appends an identity's context as JSON, in the order of the members'
// names.
func appendContext(to []byte, i Identity) []byte {
	separator, expires := byte('{'), true
	for _, m := range i.texts() {
		if expires && m.name > contract.ContextExpiresAt {
			to = append(append(append(to, separator, '"'), contract.ContextExpiresAt...), '"', ':')
			to = strconv.AppendInt(to, i.ExpiresAt.Unix(), 10)
			separator, expires = ',', false
		}
		if m.value != "" {
			to = append(append(append(to, separator, '"'), m.name...), '"', ':')
			to = appendText(to, m.value)
			separator = ','
		}
	}
	return append(to, '}')
}

// contextOf is the same as a map.
func contextOf(i Identity) map[string]any {
	members := map[string]any{contract.ContextExpiresAt: i.ExpiresAt.Unix()}
	for _, m := range i.texts() {
		if m.value != "" {
			members[m.name] = m.value
		}
	}
	return members
}

// FromRequest returns the identity of a request that passed an authorizer: the
// Lambda authorizer of a [Handler], or API Gateway's own for JWT or IAM. The
// expiry is checked again, because API Gateway reuses a Lambda authorizer's
// answer for its cache TTL, which can outlive the credential. The errors are
// ErrNoIdentity, ErrMalformedIdentity and ErrExpired: answer 401.
func FromRequest(request events.APIGatewayV2HTTPRequest) (Identity, error) {
	return fromRequest(request, time.Now())
}

func fromRequest(request events.APIGatewayV2HTTPRequest, now time.Time) (Identity, error) {
	var identity Identity
	var err error
	switch authorizer := request.RequestContext.Authorizer; {
	case authorizer == nil:
		err = fmt.Errorf("%w: requestContext.authorizer is missing; does the route have an authorizer?", ErrNoIdentity)
	case authorizer.Lambda != nil:
		identity, err = fromLambda(authorizer.Lambda)
	case authorizer.JWT != nil:
		identity, err = fromJWT(*authorizer.JWT)
	case authorizer.IAM != nil:
		return fromIAM(*authorizer.IAM)
	default:
		err = fmt.Errorf("%w: requestContext.authorizer has none of lambda, jwt and iam; does the authorizer give a context?", ErrNoIdentity)
	}
	if err != nil {
		return Identity{}, err
	}
	if !now.Before(identity.ExpiresAt) {
		return Identity{}, fmt.Errorf("%w: the credential behind the identity has expired", ErrExpired)
	}
	return identity, nil
}

// fromLambda reads what appendContext wrote.
func fromLambda(members map[string]any) (Identity, error) {
	subject, ok := members[contract.ContextUserID].(string)
	if !ok {
		return Identity{}, malformedIdentity(contract.ContextUserID, errors.New("it is not a string"))
	}
	var scopes, permissions, digest string
	identity := Identity{Subject: subject}
	for name, field := range map[string]*string{
		contract.ContextIssuer:       &identity.Issuer,
		contract.ContextTenant:       &identity.Tenant,
		contract.ContextMethod:       &identity.Method,
		contract.ContextCredentialID: &identity.CredentialID,
		contract.ContextTier:         &identity.Tier,
		contract.ContextScopes:       &scopes,
		contract.ContextPermissions:  &permissions,

		contract.ContextContentDigest: &digest,
	} {
		if value, present := members[name]; present {
			if *field, ok = value.(string); !ok {
				return Identity{}, malformedIdentity(name, errors.New("it is not a string"))
			}
		}
	}
	if identity.Scopes, ok = splitList(scopes); !ok {
		return Identity{}, malformedIdentity(contract.ContextScopes, errors.New("it is not a list of words"))
	}
	if identity.Permissions, ok = splitList(permissions); !ok {
		return Identity{}, malformedIdentity(contract.ContextPermissions, errors.New("it is not a list of words"))
	}
	if identity.DigestRequired = digest == contract.DigestRequired; !identity.DigestRequired && digest != "" {
		return Identity{}, malformedIdentity(contract.ContextContentDigest, fmt.Errorf("it is not %q", contract.DigestRequired))
	}
	// encoding/json decodes every number into a float64, which is exact for
	// whole numbers far beyond the range. NaN is not equal to itself.
	seconds, ok := members[contract.ContextExpiresAt].(float64)
	if !ok || math.Trunc(seconds) != seconds || seconds <= 0 || seconds > contract.MaxSeconds {
		return Identity{}, malformedIdentity(contract.ContextExpiresAt, errors.New("it is not a whole number of seconds since the Unix epoch"))
	}
	identity.ExpiresAt = time.Unix(int64(seconds), 0).UTC()
	return identity.checked(contract.ContextUserID)
}

// fromJWT reads the claims that API Gateway's JWT authorizer has verified. It
// hands every claim over as text, and takes scopes from scope or scp.
func fromJWT(jwt events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription) (Identity, error) {
	identity := Identity{
		Subject: jwt.Claims["sub"], Issuer: jwt.Claims["iss"], Method: methodJWT, CredentialID: jwt.Claims["jti"],
	}
	if CheckCredentialID(identity.CredentialID) != nil {
		identity.CredentialID = ""
	}
	scopes, present := jwt.Claims["scope"]
	if !present {
		scopes = jwt.Claims["scp"]
	}
	if strings.HasPrefix(scopes, "[") && strings.HasSuffix(scopes, "]") {
		scopes = scopes[1 : len(scopes)-1] // an array, as API Gateway prints it
	}
	var ok bool
	if identity.Scopes, ok = splitList(scopes); !ok {
		identity.Scopes = nil
	}
	seconds, err := strconv.ParseFloat(jwt.Claims["exp"], 64)
	if err != nil || !(0 < seconds && seconds <= contract.MaxSeconds) {
		return Identity{}, malformedIdentity("exp", errors.New("it is not a number of seconds since the Unix epoch"))
	}
	identity.ExpiresAt = time.Unix(int64(seconds), 0).UTC()
	return identity.checked("sub")
}

// fromIAM reads whom API Gateway's IAM authorizer has recognised.
func fromIAM(iam events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription) (Identity, error) {
	if pool := iam.CognitoIdentity; pool.IdentityID != "" {
		// All identities of a pool share the session of a role, and so its userId.
		return Identity{Subject: pool.IdentityID, Issuer: pool.IdentityPoolID, Method: MethodIAM, CredentialID: iam.AccessKey}.checked("cognitoIdentity.identityId")
	}
	return Identity{Subject: iam.UserID, Method: MethodIAM, CredentialID: iam.AccessKey}.checked("userId")
}

// checked returns the identity if it is one that a verifier may give. subject is
// where its subject was read.
func (i Identity) checked(subject string) (Identity, error) {
	if err := CheckSubject(i.Subject); err != nil {
		return Identity{}, malformedIdentity(subject, err)
	}
	whole := i
	if whole.ExpiresAt.IsZero() { // an IAM caller's
		whole.ExpiresAt = time.Unix(contract.MaxSeconds, 0)
	}
	if err := whole.check(); err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrMalformedIdentity, err)
	}
	return i, nil
}

func malformedIdentity(name string, why error) error {
	return fmt.Errorf("%w: %s: %w", ErrMalformedIdentity, name, why)
}
