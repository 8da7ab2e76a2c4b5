package tests

import (
	"testing"

	"github.com/protected-http-api/protected-http-api/localtest"
)

func deploy(t *testing.T) *localtest.API {
	return localtest.Deploy(t, localtest.Options{Project: "..", Stack: "dev"}).Named("bakery")
}

func TestTokens(t *testing.T) {
	t.Parallel()
	api := deploy(t)
	writer := localtest.Permissions("orders:write")
	var answer struct{ By string }
	api.Post("/orders", map[string]any{"item": "bread"}, api.Token("usr_1", writer)).Want(201).JSON(&answer)
	if answer.By != "usr_1" {
		t.Errorf("the order is %s's", answer.By)
	}
}
