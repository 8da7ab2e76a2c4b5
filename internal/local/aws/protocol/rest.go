package protocol

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

// REST is a service of AWS's REST-JSON protocol: the operation is told by
// method and path, parameters are in path, query, headers and body.
type REST struct {
	// Name is the signing name, for instance lambda.
	Name string
	// Message is the member of an error's body with the message. Defaults to
	// message.
	Message string
	// Statuses are the HTTP statuses of errors, by code. Others have their
	// Error's own. AccessDeniedException has 403.
	Statuses map[string]int
	// Operations, of which none has the method and path of another. Any other
	// request is an UnknownOperationException.
	Operations []RESTOperation
}

// RESTOperation is one operation of a REST service.
type RESTOperation struct {
	// Name is AWS's, for instance GetRoutes.
	Name string
	// Method is an HTTP method.
	Method string
	// Path has {variables}, each a whole segment: /v2/apis/{apiId}/routes. A
	// request may have one more slash at its end.
	Path string
	// Grants reads from the request which permissions it needs.
	Grants func(*RESTRequest) ([]iam.Grant, error)
	// Run does it.
	Run func(*RESTRequest) (*RESTAnswer, error)
}

// RESTRequest is a request to a REST service.
type RESTRequest struct {
	*Request
	// Path are the values of the path's variables, decoded.
	Path map[string]string
	// Query are the query parameters.
	Query url.Values
}

// RESTAnswer is what a REST operation answers.
type RESTAnswer struct {
	// Status is the HTTP status. Defaults to 200.
	Status int
	Header http.Header
	// Body is sent as JSON, a []byte as it is, and nil not at all.
	Body any
}

// Serve implements Service.
func (s *REST) Serve(w http.ResponseWriter, r *Request) {
	op, rest := s.find(r)
	if op == nil {
		names := make([]string, len(s.Operations))
		for i, known := range s.Operations {
			names[i] = known.Name
		}
		r.Console.Refused(s.Name+": unknown operation "+r.HTTP.Method+" "+strconv.Quote(r.HTTP.URL.Path),
			"use what the local AWS has: "+strings.Join(names, ", "))
		s.Fail(w, &awserr.Error{Code: "UnknownOperationException", Message: "An unknown operation was requested.", Status: http.StatusNotFound})
		return
	}
	answer, err := run(r, s.Name+":"+op.Name, rest, op.Grants, op.Run)
	if err != nil {
		s.Fail(w, err)
		return
	}
	s.write(w, *answer)
}

// find returns the operation that a request is for, nil where there is none.
func (s *REST) find(r *Request) (*RESTOperation, *RESTRequest) {
	segments := strings.Split(strings.TrimSuffix(r.HTTP.URL.EscapedPath(), "/"), "/")
	query, err := url.ParseQuery(r.HTTP.URL.RawQuery)
	if err != nil {
		return nil, nil
	}
	for i, op := range s.Operations {
		if values, ok := matchPath(strings.Split(op.Path, "/"), segments); ok && op.Method == r.HTTP.Method {
			return &s.Operations[i], &RESTRequest{Request: r, Path: values, Query: query}
		}
	}
	return nil, nil
}

// matchPath compares the segments of a pattern and of an encoded path. A
// variable takes one segment that is not empty, whatever is encoded in it.
func matchPath(pattern, segments []string) (map[string]string, bool) {
	if len(pattern) != len(segments) {
		return nil, false
	}
	values := map[string]string{}
	for i, p := range pattern {
		segment, err := url.PathUnescape(segments[i])
		name, variable := strings.CutPrefix(p, "{")
		switch {
		case err != nil || (variable && segment == "") || (!variable && p != segment):
			return nil, false
		case variable:
			values[strings.TrimSuffix(name, "}")] = segment
		}
	}
	return values, true
}

// Fail implements Service.
func (s *REST) Fail(w http.ResponseWriter, err error) {
	e := awserr.Of(err)
	Failing(w, e)
	status := max(e.Status, http.StatusBadRequest)
	if known, ok := s.Statuses[e.Code]; ok {
		status = known
	} else if e.Code == awserr.AccessDenied {
		status = http.StatusForbidden
	}
	member := s.Message
	if member == "" {
		member = "message"
	}
	body := map[string]any{member: e.Message}
	for name, value := range e.Members {
		body[name] = value
	}
	header := http.Header{}
	header.Set("x-amzn-ErrorType", e.Code)
	s.write(w, RESTAnswer{Status: status, Header: header, Body: body})
}

func (s *REST) write(w http.ResponseWriter, answer RESTAnswer) {
	body, raw := answer.Body.([]byte)
	if !raw && answer.Body != nil {
		var err error
		if body, err = json.Marshal(answer.Body); err != nil {
			answer = RESTAnswer{Status: http.StatusInternalServerError}
		}
	}
	h := w.Header()
	h.Set("x-amzn-RequestId", uuid.NewString())
	if body != nil {
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	for name, values := range answer.Header {
		h[name] = values
	}
	if answer.Status == 0 {
		answer.Status = http.StatusOK
	}
	w.WriteHeader(answer.Status)
	_, _ = w.Write(body) // the client may have gone
}

// Page returns the elements of a list from the one that token names on, at
// most limit, and the token of the next page, empty at the end. A token is a
// position; what is none is an error with the given code.
func Page[T any](all []T, token string, limit int, code string) ([]T, string, error) {
	start := 0
	if token != "" {
		var err error
		if start, err = strconv.Atoi(token); err != nil || start < 0 || start > len(all) {
			return nil, "", awserr.New(code, "The specified token is invalid.")
		}
	}
	end := min(start+limit, len(all))
	if end == len(all) {
		return all[start:], "", nil
	}
	return all[start:end], strconv.Itoa(end), nil
}
