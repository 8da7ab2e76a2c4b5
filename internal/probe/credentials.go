package probe

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/golang-jwt/jwt/v5"
)

// audience is that of the JWT authorizers.
const audience = "probe"

// keyID is the name of the issuer's key.
const keyID = "probe-key"

// Token is a JSON Web Token of the probe's own issuer, good for five minutes for the
// audience of its authorizers, but for what the fields say.
type Token struct {
	// Header and Claims replace members; nil removes one. A text {now} with
	// +SECONDS or -SECONDS after it is that time, a number. The member alg says
	// how it is signed.
	Header, Claims map[string]any
	// More is written into the claims' JSON as it is, before its end.
	More string
	// Prefix stands before the token. Defaults to "Bearer ".
	Prefix *string
	// Change changes the token's text.
	Change func(string) string
}

// issuerKeys are the key that signs, and the key set that is published.
type issuerKeys struct {
	private *rsa.PrivateKey
	set     string
}

func newIssuerKeys() (*issuerKeys, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("making the issuer's key: %w", err)
	}
	set, err := json.Marshal(map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "kid": keyID, "use": "sig", "alg": "RS256",
		"n": base64.RawURLEncoding.EncodeToString(private.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(private.E)).Bytes()),
	}}})
	return &issuerKeys{private, string(set)}, err
}

// sign makes the header's value.
func (t Token) sign(keys *issuerKeys, issuer string) (string, error) {
	now := time.Now().Unix()
	header := map[string]any{"typ": "JWT", "alg": "RS256", "kid": keyID}
	claims := map[string]any{"iss": issuer, "aud": audience, "sub": "probe", "iat": now - 5, "exp": now + 300}
	for _, part := range []struct{ into, from map[string]any }{{header, t.Header}, {claims, t.Claims}} {
		for name, value := range part.from {
			part.into[name] = value
			if value == nil {
				delete(part.into, name)
			}
			if text, ok := value.(string); ok && strings.HasPrefix(text, "{now}") {
				seconds, err := strconv.ParseInt(strings.TrimPrefix(text, "{now}"), 10, 64)
				if err != nil {
					return "", err
				}
				part.into[name] = now + seconds
			}
		}
	}
	alg, _ := header["alg"].(string)
	method := jwt.GetSigningMethod(alg)
	if method == nil {
		return "", fmt.Errorf("there is no algorithm %q", alg)
	}
	parts := make([]string, 2)
	for i, part := range []map[string]any{header, claims} {
		text, err := json.Marshal(part)
		if err != nil {
			return "", err
		}
		if i == 1 && t.More != "" {
			text = append(text[:len(text)-1], ","+t.More+"}"...)
		}
		parts[i] = base64.RawURLEncoding.EncodeToString(text)
	}
	var key any = keys.private
	if strings.HasPrefix(alg, "HS") {
		key = []byte(keys.set) // what everybody knows
	}
	if alg == "none" {
		key = jwt.UnsafeAllowNoneSignatureType
	}
	signature, err := method.Sign(strings.Join(parts, "."), key)
	if err != nil {
		return "", err
	}
	text := strings.Join(append(parts, base64.RawURLEncoding.EncodeToString(signature)), ".")
	if t.Change != nil {
		text = t.Change(text)
	}
	prefix := "Bearer "
	if t.Prefix != nil {
		prefix = *t.Prefix
	}
	return prefix + text, nil
}

// Signature is Signature Version 4 for execute-api in the API's Region.
type Signature struct {
	// Presign puts it into the query, Both there and into the header.
	Presign, Both bool
	// Age is how long ago it was made.
	Age time.Duration
	// Service and Region are others.
	Service, Region string
}

// credential adds the request's token or signature.
func (r *run) credential(ctx context.Context, q Request, api apiAddress) (Request, error) {
	if q.JWT != nil {
		value, err := q.JWT.sign(r.keys, r.api(issuerAPI).endpoint)
		if err != nil {
			return q, err
		}
		q.Headers = append(q.Headers, "Authorization: "+value)
	}
	if q.Sign == nil {
		return q, nil
	}
	return r.sign(ctx, q, api)
}

func (r *run) sign(ctx context.Context, q Request, api apiAddress) (Request, error) {
	service, region := "execute-api", r.AWS.Region
	if q.Sign.Service != "" {
		service = q.Sign.Service
	}
	if q.Sign.Region != "" {
		region = q.Sign.Region
	}
	method := http.MethodGet
	if q.Method != "" {
		method = q.Method
	}
	request, err := http.NewRequestWithContext(ctx, method, api.endpoint+q.Target, nil)
	if err != nil {
		return q, err
	}
	identity, err := r.AWS.Credentials.Retrieve(ctx)
	if err != nil {
		return q, fmt.Errorf("finding credentials to sign with: %w", err)
	}
	sum := sha256.Sum256([]byte(q.Body))
	hash := hex.EncodeToString(sum[:])
	signer := v4.NewSigner()
	if q.Sign.Presign || q.Sign.Both {
		signed, _, err := signer.PresignHTTP(ctx, identity, request, hash, service, region, time.Now().Add(-q.Sign.Age))
		if err != nil {
			return q, err
		}
		q.Target = strings.TrimPrefix(signed, api.endpoint)
	}
	if !q.Sign.Presign {
		if err := signer.SignHTTP(ctx, identity, request, hash, service, region, time.Now().Add(-q.Sign.Age)); err != nil {
			return q, err
		}
		for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
			if value := request.Header.Get(name); value != "" {
				q.Headers = append(q.Headers, name+": "+value)
			}
		}
	}
	return q, nil
}
