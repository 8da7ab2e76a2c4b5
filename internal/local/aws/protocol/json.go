package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"hash/crc32"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

// JSON is a service of AWS's JSON protocols: POST /, the operation in
// X-Amz-Target, a JSON object both ways.
type JSON struct {
	// Name is the signing name, for instance ssm.
	Name string
	// Target stands before the operation in X-Amz-Target, for instance
	// AmazonSSM.
	Target string
	// Version is 1.0 or 1.1.
	Version string
	// Namespace stands before the code of the service's own errors; errors of
	// AWS's framework then have the framework's. Defaults to none for both.
	Namespace string
	// CRC32 is whether answers carry x-amz-crc32, as DynamoDB's do.
	CRC32 bool
	// Operations, by name. Any other is an UnknownOperationException.
	Operations map[string]Operation
}

// Operation is one operation of a JSON service.
type Operation struct {
	// Grants reads from the body which permissions the request needs.
	Grants func(body []byte) ([]iam.Grant, error)
	// Run does it and returns what is sent as JSON, or an error.
	Run func(body []byte) (any, error)
}

// frameworkErrors are errors that come from AWS's framework, with its
// namespaces, not from a service's model.
var frameworkErrors = map[string]string{
	"AccessDeniedException":               "com.amazon.coral.service#",
	"IncompleteSignatureException":        "com.amazon.coral.service#",
	"InternalFailure":                     "com.amazon.coral.service#",
	"InvalidSignatureException":           "com.amazon.coral.service#",
	"MissingAuthenticationTokenException": "com.amazon.coral.service#",
	"SerializationException":              "com.amazon.coral.service#",
	"UnknownOperationException":           "com.amazon.coral.service#",
	"UnrecognizedClientException":         "com.amazon.coral.service#",
	"ValidationException":                 "com.amazon.coral.validate#",
}

// Serve implements Service.
func (s *JSON) Serve(w http.ResponseWriter, r *Request) {
	target := r.HTTP.Header.Get("X-Amz-Target")
	name, ok := strings.CutPrefix(target, s.Target+".")
	op, known := s.Operations[name]
	if !ok || !known || r.HTTP.Method != http.MethodPost || r.HTTP.URL.Path != "/" {
		r.Console.Refused(s.Name+": unknown operation "+strconv.Quote(target),
			"use what the local AWS has: "+strings.Join(slices.Sorted(maps.Keys(s.Operations)), ", "))
		s.Fail(w, awserr.New("UnknownOperationException", "An unknown operation was requested."))
		return
	}
	if coding := r.HTTP.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		r.Console.Refused(s.Name+": the body of the request has the Content-Encoding "+strconv.Quote(coding)+", which is not supported by the local AWS", "send it as it is: in an AWS SDK, disable request compression")
		s.Fail(w, awserr.New("SerializationException", "a body with a Content-Encoding is not supported by the local AWS"))
		return
	}
	answer, err := run(r, s.Name+":"+name, r.Body, op.Grants, op.Run)
	if err != nil {
		s.Fail(w, err)
		return
	}
	s.write(w, http.StatusOK, answer)
}

// Fail implements Service.
func (s *JSON) Fail(w http.ResponseWriter, err error) {
	e := awserr.Of(err)
	Failing(w, e)
	code := e.Code
	if s.Namespace != "" {
		prefix, framework := frameworkErrors[e.Code]
		if !framework {
			prefix = s.Namespace
		}
		code = prefix + code
	}
	answer := map[string]any{"__type": code, "message": e.Message}
	maps.Copy(answer, e.Members)
	w.Header().Set("x-amzn-ErrorType", e.Code)
	s.write(w, max(e.Status, http.StatusBadRequest), answer)
}

func (s *JSON) write(w http.ResponseWriter, status int, answer any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(answer); err != nil {
		status = http.StatusInternalServerError
		b.Reset()
		b.WriteString(`{"__type":"InternalFailure"}`)
	}
	body := bytes.TrimRight(b.Bytes(), "\n")
	h := w.Header()
	h.Set("Content-Type", "application/x-amz-json-"+s.Version)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("x-amzn-requestid", uuid.NewString())
	if s.CRC32 {
		h.Set("x-amz-crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may have gone
}

// member leaves out of a field's name the embedded structs that it begins with,
// which are no members of the JSON.
func member(field string, of reflect.Type) string {
	for of != nil && of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	name, rest, nested := strings.Cut(field, ".")
	if of == nil || of.Kind() != reflect.Struct || !nested {
		return field
	}
	if f, ok := of.FieldByName(name); ok && f.Anonymous {
		return member(rest, f.Type)
	}
	return field
}

// Decode reads a request's JSON. As on AWS members that the operation does
// not know are left out; what is no JSON object, or has a member of another
// type, is a SerializationException. The error never repeats a value.
func Decode(body []byte, into any) error {
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 {
		trimmed = []byte("{}")
	}
	if trimmed[0] != '{' {
		return awserr.New("SerializationException", "the body of the request must be a JSON object")
	}
	err := json.Unmarshal(trimmed, into)
	var own *awserr.Error
	var typed *json.UnmarshalTypeError
	switch {
	case errors.As(err, &own): // of a type that reads itself
		return own
	case errors.As(err, &typed):
		return awserr.New("SerializationException", "the member %q must be of type %s", member(typed.Field, reflect.TypeOf(into)), typed.Type)
	case err != nil:
		return awserr.New("SerializationException", "the body of the request must be a JSON object")
	}
	return nil
}
