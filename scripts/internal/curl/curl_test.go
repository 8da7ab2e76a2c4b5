package curl

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestLine(t *testing.T) {
	t.Parallel()
	request := func(method, url, body string, headers ...string) *http.Request {
		r := httptest.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		for i := 0; i < len(headers); i += 2 {
			r.Header.Add(headers[i], headers[i+1])
		}
		return r
	}
	domain := request("GET", "http://127.0.0.1:1/a", "")
	domain.Host = "api.example.com"
	for _, tt := range []struct {
		r       *http.Request
		options []string
		want    string
	}{
		{request("GET", "http://a.example/x?y[]={1}", ""), nil, `--url 'http://a.example/x?y[]={1}'`},
		{request("HEAD", "http://a.example/", ""), nil, `--head --url 'http://a.example/'`},
		{request("DELETE", "http://a.example/it's", "", "B", "2", "A", "$(id)", "A", "`id`", "C", ""), nil,
			`--request 'DELETE' --header 'A: $(id)' --header 'A: ` + "`id`" + `' --header 'B: 2' --header 'C;' --url 'http://a.example/it'\''s'`},
		{request("POST", "http://a.example/", "@x"), append([]string{"--include"}, Text("@x")...), `--request 'POST' --include --data-raw '@x' --url 'http://a.example/'`},
		{domain, Text(""), `--header 'Host: api.example.com' --url 'http://127.0.0.1:1/a'`},
	} {
		if got := Line(tt.r, tt.options...); got != "curl --globoff --path-as-is "+tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
