package local

import (
	"archive/zip"
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
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
	d := deploy(t, Options{Project: dir, Stack: "dev", Settings: map[string]string{"db.password": password, "apiToken": apiToken}})
	d.credentials.add(password)
	d.credentials.add(apiToken)

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
}
