package parameter

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// answer answers a call, GetParameter or PutParameter, of one parameter. value is
// what is put; of a reading, what was put last.
type answer func(action, value string) (status int, body string)

// start returns the environment that leads to a Parameter Store.
func start(t *testing.T, say answer) []string {
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
		status, text := say(action, last)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(server.Close)
	return []string{"AWS_ENDPOINT_URL=" + server.URL, "AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example"}
}

// always answers every call alike.
func always(status int, text string) answer {
	return func(string, string) (int, string) { return status, text }
}

// secureString answers every call with a parameter.
func secureString(value string, version int) answer {
	return always(http.StatusOK, body("SecureString", value, version))
}

// body is the answer to a reading.
func body(kind, value string, version int) string {
	text, _ := json.Marshal(map[string]any{"Parameter": map[string]any{"Type": kind, "Value": value, "Version": version}})
	return string(text)
}
