package authz

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// MaxTokenBytes is how long a token may be. API Gateway takes 10,240 bytes of
// request line and headers together, so this refuses little that could arrive
// and bounds the work for a stranger's token.
const MaxTokenBytes = 8 << 10

// compact is a token in JWS compact serialization (RFC 7515 section 7.1) of
// which nothing has been verified. The payload is still encoded: what it says
// does not matter until the signature is good.
type compact struct {
	signed    string // header and payload segments with the dot between them
	header    string
	payload   string
	signature []byte
}

// parseCompact splits and decodes a token, strictly, and reads its header: golang-jwt
// accepts line breaks in a segment, set bits behind the last byte, repeated members
// and trailing data, each of which gives one token several spellings.
func parseCompact(token string) (compact, Claims, error) {
	c, signature, err := splitCompact(token)
	if err != nil {
		return compact{}, Claims{}, err
	}
	var room [usualBytes]byte
	header, err := decodeSegment(room[:0], c.header)
	if err != nil {
		return compact{}, Claims{}, err
	}
	object, err := ParseClaims(string(header)) // most garbage ends here
	if err != nil {
		return compact{}, Claims{}, err
	}
	c.signature, err = decodeSegment(nil, signature)
	return c, object, err
}

// splitCompact splits a token; the signature is still encoded.
func splitCompact(token string) (c compact, signature string, err error) {
	if len(token) > MaxTokenBytes {
		return compact{}, "", errTokenLength
	}
	if strings.Count(token, ".") != 2 {
		return compact{}, "", errSegments
	}
	afterHeader, afterPayload := strings.IndexByte(token, '.'), strings.LastIndexByte(token, '.')
	return compact{signed: token[:afterPayload], header: token[:afterHeader], payload: token[afterHeader+1 : afterPayload]}, token[afterPayload+1:], nil
}

var (
	errTokenLength = malformed("the token is longer than 8 KiB")
	errSegments    = malformed("the token does not have exactly three segments")
	errAlphabet    = malformed("a segment of the token has a character outside base64url")
	errBase64      = malformed("a segment of the token is not strict base64url")
)

// digest is the TokenDigest.
func (c compact) digest() string {
	var digits [2 * sha256.Size]byte
	digests.use(c.signed, func(sum []byte) { hex.Encode(digits[:], sum) })
	return string(digits[:])
}

var digests = newHasherPool(sha256.New)

// TokenDigest returns the name that a token has for the revocation of this token
// alone, whether or not it has a jti: the SHA-256, in hexadecimal, of what its issuer
// has signed. The signature is left out: whoever has a token of ES256 can give it
// another good one. Nothing is verified.
func TokenDigest(token string) (string, error) {
	parsed, _, err := parseCompact(token)
	if err != nil {
		return "", err
	}
	return parsed.digest(), nil
}

// usualBytes is as long as the header and the claims set of a token usually are: who
// decodes them makes room for that on the stack.
const usualBytes = 1 << 10

var strictBase64 = base64.RawURLEncoding.Strict()

// decodeSegment decodes base64url without padding (RFC 7515 section 2), and appends
// it. Go's decoder skips CR and LF.
func decodeSegment(to []byte, segment string) ([]byte, error) {
	if strings.IndexByte(segment, '\r') >= 0 || strings.IndexByte(segment, '\n') >= 0 {
		return nil, errAlphabet
	}
	b, err := strictBase64.AppendDecode(to, []byte(segment))
	if err == nil {
		return b, nil
	}
	for i := range len(segment) {
		if !isBase64URL(segment[i]) {
			return nil, errAlphabet
		}
	}
	return nil, errBase64
}

// decodeObject reads a segment that is a token's header or claims set.
func decodeObject(segment string) (Claims, error) {
	var room [usualBytes]byte
	object, err := decodeSegment(room[:0], segment)
	if err != nil {
		return Claims{}, err
	}
	return ParseClaims(string(object))
}

// refusedParameters are the header parameters that change how the token is to be read
// or bring a key of their own: crit and b64 (RFC 7515 section 4.1.11, RFC 7797), keys
// and their addresses (RFC 8725 section 3.10), and those of encryption (RFC 7516).
// With the others that mean something here they are headerNames.
var (
	refusedParameters = []string{"crit", "b64", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "enc", "zip"}
	headerNames       = append([]string{"alg", "typ", "kid"}, refusedParameters...)
)

// header is what a token's header says that matters here.
type header struct {
	algorithm Algorithm
	keyID     string
	hasKeyID  bool
	// numericKeyID says that kid is a number.
	numericKeyID bool
}

var (
	errKeyIDType       = malformed("the token's kid is not a string")
	errParameter       = malformed("the token's header has a parameter that is not allowed (" + strings.Join(refusedParameters, ", ") + ")")
	errParameterInCase = malformed("the token's header has a registered parameter in another case")
)

// checkHeader reads the header of a token whose typ must be wantType, or JWT or
// missing where that is empty. Unknown parameters are ignored, as RFC 7515
// section 4 demands.
func checkHeader(parameters Claims, wantType string) (header, error) {
	for _, m := range parameters.members() {
		switch {
		case m.Name == "alg" || m.Name == "typ" || m.Name == "kid":
		case slices.Contains(refusedParameters, m.Name):
			return header{}, errParameter
		case foldsToOneOf(m.Name, headerNames):
			return header{}, errParameterInCase
		}
	}
	algorithm, ok := parameters.String("alg")
	if !ok {
		return header{}, ErrUnsupportedAlgorithm
	}
	h := header{algorithm: Algorithm(algorithm)}
	if _, supported := signingMethods[h.algorithm]; !supported && !h.algorithm.isHMAC() {
		return header{}, ErrUnsupportedAlgorithm
	}
	if err := checkType(parameters, wantType); err != nil {
		return header{}, err
	}
	if kid := parameters.raw("kid"); kid != "" {
		h.hasKeyID = true
		// The text is compared with the ids of keys, and used for nothing else.
		if h.keyID, ok = strictjson.Unquote(kid); !ok {
			if h.numericKeyID = isNumber(kid); !h.numericKeyID {
				return header{}, errKeyIDType
			}
		}
	}
	return h, nil
}

// checkType compares typ (RFC 8725 section 3.11): a token of another type is
// not taken for one of ours. Media types ignore case.
func checkType(parameters Claims, want string) error {
	if want == "" && !parameters.Has("typ") {
		return nil
	}
	if want == "" {
		want = "JWT"
	}
	typ, ok := parameters.String("typ")
	if !ok || !strings.EqualFold(mediaType(typ), mediaType(want)) {
		return malformed("the token's typ is not " + want)
	}
	return nil
}

// mediaType leaves out what RFC 7515 section 4.1.9 lets a sender leave out.
func mediaType(typ string) string {
	const prefix = "application/"
	if len(typ) > len(prefix) && strings.EqualFold(typ[:len(prefix)], prefix) && !strings.Contains(typ[len(prefix):], "/") {
		return typ[len(prefix):]
	}
	return typ
}

// foldsToOneOf reports whether name is one of names but for its case. Such a
// name is refused because other implementations take one for the other.
func foldsToOneOf(name string, names []string) bool {
	for _, n := range names {
		if strings.EqualFold(name, n) {
			return true
		}
	}
	return false
}
