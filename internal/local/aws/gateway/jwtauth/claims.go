package jwtauth

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// claimSet is the claims of a token whose signature is good.
type claimSet struct{ m map[string]any }

// check evaluates the claims in the order of AWS's page: iss, aud or
// client_id, exp, nbf, iat. There is no leeway.
func (c claimSet) check(a *Authorizer) error {
	if iss, _ := c.m["iss"].(string); iss != a.issuer {
		return &problem{
			description: "issuer does not match",
			cure:        fmt.Sprintf("iss is %s, the authorizer's issuer is %q: they must be equal to the letter, a slash at the end included", show(c.m["iss"]), a.issuer),
		}
	}
	if err := c.checkAudience(a.audience); err != nil {
		return err
	}
	return c.checkTimes(a.now())
}

// checkAudience: client_id counts only in a token without aud.
func (c claimSet) checkAudience(accepted []string) error {
	name, value := "aud", c.m["aud"]
	if value == nil {
		name, value = "client_id", c.m["client_id"]
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	if slices.ContainsFunc(list, func(v any) bool {
		s, ok := v.(string)
		return ok && slices.Contains(accepted, s)
	}) {
		return nil
	}
	return &problem{
		description: "the token does not have a valid audience",
		cure:        fmt.Sprintf("%s is %s: ask the issuer for a token for one of %q, or add it to the authorizer's audience", name, show(value), accepted),
	}
}

// checkTimes: exp must be there and later than now; nbf and iat, where they
// are there, must not be later than now.
func (c claimSet) checkTimes(now time.Time) error {
	at := float64(now.Unix()) + float64(now.Nanosecond())/1e9
	for _, claim := range []struct {
		name, description string
		required          bool
		ok                func(t float64) bool
	}{
		{"exp", "the token has expired", true, func(t float64) bool { return at < t }},
		{"nbf", "the token is not valid yet", false, func(t float64) bool { return t <= at }},
		{"iat", "the token was issued in the future", false, func(t float64) bool { return t <= at }},
	} {
		value, there := c.m[claim.name]
		if !there && !claim.required {
			continue
		}
		number, ok := value.(json.Number)
		t, err := number.Float64()
		if !ok || err != nil {
			return &problem{
				description: "the token has an invalid " + claim.name + " claim",
				cure:        fmt.Sprintf("%s is %s: it must be a number of seconds since 1970", claim.name, show(value)),
			}
		}
		if !claim.ok(t) {
			return &problem{
				description: claim.description,
				cure:        fmt.Sprintf("%s is %s, and now is %d: get a new token, and compare the clocks of issuer and gateway", claim.name, number, now.Unix()),
			}
		}
	}
	return nil
}

// scopes are those of scope or, in a token without it, scp: words separated by
// spaces (RFC 8693 §4.2), or an array of them as some issuers send.
func (c claimSet) scopes() []string {
	value, ok := c.m["scope"]
	if !ok {
		value = c.m["scp"]
	}
	out := []string{}
	switch v := value.(type) {
	case string:
		out = strings.Fields(v)
	case []any:
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
	}
	return out
}

// strings are the claims as an integration receives them. Those that are null
// are left out.
func (c claimSet) strings() map[string]string {
	out := make(map[string]string, len(c.m))
	for name, v := range c.m {
		if v != nil {
			out[name] = fmt.Sprint(v)
		}
	}
	return out
}

// show is a claim in an error: shortened, and without anything that does not
// belong in a line.
func show(v any) string {
	if v == nil {
		return "missing"
	}
	s := fmt.Sprint(v)
	if len(s) > 200 {
		s = s[:200] + "…"
	}
	return fmt.Sprintf("%q", s)
}
