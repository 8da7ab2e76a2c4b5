package jwtauth

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// maxToken is how long a token may be: API Gateway takes 10,240 bytes for the
// request line and all headers.
const maxToken = 10240

// methods are the accepted signature algorithms: AWS supports RSA only.
var methods = map[string]*jwt.SigningMethodRSA{
	"RS256": jwt.SigningMethodRS256,
	"RS384": jwt.SigningMethodRS384,
	"RS512": jwt.SigningMethodRS512,
}

// verify checks form, signature and claims, in AWS's order, and returns the
// claims. The library is asked for the signature alone: its parser would take
// duplicate members, crit, a CR in a segment and claims before the signature.
func (a *Authorizer) verify(ctx context.Context, token string) (claimSet, error) {
	t, err := parseToken(token)
	if err != nil {
		return claimSet{}, err
	}
	set, err := a.keys.get(ctx)
	if err != nil {
		return claimSet{}, err
	}
	candidates := set.find(t.kid, t.method.Alg())
	if len(candidates) == 0 {
		return claimSet{}, &problem{
			description: "the token's key was not found",
			cure: fmt.Sprintf("the header kid must name an RSA key for %s that %s publishes; the keys read at %s are kept for two hours, as on AWS: publish a new key that long before it signs",
				t.method.Alg(), a.issuer, set.read.UTC().Format("15:04:05 MST")),
		}
	}
	if !t.signedBy(candidates) {
		return claimSet{}, &problem{
			description: "the token has an invalid signature",
			cure:        "the token was changed, or not signed with the key that its kid names",
		}
	}
	claims, err := parseObject(t.payload)
	if err != nil {
		return claimSet{}, malformed("claims", err)
	}
	c := claimSet{claims}
	return c, c.check(a)
}

// parsedToken is a token whose signature is not yet checked.
type parsedToken struct {
	method    *jwt.SigningMethodRSA
	kid       string
	signed    string // what the signature covers
	payload   []byte
	signature []byte
}

func (t parsedToken) signedBy(candidates []*rsa.PublicKey) bool {
	for _, key := range candidates {
		if t.method.Verify(t.signed, t.signature, key) == nil {
			return true
		}
	}
	return false
}

func malformed(part string, cause error) error {
	return &problem{
		description: "the token is malformed",
		cure:        fmt.Sprintf("the %s of the token: %v", part, cause),
		cause:       cause,
	}
}

// parseToken reads the compact serialisation of RFC 7515 §7.1 strictly.
func parseToken(token string) (parsedToken, error) {
	var t parsedToken
	if len(token) > maxToken {
		return t, malformed("length", fmt.Errorf("longer than %d bytes", maxToken))
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return t, &problem{
			description: "token contains an invalid number of segments",
			cure:        "send a JSON Web Token: three parts in base64url, joined by dots",
		}
	}
	raw := make([][]byte, len(parts))
	for i, name := range []string{"header", "claims", "signature"} {
		var err error
		if raw[i], err = decodeSegment(parts[i]); err != nil {
			return t, malformed(name, err)
		}
	}
	header, err := parseObject(raw[0])
	if err != nil {
		return t, malformed("header", err)
	}
	// RFC 7515 §4.1.11: an extension that must be understood is not.
	if _, ok := header["crit"]; ok {
		return t, malformed("header", errors.New("crit is not supported"))
	}
	alg, _ := header["alg"].(string)
	var ok bool
	if t.method, ok = methods[alg]; !ok {
		return t, algorithmProblem(alg)
	}
	if t.kid, _ = header["kid"].(string); t.kid == "" {
		return t, &problem{
			description: "the token does not have a key id",
			cure:        "the issuer must set the header kid to the kid of the key that signs",
		}
	}
	t.signed = parts[0] + "." + parts[1]
	t.payload, t.signature = raw[1], raw[2]
	return t, nil
}

// algorithmProblem names the algorithm only where it is one that exists: the
// header is a stranger's text.
func algorithmProblem(alg string) error {
	p := &problem{
		description: "signing method (alg) is unavailable",
		cure:        "sign tokens with RS256, RS384 or RS512: API Gateway supports no other algorithm",
	}
	if alg != "" && jwt.GetSigningMethod(alg) != nil {
		p.description = "signing method " + alg + " is invalid"
	}
	return p
}

// decodeSegment is base64url without padding (RFC 7515 §2). The decoder would
// skip CR and LF, and Strict refuses set bits after the last octet.
func decodeSegment(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("not base64url")
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, errors.New("not base64url")
	}
	return b, nil
}

// maxDepth is deeper than any claim goes.
const maxDepth = 16

// parseObject reads a JSON object without repeated member names (RFC 7519 §4:
// reject them), numbers as json.Number.
func parseObject(data []byte) (map[string]any, error) {
	var object map[string]any
	var repeated *strictjson.RepeatedError
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	_, err := strictjson.Members(data)
	switch {
	case errors.As(err, &repeated):
		return nil, errors.New("a member stands twice")
	case errors.Is(err, strictjson.ErrNotObject):
		return nil, errors.New("not a JSON object")
	case errors.Is(err, strictjson.ErrUTF8), d.Decode(&object) != nil:
		return nil, errors.New("not JSON")
	case err != nil:
		return nil, errors.New("text after the JSON object")
	case depth(object) > maxDepth:
		return nil, errors.New("nested too deeply")
	}
	return object, nil
}

// depth is how many objects and lists are in one another.
func depth(v any) int {
	deepest := 0
	switch v := v.(type) {
	case map[string]any:
		for _, member := range v {
			deepest = max(deepest, depth(member))
		}
	case []any:
		for _, element := range v {
			deepest = max(deepest, depth(element))
		}
	default:
		return 0
	}
	return 1 + deepest
}
