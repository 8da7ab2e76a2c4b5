package local

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// queue plays SQS as far as a sender needs it, and keeps what it is sent.
type queue struct {
	mu   sync.Mutex
	sent []string
}

func (q *queue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var message struct{ MessageBody string }
	if target := r.Header.Get("X-Amz-Target"); target != "AmazonSQS.SendMessage" || json.NewDecoder(r.Body).Decode(&message) != nil {
		http.Error(w, "not a message", http.StatusBadRequest)
		return
	}
	q.mu.Lock()
	q.sent = append(q.sent, message.MessageBody)
	q.mu.Unlock()
	sum := md5.Sum([]byte(message.MessageBody))
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_ = json.NewEncoder(w).Encode(map[string]string{"MessageId": "1", "MD5OfMessageBody": hex.EncodeToString(sum[:])})
}

// TestWebhooks deploys the example with an SQS of the test's own: what GitHub and a
// partner sign gets into the queue, and nothing else does.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	q := &queue{}
	sqs := httptest.NewServer(q)
	t.Cleanup(sqs.Close)
	d := deploy(t, Options{Project: example(t, "webhooks"), Stack: "dev", Endpoints: map[string]string{"sqs": sqs.URL}})
	d.up(t, map[string]int{})

	const body = `{"action":"opened"}`
	signature := func(secret []byte) http.Header {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(body))
		return with("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	for _, test := range []struct {
		name   string
		header http.Header
		body   string
		want   int
	}{
		{"signed by GitHub", signature(d.SigningKey), body, http.StatusAccepted},
		{"another body", signature(d.SigningKey), body + " ", http.StatusUnauthorized},
		{"another secret", signature([]byte("another-secret-of-somebody-else-0123")), body, http.StatusUnauthorized},
		{"unsigned", nil, body, http.StatusUnauthorized},
	} {
		if status, answer := d.call(t, "POST", "/github", test.body, test.header, http.DefaultClient); status != test.want {
			t.Errorf("%s: %d, not %d: %s", test.name, status, test.want, answer)
		}
	}
	client, sent := d.signing(t)
	if status, answer := d.call(t, "POST", "/partners", "hello", nil, client); status != http.StatusAccepted {
		t.Errorf("a partner's delivery is %d: %s", status, answer)
	}
	if status, _ := d.call(t, "POST", "/partners", "hello", sent.last, http.DefaultClient); status != http.StatusForbidden {
		t.Errorf("the same request once more is %d", status)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if want := []string{body, fmt.Sprintf(`{"body":"hello","partner":%q}`, SigningKeyID)}; !slices.Equal(q.sent, want) {
		t.Errorf("the queue has %q, want %q", q.sent, want)
	}
	d.checkDestroy(t)
}

// TestBrowser deploys the example with a domain, and calls it as a browser does.
func TestBrowser(t *testing.T) {
	t.Parallel()
	const domain, origin = "api.example.com", "https://app.example.com"
	d := deploy(t, Options{Project: example(t, "browser"), Stack: "dev", Settings: map[string]string{
		"domain": domain, "certificateArn": "arn:aws:acm:eu-central-1:000000000000:certificate/12345678-1234-1234-1234-123456789012", "hostedZoneId": "Z0123456789ABC",
	}})
	d.up(t, map[string]int{})
	if url, err := d.Output("apiUrl"); err != nil || url != "https://"+domain {
		t.Errorf("the URL is %q, %v", url, err)
	}
	session := d.credentials.add("the-session-of-ada-0123456789")
	d.putSession(t, session, time.Now().Add(time.Hour))
	over := d.credentials.add("the-session-of-ada-that-has-ended")
	d.putSession(t, over, time.Now().Add(-time.Minute))

	send := func(method string, headers ...string) (int, http.Header) {
		t.Helper()
		header := http.Header{}
		for i := 0; i < len(headers); i += 2 {
			header.Set(headers[i], headers[i+1])
		}
		status, _, answer := d.front(t, method, "/notes/1", domain, header)
		return status, answer
	}
	status, got := send("OPTIONS", "Origin", origin, "Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "authorization")
	if status != http.StatusNoContent || got.Get("Access-Control-Allow-Origin") != origin ||
		!strings.Contains(got.Get("Access-Control-Allow-Methods"), "PUT") || !strings.Contains(strings.ToLower(got.Get("Access-Control-Allow-Headers")), "authorization") {
		t.Errorf("the preflight is answered with %d, %v", status, got)
	}
	for _, test := range []struct {
		name    string
		headers []string
		want    int
	}{
		{"a session", []string{"Origin", origin, "Authorization", "Bearer " + session}, http.StatusOK},
		{"an ended session", []string{"Origin", origin, "Authorization", "Bearer " + over}, http.StatusForbidden},
		{"an unknown session", []string{"Origin", origin, "Authorization", "Bearer unknown"}, http.StatusForbidden},
		{"no session", []string{"Origin", origin}, http.StatusUnauthorized},
	} {
		// A page sees why it was refused only if the refusal has this header.
		if status, got := send("PUT", test.headers...); status != test.want || got.Get("Access-Control-Allow-Origin") != origin {
			t.Errorf("%s: %d, %v", test.name, status, got)
		}
	}
	if _, got := send("PUT", "Origin", "https://evil.example", "Authorization", "Bearer "+session); got.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin's page may read the answer: %v", got)
	}
	d.checkDestroy(t)
}

// putSession writes a session of ada's as a login does.
func (d deployed) putSession(t *testing.T, session string, until time.Time) {
	t.Helper()
	table, err := d.Output("tableName")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(session))
	_, err = dynamodb.NewFromConfig(d.config()).PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: aws.String(table),
		Item: map[string]types.AttributeValue{
			"id":        &types.AttributeValueMemberS{Value: hex.EncodeToString(sum[:])},
			"user":      &types.AttributeValueMemberS{Value: "ada"},
			"expiresAt": &types.AttributeValueMemberN{Value: fmt.Sprint(until.Unix())},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestVpc deploys the example. There is no VPC and no database here: the handler, a
// real client of PostgreSQL, does not find it and says so.
func TestVpc(t *testing.T) {
	t.Parallel()
	d := deploy(t, Options{Project: example(t, "vpc"), Stack: "dev"})
	d.up(t, map[string]int{})
	status, body := d.call(t, "GET", "/orders", "", with("Authorization", "Bearer "+d.token(t)), http.DefaultClient)
	if status != http.StatusServiceUnavailable || body != `{"message":"the database does not answer"}` {
		t.Errorf("GET /orders is %d: %s", status, body)
	}
	if log := string(d.log(t, "orders")); !strings.Contains(log, "orders.invalid") {
		t.Errorf("the log does not say which database does not answer:\n%s", log)
	}
	if !strings.Contains(d.console.String(), "the VPC of the function") {
		t.Error("the console does not say that the VPC has no effect")
	}
	d.checkDestroy(t)
}
