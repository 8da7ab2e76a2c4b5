package page

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// shownOf is all that is shown of a request with these documents, and of a text.
func shownOf(d live.Decision, sources []string, text string) string {
	r := redactorOf(d, sources)
	return r.document(d.Authorizer.Event) + r.document(d.Handler.Event) + r.document(d.Handler.Answer) + "\n" + r.text(text) + "\n" + parameterNames(d.Query)
}

// None of a request's credentials is in a document, however it is written there; what is
// no credential stays.
func TestRedact(t *testing.T) {
	t.Parallel()
	const (
		token   = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c3JfMSJ9.c2lnbmF0dXJl"
		cookie  = "9f8e7d6c5b4a"
		inQuery = "s3cret+/with=signs"
		body    = "hunter2"
		short   = "pw1"
	)
	event := `{"headers":{"authorization":"Bearer ` + token + `","cookie":"theme=dark; sid=` + cookie + `","x-api-key":"k\"ey<with>&\\é","user-agent":"curl/8"},
"cookies":["theme=dark","sid=` + cookie + `"],"identitySource":["Bearer ` + token + `","POST /login"],"rawPath":"/login",
"rawQueryString":"page=2&access_token=` + url.QueryEscape(inQuery) + `","queryStringParameters":{"page":"2","access_token":"` + inQuery + `"},
"requestContext":{"authorizer":{"lambda":{"userId":"usr_1","credentialId":"sha256:1234","SecretAge":12}}},
"body":"{\"user\":\"ann\",\"password\":\"` + body + `\",\"passwd2\":\"` + short + `\",\"pinned\":\"pw123\"}"}`
	d := live.Decision{
		Sources: []live.IdentityValue{{Source: "$request.header.Authorization", Value: "Bearer " + token}, {Source: "$context.routeKey", Value: "POST /login"}},
		Handler: live.Invocation{Event: []byte(event), Answer: []byte(`{"statusCode":200,"body":"{\"token\":\"fresh-` + body + `\"}","headers":{"set-cookie":"sid=renewed-cookie; Path=/"}}`)},
	}
	got := shownOf(d, nil, "the function says "+token+" and "+cookie+", pw1 and pw123\n")
	for _, credential := range []string{token, cookie, `k\"ey`, "s3cret", body, `"` + short + `"`, `\"` + short + `\"`, " pw1 ", "renewed-cookie"} {
		if strings.Contains(got, credential) {
			t.Errorf("%s is shown in %s", credential, got)
		}
	}
	for _, kept := range []string{`"user-agent": "curl/8"`, `"POST /login"`, "page=2", `"credentialId": "sha256:1234"`, `"SecretAge": 12`, `\"user\":\"ann\"`, `"rawPath": "/login"`, "pw123\n", `\"pw123\"`, "the function says [redacted, "} {
		if !strings.Contains(got, kept) {
			t.Errorf("%s is missing in %s", kept, got)
		}
	}
	if one, again := fingerprint(token), fingerprint(token); one != again || one == fingerprint(cookie) {
		t.Error("fingerprints do not tell credentials apart")
	}
}

// A credential is hidden by the place where it stands, and wherever else it is.
func TestRedactPlaces(t *testing.T) {
	t.Parallel()
	in64 := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	body := func(text string) string { return string(encode(map[string]any{"body": text})) }
	encoded := func(text string) string {
		return string(encode(map[string]any{"body": in64(text), "isBase64Encoded": true}))
	}
	header := func(name, value string) string {
		return string(encode(map[string]any{"headers": map[string]string{name: value}}))
	}
	deep := "very deep"
	for range 2 * deepest {
		deep = string(encode([]string{deep}))
	}
	for name, tt := range map[string]struct {
		event, query, text string
		secret, kept       string // | between them
	}{
		"form in base64":          {encoded("user=ann&password=hunter2hunter2"), "", "log hunter2hunter2. " + in64("user=ann&password=hunter2hunter2"), "hunter2|" + in64("user=ann&password=hunter2hunter2"), "[decoded from base64] user=ann&password=[redacted, 14 characters|log [red"},
		"JSON in base64":          {encoded(`{"pin":"4711","a":"b"}`), "", "pin 4711 x47110", " 4711 |\"4711", `\"a\":\"b\"|x47110`},
		"base64 in JSON":          {`{"a":"` + in64(`{"password":"hunter2hunter2"}`) + `","b":"` + strings.TrimRight(in64("password=hunter3hunter3"), "=") + `","c":"` + in64("nothing of it") + `"}`, "x=" + url.QueryEscape(in64("token=hunter4hunter4")), in64(`{"password":"hunter2hunter2"}`) + "\n" + `{"e":"` + in64("pin=12345678") + `"}`, "eyJ|cGFzc|dG9r|cGlu", in64("nothing of it")},
		"no text in base64":       {encoded("\xff\xfe password"), "", "", in64("\xff\xfe password"), "[base64 of 11 bytes, which are no text]"},
		"bad base64":              {`{"body":"hunter2hunter2!","isBase64Encoded":true}`, "", "", "hunter2", "[redacted, 15 characters"},
		"source of another route": {`{"headers":{"x-partner":"partner-value"},"queryStringParameters":{"who":"who-value"},"rawQueryString":"who=who-value"}`, "who=who-value", "partner-value who-value", "partner-value|who-value", "who"},
		"Basic":                   {header("authorization", "Basic "+in64("ann:correct-horse1")), "", "ann:correct-horse1, correct-horse1, " + in64("ann:correct-horse1"), "correct-horse|" + in64("ann:correct-horse1"), ""},
		"two blanks":              {header("authorization", "Bearer  opaque-value="), "", "got opaque-value=", "opaque-value", "got ["},
		"two of a scheme":         {header("authorization", "Bearer opaque-one,Bearer opaque-two"), "", "got opaque-one; opaque-two", "opaque-one|opaque-two", ""},
		"AWS's signature":         {header("authorization", "AWS4-HMAC-SHA256 Credential=key-of-ann/2026, SignedHeaders=host, Signature=0123abcdef"), "", "got 0123abcdef of key-of-ann/2026", "0123abcdef|key-of-ann", ""},
		"unknown header":          {header("x-tenant-pass", "acme-value"), "", "", "acme-value", "[redacted, 10 characters"},
		"elsewhere":               {`{"headers":{"x-partner-id":"partner-cred","x-env":"prod"},"body":"log of partner-cred in prod"}`, "", "partner-cred in prod", "partner-cred", "in prod"},
		"harmless headers":        {`{"headers":{"accept":"a/b","Content-Type":"c/d","x-forwarded-for":"10.0.0.1","sec-fetch-site":"none"}}`, "", "", "", `"a/b"|"c/d"|"10.0.0.1"|"none"`},
		"cookies":                 {header("cookie", `a="quoted-value"; b=b%2Fvalue`), "", "quoted-value b/value b%2Fvalue", "quoted-value|b/value|b%2Fvalue", ""},
		"attributes of a cookie":  {`{"cookies":["sid=abcdefghi; Domain=example.com; Path=/login"]}`, "", "example.com/login abcdefghi", "abcdefghi", "example.com/login"},
		"names":                   {`{"key":"v-1-secret","user_pin":"v-2-secret","OTP":"v-3-secret","pwd":"v-4-secret","passphrase":"v-5-secret","X-Auth-Email":"v-6-secret","Ocp-Apim-Subscription-Key":"v-7-secret","X-My-Auth-Key":"v-8-secret","sig":"v-9-secret","bearer":"v-0-secret","code":"v-code","monkey":"v-monkey","spinner":"v-spinner","token_type":"v-type"}`, "", "", "-secret", "v-code|v-monkey|v-spinner|v-type"},
		"names of several words":  {`{"otpCode":"1-secret","userPin":"2-secret","smsOtp":"3-secret","PinCode":"4-secret","userPIN":"5-secret","pin1":"6-secret","OTPCode":"7-secret","connect.sid":"8-secret","passcode":"9-secret","auth_code":"0-secret","verificationCode":"a-secret","sidebar":"v-1","pinned":"v-2","leftSidebar":"v-3","shipping":"v-4","inside":"v-5"}`, "otpCode=b-secret&userPin=c-secret", "otp_code=d-secret\nsmsOtp: e-secret\nsidebar: v-6\npinnedAt=v-7", "-secret", "v-1|v-2|v-3|v-4|v-5|v-6|v-7"},
		"an element of such":      {body("<a>\n<otpCode>123456</otpCode></a>"), "", "", "123456", ""},
		"a part of such":          {body("--x\r\nContent-Disposition: form-data; name=\"otpCode\"\r\n\r\n123456\r\n--x--"), "", "", "123456", ""},
		"code in a query":         {`{"rawQueryString":"code=a1b2c3d4","queryStringParameters":{"code":"a1b2c3d4"}}`, "code=a1b2c3d4", "a1b2c3d4", "a1b2c3d4", ""},
		"below a name":            {`{"password":12345678,"token":true,"session":{"x":{"y":"deep-value"},"z":[1,"list-value"]},"tokens":["list-two"],"n":12345678}`, "", "12345678 deep-value list-value list-two", "12345678|true|deep-value|list-", `"token": "[redacted, 4 ch`},
		"name and value":          {`[{"name":"password","value":"v-secret-1"},{"Key":"api_key","Value":"v-secret-2"},{"name":"color","value":"green"},["token","v-secret-3"]]`, "", "", "v-secret", `green|"name": "password"|"Key": "api_key"`},
		"URLs":                    {`{"headers":{"referer":"https://a/b?x=1&token=v-secret-1","location":"/c#access_token=v-secret-2&y=2","origin":"https://ann:v-secret-3@d"},"next":"https%3A%2F%2Fa%3Ftoken%3Dv-secret-4"}`, "redirect=https%3A%2F%2Fa%3Ftoken%3Dv-secret-5", "v-secret-1 v-secret-5 /p;sid_token=v-secret-6", "v-secret", "x=1|y=2"},
		"separators":              {`{"rawQueryString":"a=1;token=v-secret"}`, "", "v-secret", "v-secret", "a=1"},
		"a query without a name":  {`{"rawQueryString":"abcdefghijklmnopqrstuvwxyz0123=="}`, "abcdefghijklmnopqrstuvwxyz0123==;short;a=1", "abcdefghijklmnopqrstuvwxyz0123", "abcdefghij", "short, a"},
		"encoded twice":           {`{"queryStringParameters":{"token":"a%252Fsecret-1"}}`, "p%61ssword=b%25252Fsecret-2", "a/secret-1 a%2Fsecret-1 a%2fsecret-1 b/secret-2", "secret-1|secret-2", ""},
		"short in a query":        {`{"rawQueryString":"token=ab1&x=cab1"}`, "token=ab1", "ab1, cab1", "=ab1&| ab1,", "x=cab1|, cab1"},
		"JSON with a text behind": {body(`{"password":"hunter2hunter2"} x`), "", "hunter2hunter2", "hunter2", ""},
		"lines of JSON":           {body("{\"password\":\"hunter2hunter2\"}\n{\"a\":\"b\"}\n"), "", "hunter2hunter2", "hunter2", `{\"a\":\"b\"}`},
		"JSON in JSON":            {body(`"{\"a\":\"{\\\"password\\\":\\\"hunter2hunter2\\\"}\"}"`), "", "hunter2hunter2", "hunter2", ""},
		"parts of a form":         {body("--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhunter2hunter2\r\n--x--"), "", "", "hunter2", ""},
		"XML":                     {body("<a>\n<password>hunter2hunter2</password><field value='hunter3' name=\"token\"/></a>"), "", "hunter2hunter2", "hunter2|hunter3", ""},
		"an escaped name":         {body(`{"p\u0061ssword":"hunter2",}`), "", "", "hunter2", ""},
		"a text":                  {body("the token is good"), "", "", "", "the token is good"},
		"form with blanks":        {body("a=b c&password=hunter2 hunter3"), "", "", "hunter", ""},
		"a line":                  {`{"message":"login\npassword: hunter2 hunter3\nas ann"}`, "", "x api_key=hunter4 y", "hunter", `login\npassword: [redacted|\nas ann|x api_key=[`},
		"a line of JSON":          {"", "", "at 1\n{\"password\":\"hunter2\",\"a\":1}\n", "hunter2", `"a":1|at 1`},
		"the library's own text":  {"", "", `no credential: the header is missing`, "", "no credential: the header is missing"},
		"names of parameters":     {"", "", `reading parameter "/events-api/jwt-secret": AccessDenied on arn:aws:secretsmanager:eu:1:secret:x`, "", `jwt-secret": AccessDenied on arn:aws:secretsmanager:eu:1:secret:x`},
		"shapes":                  {`{"a":"/x/eyJhbGciOiJub25lIn0.e30./y"}`, "eyJhbGciOiJub25lIn0.e31.x", "pha_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf0RJfVy AKIAIOSFODNN7EXAMPLE ok_1", "eyJ|pha_|AKIA", "ok_1"},
		"escapes":                 {header("x-api-key", `k"<&> z1`), "", `k\"<&> z1 k\"\u003c\u0026\u003e z1 k%22%3C%26%3E%20z1 k%22%3c%26%3e+z1 k%22%3C&%3E%20z1 k%2522%253C%2526%253E%2Bz1 k\\\"<&> z1`, "z1", ""},
		"sources of an event":     {`{"identitySource":["token-abc","POST /x"]}`, "", "", "", "POST /x"},
		"names of members":        {`{"token":"v-secret-1","of":{"v-secret-1":1}}`, "", "", "v-secret", ""},
		"a line and its value":    {`{"message":"password: v-secret-1 x"}`, "", "v-secret-1", "v-secret", ""},
		"shorter than a word":     {`{"token":"a1","x":"a1"}`, "", "", `"a1"`, ""},
		"deep in one another":     {deep, "", "", "very deep", "redacted"},
		"a query of no name":      {`{"rawQueryString":"abcdefghijklmnopqrstuvwxyz0123=="}`, "", "", "abcdef", ""},
		"a query behind a token":  {`{"rawQueryString":"token=abcdef;page=2","next":"/b?abcdefghijklmnopqrstuvwxyz"}`, "", "", "abcdef", "page=2"},
		"code of parameters":      {`{"queryStringParameters":{"code":"a1b2c3d4"}}`, "", "a1b2c3d4", "a1b2c3d4", ""},
		"code alone":              {`{"rawQueryString":"code=a1b2c3d4&p%2561ssword=v-secret-1&to=https%3A%2F%2Fa%3Ftoken%3Dv-secret-2"}`, "eyJhbGciOiJub25lIn0.e31.x=1", "", "a1b2c3d4|v-secret|eyJ", "to=https://a?token=[redacted"},
		"an empty one":            {`{"password":"","token":null}`, "", "", "redacted", `"password": ""|"token": null`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := live.Decision{Query: tt.query, Handler: live.Invocation{Event: []byte(tt.event)}}
			got := shownOf(d, []string{"$request.header.X-Partner", "$request.querystring.who", "$context.routeKey"}, tt.text)
			for secret := range strings.SplitSeq(tt.secret, "|") {
				if secret != "" && strings.Contains(got, secret) {
					t.Errorf("%s is shown in %s", secret, got)
				}
			}
			for kept := range strings.SplitSeq(tt.kept, "|") {
				if !strings.Contains(got, kept) {
					t.Errorf("%s is missing in %s", kept, got)
				}
			}
		})
	}
}

// The words of the page and the gateway stay, though the credential is one of them.
func TestRedactOwn(t *testing.T) {
	t.Parallel()
	const own = "sign a token, after Bearer"
	for _, value := range []string{"Bearer token", "Bearer a-long-credential"} {
		r := redactorOf(live.Decision{Sources: []live.IdentityValue{{Source: "$request.header.Authorization", Value: value}}}, nil)
		if got := r.own(own); got != own {
			t.Errorf("%s: got %s", value, got)
		}
		if got := r.own("it is Bearer a-long-credential"); strings.Contains(got, "a-long") != (value == "Bearer token") {
			t.Errorf("%s: got %s", value, got)
		}
	}
	for _, tt := range []struct{ authorization, failure, want string }{
		{live.AuthorizationJWT, "invalid_token: the token has expired", "invalid_token: the token has expired"},
		{live.AuthorizationIAM, "InvalidSignatureException: Credential should be scoped to a valid region, not 'x'.", "InvalidSignatureException: Credential should be scoped to a valid region, not 'x'."},
		{live.AuthorizationCustom, "token: abc", "token: " + hidden("abc")},
	} {
		if got := redactorOf(live.Decision{}, nil).entry(entry{decision: live.Decision{Authorization: tt.authorization, Failure: tt.failure}}).decision.Failure; got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.authorization, got, tt.want)
		}
	}
}

// What is no JSON, or long, is shown as far as it goes.
func TestDocument(t *testing.T) {
	t.Parallel()
	r := redactorOf(live.Decision{Handler: live.Invocation{Event: []byte(`{"token":"abcdefgh"}`)}}, nil)
	if got := redactorOf(live.Decision{Sources: []live.IdentityValue{{Source: "$request.header.X", Value: "a-source"}}}, nil).text("x a-source"); got != "x "+hidden("a-source") {
		t.Errorf("got %s", got)
	}
	if got := redactorOf(live.Decision{Query: "token=characters"}, nil).text("6 characters"); got != "6 characters" {
		t.Errorf("got %s", got)
	}
	long := strings.Repeat("é", mostShown)
	for _, tt := range []struct{ raw, want string }{
		{"no JSON with abcdefgh", "no JSON with " + hidden("abcdefgh")},
		{"", ""},
		{`"` + long + `"`, fmt.Sprintf(`"[not shown, %d bytes]"`, len(long)+2)},
		{`{"a":"b","body":"` + long + `"}`, fmt.Sprintf("{\n  \"a\": \"b\",\n  \"body\": \"[not shown, %d bytes]\"\n}", len(long)+2)},
	} {
		if got := r.document([]byte(tt.raw)); got != tt.want {
			t.Errorf("%.30s: got %.200s", tt.raw, got)
		}
	}
	deep := strings.Repeat("[", 9000) + strings.Repeat("]", 9000)
	if got := r.document([]byte(deep)); got != deep {
		t.Errorf("got %.200s", got)
	}
	if got := r.document([]byte("[" + strings.Repeat(`1,`, mostShown/2-2) + "1]")); len(got) > mostShown+100 || !strings.HasSuffix(got, " more bytes") {
		t.Errorf("got %d bytes, ending %q", len(got), got[len(got)-30:])
	}
}

// A client cannot make its request too much work to look at, and what is not searched for
// it is not shown.
func TestRedactMany(t *testing.T) {
	t.Parallel()
	for name, many := range map[string]func(i int) string{
		"tokens":     func(i int) string { return fmt.Sprintf(`"t%05d"`, i) },
		"words":      func(i int) string { return fmt.Sprintf(`"%x"`, i) },
		"the same":   func(int) string { return `"redact"` },
		"characters": func(i int) string { return []string{`"redacted"`, `"aracters"`, `", #"`, `"100"`}[i%4] },
		"objects":    func(i int) string { return fmt.Sprintf(`{"token":{"token":%d}}`, i) },
	} {
		for _, n := range []int{8_000, 100_000} {
			t.Run(fmt.Sprintf("%d %s", n, name), func(t *testing.T) {
				t.Parallel()
				var list strings.Builder
				for i := range n {
					list.WriteString(many(i) + ",")
				}
				event := encode(map[string]any{"headers": map[string]string{"authorization": "the-first"}, "body": `{"tokens":[` + list.String() + `"hunter2"]}`})
				got := shownOf(live.Decision{Handler: live.Invocation{Event: event, Answer: []byte(`{"body":"hunter2"}`)}}, nil, "hunter2 and the-first")
				if r := redactorOf(live.Decision{Handler: live.Invocation{Event: event}}, nil); len(r.values) > mostValues {
					t.Errorf("%d values are looked for", len(r.values))
				}
				if len(got) > 3*mostShown || n == 8_000 && strings.Contains(got, "hunter2") || strings.Contains(got, "the-first") {
					t.Errorf("got %.500s", got)
				}
			})
		}
	}
	// With work for each line on all of them this does not end.
	for _, line := range []string{"%d,customer %[1]d,12.00\n", "%d,token %[1]d,12.00\n", "{\"id\":%d}\nno JSON\n"} {
		var lines strings.Builder
		for i := 0; lines.Len() < mostShown*9/10; i++ {
			fmt.Fprintf(&lines, line, i)
		}
		got := redactorOf(live.Decision{}, nil).body(lines.String(), 0)
		if got != lines.String() {
			t.Errorf("of lines as %q is shown %.500s", line, got)
		}
	}
	large := fmt.Sprintf(`{"body":"%s"}`, strings.Repeat("token:", 30_000))
	if r := redactorOf(live.Decision{Handler: live.Invocation{Answer: []byte(large)}}, nil); !r.tooMany || r.bytes > 2*mostBytes {
		t.Errorf("%d bytes are looked for", r.bytes)
	}
	nested := strings.Repeat(`{"token":`, 9000) + `"hunter2"` + strings.Repeat("}", 9000)
	if got := shownOf(live.Decision{Handler: live.Invocation{Event: []byte(nested)}}, nil, "hunter2"); strings.Contains(got, "hunter2") {
		t.Errorf("got %.500s", got)
	}
}

// FuzzRedact: whatever stands around a credential, and wherever it is, it is not shown.
func FuzzRedact(f *testing.F) {
	f.Add("Bearer abcdef.ghijkl", "x", "/path?a=b", uint8(0))
	f.Add("AAA0AA", "0", "AAAAAAAAA0", uint8(0)) // what is left on both sides makes it up again
	f.Add("0000\n0", "0", "0", uint8(2))
	f.Add(`quo"te\slash`, "<img>", "\x00", uint8(1))
	for place := range uint8(8) {
		f.Add("abc;d&e=f%20g+h", "x-name", "a=b; c=", place)
	}
	f.Fuzz(func(t *testing.T, credential, other, around string, place uint8) {
		credential = strings.TrimSpace(credential)
		if len(credential) < shortest || !utf8.ValidString(credential+around+other) || strings.Contains(hidden(credential)+inHidden, credential) {
			t.Skip()
		}
		members := map[string]any{"other": around + credential, "isBase64Encoded": false}
		var sources []string
		switch place % 8 {
		case 0:
			members["headers"] = map[string]string{"x-api-key": credential, "host": around + credential}
		case 1:
			members["headers"] = map[string]string{"X-" + other: credential}
			sources = []string{"$request.header.x-" + other}
		case 2:
			members["cookies"] = []string{credential}
		case 3:
			members["rawQueryString"] = "a=b&token=" + url.QueryEscape(credential)
		case 4:
			members["body"] = url.Values{"a": {around}, "password": {credential}}.Encode()
		case 5:
			members["body"], members["isBase64Encoded"] = base64.StdEncoding.EncodeToString([]byte(url.Values{"password": {credential}}.Encode())), true
		case 6:
			members["body"] = string(encode(map[string]any{other: []any{map[string]any{"password": map[string]string{"x": credential}}}}))
		case 7:
			members["list"] = []any{map[string]string{"name": "token", "value": credential}}
		}
		event := encode(members)
		r := redactorOf(live.Decision{Handler: live.Invocation{Event: event}}, sources)
		var got any
		if err := json.Unmarshal([]byte(r.document(event)), &got); err != nil {
			t.Fatal(err)
		}
		texts(got, func(text string) {
			for part := range strings.SplitSeq(text, hidden(credential)) {
				if strings.Contains(part, credential) {
					t.Errorf("%q is shown in %q", credential, text)
				}
			}
		})
	})
}

// texts are all of a JSON value.
func texts(value any, each func(string)) {
	switch value := value.(type) {
	case string:
		each(value)
	case []any:
		for _, element := range value {
			texts(element, each)
		}
	case map[string]any:
		for name, member := range value {
			each(name)
			texts(member, each)
		}
	}
}
