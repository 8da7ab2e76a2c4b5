package local

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
	"github.com/protected-http-api/protected-http-api/internal/local/langhost"
)

// writeZip writes a zip with an executable bootstrap.
func writeZip(t *testing.T, path string) {
	t.Helper()
	var content bytes.Buffer
	w := zip.NewWriter(&content)
	header := &zip.FileHeader{Name: "bootstrap"}
	header.SetMode(0o755)
	file, err := w.CreateHeader(header)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte("#!/bin/sh\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A program without outputs, with an open and a protected API, an archive by a
// relative path, its stack's file elsewhere and secrets in it: all is found, and
// nothing but the project's folder is named.
func TestSeveralAPIs(t *testing.T) {
	t.Parallel()
	dir := otherModule(t, "pair")
	writeZip(t, filepath.Join(dir, "program", "raw.zip"))
	const password, apiToken = "a-password-of-this-machine", "an-api-token-of-this-machine"
	outputs := filepath.Join(t.TempDir(), "outputs.json")
	if err := os.WriteFile(outputs, []byte(`{"zone":"eu-west-1a","ports":[80,443],"password":"[secret]"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	opts := Options{
		Project: dir, Stack: "dev", Settings: map[string]string{"db.password": password, "apiToken": apiToken},
		StackReferences: map[string]string{"acme/network/prod": outputs},
	}
	d := deploy(t, opts)
	d.credentials.add(password)
	d.credentials.add(apiToken)

	d.up(t, map[string]int{}) // nothing has changed
	d.checkReference(t)
	if len(d.Outputs) != 0 {
		t.Errorf("the outputs are %v", d.Outputs)
	}
	var names []string
	for _, api := range d.APIs {
		names = append(names, api.Name+" "+api.Stage)
		for _, route := range api.Routes {
			names = append(names, route.Key+" "+route.Authorization)
		}
	}
	if want := []string{"admin $default", "GET /users CUSTOM", "shop $default", "GET /items NONE"}; !slices.Equal(names, want) {
		t.Fatalf("the APIs are %q, want %q", names, want)
	}
	if want := []string{"/pair/jwt-secret"}; !slices.Equal(d.SecretPaths, want) || len(d.KeyPaths) != 0 {
		t.Errorf("the secret is in %q and keys in %q, want %q and none", d.SecretPaths, d.KeyPaths, want)
	}
	admin, shop := d.APIs[0].URL, d.APIs[1].URL
	for _, tt := range []struct {
		url, token string
		want       int
	}{
		{shop + "/items", "", http.StatusOK},
		{admin + "/users", "", http.StatusUnauthorized},
		{admin + "/users", "bad-token", http.StatusForbidden},
		{admin + "/users", d.token(t), http.StatusOK},
	} {
		header := http.Header{}
		if tt.token != "" {
			header = with("Authorization", "Bearer "+tt.token)
		}
		if got, body := d.callURL(t, http.MethodGet, tt.url, "", header, http.DefaultClient); got != tt.want {
			t.Errorf("GET %s is %d, not %d: %s", tt.url, got, tt.want, body)
		}
	}
	d.checkShopDomain(t, d.APIs[1])
	if err := d.destroy(t); err != nil {
		t.Fatal(err)
	}
	if apis, functions := len(d.AWS.APIs()), len(d.AWS.Functions()); apis+functions > 0 {
		t.Errorf("%d APIs and %d functions are left", apis, functions)
	}
}

// checkShopDomain: the open API is called by its domain, at any API's address.
func (d deployed) checkShopDomain(t *testing.T, shop API) {
	t.Helper()
	if len(shop.Domains) != 1 || shop.Domains[0].Host != "shop.example.com" || !strings.HasSuffix(shop.Domains[0].URL, "/v1/shop") {
		t.Fatalf("the domains are %+v", shop.Domains)
	}
	for _, tt := range []struct {
		host, url string
		want      int
	}{
		{"shop.example.com", shop.Domains[0].URL + "/items", http.StatusOK},
		{"shop.example.com", d.APIs[0].URL + "/v1/shop/items", http.StatusOK},
		{"shop.example.com", shop.URL + "/items", http.StatusForbidden},
		{"other.example.com", shop.Domains[0].URL + "/items", http.StatusForbidden},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tt.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = tt.host
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != tt.want {
			t.Errorf("GET %s of the host %s is %d, not %d", tt.url, tt.host, response.StatusCode, tt.want)
		}
	}
}

// checkReference: what the program has from another stack, of which a secret stays one.
func (d deployed) checkReference(t *testing.T) {
	t.Helper()
	functions := d.AWS.Functions()
	i := slices.IndexFunc(functions, func(f lambda.FunctionInfo) bool { return strings.HasPrefix(f.Name, "raw-") })
	if i < 0 {
		t.Fatal("the function raw is not there")
	}
	if f := functions[i]; f.Description != "eu-west-1a" || f.Environment["PASSWORD"] != "[secret]" {
		t.Errorf("the function is described as %q and has %v", f.Description, f.Environment)
	}
	if want := "secret outputs of other stacks, whose values the files do not have, are the text [secret]: acme/network/prod password\n"; !strings.Contains(d.output.String(), want) {
		t.Errorf("the output lacks %q", want)
	}
	states, err := filepath.Glob(filepath.Join(d.dir, "state", ".pulumi", "stacks", "pair", "*.json"))
	if err != nil || len(states) == 0 {
		t.Fatalf("there are the states %q, %v", states, err)
	}
	for _, path := range states {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte("[secret]")) || !bytes.Contains(content, []byte("eu-west-1a")) {
			t.Errorf("%s has a secret output in clear, or no output", path)
		}
	}
}

// A stack of which nothing is known is refused with the cure.
func TestStackReferenceRefused(t *testing.T) {
	t.Parallel()
	dir := otherModule(t, "pair")
	writeZip(t, filepath.Join(dir, "program", "raw.zip"))
	var output consoletest.Buffer
	d, err := Start(t.Context(), Options{
		Project: dir, Stack: "dev", Settings: map[string]string{"db.password": "x", "apiToken": "x"},
		Progress: io.MultiWriter(&output, t.Output()), Console: io.Discard,
	})
	if err == nil || err.Error() != "pulumi up failed: Pulumi's output says why" {
		t.Errorf("the error is %v", err)
	}
	if err == nil {
		t.Error(d.Close())
	}
	const want = `the program refers to the stack "acme/network/prod", which a local deployment does not have: give its outputs with --stack-reference acme/network/prod=outputs.json, after pulumi stack output --json --stack acme/network/prod >outputs.json (given: none)`
	if !strings.Contains(output.String(), want) {
		t.Errorf("the output lacks %q", want)
	}
}

func TestReadStackReferencesRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "outputs.json")
	for _, tt := range []struct{ content, want string }{
		{"", "reading the outputs of the stack acme/network/prod: open DIR/outputs.json: no such file or directory"},
		{"[]", "reading the outputs of the stack acme/network/prod: DIR/outputs.json is not a JSON object: write it with pulumi stack output --json --stack acme/network/prod"},
		{"null", "reading the outputs of the stack acme/network/prod: DIR/outputs.json is not a JSON object: write it with pulumi stack output --json --stack acme/network/prod"},
	} {
		if tt.content != "" {
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := langhost.ReadStackReferences(map[string]string{"acme/network/prod": path}); err == nil || in(dir, err.Error()) != tt.want {
			t.Errorf("the error is %v, want %s", err, tt.want)
		}
	}
}
