package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/events/token"
	"github.com/protected-http-api/protected-http-api/internal/events/verify"
)

// tokenLifetime is how long a token of Token is good.
const tokenLifetime = time.Hour

// Token signs a token that the deployed authorizer accepts, with every
// permission.
func (d *Deployment) Token(subject string) (string, error) {
	now := time.Now()
	return token.Sign(d.Secret, token.Claims{
		Subject: subject, IssuedAt: now, ExpiresAt: now.Add(tokenLifetime), Extra: map[string]any{"permissions": []string{"*"}},
	})
}

// VerifyCache sends two requests with one new token and checks by the
// functions' logs that the handler ran twice and the authorizer as often as
// the stack's authorizerTtl says: once where results are cached, else twice.
func (d *Deployment) VerifyCache(ctx context.Context, report verify.Report) error {
	text, _ := d.project.get(ttlKey)
	ttl, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("the project's %s %q is no duration: %w", ttlKey, text, err)
	}
	want, name := 2, "with TTL 0 a second call with the same token runs the authorizer again"
	if ttl > 0 {
		want, name = 1, fmt.Sprintf("with TTL %s a second call with the same token does not run the authorizer", ttl)
	}
	err = d.verifyCache(ctx, want)
	report(verify.Result{Name: name, Err: err})
	if err != nil {
		return verify.ErrFailed
	}
	return nil
}

func (d *Deployment) verifyCache(ctx context.Context, want int) error {
	authorizer, err := d.invocations("authorizer")
	if err != nil {
		return err
	}
	handler, err := d.invocations("create-event")
	if err != nil {
		return err
	}
	fresh, err := d.Token(fmt.Sprintf("usr_cache_%d", time.Now().UnixNano()))
	if err != nil {
		return err
	}
	for range 2 {
		if err := d.post(ctx, fresh); err != nil {
			return err
		}
	}
	authorizerAfter, err := d.invocations("authorizer")
	if err != nil {
		return err
	}
	handlerAfter, err := d.invocations("create-event")
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

// post creates an event.
func (d *Deployment) post(ctx context.Context, bearer string) error {
	url, err := d.Output("apiUrl")
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(url, "/")+"/events", strings.NewReader(`{"name":"cache"}`))
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+bearer)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("sending the request: %w", err)
	}
	if err := res.Body.Close(); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if res.StatusCode != http.StatusCreated {
		return fmt.Errorf("POST /events with a valid token is %d, not 201", res.StatusCode)
	}
	return nil
}

// invocations counts, in a function's log, how often it has run.
func (d *Deployment) invocations(function string) (int, error) {
	names, _ := d.Outputs["functionNames"].(map[string]any)
	name, ok := names[function].(string)
	if !ok {
		return 0, fmt.Errorf("the output functionNames has no %q", function)
	}
	content, err := os.ReadFile(d.AWS.LogFile("/aws/lambda/" + name))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading the log of %s: %w", name, err)
	}
	return bytes.Count(content, []byte(" START RequestId: ")), nil
}
