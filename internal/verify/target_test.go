package verify

import "testing"

func TestTargetOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, key string
		others    []string
		want      target // none: no request reaches it
	}{
		{name: "variables", key: "DELETE /a/{b}/c/{d}", want: target{"DELETE", "/a/pha-verify/c/pha-verify"}},
		{name: "greedy", key: "GET /a/{rest+}", others: []string{"GET /a/{b}"}, want: target{"GET", "/a/" + greedy}},
		{name: "any method", key: "ANY /a", want: target{"GET", "/a"}},
		{name: "any other method", key: "ANY /a/{b}", others: []string{"GET /a/{c}", "HEAD /a/{c}", "PUT /a"}, want: target{"PUT", "/a/pha-verify"}},
		{name: "any method, beside a greedy route", key: "ANY /a/{b}", others: []string{"GET /{rest+}"}, want: target{"GET", "/a/pha-verify"}},
		{name: "any method of a greedy path", key: "ANY /{all+}", others: []string{"GET /{rest+}"}, want: target{"HEAD", "/" + greedy}},
		{name: "default", key: "$default", others: []string{"GET /a/{b}", "GET /"}, want: target{"GET", "/" + greedy}},
		{name: "default beside a greedy route", key: "$default", others: []string{"ANY /{rest+}"}, want: target{"GET", "/"}},
		{name: "default beside a greedy method", key: "$default", others: []string{"GET /{rest+}"}, want: target{"HEAD", "/" + greedy}},
		{name: "default that nothing reaches", key: "$default", others: []string{"ANY /{rest+}", "ANY /"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			routes := []Route{{Key: tt.key}}
			for _, key := range tt.others {
				routes = append(routes, Route{Key: key})
			}
			got, found := targetOf(tt.key, routes)
			if got != tt.want || found != (tt.want != target{}) {
				t.Errorf("got %v %v, want %v", got, found, tt.want)
			}
		})
	}
}
