package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/callers"
)

// tried are the routes of the Events API, with the credentials with which they can be
// tried and the statuses that these get.
var tried = map[string]map[string]string{
	"GET /events":         {"none": "200", "own": "200"},
	"POST /events":        {"none": "401", "bad": "403", "token": "201", "expired": "403", "apikey": "201", "signature": "201", "own": "403"},
	"DELETE /events/{id}": {"none": "401", "bad": "403", "token": "404", "expired": "403", "apikey": "404", "signature": "404", "own": "403"},
}

// tryAll tries routes on the live page, and by the command lines that it gives: they do
// what the page does.
func (d deployment) tryAll(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("curl")
	pastes := err == nil
	for _, route := range d.apis[0].Routes {
		_, path, _ := strings.Cut(route.Key, " ")
		for credential, want := range tried[route.Key] {
			status, line := d.try(t, map[string]string{
				"api": d.apis[0].ID, "stage": d.apis[0].Stage, "route": route.Key, "path": strings.ReplaceAll(path, "{id}", "it's $(id)"),
				"body": callers.Body(route), "credential": credential, "header": "Authorization: Bearer no'token",
			})
			if status != want {
				t.Errorf("%s with the credential %s is %s, want %s", route.Key, credential, status, want)
			}
			if !pastes {
				continue
			}
			out, err := exec.CommandContext(t.Context(), "sh", "-c", line).Output()
			if err != nil || !strings.HasPrefix(string(out), "HTTP/1.1 "+want+" ") {
				t.Errorf("%s with the credential %s is by curl %.40q, %v, want %s", route.Key, credential, out, err, want)
			}
		}
	}
}

// try has the live page send a request.
func (d deployment) try(t *testing.T, what map[string]string) (status, line string) {
	t.Helper()
	body, err := json.Marshal(what)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.pageURL+"try", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Status                 int
		RequestID, Curl, Error string
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if answer.Error != "" || answer.RequestID == "" {
		t.Fatalf("%s with the credential %s: the page says %d %q", what["route"], what["credential"], response.StatusCode, answer.Error)
	}
	return fmt.Sprint(answer.Status), answer.Curl
}
