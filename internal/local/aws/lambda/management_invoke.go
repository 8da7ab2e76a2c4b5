package lambda

import (
	"encoding/base64"
	"iter"
	"net/http"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

// logTail is how much of an invocation's log its answer may carry, in bytes
// (Lambda API reference, Invoke: the last 4 KB).
const logTail = 4 << 10

// serveInvoke runs a function for a client of the endpoint and answers when
// it has (RequestResponse), or tells whether it could (DryRun).
func (s *Service) serveInvoke(r *protocol.RESTRequest) (*protocol.RESTAnswer, error) {
	h := r.HTTP.Header
	for _, name := range []string{"X-Amz-Client-Context", "X-Amz-Tenant-Id", "X-Amz-Durable-Execution-Name"} {
		if h.Get(name) != "" {
			return nil, notServed("the header "+name+" of an invocation", "leave it out")
		}
	}
	kind, tail := h.Get("X-Amz-Invocation-Type"), h.Get("X-Amz-Log-Type")
	switch {
	case kind == "Event":
		return nil, notServed("the invocation type Event", "use RequestResponse, the default")
	case kind != "" && kind != "RequestResponse" && kind != "DryRun":
		return nil, constraint("invocationType", kind, "Member must satisfy enum value set: [Event, RequestResponse, DryRun]", "")
	case tail != "" && tail != "None" && tail != "Tail":
		return nil, constraint("logType", tail, "Member must satisfy enum value set: [None, Tail]", "")
	}
	info, err := s.find(r)
	if err != nil {
		return nil, err
	}
	if kind == "DryRun" {
		return &protocol.RESTAnswer{Status: http.StatusNoContent}, nil
	}
	begin := s.logs.End(info.LogGroup)
	out, err := s.Invoke(r.HTTP.Context(), InvokeInput{Function: info.ARN, Payload: r.Body})
	if err != nil {
		return nil, err
	}
	answer := &protocol.RESTAnswer{Header: http.Header{}, Body: append([]byte{}, out.Payload...)}
	answer.Header.Set("X-Amz-Executed-Version", latest)
	answer.Header.Set("X-Amzn-Requestid", out.RequestID)
	if out.FunctionError != "" {
		answer.Header.Set("X-Amz-Function-Error", out.FunctionError)
	}
	if tail == "Tail" {
		answer.Header.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString(tailOf(s.logs.Since(info.LogGroup, begin), out.RequestID)))
	}
	return answer, nil
}

// tailOf returns the end of what an invocation logged: in its environment's
// stream, from the first event with its id to the start of the next one. What
// a function may not log, for want of a permission, is not there either.
func tailOf(events iter.Seq2[logs.Event, error], requestID string) []byte {
	var tail []byte
	stream := ""
	for e, err := range events {
		its := strings.Contains(e.Message, requestID)
		switch {
		case err != nil:
			return tail // the log group went away
		case stream == "" && its:
			stream = e.Stream
		case stream == "" || e.Stream != stream:
			continue
		case starts(e.Message) && !its:
			return tail // the environment's next invocation
		}
		tail = append(tail, e.Message+"\n"...)
		tail = tail[max(0, len(tail)-logTail):]
	}
	return tail
}

// starts tells whether a log event begins an invocation, in the text or the
// JSON format.
func starts(message string) bool {
	return strings.HasPrefix(message, "START RequestId: ") ||
		(strings.HasPrefix(message, "{") && strings.Contains(message, `"platform.start"`))
}
