package tests

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/protected-http-api/protected-http-api/authz/apikey"
	"github.com/protected-http-api/protected-http-api/localtest"
)

func deploy(t *testing.T) *localtest.API {
	t.Helper()
	return localtest.Deploy(t, localtest.Options{Project: "..", Stack: "dev"}).Named("bakery")
}

var writer = localtest.Permissions("orders:write")

func TestTokens(t *testing.T) {
	t.Parallel()
	api := deploy(t)
	var answer struct{ By string }
	token := api.Token("usr_1", writer, localtest.With("shop", 7))
	api.Post("/orders", map[string]any{"item": "bread"}, token).Want(201).JSON(&answer)
	if answer.By != "usr_1" {
		t.Errorf("the order is %s's", answer.By)
	}
	if text := fmt.Sprintf("%v %+v %#v", token, token, token); strings.Contains(text, token.Reveal()) {
		t.Error("the token is printed")
	}
	api.Get("/orders?open=true").Want(200)
	for _, test := range []struct {
		name    string
		options []localtest.RequestOption
		status  int
		want    localtest.Decision
	}{
		{"no token", nil, 401, localtest.Decision{Reason: "no identity source: $request.header.Authorization is missing or empty"}},
		{"no permission", []localtest.RequestOption{api.Token("usr_1")}, 403, localtest.Decision{Reason: "invalid claim"}},
		{"expired", []localtest.RequestOption{api.Token("usr_1", writer, localtest.ExpiresIn(-time.Hour))}, 403, localtest.Decision{Reason: "expired"}},
		{"wrong secret", []localtest.RequestOption{api.Token("usr_1", writer, localtest.WrongSecret())}, 403, localtest.Decision{Reason: "invalid signature"}},
	} {
		test.want.Route, test.want.Authorization, test.want.Authorizer = "POST /orders", "CUSTOM", "bakery-tokens"
		if got := api.Post("/orders", nil, test.options...).Want(test.status).Decision(); got != test.want {
			t.Errorf("%s: the decision is %+v, want %+v", test.name, got, test.want)
		}
	}
	if got := api.Get("/nowhere").Want(404).Decision(); got != (localtest.Decision{Reason: "no route matches"}) {
		t.Errorf("the decision is %+v", got)
	}
}

func TestOtherCredentials(t *testing.T) {
	t.Parallel()
	api := deploy(t)
	api.Post("/wholesale", nil, api.Key(apikey.Spec{Subject: "mill", Tier: "partner"})).Want(201)
	api.Post("/wholesale", nil, localtest.Header("X-Api-Key", "no key")).Want(403)
	api.Post("/deliveries", "flour", api.Signature()).Want(201)
	api.Post("/deliveries", "flour").Want(401)
	api.Post("/audit", "books", api.IAM()).Want(201)
	api.Post("/audit", "books").Want(403)

	clients := dynamodb.NewFromConfig(api.AWS())
	table := api.Output("keyTable")
	found, err := clients.Scan(context.Background(), &dynamodb.ScanInput{TableName: &table})
	if err != nil || found.Count == 0 {
		t.Errorf("the table of keys cannot be read: %v", err)
	}
}

// TestSeveral: a project may have several APIs.
func TestSeveral(t *testing.T) {
	t.Parallel()
	api := deploy(t)
	window := api.Named("window")
	window.Get("/").Want(200)
	if urls := api.URLs(); urls["bakery"] != api.URL() || urls["window"] != window.URL() || len(urls) != 2 || api.Outputs()["windowUrl"] != window.URL() {
		t.Errorf("the URLs are %v, the outputs %v", urls, api.Outputs())
	}
}

// TestShared is not parallel: it counts, and changes what all share.
func TestShared(t *testing.T) {
	api := deploy(t)
	t.Run("access", func(*testing.T) { api.Access() })
	t.Run("cache", func(t *testing.T) { testCache(t, api) })
	t.Run("outage", func(t *testing.T) { testOutage(t) })
	t.Run("redeployed", func(t *testing.T) { testRedeployed(t) })
	api.Delete("/orders/1").Want(401) // as before
}

func testCache(t *testing.T, api *localtest.API) {
	token := api.Token("usr_cache", writer)
	post := func(hit bool, ran int) {
		t.Helper()
		before := api.Runs("tokens")
		if got := api.Post("/orders", nil, token).Want(201).Decision(); got.CacheHit != hit || !got.Allowed {
			t.Errorf("the decision is %+v", got)
		}
		if got := api.Runs("tokens") - before; got != ran {
			t.Errorf("the authorizer ran %d times, want %d", got, ran)
		}
	}
	post(false, 1)
	post(true, 0)
	api.FastForward(4 * time.Minute)
	post(true, 0)
	api.FastForward(time.Minute)
	post(false, 1)
	api.ClearCache()
	post(false, 1)
	if lines := api.Log("orders"); !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, `"by":"usr_cache"`) }) {
		t.Errorf("the log has no order of usr_cache: %q", lines)
	}
}

func testOutage(t *testing.T) {
	api := deploy(t)
	key := api.Key(apikey.Spec{Subject: "mill", Tier: "partner"})
	end := api.Outage("dynamodb")
	api.Post("/wholesale", nil, key).Want(500)
	end()
	api.Post("/wholesale", nil, key).Want(201)
}

func testRedeployed(t *testing.T) {
	api := deploy(t)
	key := api.Key(apikey.Spec{Subject: "mill", Tier: "partner"})
	api.Redeploy(map[string]string{"openCancel": "true", "authorizerTtl": "0s"})
	api.Delete("/orders/1").Want(200)
	api.Post("/wholesale", nil, key).Want(201) // the table is the same
}

// TestMistakes fails, each part in its own way. The kit's own test reads how.
func TestMistakes(t *testing.T) {
	api := deploy(t)
	bad := api.Token("usr_1", localtest.WrongSecret())
	t.Run("status", func(t *testing.T) { deploy(t).Post("/orders", nil, bad).Want(http.StatusCreated) })
	t.Run("crash", func(t *testing.T) {
		api := deploy(t)
		api.Post("/orders", "crash", api.Token("usr_1", writer)).Want(201)
	})
	t.Run("body", func(t *testing.T) {
		api := deploy(t)
		var number int
		api.Post("/orders", nil, api.Token("usr_1", writer)).JSON(&number)
	})
	t.Run("secret", func(t *testing.T) {
		api := deploy(t)
		res := api.Get("/orders")
		res.Body = []byte(bad.Reveal())
		res.Want(201)
	})
	t.Run("access", func(t *testing.T) { deploy(t).Access() })
	t.Run("name", func(t *testing.T) { deploy(t).Named("mill").URL() })
	t.Run("unnamed", func(t *testing.T) { localtest.Deploy(t, localtest.Options{Project: ".."}).Get("/") })
	t.Run("function", func(t *testing.T) { deploy(t).Runs("oven") })
	t.Run("output", func(t *testing.T) { deploy(t).Output("oven") })
	t.Run("keys", func(t *testing.T) { deploy(t).Named("window").Key(apikey.Spec{Subject: "mill", Tier: "partner"}) })
	t.Run("setting", func(t *testing.T) { deploy(t).Redeploy(map[string]string{"oven": "hot"}) })
	t.Run("project", func(t *testing.T) { localtest.Deploy(t, localtest.Options{Project: "/"}) })
}
