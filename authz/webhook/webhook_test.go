package webhook

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/authz"
)

const (
	slackSecret = "8f742231b10e8888abcd99yyyzzz85a5"
	slackBody   = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar" +
		"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN" +
		"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	slackSignature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
	slackTime      = 1531420618

	body = `{"id":"evt_1"}`
)

func key(t testing.TB, secret string) authz.Key {
	t.Helper()
	k, err := authz.NewHMACKey(authz.HS256, "", []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func verifier(t testing.TB, sender Sender, at int64, secrets ...string) *Verifier {
	t.Helper()
	var keys authz.StaticKeys
	for _, secret := range secrets {
		keys = append(keys, key(t, secret))
	}
	v, err := New(Config{Sender: sender, Keys: keys, Now: func() time.Time { return time.Unix(at, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func request(body string, headers ...string) events.APIGatewayV2HTTPRequest {
	r := events.APIGatewayV2HTTPRequest{Body: body, Headers: map[string]string{}}
	for i := 0; i < len(headers); i += 2 {
		r.Headers[headers[i]] = headers[i+1]
	}
	return r
}

// The senders' own examples.
func TestExamples(t *testing.T) {
	t.Parallel()
	got, err := verifier(t, Slack, slackTime+1, slackSecret).Body(t.Context(),
		request(slackBody, "x-slack-signature", slackSignature, "x-slack-request-timestamp", fmt.Sprint(slackTime)))
	if err != nil || string(got) != slackBody {
		t.Errorf("Slack's example: %q, %v", got, err)
	}
	// GitHub's secret is shorter than Config.Keys takes.
	if got := hex.EncodeToString(sign([]byte("It's a Secret to Everybody"), "", []byte("Hello, World!"))); got != "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" {
		t.Errorf("GitHub's example is signed with %s", got)
	}
}

func TestBody(t *testing.T) {
	t.Parallel()
	const secret, old, now = "the-secret-of-the-sender-0123456789", "the-secret-before-it-was-changed-01", int64(1_700_000_000)
	digits := func(secret, prefix string) string {
		return hex.EncodeToString(sign([]byte(secret), prefix, []byte(body)))
	}
	github := "sha256=" + digits(secret, "")
	stripe := func(age int64, more string) string {
		return fmt.Sprintf("t=%d,v1=%s%s", now-age, digits(secret, fmt.Sprintf("%d.", now-age)), more)
	}
	other := strings.Repeat("ab", 32)
	const gh, st, sl, slt = "x-hub-signature-256", "stripe-signature", "x-slack-signature", "x-slack-request-timestamp"
	for _, test := range []struct {
		name    string
		sender  Sender
		request events.APIGatewayV2HTTPRequest
		want    string // the error
	}{
		{"GitHub", GitHub, request(body, gh, github), ""},
		{"GitHub, old secret", GitHub, request(body, gh, "sha256="+digits(old, "")), ""},
		{"GitHub, base64", GitHub, func() events.APIGatewayV2HTTPRequest {
			r := request(base64.StdEncoding.EncodeToString([]byte(body)), gh, github)
			r.IsBase64Encoded = true
			return r
		}(), ""},
		{"GitHub, bad base64", GitHub, func() events.APIGatewayV2HTTPRequest {
			r := request(body, gh, github)
			r.IsBase64Encoded = true
			return r
		}(), "malformed credential: the request body is not valid base64"},
		{"GitHub, other body", GitHub, request(body+" ", gh, github), "invalid signature: the body is not signed with the secret"},
		{"GitHub, other signature", GitHub, request(body, gh, "sha256="+other), "invalid signature: the body is not signed with the secret"},
		{"GitHub, the weaker header", GitHub, request(body, "x-hub-signature", github), "no credential: the request lacks the header x-hub-signature-256"},
		{"GitHub, no prefix", GitHub, request(body, gh, digits(secret, "")), "malformed credential: the header x-hub-signature-256 does not have sha256=64 hexadecimal digits"},
		{"GitHub, short", GitHub, request(body, gh, github[:20]), "malformed credential: the header x-hub-signature-256 does not have sha256=64 hexadecimal digits"},
		{"GitHub, empty", GitHub, request(body, gh, ""), "malformed credential: the header x-hub-signature-256 does not have sha256=64 hexadecimal digits"},

		{"Stripe", Stripe, request(body, st, stripe(0, "")), ""},
		{"Stripe, among others", Stripe, request(body, st, stripe(0, ",v1="+other+",v0="+other)), ""},
		{"Stripe, as old as may be", Stripe, request(body, st, stripe(300, "")), ""},
		{"Stripe, too old", Stripe, request(body, st, stripe(301, "")), "expired: the signature is older than 5m0s"},
		{"Stripe, too early", Stripe, request(body, st, stripe(-301, "")), "not yet valid: the signature's time is more than 5m0s ahead"},
		{"Stripe, another time", Stripe, request(body, st, strings.Replace(stripe(0, ""), "t=17", "t=16", 1)), "invalid signature: the body is not signed with the secret"},
		{"Stripe, tests only", Stripe, request(body, st, strings.Replace(stripe(0, ""), "v1", "v0", 1)), "malformed credential: the header stripe-signature lacks a time (t) or a signature (v1)"},
		{"Stripe, no time", Stripe, request(body, st, "v1="+other), "malformed credential: the header stripe-signature lacks a time (t) or a signature (v1)"},
		{"Stripe, two times", Stripe, request(body, st, stripe(0, ",t=1")), "malformed credential: the header stripe-signature has two times"},
		{"Stripe, no number", Stripe, request(body, st, "t=-1,v1="+other), "malformed credential: the time in the header stripe-signature is not a number of seconds since the Unix epoch"},
		{"Stripe, a long number", Stripe, request(body, st, "t=1234567890123,v1="+other), "malformed credential: the time in the header stripe-signature is not a number of seconds since the Unix epoch"},
		{"Stripe, many", Stripe, request(body, st, stripe(0, strings.Repeat(",v1="+other, 8))), "malformed credential: the header stripe-signature has more than 8 signatures"},
		{"Stripe, GitHub's", Stripe, request(body, gh, github), "no credential: the request lacks the header stripe-signature"},

		{"Slack, no time", Slack, request(body, sl, "v0="+other), "no credential: the request lacks the header x-slack-request-timestamp"},
		{"Slack, other version", Slack, request(body, sl, "v1="+other, slt, "1"), "malformed credential: the header x-slack-signature does not have v0=64 hexadecimal digits"},
		{"Slack, bad time", Slack, request(body, sl, "v0="+other, slt, "now"), "malformed credential: the time in the header x-slack-request-timestamp is not a number of seconds since the Unix epoch"},
		{"Slack, other secret", Slack, request(body, sl, "v0="+other, slt, fmt.Sprint(now)), "invalid signature: the body is not signed with the secret"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := verifier(t, test.sender, now, secret, old).Body(t.Context(), test.request)
			text := ""
			if err != nil {
				text = err.Error()
			}
			if text != test.want || (err == nil) != (string(got) == body) {
				t.Errorf("got %q and the error %q, want %q", got, text, test.want)
			}
		})
	}
}

// failing are keys that are not there now.
type failing struct{}

func (failing) Keys(context.Context) ([]authz.Key, error) {
	return nil, fmt.Errorf("%w: no answer", authz.ErrUnavailable)
}

func TestNew(t *testing.T) {
	t.Parallel()
	twice := authz.StaticKeys{key(t, slackSecret), key(t, slackSecret)}
	for _, test := range []struct {
		name   string
		config Config
		want   string
	}{
		{"no sender", Config{Keys: failing{}}, `misconfigured: Config.Sender is "": use GitHub, Stripe or Slack`},
		{"no keys", Config{Sender: GitHub}, "misconfigured: Config.Keys is nil: give the secrets, for instance those of secret.FromPath"},
		{"empty keys", Config{Sender: GitHub, Keys: authz.StaticKeys{}}, "Config.Keys: misconfigured: "},
		{"negative tolerance", Config{Sender: GitHub, Keys: twice[:1], Tolerance: -time.Second}, "misconfigured: Config.Tolerance is -1s, which is negative"},
	} {
		_, err := New(test.config)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || !errors.Is(err, authz.ErrMisconfigured) {
			t.Errorf("%s: the error is %v, want %s", test.name, err, test.want)
		}
	}
	v, err := New(Config{Sender: GitHub, Keys: failing{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Body(t.Context(), request(body, "x-hub-signature-256", "sha256="+strings.Repeat("ab", 32))); !errors.Is(err, authz.ErrUnavailable) {
		t.Errorf("without keys the error is %v", err)
	}
	if _, err := new(Verifier).Body(t.Context(), request(body)); !errors.Is(err, authz.ErrMisconfigured) {
		t.Errorf("the zero value's error is %v", err)
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	for _, fault := range []error{authz.ErrMisconfigured, authz.ErrUnavailable} {
		if _, err := Refuse(fmt.Errorf("%w: no answer", fault)); !errors.Is(err, fault) {
			t.Errorf("%v is answered with %v", fault, err)
		}
	}
	if answer, err := Refuse(authz.ErrExpired); err != nil || answer.StatusCode != 401 || answer.Body != `{"message":"Unauthorized"}` {
		t.Errorf("an old signature is answered with %v, %v", answer, err)
	}
}

// No header of a stranger's makes a body good, or does harm.
func FuzzBody(f *testing.F) {
	f.Add("sha256="+strings.Repeat("ab", 32), "1", body)
	f.Add("t=1,v1="+strings.Repeat("ab", 32), "1", body)
	f.Add(slackSignature, fmt.Sprint(slackTime), "")
	keys := authz.StaticKeys{key(f, strings.Repeat("k", 40))}
	f.Fuzz(func(t *testing.T, value, seconds, body string) {
		r := request(body, "x-hub-signature-256", value, "stripe-signature", value, "x-slack-signature", value, "x-slack-request-timestamp", seconds)
		for sender := range readers {
			v, err := New(Config{Sender: sender, Keys: keys, Tolerance: 1 << 62})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := v.Body(t.Context(), r); err == nil || got != nil {
				t.Errorf("%s: %q is good", sender, value)
			}
		}
	})
}
