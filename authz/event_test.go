package authz

import (
	"encoding/json"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/protected-http-api/protected-http-api/internal/strictjson"
)

// usedV2 and usedV1 are what is read of an event, as encoding/json reads it.
type usedV2 struct {
	Version        string            `json:"version"`
	RouteArn       string            `json:"routeArn"`
	IdentitySource []string          `json:"identitySource"`
	RouteKey       string            `json:"routeKey"`
	RawPath        string            `json:"rawPath"`
	RawQueryString string            `json:"rawQueryString"`
	Headers        map[string]string `json:"headers"`
	PathParameters map[string]string `json:"pathParameters"`
	RequestContext struct {
		DomainName string `json:"domainName"`
		RequestID  string `json:"requestId"`
		Stage      string `json:"stage"`
		HTTP       struct {
			Method   string `json:"method"`
			SourceIP string `json:"sourceIp"`
		} `json:"http"`
	} `json:"requestContext"`
}

type usedV1 struct {
	Version           string              `json:"version"`
	MethodArn         string              `json:"methodArn"`
	IdentitySource    string              `json:"identitySource"`
	Resource          string              `json:"resource"`
	Path              string              `json:"path"`
	HTTPMethod        string              `json:"httpMethod"`
	Headers           map[string]string   `json:"headers"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
	PathParameters    map[string]string   `json:"pathParameters"`
	RequestContext    struct {
		RequestID string `json:"requestId"`
		Stage     string `json:"stage"`
		Identity  struct {
			SourceIP string `json:"sourceIp"`
		} `json:"identity"`
	} `json:"requestContext"`
}

// TestEventMembers: what is read are members of aws-lambda-go's events, of the same
// types.
func TestEventMembers(t *testing.T) {
	t.Parallel()
	var check func(path string, used, whole reflect.Type)
	check = func(path string, used, whole reflect.Type) {
		for i := range used.NumField() {
			field := used.Field(i)
			name := field.Tag.Get("json")
			if name == "multiValueHeaders" { // which aws-lambda-go leaves out of format 1.0
				continue
			}
			at := slices.IndexFunc(reflect.VisibleFields(whole), func(f reflect.StructField) bool {
				tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				return tag == name
			})
			if at < 0 {
				t.Errorf("%s.%s is none of %s", path, name, whole)
				continue
			}
			of := whole.Field(at)
			if field.Type.Kind() == reflect.Struct {
				check(path+"."+name, field.Type, of.Type)
			} else if of.Type != field.Type {
				t.Errorf("%s.%s is %s, want %s", path, name, field.Type, of.Type)
			}
		}
	}
	check("2.0", reflect.TypeFor[usedV2](), reflect.TypeFor[events.APIGatewayV2CustomAuthorizerV2Request]())
	check("1.0", reflect.TypeFor[usedV1](), reflect.TypeFor[events.APIGatewayV2CustomAuthorizerV1Request]())
}

// byEncodingJSON reads an event as encoding/json does.
func byEncodingJSON(payload []byte) (Request, string, error) {
	var format struct {
		Version string `json:"version"`
	}
	if err := json.Unmarshal(payload, &format); err != nil {
		return Request{}, "", err
	}
	switch format.Version {
	case format1:
		var e usedV1
		err := json.Unmarshal(payload, &e)
		r := Request{
			Method: e.HTTPMethod, Path: e.Path, Headers: joinHeaders(e.Headers, e.MultiValueHeaders), PathParameters: e.PathParameters,
			RouteKey: e.HTTPMethod + " " + e.Resource, RouteARN: e.MethodArn, Stage: e.RequestContext.Stage,
			SourceIP: e.RequestContext.Identity.SourceIP, RequestID: e.RequestContext.RequestID, ownMethod: true,
		}
		r.Host = r.Headers["host"]
		if e.IdentitySource != "" {
			r.identity = []string{e.IdentitySource}
		}
		return r, format1, err
	case format2:
		var e usedV2
		err := json.Unmarshal(payload, &e)
		return Request{
			Method: e.RequestContext.HTTP.Method, Path: e.RawPath, RawQuery: e.RawQueryString, Host: e.RequestContext.DomainName, Headers: e.Headers,
			PathParameters: e.PathParameters, RouteKey: e.RouteKey, RouteARN: e.RouteArn, Stage: e.RequestContext.Stage,
			SourceIP: e.RequestContext.HTTP.SourceIP, RequestID: e.RequestContext.RequestID, identity: e.IdentitySource,
		}, format2, err
	}
	return Request{}, format.Version, nil
}

// same makes what has no elements the same.
func same(r Request) Request {
	for _, m := range []*map[string]string{&r.Headers, &r.PathParameters} {
		if len(*m) == 0 {
			*m = nil
		}
	}
	if len(r.identity) == 0 {
		r.identity = nil
	}
	return r
}

// otherCase reports whether a member that is read is written in another case, in any
// object of an event.
func otherCase(value any) bool {
	object, _ := value.(map[string]any)
	read := slices.Concat(eventMembers, contextMembers, httpMembers, eventV1Members, contextV1Members, identityMembers)
	for name, value := range object {
		if otherCase(value) || !slices.Contains(read, name) && slices.ContainsFunc(read, func(known string) bool { return strings.EqualFold(known, name) }) {
			return true
		}
	}
	return false
}

// FuzzEvent: an event is what encoding/json reads in it, or is refused by both; here
// alone only for members that are there twice or in another case.
func FuzzEvent(f *testing.F) {
	f.Add(readEvent(f, "Bearer x"))
	f.Add([]byte(eventV1(f, "/events/42", map[string]string{"A": "b\u00e9"})))
	for _, tt := range eventTexts {
		f.Add([]byte(tt.event))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		got, version, err := parseEvent(payload)
		want, wantVersion, wantErr := byEncodingJSON(payload)
		if err == nil && (wantErr != nil || version != wantVersion || !reflect.DeepEqual(same(got), same(want))) {
			t.Fatalf("%s is\n%s %#v, encoding/json has\n%s %#v, %v", payload, version, fields(got), wantVersion, fields(want), wantErr)
		}
		if err == nil || wantErr != nil {
			return
		}
		var value any
		_ = json.Unmarshal(payload, &value)
		if _, repeated := strictjson.Inspect(payload); !repeated && !otherCase(value) && value != nil {
			t.Fatalf("%s is refused, encoding/json has %#v", payload, fields(want))
		}
	})
}

// fields is a request of which everything is printed.
func fields(r Request) any {
	type request Request
	return request(r)
}

const notEvent = "misconfigured: the event is not one of an authorizer of an HTTP API"

// eventTexts are events with one thing of note each.
var eventTexts = []struct{ name, event, text string }{
	{"white space", "\t{ \"version\" :\r\n\"2.0\" , \"headers\" : { } , \"identitySource\" : [ ] } ", ""},
	{"nulls", `{"version":"2.0","routeArn":null,"identitySource":null,"headers":null,"pathParameters":null,"requestContext":null}`, ""},
	{"nulls in values", `{"version":"2.0","identitySource":["a",null],"headers":{"a":null},"requestContext":{"http":null,"stage":null}}`, ""},
	{"nulls of format 1.0", `{"version":"1.0","identitySource":null,"multiValueHeaders":{"a":null,"B":["1",null]},"requestContext":{"identity":null}}`, ""},
	{"the version at the end", `{"headers":{"a":"1"},"version":"2.0"}`, ""},
	{"escapes", `{"\u0076ersion":"2.\u0030","headers":{"a\n":"\ud83d\ude00\"\\","\ud800":"x"}}`, ""},
	{"not UTF-8", "{\"version\":\"2.0\",\"rawPath\":\"a\xffb\"}", ""},
	{"what is not read", `{"version":"2.0","cookies":["a=b"],"x":{"y":[true,false,null,-0.5e+10,{}]},"requestContext":{"timeEpoch":1E2,"authentication":{"clientCert":{}}}}`, ""},
	{"another version", `{"version":"3.0","headers":7}`, ""},
	{"no version", `{"headers":{}}`, ""},
	{"nothing", ``, notEvent},
	{"null", `null`, notEvent},
	{"an array", `[]`, notEvent},
	{"cut", `{"version":"2.0"`, notEvent},
	{"cut in a text", `{"version":"2.0","rawPath":"a\`, notEvent},
	{"two", `{"version":"2.0"}{}`, notEvent},
	{"a comma at the end", `{"version":"2.0",}`, notEvent},
	{"no comma", `{"version":"2.0" "rawPath":"a"}`, notEvent},
	{"a number that begins with 0", `{"version":"2.0","x":01}`, notEvent},
	{"a number without digits", `{"version":"2.0","x":1.}`, notEvent},
	{"a sign alone", `{"version":"2.0","x":-}`, notEvent},
	{"half a word", `{"version":"2.0","x":tru}`, notEvent},
	{"a line break in a text", "{\"version\":\"2.0\",\"x\":\"a\nb\"}", notEvent},
	{"an escape of no character", `{"version":"2.0","x":"\x"}`, notEvent},
	{"a version that is a number", `{"version":2.0}`, notEvent},
	{"a header that is a list", `{"version":"2.0","headers":{"a":["b"]}}`, notEvent},
	{"an identity source of format 1.0", `{"version":"2.0","identitySource":"a"}`, notEvent},
	{"an identity source of format 2.0", `{"version":"1.0","identitySource":["a"]}`, notEvent},
	{"a context that is a text", `{"version":"2.0","requestContext":""}`, notEvent},
	{"the version twice", `{"version":"2.0","version":"2.0"}`, notEvent},
	{"headers twice", `{"version":"2.0","headers":{"authorization":"a"},"headers":{}}`, notEvent},
	{"headers twice after unescaping", `{"version":"2.0","headers":{},"h\u0065aders":{}}`, notEvent},
	{"a header twice", `{"version":"2.0","headers":{"authorization":"a","authorization":"b"}}`, notEvent},
	{"a header twice, of several values", `{"version":"1.0","multiValueHeaders":{"a":["a"],"a":["b"]}}`, notEvent},
	{"in another case", `{"version":"2.0","HEADERS":{"authorization":"a"}}`, notEvent},
	{"in another case, the version", `{"Version":"2.0"}`, notEvent},
	{"in another alphabet", `{"version":"2.0","routeKey":"a","route` + "\u212a" + `ey":"b"}`, notEvent},
	{"in another case, in the context", `{"version":"2.0","requestContext":{"http":{"Method":"GET"}}}`, notEvent},
	{"too deep", `{"version":"2.0","x":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + `}`, notEvent},
	{"as deep as may be", `{"version":"2.0","x":` + strings.Repeat("[", maxDepth-1) + strings.Repeat("]", maxDepth-1) + `}`, ""},
}

// TestEvents: what is no event is refused, with nothing of it in the error.
func TestEvents(t *testing.T) {
	t.Parallel()
	for _, tt := range eventTexts {
		if _, _, err := parseEvent([]byte(tt.event)); text(err) != tt.text {
			t.Errorf("%s: got %q, want %q", tt.name, text(err), tt.text)
		}
	}
}

// TestEventIsCopied: Lambda's runtime writes the next event where this one was.
func TestEventIsCopied(t *testing.T) {
	t.Parallel()
	payload := readEvent(t, "Bearer x")
	before, _, err := parseEvent(payload)
	clear(payload)
	after, _, _ := parseEvent(readEvent(t, "Bearer x"))
	if err != nil || !reflect.DeepEqual(before, after) {
		t.Errorf("got %#v, %v", fields(before), err)
	}
}

// TestAllocations: one call of an authorizer, from the event's bytes to the answer's,
// makes no more garbage than this. A verifier of HS256 tokens is part of it.
func TestAllocations(t *testing.T) { //nolint:paralleltest // testing.AllocsPerRun counts those of all goroutines
	event := readEvent(t, "Bearer "+sign(testHeader, testClaims))
	h := Handler{Chain: chainOf(newJWT(t)), Policy: RoutePermissions{"POST /events": {}}, Getenv: reused("$request.header.Authorization,$context.routeKey"), Logger: slog.New(slog.DiscardHandler)}
	bad := readEvent(t, "Bearer bad-token")
	for _, tt := range []struct {
		name, want string
		event      []byte
		most       float64
	}{
		{"allowed", `{"isAuthorized":true,`, event, 24},
		{"denied", `{"isAuthorized":false}`, bad, 24},
	} {
		got := testing.AllocsPerRun(100, func() {
			answer, err := h.Invoke(t.Context(), tt.event)
			if err != nil || !strings.HasPrefix(string(answer), tt.want) {
				t.Fatalf("%s: got %s, %v", tt.name, answer, err)
			}
		})
		if got > tt.most {
			t.Errorf("%s: %v allocations, at most %v are allowed", tt.name, got, tt.most)
		}
	}
}

// FuzzContext: the context is what encoding/json makes of the same members.
func FuzzContext(f *testing.F) {
	f.Add("usr_abc", "https://i.example/?a=b&c=<d>", "tenant", "sha256:0", "events:write", int64(testNow), true)
	f.Add("\u00e9\"\\\u2028", "", "", "", "", int64(0), false)
	f.Add("", "\xff", "\x7f", "\x00", " ", int64(-1), false)
	f.Fuzz(func(t *testing.T, subject, issuer, tenant, id, list string, expires int64, digest bool) {
		i := Identity{
			Subject: subject, Issuer: issuer, Tenant: tenant, Method: issuer, CredentialID: id, Tier: tenant, ExpiresAt: time.Unix(expires, 0),
			Scopes: strings.Fields(list), Permissions: []string{list, id}, DigestRequired: digest,
		}
		want, err := json.Marshal(contextOf(i))
		if got := appendContext(nil, i); err != nil || string(got) != string(want) {
			t.Errorf("got  %s\nwant %s, %v", got, want, err)
		}
	})
}
