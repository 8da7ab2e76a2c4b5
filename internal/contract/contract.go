// Package contract holds the names on which both sides of a boundary must
// agree and which neither may import from the other: what the component
// writes into a function's environment and the function reads there, what the
// authorizer puts into its context and a handler reads there, and how a local
// deployment is told apart from a real one.
//
// It is constants, and types without methods, only, so that a Lambda binary pays
// nothing for it.
package contract

// Environment variables that the component sets on functions.
const (
	// EnvSecretPath names the SSM parameter, or has the ARN of the secret of Secrets
	// Manager, that holds the JWT secret. The authorizer reads it itself, at cold
	// start.
	EnvSecretPath = "JWT_SECRET_PATH" //nolint:gosec // the variable's name, not a secret
	// EnvSecret holds the JWT secret itself, where the stack looked it up at
	// deployment. It is set instead of EnvSecretPath, never beside it.
	EnvSecret = "JWT_SECRET"
	// EnvSecretMaxAge is how old the secrets that a function has read may be
	// before it reads them again, a Go duration.
	EnvSecretMaxAge = "SECRET_MAX_AGE"
	// EnvRoutePermissions is what each protected route requires: a JSON object
	// of route keys with arrays of permissions, or RoutePermissionsInFile.
	EnvRoutePermissions = "ROUTE_PERMISSIONS"
	// RoutePermissionsInFile is the value of EnvRoutePermissions where the object is
	// too large for an environment. It then stands in RoutePermissionsFile beside the
	// authorizer's executable.
	RoutePermissionsInFile = "file:" + RoutePermissionsFile
	RoutePermissionsFile   = "route-permissions.json"
	// MethodsFile stands beside the executable of the project's own authorizer: what it
	// accepts, a Methods as JSON.
	MethodsFile = "authorizer-methods.json"
	// EnvSigningKeysPath is as EnvSecretPath for the keys of signed requests, of the
	// project's own authorizer.
	EnvSigningKeysPath = "SIGNING_KEYS_PATH"
	// EnvCacheTTL is how many seconds API Gateway reuses the authorizer's answers, 0
	// for not at all.
	EnvCacheTTL = "AUTHORIZER_CACHE_TTL"
	// EnvIdentitySources are the authorizer's identity sources, by which API Gateway
	// keeps its answers, with commas between them. It is set where EnvCacheTTL is
	// not 0.
	EnvIdentitySources = "AUTHORIZER_IDENTITY_SOURCES"
	// EnvAccepts is what a credential of the project's own authorizer has to have, an
	// Accepts as JSON, for whoever makes one: the authorizer does not read it. It is not
	// set where that is nothing, nor where the environment has no room for it.
	EnvAccepts = "AUTHORIZER_ACCEPTS"
	// EnvMetrics is the CloudWatch namespace of the metrics that the authorizer writes
	// with its log. Where it is not set, it writes none.
	EnvMetrics = "AUTHORIZER_METRICS"
	// EnvAPIKeyTable is the physical name of the table of API keys.
	EnvAPIKeyTable = "API_KEY_TABLE_NAME" //nolint:gosec // the variable's name, not a key
	// EnvStateTable is the physical name of the table with what an authorizer
	// has to remember: nonces and counters.
	EnvStateTable = "AUTHORIZER_STATE_TABLE_NAME"
	// EnvRevocationTable is the physical name of the table of revocations.
	EnvRevocationTable = "REVOCATION_TABLE_NAME"
	// EnvRevocationFailOpen is "true" where credentials are let in while the table of
	// revocations does not answer. Unset, they are not.
	EnvRevocationFailOpen = "REVOCATION_FAIL_OPEN"
	// EnvTableName is the physical name of the component's DynamoDB table. It
	// is set on every function that has been given access to the table. The name of a
	// further table is in the variable EnvTableName, "_" and the name that the
	// component has for it, in upper case with "_" for "-" and ".".
	EnvTableName = "TABLE_NAME"
)

// Methods are what the project's own authorizer accepts, at least one.
type Methods struct {
	Tokens     *Tokens     `json:"tokens,omitempty"`
	APIKeys    *APIKeys    `json:"apiKeys,omitempty"`
	Signatures *Signatures `json:"signatures,omitempty"`
}

// Tokens are HS256 tokens. What is empty or 0 is any, or authz's default.
type Tokens struct {
	Issuer           string `json:"issuer,omitempty"`
	Audience         string `json:"audience,omitempty"`
	LeewaySeconds    int    `json:"leewaySeconds,omitempty"`
	PermissionsClaim string `json:"permissionsClaim,omitempty"`
}

// APIKeys are keys in the table EnvAPIKeyTable, each of one of the tiers.
type APIKeys struct {
	Tiers map[string]Tier `json:"tiers"`
}

// Tier is what the keys of one kind of customer may do, and how often; 0 is no limit.
type Tier struct {
	Permissions []string `json:"permissions,omitempty"`
	PerMinute   int      `json:"perMinute,omitempty"`
	PerDay      int      `json:"perDay,omitempty"`
}

// Signatures are signed requests. Permissions are those of each key, KeyPermissions
// further ones by the key's id.
type Signatures struct {
	Permissions    []string            `json:"permissions,omitempty"`
	KeyPermissions map[string][]string `json:"keyPermissions,omitempty"`
}

// Accepts is what of Methods somebody has to know who makes a token or an API key.
// Whoever may read the function's configuration reads it: nothing of it is secret.
type Accepts struct {
	Issuer           string `json:"issuer,omitempty"`
	Audience         string `json:"audience,omitempty"`
	PermissionsClaim string `json:"permissionsClaim,omitempty"`
	// Tiers are the names of those of the API keys, sorted.
	Tiers []string `json:"tiers,omitempty"`
}

// Limits of the permissions that are granted together, and of a tier's name.
const (
	MaxPermissions      = 50
	MaxPermissionBytes  = 128
	MaxPermissionsBytes = 1 << 10
	MaxTierBytes        = 32
)

// MaxSubjectBytes is the length of the longest subject of a credential, and of the
// longest issuer: 255 bytes (OpenID Connect Core section 2, sub).
const MaxSubjectBytes = 255

// MaxSeconds is the greatest time that is written as seconds since the Unix
// epoch: the last second of the year 9999, the last that RFC 3339 and so most time
// libraries can write.
const MaxSeconds = 253402300799

// Members of the authorizer context, which a handler finds at
// requestContext.authorizer.lambda.
const (
	// ContextUserID is the subject of the verified credential, a string.
	ContextUserID = "userId"
	// ContextExpiresAt is when the credential expires, a JSON number: seconds
	// since the Unix epoch (RFC 7519 section 2, NumericDate).
	ContextExpiresAt = "expiresAt"
	// ContextIssuer is who issued the credential, a string; absent where it has
	// no issuer.
	ContextIssuer = "issuer"
	// ContextTenant is the tenant that the credential belongs to, a string;
	// absent without tenants.
	ContextTenant = "tenant"
	// ContextMethod is how the credential was verified, a string.
	ContextMethod = "method"
	// ContextCredentialID is the public id of the credential, a string; absent
	// where it has none.
	ContextCredentialID = "credentialId" //nolint:gosec // the member's name, not a credential
	// ContextScopes and ContextPermissions are lists, written as strings with
	// single spaces between the elements; absent when empty.
	ContextScopes      = "scopes"
	ContextPermissions = "permissions"
	// ContextTier is the caller's tier, a string; absent where there is none.
	ContextTier = "tier"
	// ContextContentDigest is DigestRequired where the handler has to compare the
	// body with the header Content-Digest, which the credential covers; else absent.
	ContextContentDigest = "contentDigest"
	DigestRequired       = "required"
)

// Metrics of an authorizer, and their dimensions. All of them are kept by function;
// MetricDenied and MetricErrors by function and reason too.
const (
	// MetricRequests counts the authorizer's decisions: requests that API Gateway
	// answers with a cached one are not among them.
	MetricRequests = "Requests"
	// MetricAllowed, MetricDenied and MetricErrors count what became of them. An error
	// is a request that could not be judged.
	MetricAllowed = "Allowed"
	MetricDenied  = "Denied"
	MetricErrors  = "Errors"
	// MetricColdStart counts the decisions that were the first of their execution
	// environment.
	MetricColdStart = "ColdStart"
	// MetricLatency is how long a decision took, in milliseconds; the start of the
	// function is not part of it.
	MetricLatency = "Latency"
	// MetricSecretAge is how long ago the secret that was used, or the oldest of them,
	// was last changed, in seconds.
	MetricSecretAge = "SecretAge"
	// DimensionFunction is the function's name, DimensionReason one of the reasons of
	// authz/errors.go.
	DimensionFunction = "function"
	DimensionReason   = "reason"
)

// Names that the tables of an authorizer have in common.
const (
	// AuthorizerTableKey is the partition key, a string, of each of them.
	AuthorizerTableKey = "id"
	// AuthorizerTableTTL is the attribute of the state table and of that of
	// revocations with the second at which an item is worthless, a number.
	AuthorizerTableTTL = "expiresAt"
)

// How a deployment to the local AWS differs from one to AWS.
const (
	// EnvBuildTarget tells the build step what to compile for. Unset, it is
	// Linux and the configured architecture, the only thing that AWS runs.
	// BuildTargetHost compiles for the machine that runs the program; the
	// component refuses it in every account but LocalAccountID.
	EnvBuildTarget = "PROTECTED_HTTP_API_BUILD_TARGET"
	// BuildTargetHost is the value of EnvBuildTarget for the local AWS.
	BuildTargetHost = "host"
	// EnvBuildRecord names a file that gets a line of JSON, a BuiltPackage, for
	// each Go package that the build step compiles. Unset, nothing is recorded.
	EnvBuildRecord = "PROTECTED_HTTP_API_BUILD_RECORD"
	// EnvModule names the folder of the project's own module, or a version of it,
	// "v1.2.3", for a program in whose module that is not required: one in another
	// language than Go.
	EnvModule = "PROTECTED_HTTP_API_MODULE"
	// LocalAccountID is the account of the local AWS. AWS gives it to nobody.
	LocalAccountID = "000000000000"
)

// BuiltPackage is a Go package that the build step compiles for Lambda.
type BuiltPackage struct {
	// Folder is the absolute path of its folder; where there is an ImportPath, of the
	// folder in whose module that is compiled.
	Folder     string `json:"folder"`
	ImportPath string `json:"importPath,omitempty"`
	// Alone says that it is compiled without a workspace.
	Alone bool `json:"alone,omitempty"`
	// BuildTags are its build tags.
	BuildTags []string `json:"buildTags"`
}
