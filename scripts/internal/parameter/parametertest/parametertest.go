// Package parametertest gives tests a Parameter Store that answers what they say.
package parametertest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Secret is one that tests sign with.
const Secret = "0123456789abcdef0123456789abcdef"

// Answer answers a call, GetParameter or PutParameter, of one parameter. value is
// what is put; of a reading, what was put last.
type Answer func(action, value string) (status int, body string)

// Start returns the environment that leads to a Parameter Store.
func Start(t *testing.T, answer Answer) []string {
	t.Helper()
	var mu sync.Mutex
	last := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		action := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSSM.")
		var input struct {
			Name, Value    string
			WithDecryption bool
		}
		if err := json.NewDecoder(r.Body).Decode(&input); err != nil || !strings.HasPrefix(input.Name, "/") || input.WithDecryption != (action == "GetParameter") {
			t.Errorf("%s of %q, decrypted %t: %v", action, input.Name, input.WithDecryption, err)
		}
		if action == "PutParameter" {
			last = input.Value
		}
		status, body := answer(action, last)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return []string{"AWS_ENDPOINT_URL=" + server.URL, "AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example"}
}

// Always answers every call alike.
func Always(status int, body string) Answer {
	return func(string, string) (int, string) { return status, body }
}

// SecureString answers every call with a parameter.
func SecureString(value string, version int) Answer {
	return Always(http.StatusOK, Body("SecureString", value, version))
}

// Body is the answer to a reading.
func Body(kind, value string, version int) string {
	body, _ := json.Marshal(map[string]any{"Parameter": map[string]any{"Type": kind, "Value": value, "Version": version}})
	return string(body)
}
