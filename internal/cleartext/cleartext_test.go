package cleartext

import (
	"net/url"
	"testing"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://a.example/x":             "",
		"http://127.0.0.1:8080":           "",
		"http://127.3.2.1":                "",
		"http://[::1]:1":                  "",
		"http://[::ffff:127.0.0.1]:1":     "",
		"http://localhost:1":              "",
		"http://LOCALHOST:1":              `it is http to the host "LOCALHOST", so that credentials could be read on the way: use https, which only a loopback address such as 127.0.0.1 may do without`,
		"http://user:secret@a.example:80": `it is http to the host "a.example", so that credentials could be read on the way: use https, which only a loopback address such as 127.0.0.1 may do without`,
		"http://localhost.a.example":      `it is http to the host "localhost.a.example", so that credentials could be read on the way: use https, which only a loopback address such as 127.0.0.1 may do without`,
		"http://127.0.0.1.a.example":      `it is http to the host "127.0.0.1.a.example", so that credentials could be read on the way: use https, which only a loopback address such as 127.0.0.1 may do without`,
		"http://10.0.0.1":                 `it is http to the host "10.0.0.1", so that credentials could be read on the way: use https, which only a loopback address such as 127.0.0.1 may do without`,
		"http://0.0.0.0":                  `it is http to the host "0.0.0.0", so that credentials could be read on the way: use https, which only a loopback address such as 127.0.0.1 may do without`,
		"ftp://a.example":                 `it is ftp to the host "a.example", so that credentials could be read on the way: use https, which only a loopback address such as 127.0.0.1 may do without`,
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := Check(u); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
