package local

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// TestFront deploys an API for web pages, and changes what stands before its routes:
// limits, a domain, the stage.
func TestFront(t *testing.T) {
	t.Parallel()
	d := deploy(t, Options{Project: otherModule(t, "front"), Stack: "dev"})
	d.up(t, map[string]int{})
	d.checkPreflights(t)
	d.checkAccessLog(t)
	d.checkThrottling(t)
	d.checkDomain(t)
	d.checkNamedStage(t)
	d.checkDestroy(t)
}

// front sends a request to the deployed API's stage or, by a Host header, to its domain.
func (d deployed) front(t *testing.T, method, path, host string, header http.Header) (int, string, http.Header) {
	t.Helper()
	base := d.APIs[0].URL
	if host != "" {
		base = strings.TrimSuffix(base, "/"+d.APIs[0].Stage)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	req.Host = host
	return roundTrip(t, req)
}

// roundTrip sends a request, and follows no redirection.
func roundTrip(t *testing.T, req *http.Request) (int, string, http.Header) {
	t.Helper()
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body), res.Header
}

// checkPreflights: a page may ask what it may send, also of routes that are protected
// and take every method, and is let in nowhere by it.
func (d deployed) checkPreflights(t *testing.T) {
	t.Helper()
	access, _ := d.Outputs["access"].(map[string]any)
	for _, route := range []string{"OPTIONS /items/{id}", "OPTIONS /{proxy+}"} {
		if access[route] != "public" {
			t.Errorf("the access of %s is %v", route, access[route])
		}
	}
	preflight := func(origin, method string) http.Header {
		return http.Header{"Origin": {origin}, "Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {"authorization,content-type"}}
	}
	const page = "https://app.example.com"
	for _, path := range []string{"/open", "/closed", "/items/1", "/elsewhere", "/"} {
		status, _, header := d.front(t, http.MethodOptions, path, "", preflight(page, http.MethodPut))
		if status != http.StatusNoContent || header.Get("Access-Control-Allow-Origin") != page || header.Get("Access-Control-Allow-Credentials") != "true" ||
			header.Get("Access-Control-Max-Age") != "3600" || !strings.Contains(header.Get("Access-Control-Allow-Methods"), "PUT") ||
			header.Get("Access-Control-Allow-Headers") != "authorization,content-type,x-amz-date,x-amz-security-token" {
			t.Errorf("the preflight of %s is %d, %v", path, status, header)
		}
		status, _, header = d.front(t, http.MethodOptions, path, "", preflight("https://evil.example.com", http.MethodPut))
		if status != http.StatusNoContent || header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("another origin's preflight of %s is %d, %v", path, status, header)
		}
	}
	for path, want := range map[string]int{"/items/1": http.StatusUnauthorized, "/elsewhere": http.StatusUnauthorized, "/open": http.StatusOK} {
		status, _, header := d.front(t, http.MethodGet, path, "", http.Header{"Origin": {page}})
		if status != want || header.Get("Access-Control-Allow-Origin") != page || header.Get("Access-Control-Expose-Headers") != "etag" {
			t.Errorf("GET %s of a page is %d, %v", path, status, header)
		}
	}
	if status, body, _ := d.front(t, http.MethodPut, "/items/1", "", with("Authorization", "Bearer "+d.token(t))); status != http.StatusOK || body != "PUT acme" {
		t.Errorf("PUT /items/1 is %d %s", status, body)
	}
}

// checkAccessLog reads what was logged of one request of each kind.
func (d deployed) checkAccessLog(t *testing.T) {
	t.Helper()
	token := d.sign(t, d.Secret, "usr_front", map[string]any{"jti": "tok_1"})
	bad := d.credentials.add(token[:len(token)-4] + "AAAA")
	tests := []struct {
		name, path string
		header     http.Header
		sign       bool
		want       map[string]string
	}{
		{name: "public", path: "/open?token=" + d.credentials.add("a-credential-in-the-query"), header: with("User-Agent", `x","status":"418`), want: map[string]string{
			"routeKey": "GET /open", "status": "200", "path": "/open", "httpMethod": "GET", "stage": "$default", "sourceIp": "127.0.0.1", "functionStatus": "200",
			"integrationStatus": "200", "userId": "-", "error": "-", "authorizerError": "-", "authorizerLatency": "-", "userAgent": `x","status":"418`,
		}},
		{name: "allowed", path: "/closed", header: with("Authorization", "Bearer "+token), want: map[string]string{
			"routeKey": "GET /closed", "status": "200", "userId": "usr_front", "authMethod": "JWT", "credentialId": "tok_1", "iamUser": "-", "functionStatus": "200",
		}},
		{name: "allowed by the cache", path: "/closed", header: with("Authorization", "Bearer "+token), want: map[string]string{
			"status": "200", "userId": "usr_front", "authorizerLatency": "-",
		}},
		{name: "no credential", path: "/closed", want: map[string]string{
			"status": "401", "userId": "-", "error": "Unauthorized", "errorType": "UNAUTHORIZED", "functionStatus": "-", "authorizerLatency": "-",
		}},
		{name: "refused", path: "/closed", header: with("Authorization", "Bearer "+bad), want: map[string]string{
			"status": "403", "userId": "-", "error": "Forbidden", "errorType": "ACCESS_DENIED", "functionStatus": "-",
		}},
		{name: "an authorizer that fails", path: "/failing", header: with("Authorization", "x"), want: map[string]string{
			"status": "500", "errorType": "AUTHORIZER_FAILURE", "functionStatus": "-", "integrationError": "-",
		}},
		{name: "a function that fails", path: "/broken", want: map[string]string{"status": "500", "errorType": "INTEGRATION_FAILURE", "integrationStatus": "200", "authorizerError": "-"}},
		{name: "signed", path: "/iam", sign: true, want: map[string]string{"routeKey": "GET /iam", "status": "200", "iamUser": "arn:aws:iam::000000000000:root"}},
	}
	for _, test := range tests {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.APIs[0].URL+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if test.header != nil {
			req.Header = test.header
		}
		if test.sign {
			credentials := aws.Credentials{AccessKeyID: d.AWS.Credentials.AccessKeyID, SecretAccessKey: d.AWS.Credentials.SecretAccessKey}
			if err := v4.NewSigner().SignHTTP(t.Context(), credentials, req, fmt.Sprintf("%x", sha256.Sum256(nil)), "execute-api", d.AWS.Account.Region, time.Now()); err != nil {
				t.Fatal(err)
			}
			d.credentials.add(req.Header.Get("Authorization"))
		}
		_, _, header := roundTrip(t, req)
		line := d.accessLog(t, header.Get("Apigw-Requestid"))
		for field, want := range test.want {
			if line[field] != want {
				t.Errorf("%s: the field %s is %q, want %q", test.name, field, line[field], want)
			}
		}
		if test.name == "an authorizer that fails" && line["authorizerError"] == "-" {
			t.Errorf("%s: nothing says so: %v", test.name, line)
		}
		if test.name == "allowed" && line["authorizerLatency"] == "-" {
			t.Errorf("%s: the authorizer's latency is not there: %v", test.name, line)
		}
	}
}

// accessLog waits for the line of a request, which is written after its answer.
func (d deployed) accessLog(t *testing.T, request string) map[string]string {
	t.Helper()
	group, err := d.Output("accessLogGroup")
	if err != nil {
		t.Fatal(err)
	}
	client := cloudwatchlogs.NewFromConfig(d.config())
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		found, err := client.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, FilterPattern: aws.String(`"` + request + `"`)})
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Events) == 0 {
			continue
		}
		var line map[string]string
		if err := json.Unmarshal([]byte(aws.ToString(found.Events[0].Message)), &line); err != nil {
			t.Fatalf("%v: %s", err, aws.ToString(found.Events[0].Message))
		}
		return line
	}
	t.Fatalf("no line of the request %s", request)
	return nil
}

// checkThrottling: a limited route lets through what it says, another one more; the
// limit changes, goes with its route, and comes back.
func (d deployed) checkThrottling(t *testing.T) {
	t.Helper()
	limit := func(want int) {
		t.Helper()
		for i := range want + 2 {
			status := http.StatusOK
			if i >= want {
				status = http.StatusTooManyRequests
			}
			if got, body, _ := d.front(t, http.MethodGet, "/limited", "", nil); got != status {
				t.Errorf("request %d to GET /limited is %d %s, want %d", i, got, body, status)
			}
		}
		if got, _, _ := d.front(t, http.MethodGet, "/open", "", nil); got != http.StatusOK {
			t.Errorf("GET /open is %d", got)
		}
	}
	limit(2)
	for _, change := range []struct {
		limited string
		want    map[string]int
	}{
		{"3", map[string]int{"update": 2}},              // the component, the stage
		{"0", map[string]int{"update": 2, "delete": 1}}, // the stage, and then the route
		{"1", map[string]int{"update": 2, "create": 1}}, // the route, and then the stage
	} {
		d.set(t, "limited", change.limited)
		d.up(t, change.want)
		if change.limited == "3" {
			limit(3)
		}
	}
	limit(1)
}

// checkDomain: with a domain the API answers there and nowhere else.
func (d deployed) checkDomain(t *testing.T) {
	t.Helper()
	d.set(t, "domain", "api.example.com")
	d.up(t, map[string]int{"create": 3, "update": 2})
	if url, _ := d.Output("apiUrl"); url != "https://api.example.com/shop" {
		t.Errorf("the URL is %s", url)
	}
	for _, tt := range []struct {
		host, path string
		want       int
	}{
		{"api.example.com", "/shop/open", http.StatusOK},
		{"API.example.com:443", "/shop/closed", http.StatusUnauthorized},
		{"api.example.com", "/open", http.StatusForbidden}, // no mapping
		{"", "/open", http.StatusNotFound},                 // the default endpoint
	} {
		status, body, header := d.front(t, http.MethodGet, tt.path, tt.host, nil)
		if status != tt.want {
			t.Errorf("GET %s of %q is %d %s, want %d", tt.path, tt.host, status, body, tt.want)
		}
		if status == http.StatusOK {
			if line := d.accessLog(t, header.Get("Apigw-Requestid")); line["domainName"] != "api.example.com" {
				t.Errorf("the domain in the access log is %q", line["domainName"])
			}
		}
	}
	d.up(t, map[string]int{})
}

// checkNamedStage: another stage takes the place of the first, behind the domain and,
// when that is gone, as the first segment of the paths.
func (d deployed) checkNamedStage(t *testing.T) {
	t.Helper()
	d.set(t, "stage", "v1")
	d.up(t, map[string]int{"create": 1, "update": 2, "delete": 1})
	if status, body, _ := d.front(t, http.MethodGet, "/shop/open", "api.example.com", nil); status != http.StatusOK || body != "GET acme" {
		t.Errorf("GET /shop/open of the domain is %d %s", status, body)
	}
	d.set(t, "domain", "none")
	d.up(t, map[string]int{"delete": 3, "update": 2})
	url, _ := d.Output("apiUrl")
	if url != d.APIs[0].URL || !strings.HasSuffix(url, "/v1") {
		t.Errorf("the URL is %s, the stage's %s", url, d.APIs[0].URL)
	}
	header := with("Authorization", "Bearer "+d.token(t))
	if status, body, _ := d.front(t, http.MethodGet, "/closed", "", header); status != http.StatusOK || body != "GET acme" {
		t.Errorf("GET /closed of the stage is %d %s", status, body)
	}
}
