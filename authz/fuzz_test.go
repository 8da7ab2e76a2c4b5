package authz

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/golang-jwt/jwt/v5"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// FuzzToken: whatever is accepted has a good MAC and exactly one spelling.
func FuzzToken(f *testing.F) {
	good := sign(testHeader, testClaims)
	for _, seed := range []string{
		good, good + "\n", setUnusedBits(good), rfc7515Token, rfc7519None, jwtIOToken, "..", "a.b.c", good + "." + good,
		cookbookHeader + ".." + cookbook44Mac, rfc7797Header + ".$.02." + rfc7797Mac, sign(`{"alg":"HS256","alg":"none"}`, testClaims),
	} {
		f.Add(seed)
	}
	v := newJWT(f)
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := v.Verify(t.Context(), Request{}, NewCredential(BearerScheme, token)); err != nil {
			checkDenial(t, err)
			return
		}
		parts := strings.Split(token, ".")
		if len(parts) != 3 || parts[2] != segment(mac(testSecret, parts[0]+"."+parts[1])) {
			t.Errorf("accepted a token without a good MAC")
		}
		for _, part := range parts {
			if b, err := base64.RawURLEncoding.DecodeString(part); err != nil || segment(string(b)) != part {
				t.Errorf("accepted a segment with a second spelling")
			}
		}
	})
}

// FuzzSignedToken gets past the MAC, so that the fuzzer reaches the header and
// the claims: whatever is accepted is also what a plain JSON decoder sees, and what
// golang-jwt accepts with its safe options.
func FuzzSignedToken(f *testing.F) {
	for _, header := range []string{testHeader, `{"alg":"HS256","crit":["x"]}`, `{"alg":"none"}`, `{"ALG":"HS256"}`, `[]`} {
		for _, claims := range []string{
			testClaims, `null`, `{"sub":"s","exp":"1700000060"}`, `{"sub":"s","EXP":1700000060}`, `{"sub":"s","exp":1,"exp":1700000060}`,
			`{"sub":"s","exp":1e30}`, `{"sub":"s","exp":1700000060,"nbf":1e30}`, `{"sub":"a\u0000","exp":1700000060}`, testClaims + `{}`,
			`{"sub":"s","exp":1700000060,"iat":"1"}`, `{"sub":7,"exp":1700000060}`, `{"sub":"s","exp":1.70000006e9,"aud":["a",1]}`,
		} {
			f.Add(header, claims)
		}
	}
	v := newJWT(f)
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(at(testNow)))
	f.Fuzz(func(t *testing.T, header, claims string) {
		got, err := v.Verify(t.Context(), Request{}, NewCredential(BearerScheme, sign(header, claims)))
		if err != nil {
			checkDenial(t, err)
			return
		}
		var h, c map[string]any
		if json.Unmarshal([]byte(header), &h) != nil || json.Unmarshal([]byte(claims), &c) != nil {
			t.Fatal("accepted what is not a JSON object")
		}
		exp, _ := c["exp"].(float64)
		if h["alg"] != "HS256" || h["crit"] != nil || h["b64"] != nil || exp <= testNow || c["sub"] != got.Subject {
			t.Errorf("accepted header %q with claims %q as %q", header, claims, got.Subject)
		}
		if _, err := parser.Parse(sign(header, claims), func(*jwt.Token) (any, error) { return testSecret, nil }); err != nil {
			t.Errorf("accepted header %q with claims %q, which golang-jwt refuses: %v", header, claims, err)
		}
		for name := range c {
			if strings.EqualFold(name, "exp") && name != "exp" || strings.EqualFold(name, "sub") && name != "sub" {
				t.Errorf("accepted the claim %q", name)
			}
		}
		if CheckSubject(got.Subject) != nil || got.ExpiresAt.Unix() <= testNow || got.ExpiresAt.Unix() > contract.MaxSeconds {
			t.Errorf("accepted principal %+v", got)
		}
	})
}

// checkDenial: a token can only be at fault itself, the keys being there.
func checkDenial(t *testing.T, err error) {
	t.Helper()
	if _, denied := classify(err); !denied {
		t.Errorf("a bad token is a fault: %v", err)
	}
}

var bearerPattern = regexp.MustCompile(`^(?i:bearer) +([A-Za-z0-9._~+/-]+=*)$`)

// FuzzAuthorizationHeader: exactly what RFC 6750 section 2.1 describes is
// accepted, and the token is what stands after the spaces.
func FuzzAuthorizationHeader(f *testing.F) {
	for _, seed := range []string{"", "Bearer", "Bearer ", "Bearer a.b.c", "bearer  a", "Bearer a,Bearer b", "Basic dTpw", "Bearer =", "Bearer a=\n", "Bearer a=b", "Bearer\ta"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got, err := BearerHeader{}.Extract(Request{Headers: map[string]string{"authorization": header}})
		match := bearerPattern.FindStringSubmatch(header)
		// (?i) also folds letters beyond ASCII, of which "bearer" has none.
		if (err == nil) != (match != nil) {
			t.Fatalf("%q: error %v, pattern %q", header, err, match)
		}
		if err == nil && got.Value() != match[1] {
			t.Errorf("%q: got %q", header, got.Value())
		}
		if err != nil {
			checkDenial(t, err)
		}
	})
}

// FuzzAuthorizerEvent: whatever the event, the answer is an error, a denial,
// or an allow for the one good token, which FromRequest then reads.
func FuzzAuthorizerEvent(f *testing.F) {
	good := sign(testHeader, testClaims)
	f.Add(readEvent(f, "Bearer "+good))
	f.Add(readEvent(f, "Bearer bad-token"))
	for _, seed := range []string{
		`{}`, `null`, `[]`, `{"version":"2.0"}`, `{"version":"1.0","headers":{"Authorization":"x"}}`, `{"version":"2.0","headers":null}`,
		`{"version":"2.0","headers":{"authorization":"Bearer ` + good + `"}}`, `{"version":"2.0","HEADERS":{"authorization":"Bearer ` + good + `"}}`,
		`{"version":"2.0","headers":{"authorization":["Bearer ` + good + `"]}}`, `{"version":"2.0","requestContext":{"requestId":7}}`,
		`{"version":"2.0","identitySource":["Basic x"],"headers":{"authorization":"Bearer ` + good + `"}}`,
		`{"version":"2.0","identitySource":["x` + good + `","y"],"headers":{"authorization":"Bearer ` + good + `"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Add([]byte(eventV1(f, "/events/42", map[string]string{"Authorization": "Bearer " + good})))
	f.Add([]byte(eventV1(f, "/events/*", map[string]string{"Authorization": "Bearer " + good, "authorization": "x"})))
	h := Handler{Chain: chainOf(newJWT(f))}
	f.Fuzz(func(t *testing.T, payload []byte) {
		checkPolicy(t, payload, good)
		answer, log, err := invoke(t, h, payload)
		if strings.Contains(log, good) {
			t.Error("the credential is in the log")
		}
		if err != nil {
			return
		}
		// Nor does another decoder see another caller; it may refuse what is not read.
		if again, againErr := lambda.NewHandler(h.Handle).Invoke(t.Context(), payload); againErr == nil && string(again) != answer {
			t.Errorf("Invoke answers %s, Handle %s", answer, again)
		}
		if answer == `{"errorMessage":"Unauthorized"}` && strings.Contains(log, `"reason":"no credential"`) {
			return
		}
		var simple struct {
			IsAuthorized bool           `json:"isAuthorized"`
			Context      map[string]any `json:"context"`
		}
		if err := json.Unmarshal([]byte(answer), &simple); err != nil {
			t.Fatal(err)
		}
		if !simple.IsAuthorized {
			if simple.Context != nil || log == "" {
				t.Errorf("denied with %s, log %q", answer, log)
			}
			return
		}
		var event events.APIGatewayV2CustomAuthorizerV2Request
		if err := json.Unmarshal(payload, &event); err != nil || !strings.HasSuffix(event.Headers["authorization"], " "+good) {
			t.Errorf("allowed without the good token: %s", answer)
		}
		if len(event.IdentitySource) > 0 && !slices.ContainsFunc(event.IdentitySource, func(value string) bool { return strings.Contains(value, good) }) {
			t.Errorf("allowed an answer that others would get: %s", answer)
		}
		if identity, err := fromRequest(requestWith(simple.Context), time.Unix(testNow, 0)); err != nil || identity.Subject != "usr_abc" {
			t.Errorf("got %+v, %v of %s", identity, err, answer)
		}
	})
}

// checkPolicy: an IAM policy that allows is for one path, for the good token,
// and in the words of the event.
func checkPolicy(t *testing.T, payload []byte, good string) {
	t.Helper()
	h := Handler{Chain: chainOf(newJWT(t)), Getenv: uncached, Logger: slog.New(slog.DiscardHandler)}
	answer, err := h.HandlePolicy(t.Context(), payload)
	if err != nil {
		return
	}
	statement := answer.PolicyDocument.Statement[0]
	if statement.Effect == "Deny" {
		return
	}
	r, _, err := parseEvent(payload)
	if err != nil || !strings.HasSuffix(r.Headers["authorization"], " "+good) || statement.Resource[0] != r.RouteARN || strings.ContainsAny(r.RouteARN, "*?") {
		t.Errorf("allowed %s without the good token", statement.Resource[0])
	}
}
