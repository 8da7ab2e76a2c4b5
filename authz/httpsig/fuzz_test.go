package httpsig

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/authz"
)

// profile is the grammar of the two headers, written down once more and
// independently of the parser.
var (
	profileInput = regexp.MustCompile(`^([a-z*][a-z0-9_.*-]{0,63})=(\(("[a-z@-]+"(?: "[a-z@-]+")*)\)((?:;(?:created|expires)=[1-9][0-9]{0,11}|;keyid="[A-Za-z0-9._:~=+-]{1,128}"|;nonce="[A-Za-z0-9_-]{16,64}"|;alg="hmac-sha256"){3,5}))$`)
	profileName  = regexp.MustCompile(`;([a-z]+)=`)
)

// FuzzSignatureHeaders gives a verifier the headers as they are, and once more
// with the MAC that a client with the key would send for them. It must never
// accept the first unless the MAC is right, and the second only in the one
// spelling of the profile. Nothing may panic.
func FuzzSignatureHeaders(f *testing.F) {
	good := signed(f, testSigner(f), "GET", "/events?limit=5", "")
	f.Add(good.Headers["signature-input"], good.Headers["signature"])
	for _, input := range []string{
		"sig1=" + withDigest + parameters + `;alg="hmac-sha256";expires=1760000200`,
		"sig1=" + covered + parameters + ",sig2=" + covered + parameters,
		`sig1=("@method" "@path" "@query" "@authority";tr);created=01;keyid="\"";nonce=:AAAA:;tag="x"`,
		"sig1=(\"@method\"\t\"@path\"  \"@query\");created=1;created=2;nonce", "sig1=()", "sig1", "=", "",
		b25Request.Headers["signature-input"],
	} {
		f.Add(input, good.Headers["signature"])
	}
	for _, signature := range []string{"sig1=::", "sig1=:AAAA:;x", "sig2=" + good.Headers["signature"][5:], good.Headers["signature"] + "\n", ":", ""} {
		f.Add(good.Headers["signature-input"], signature)
	}
	request := authz.Request{Method: "GET", Path: "/events", RawQuery: "limit=5", Host: testHost}
	f.Fuzz(func(t *testing.T, input, signature string) {
		request := request
		request.Headers = map[string]string{"signature-input": input, "signature": signature}
		v, _ := newVerifier(t, nil)
		label, params, _ := strings.Cut(input, "=")
		honest := resign(request, testSecret, label, params)
		if _, err := authenticate(t.Context(), v, request); err == nil && request.Headers["signature"] != honest.Headers["signature"] {
			t.Errorf("accepted without a good MAC: %q, %q", input, signature)
		}
		v, store := newVerifier(t, nil)
		p, err := authenticate(t.Context(), v, honest)
		if err != nil {
			if len(store.used) != 0 {
				t.Errorf("refused, but the nonce is used: %q: %v", input, err)
			}
			return
		}
		if !inProfile(input) {
			t.Errorf("accepted outside the profile: %q", input)
		}
		if p.CredentialID != testKeyID || p.ExpiresAt.After(testNow.Add(2*Window)) || !testNow.Before(p.ExpiresAt) {
			t.Errorf("accepted %q as %q until %v", input, p.CredentialID, p.ExpiresAt.Format(time.RFC3339))
		}
	})
}

// inProfile is what [parseInput] decides, decided otherwise.
func inProfile(input string) bool {
	match := profileInput.FindStringSubmatch(input)
	if match == nil {
		return false
	}
	names := strings.Fields(match[3])
	slices.Sort(names)
	var parameters []string
	for _, m := range profileName.FindAllStringSubmatch(match[4], -1) {
		parameters = append(parameters, m[1])
	}
	slices.Sort(parameters)
	required := slices.DeleteFunc(slices.Clone(parameters), func(n string) bool { return n == "alg" || n == "expires" })
	return slices.Equal(names, []string{`"@authority"`, `"@method"`, `"@path"`, `"@query"`}) &&
		slices.Equal(required, []string{"created", "keyid", "nonce"}) && len(slices.Compact(parameters)) == len(parameters)
}

// FuzzContentDigest: what the verifier and the handler accept has one spelling
// but for one optional space, and no line break.
func FuzzContentDigest(f *testing.F) {
	for _, seed := range []string{testDigest, sha512Digest, testDigest + ", " + sha512Digest, testDigest + "," + testDigest, "md5=:AAAA:", "sha-256=::", "", "sha-256=:\n:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		digests, ok := parseContentDigest(header)
		if !ok {
			return
		}
		var spellings []string
		for _, order := range [][]string{{"sha-256", "sha-512"}, {"sha-512", "sha-256"}} {
			var members []string
			for _, name := range order {
				if digest, given := digests[name]; given {
					members = append(members, name+"="+formatBytes(digest))
				}
			}
			spellings = append(spellings, strings.Join(members, ","), strings.Join(members, ", "))
		}
		if len(digests) == 0 || !slices.Contains(spellings, header) {
			t.Errorf("accepted %q", header)
		}
	})
}
