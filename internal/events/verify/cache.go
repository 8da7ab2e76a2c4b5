package verify

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Cache is what the check of the authorizer's cache has to know of a deployment.
type Cache struct {
	// TTL is how long API Gateway reuses what the authorizer answered.
	TTL time.Duration
	// Token signs a token that the authorizer accepts.
	Token func(subject string) (string, error)
	// Invocations counts how often the authorizer and the handler of POST /events
	// have run.
	Invocations func() (authorizer, handler int, err error)
}

func (c *Cache) name() string {
	if c.TTL > 0 {
		return fmt.Sprintf("with TTL %s a second call with the same token does not run the authorizer", c.TTL)
	}
	return "with TTL 0 a second call with the same token runs the authorizer again"
}

// checkCache sends two requests with one new token. The handler has to run twice,
// the authorizer once where its results are cached, else twice.
func (v *verifier) checkCache(ctx context.Context) error {
	want := 2
	if v.cache.TTL > 0 {
		want = 1
	}
	authorizer, handler, err := v.cache.Invocations()
	if err != nil {
		return err
	}
	token, err := v.cache.Token(fmt.Sprintf("usr_cache_%d", time.Now().UnixNano()))
	if err != nil {
		return err
	}
	for range 2 {
		status, _, err := v.send(ctx, request{method: http.MethodPost, path: "events", token: token, body: `{"name":"cache"}`})
		if err != nil {
			return err
		}
		if status != http.StatusCreated {
			return fmt.Errorf("POST /events with a valid token is %d, not 201", status)
		}
	}
	authorizerAfter, handlerAfter, err := v.cache.Invocations()
	if err != nil {
		return err
	}
	if ran := handlerAfter - handler; ran != 2 {
		return fmt.Errorf("the handler ran %d times, not twice", ran)
	}
	if ran := authorizerAfter - authorizer; ran != want {
		return fmt.Errorf("the authorizer ran %d times, not %d", ran, want)
	}
	return nil
}
