// Package api is the Events API's HTTP side: a handler a route, over the store
// of package events. The handlers of protected routes take the caller's
// identity from package authz and refuse the request without one, whatever the
// API's own configuration says.
package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/protected-http-api/protected-http-api/authz"
	"github.com/protected-http-api/protected-http-api/authz/httpsig"
	"github.com/protected-http-api/protected-http-api/internal/events"
	"github.com/protected-http-api/protected-http-api/internal/events/httpapi"
)

const (
	// MaxBody is the greatest length of a request body, in bytes after base64
	// has been decoded.
	MaxBody = 64 << 10
	// DefaultLimit is how many events a page has if the request does not say.
	DefaultLimit = 20
)

// Lister lists events, as events.Store does.
type Lister interface {
	List(ctx context.Context, limit int32, cursor string) (events.Page, error)
}

// Getter gets an event, as events.Store does.
type Getter interface {
	Get(ctx context.Context, id string) (events.Event, error)
}

// Creator creates an event, as events.Store does.
type Creator interface {
	Create(ctx context.Context, name, createdBy string) (events.Event, error)
}

// Deleter deletes an event, as events.Store does.
type Deleter interface {
	Delete(ctx context.Context, id string) error
}

// page is the body of a list.
type page struct {
	// Items is [] when there are none.
	Items []events.Event `json:"items"`
	// Cursor is null on the last page; the member is always there, so that
	// clients need not tell "absent" from "misspelt".
	Cursor *string `json:"cursor"`
}

// List answers GET /events: 200 with {"items": [...], "cursor": ...}, newest
// first. Query parameters: limit, 1 to 100, DefaultLimit without it; cursor,
// from an earlier answer. Others are ignored. cursor is null on the last page.
// 400 for a limit or cursor that is not allowed; an empty one is not, since a
// client that loses its cursor would otherwise read the first page for ever.
func List(store Lister) httpapi.Handler {
	return func(ctx context.Context, req httpapi.Request) (httpapi.Response, error) {
		limit, err := limitOf(req)
		if err != nil {
			return httpapi.Response{}, err
		}
		cursor, given := req.QueryStringParameters["cursor"]
		if given && cursor == "" {
			return httpapi.Response{}, badCursor(cursor)
		}
		found, err := store.List(ctx, limit, cursor)
		if errors.Is(err, events.ErrBadCursor) {
			return httpapi.Response{}, badCursor(cursor)
		}
		if err != nil {
			return httpapi.Response{}, err
		}
		body := page{Items: found.Items}
		if found.Cursor != "" {
			body.Cursor = &found.Cursor
		}
		return httpapi.JSON(http.StatusOK, body)
	}
}

// Get answers GET /events/{id}: 200 with the event, or 404.
func Get(store Getter) httpapi.Handler {
	return func(ctx context.Context, req httpapi.Request) (httpapi.Response, error) {
		e, err := store.Get(ctx, req.PathParameters["id"])
		if err != nil {
			return httpapi.Response{}, notFound(err, req)
		}
		return httpapi.JSON(http.StatusOK, e)
	}
}

// Create answers POST /events with the body {"name": "..."}: 201 with the
// event and its Location. 401 without an identity, 415, 413 and 400 as
// httpapi.Body and httpapi.Object have them, 400 for a name that
// events.ParseName refuses and for the body of a signed request that
// httpsig.CheckContentDigest refuses. log gets the reason of a 401.
func Create(log *slog.Logger, store Creator) httpapi.Handler {
	return protected(log, func(ctx context.Context, req httpapi.Request, caller authz.Identity) (httpapi.Response, error) {
		name, err := nameOf(req)
		if err != nil {
			return httpapi.Response{}, err
		}
		e, err := store.Create(ctx, name, caller.Subject)
		var invalid *events.InvalidError
		if errors.As(err, &invalid) {
			return httpapi.Response{}, httpapi.Errorf(http.StatusBadRequest, "%s", invalid.Error())
		}
		if err != nil {
			return httpapi.Response{}, err
		}
		resp, err := httpapi.JSON(http.StatusCreated, e)
		if err != nil {
			return httpapi.Response{}, err
		}
		resp.Headers["Location"] = "/events/" + e.ID
		return resp, nil
	})
}

// Delete answers DELETE /events/{id}: 204, 401 without an identity, or 404.
// log gets the reason of a 401.
func Delete(log *slog.Logger, store Deleter) httpapi.Handler {
	return protected(log, func(ctx context.Context, req httpapi.Request, _ authz.Identity) (httpapi.Response, error) {
		if err := store.Delete(ctx, req.PathParameters["id"]); err != nil {
			return httpapi.Response{}, notFound(err, req)
		}
		return httpapi.Response{StatusCode: http.StatusNoContent}, nil
	})
}

// protected hands the caller's identity to handle, or answers 401 without
// running it. The client learns no more than that: which check failed is for
// the log. A signed request whose body is not the one that was signed is a 400.
func protected(log *slog.Logger, handle func(context.Context, httpapi.Request, authz.Identity) (httpapi.Response, error)) httpapi.Handler {
	return func(ctx context.Context, req httpapi.Request) (httpapi.Response, error) {
		caller, err := authz.FromRequest(req)
		if err != nil {
			httpapi.Log(ctx, log, req).Warn("request refused", "route", req.RouteKey, "error", err.Error())
			return httpapi.Response{}, httpapi.Errorf(http.StatusUnauthorized, "no valid identity: the credential is missing or has expired")
		}
		if err := httpsig.CheckContentDigest(req); err != nil {
			return httpapi.Response{}, httpapi.Errorf(http.StatusBadRequest, "%s", err)
		}
		resp, err := handle(ctx, req, caller)
		return httpapi.NoStore(resp), err
	}
}

func nameOf(req httpapi.Request) (string, error) {
	body, err := httpapi.Body(req, MaxBody)
	if err != nil {
		return "", err
	}
	members, err := httpapi.Object(body, "name")
	if err != nil {
		return "", err
	}
	return httpapi.String(members, "name")
}

// limitOf takes decimal digits only; "+5" and "5,5", which is how a repeated
// parameter arrives, are not allowed.
func limitOf(req httpapi.Request) (int32, error) {
	value, given := req.QueryStringParameters["limit"]
	if !given {
		return DefaultLimit, nil
	}
	n, err := strconv.ParseUint(value, 10, 31)
	if err != nil || n < 1 || n > events.MaxLimit {
		return 0, badParameter("limit", value, fmt.Sprintf("a whole number from 1 to %d", events.MaxLimit))
	}
	return int32(n), nil
}

func badCursor(value string) error {
	return badParameter("cursor", value, "the cursor of an earlier answer, unchanged")
}

func badParameter(name, value, allowed string) error {
	return httpapi.Errorf(http.StatusBadRequest, "query parameter %q is %q; allowed is %s", name, httpapi.Clip(value), allowed)
}

func notFound(err error, req httpapi.Request) error {
	if errors.Is(err, events.ErrNotFound) {
		return httpapi.Errorf(http.StatusNotFound, "there is no event %q", httpapi.Clip(req.PathParameters["id"]))
	}
	return err
}
