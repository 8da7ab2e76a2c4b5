package endpoint

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

// sts is the Security Token Service, in AWS's Query protocol: a form in, XML
// out. It has GetCallerIdentity only, which needs no permission.
type sts struct {
	account account.Account
	iam     *iam.Service
}

type callerIdentity struct {
	XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
	ARN       string   `xml:"GetCallerIdentityResult>Arn"`
	UserID    string   `xml:"GetCallerIdentityResult>UserId"`
	Account   string   `xml:"GetCallerIdentityResult>Account"`
	RequestID string   `xml:"ResponseMetadata>RequestId"`
}

// Serve implements protocol.Service.
func (s sts) Serve(w http.ResponseWriter, r *protocol.Request) {
	form, err := url.ParseQuery(string(r.Body))
	action := form.Get("Action")
	if err != nil || r.HTTP.Method != http.MethodPost || action != "GetCallerIdentity" {
		r.Console.Refused("sts: unknown action "+action, "use what the local AWS has: GetCallerIdentity")
		s.Fail(w, awserr.New("InvalidAction", "Could not find operation %s for version %s", action, form.Get("Version")))
		return
	}
	// The unique id of a role's session is RoleId:session; the developer's
	// own is the account.
	user := s.account.ID
	if role, ok := s.iam.Role(r.Identity.Role); ok && !r.Identity.Root() {
		user = role.UniqueID + ":" + r.Identity.ARN[strings.LastIndexByte(r.Identity.ARN, '/')+1:]
	}
	writeXML(w, http.StatusOK, callerIdentity{ARN: r.Identity.ARN, UserID: user, Account: s.account.ID, RequestID: uuid.NewString()})
}

type errorResponse struct {
	XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

// queryErrors are the names and statuses that errors of a signature have in
// the Query protocol (IAM API reference, "Common errors").
var queryErrors = map[string]awserr.Error{
	"MissingAuthenticationTokenException": {Code: "MissingAuthenticationToken", Status: http.StatusForbidden},
	"IncompleteSignatureException":        {Code: "IncompleteSignature", Status: http.StatusBadRequest},
	"UnrecognizedClientException":         {Code: "InvalidClientTokenId", Status: http.StatusForbidden},
	"InvalidSignatureException":           {Code: "SignatureDoesNotMatch", Status: http.StatusForbidden},
	awserr.AccessDenied:                   {Code: "AccessDenied", Status: http.StatusForbidden},
}

// Fail implements protocol.Service.
func (s sts) Fail(w http.ResponseWriter, err error) {
	e := *awserr.Of(err)
	if q, ok := queryErrors[e.Code]; ok {
		e.Code, e.Status = q.Code, q.Status
	}
	protocol.Failing(w, &e)
	writeXML(w, max(e.Status, http.StatusBadRequest), errorResponse{Type: "Sender", Code: e.Code, Message: e.Message, RequestID: uuid.NewString()})
}

func writeXML(w http.ResponseWriter, status int, answer any) {
	b, err := xml.Marshal(answer)
	if err != nil {
		status, b = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("x-amzn-RequestId", uuid.NewString())
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client may have gone
}
