package page

import (
	"regexp"
	"slices"
	"strings"
)

// sensitiveWords are those in the names of headers, parameters and JSON members whose
// values are credentials; wholeNames are such names, partNames such a word in a name of
// several.
var (
	sensitiveWords = []string{
		"authorization", "token", "secret", "passw", "passphrase", "cookie", "session", "signature", "assertion", "jwt", "bearer",
		"passcode", "authcode", "verificationcode", "apikey", "accesskey", "authkey", "subscriptionkey", "privatekey", "signingkey", "identifierkey", "credential", "pwd",
	}
	wholeNames = []string{"key", "auth", "pass", "pw"}
	partNames  = []string{"sig", "otp", "totp", "pin", "sid"}
	// publicNames have a sensitive word and are of none. The first two are authz's.
	publicNames = []string{"credentialid", "secretage", "tokentype", "tokenuse"}
)

// sensitive tells whether the values of a name are credentials: by its words, or since an
// authorizer of the API has it as an identity source.
func (r *redactor) sensitive(name string) bool {
	return r.names[strings.ToLower(name)] || isSensitive(name)
}

var joiner = strings.NewReplacer("-", "", "_", "")

func isSensitive(name string) bool {
	lower := strings.ToLower(name)
	joined := joiner.Replace(lower)
	switch {
	case slices.Contains(publicNames, joined):
		return false
	case slices.Contains(wholeNames, joined), strings.HasPrefix(joined, "xauth"):
		return true
	}
	return containsAny(joined, sensitiveWords) || containsAny(lower, partNames) && part.MatchString(name)
}

func containsAny(text string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}

// mayAssign tells quickly that there is nothing for assigned to find in a line.
func mayAssign(line string) bool {
	joined := joiner.Replace(strings.ToLower(line))
	return containsAny(joined, sensitiveWords) || containsAny(joined, partNames) || strings.Contains(joined, "pass")
}

// harmless are headers whose values are shown. What is in none of them a client may use
// for a credential of its own.
var harmless = regexp.MustCompile(`^(accept|age|allow|alt-svc|cache-control|connection|date|dnt|etag|expect|expires|forwarded|from|host|idempotency-key|keep-alive|last-modified|location|max-forwards|origin|pragma|prefer|priority|range|ratelimit|ratelimit-policy|referer|referrer-policy|retry-after|server|strict-transport-security|te|traceparent|trailer|transfer-encoding|upgrade|upgrade-insecure-requests|user-agent|vary|via|warning|www-authenticate|x-amz-content-sha256|x-amz-date|x-amzn-trace-id|x-content-type-options|x-correlation-id|x-forwarded-(for|host|port|proto)|x-frame-options|x-request-id|x-requested-with|(accept|access-control|content|if|sec-ch|sec-fetch)-.*)$`)

// inName finds one of partNames in a name of several words: smsOtp, otp_code, PINCode.
const inName = `(?:(?:\b|_)(?i:sig|t?otp|pin|sid)(?:\b|_)|(?-i:(?:\b|_)(?:[Ss]ig|[Tt]?[Oo]tp|[Pp]in|[Ss]id)[A-Z0-9]|` +
	`[a-z0-9](?:Sig|SIG|T?Otp|T?OTP|Pin|PIN|Sid|SID)(?:[A-Z0-9_]|\b)|(?:\b|_)(?:SIG|T?OTP|PIN|SID)[A-Z][a-z]))`

var part = regexp.MustCompile(inName)

const words = `(?:authorization|token|secret|passw|passphrase|cookie|session|signature|assertion|jwt|bearer|api[-_]?key|access[-_]?key|auth[-_]?key|subscription[-_]?key|private[-_]?key|signing[-_]?key|pass[-_]?code|auth[-_]?code|verification[-_]?code|credential|pwd|\bpass\b|` + inName + `)`

var (
	// assigned finds a sensitive name with what makes the rest of its line a value. A path
	// before a colon is none: /events-api/jwt-secret is the name of a parameter. What
	// matches the group is the text of authz, or of AWS's names.
	assigned = regexp.MustCompile(`(?i)(\b(?:no credential|malformed credential|invalid signature): |\W?secretsmanager[\w.\-]*:|:secret:)|` +
		words + `[\w.\-\]]*(?:\\*["'])?\s*(?:=|%3d)|(?:^|[^\w.\-/])[\w.\-]*` + words + `[\w.\-\]]*(?:\\*["'])?\s*(?::|>|%3a)`)
	// inBody finds a sensitive name in a body of unknown syntax: a tag, an attribute, a part
	// of a form, broken JSON.
	inBody = regexp.MustCompile(`(?i)` + words + `[\w.\-\]]*\s*(?:["'=:>/\\]|%3[ad])|\\u00`)
)

// wordAfter is what may be a credential after such a name.
func wordAfter(text string) string {
	const between = " \t\r\n\"'\\<>&;,"
	text = strings.TrimLeft(text, between+"=:/")
	if end := strings.IndexAny(text, between); end >= 0 {
		return text[:end]
	}
	return text
}

// shaped are credentials that are known by how they look: tokens, API keys of package
// authz, AWS's access keys, the password of a URL.
var shaped = regexp.MustCompile(`eyJ[\w-]{5,}(?:\.[\w-]*){1,4}|\bpha_[0-9A-Za-z]{20,}|\b[a-z0-9]{2,16}_[0-9A-Za-z]{49}\b|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|://[^/\s:@]*:[^/\s@]+@`)

// shapes returns a text without what looks like a credential.
func shapes(text string) string {
	if !strings.Contains(text, "eyJ") && !strings.Contains(text, "_") && !strings.Contains(text, "AKIA") && !strings.Contains(text, "ASIA") && !strings.Contains(text, "@") {
		return text
	}
	return shaped.ReplaceAllStringFunc(text, hidden)
}
