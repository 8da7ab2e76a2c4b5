package endpoint

import (
	"encoding/xml"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

// s3Name is S3's signing name.
const s3Name = "s3"

// s3Path is the path of a request as if the bucket were not in its host, escaped.
func s3Path(r *http.Request) string {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	bucket, virtual := strings.CutSuffix(strings.ToLower(host), ".localhost")
	bucket = strings.TrimSuffix(bucket, ".s3")
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	if !virtual || bucket == s3Name {
		return path
	}
	return "/" + bucket + path
}

// subresource are the actions of what a query parameter without a value names (S3 user
// guide, "Required permissions for Amazon S3 API operations"), by method.
type subresource map[string]string

// get and put are for what is read with GET, and written with PUT; delete too where it
// needs the permission to write.
func readWrite(name string) subresource {
	return subresource{http.MethodGet: "Get" + name, http.MethodPut: "Put" + name}
}

func (s subresource) deletedBy(action string) subresource {
	s[http.MethodDelete] = action
	return s
}

var bucketSubresources = map[string]subresource{
	"accelerate":        readWrite("AccelerateConfiguration"),
	"acl":               readWrite("BucketAcl"),
	"cors":              readWrite("BucketCORS").deletedBy("PutBucketCORS"),
	"delete":            nil, // see s3Grants
	"encryption":        readWrite("EncryptionConfiguration").deletedBy("PutEncryptionConfiguration"),
	"lifecycle":         readWrite("LifecycleConfiguration").deletedBy("PutLifecycleConfiguration"),
	"location":          {http.MethodGet: "GetBucketLocation"},
	"logging":           readWrite("BucketLogging"),
	"notification":      readWrite("BucketNotification"),
	"object-lock":       readWrite("BucketObjectLockConfiguration"),
	"ownershipControls": readWrite("BucketOwnershipControls").deletedBy("PutBucketOwnershipControls"),
	"policy":            readWrite("BucketPolicy").deletedBy("DeleteBucketPolicy"),
	"policyStatus":      {http.MethodGet: "GetBucketPolicyStatus"},
	"publicAccessBlock": readWrite("BucketPublicAccessBlock").deletedBy("PutBucketPublicAccessBlock"),
	"replication":       readWrite("ReplicationConfiguration").deletedBy("PutReplicationConfiguration"),
	"tagging":           readWrite("BucketTagging").deletedBy("PutBucketTagging"),
	"uploads":           {http.MethodGet: "ListBucketMultipartUploads"},
	"versioning":        readWrite("BucketVersioning"),
	"versions":          {http.MethodGet: "ListBucketVersions"},
	"website":           readWrite("BucketWebsite").deletedBy("DeleteBucketWebsite"),
}

var objectSubresources = map[string]subresource{
	"acl":        readWrite("ObjectAcl"),
	"attributes": nil, // see s3Grants
	"legal-hold": readWrite("ObjectLegalHold"),
	"restore":    {http.MethodPost: "RestoreObject"},
	"retention":  readWrite("ObjectRetention"),
	"select":     {http.MethodPost: "GetObject"},
	"tagging":    readWrite("ObjectTagging").deletedBy("DeleteObjectTagging"),
	"torrent":    {http.MethodGet: "GetObjectTorrent"},
	"uploadId": {
		http.MethodGet: "ListMultipartUploadParts", http.MethodPut: "PutObject", http.MethodPost: "PutObject", http.MethodDelete: "AbortMultipartUpload",
	},
	"uploads": {http.MethodPost: "PutObject"},
}

// s3Grants are the permissions that a request to S3 needs. Of a request that is none of
// these all of S3 must be allowed.
func s3Grants(a account.Account, r *protocol.Request) ([]iam.Grant, error) {
	query, err := url.ParseQuery(r.HTTP.URL.RawQuery)
	if err != nil {
		return nil, awserr.New("InvalidArgument", "The query cannot be read.")
	}
	escapedBucket, escapedKey, _ := strings.Cut(strings.TrimPrefix(s3Path(r.HTTP), "/"), "/")
	bucket, err1 := url.PathUnescape(escapedBucket)
	key, err2 := url.PathUnescape(escapedKey)
	if err1 != nil || err2 != nil || strings.Contains(bucket, "/") {
		return nil, awserr.New("InvalidURI", "Couldn't parse the specified URI.")
	}
	arn := "arn:" + a.Partition + ":s3:::"
	context := s3Context(r.HTTP, query)
	grant := func(action, resource string) iam.Grant {
		return iam.Grant{Action: "s3:" + action, Resource: resource, Context: context}
	}
	switch {
	case bucket == "" && r.HTTP.Method == http.MethodGet:
		return []iam.Grant{grant("ListAllMyBuckets", "*")}, nil
	case key == "" && query.Has("delete") && r.HTTP.Method == http.MethodPost:
		return s3Deletions(r, func(action, key string) iam.Grant { return grant(action, arn+bucket+"/"+key) })
	case key == "":
		if action := bucketAction(r.HTTP.Method, query); action != "" {
			return []iam.Grant{grant(action, arn+bucket)}, nil
		}
	default:
		object := arn + bucket + "/" + key
		if actions := objectActions(r.HTTP, query); len(actions) > 0 {
			var needed []iam.Grant
			for _, action := range actions {
				needed = append(needed, grant(action, object))
			}
			if source := r.HTTP.Header.Get("X-Amz-Copy-Source"); source != "" {
				action, from, err := copied(source)
				if err != nil {
					return nil, err
				}
				needed = append(needed, grant(action, arn+from))
			}
			return needed, nil
		}
	}
	return []iam.Grant{{Action: "s3:*", Resource: "*", Unknown: true, Context: context}}, nil
}

// named finds the one subresource that a query names, nil where there is none; ok is
// false where there are several.
func named(all map[string]subresource, query url.Values) (found string, ok bool) {
	for name := range query {
		if _, is := all[name]; is {
			if found != "" {
				return "", false
			}
			found = name
		}
	}
	return found, true
}

// bucketAction is the action of a request to a bucket, empty where it is not known.
func bucketAction(method string, query url.Values) string {
	name, ok := named(bucketSubresources, query)
	switch {
	case !ok:
		return ""
	case name != "":
		return bucketSubresources[name][method]
	}
	for parameter := range query {
		// Another subresource, such as analytics or inventory, has another action.
		switch parameter {
		case "list-type", "prefix", "delimiter", "max-keys", "marker", "continuation-token", "start-after", "encoding-type", "fetch-owner", "x-id":
		default:
			if !strings.HasPrefix(parameter, "X-Amz-") {
				return ""
			}
		}
	}
	return map[string]string{
		http.MethodGet: "ListBucket", http.MethodHead: "ListBucket", http.MethodPut: "CreateBucket", http.MethodDelete: "DeleteBucket",
	}[method]
}

// objectActions are those of a request to an object, none where they are not known.
func objectActions(r *http.Request, query url.Values) []string {
	version := ""
	if query.Has("versionId") {
		version = "Version"
	}
	name, ok := named(objectSubresources, query)
	switch {
	case !ok:
		return nil
	case name == "attributes" && r.Method == http.MethodGet:
		return []string{"GetObject" + version, "GetObject" + version + "Attributes"}
	case name != "":
		action := objectSubresources[name][r.Method]
		if action == "" {
			return nil
		}
		// GetObjectVersionAcl, PutObjectVersionTagging.
		if strings.Contains(action, "Object") && (name == "acl" || name == "tagging" || name == "torrent") {
			action = strings.Replace(action, "Object", "Object"+version, 1)
		}
		return withHeaders(r, action)
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return []string{"GetObject" + version}
	case http.MethodDelete:
		return []string{"DeleteObject" + version}
	case http.MethodPut:
		return withHeaders(r, "PutObject")
	}
	return nil
}

// withHeaders adds what the headers of an upload need beside PutObject.
func withHeaders(r *http.Request, action string) []string {
	actions := []string{action}
	if action != "PutObject" {
		return actions
	}
	for header, more := range map[string]string{
		"X-Amz-Acl": "PutObjectAcl", "X-Amz-Tagging": "PutObjectTagging",
		"X-Amz-Object-Lock-Mode": "PutObjectRetention", "X-Amz-Object-Lock-Legal-Hold": "PutObjectLegalHold",
	} {
		if r.Header.Get(header) != "" {
			actions = append(actions, more)
		}
	}
	for header := range r.Header {
		if strings.HasPrefix(header, "X-Amz-Grant-") {
			return append(actions, "PutObjectAcl")
		}
	}
	return actions
}

// copied is the action on the source of a copy, and its bucket and key.
func copied(source string) (action, from string, err error) {
	path, query, versioned := strings.Cut(strings.TrimPrefix(source, "/"), "?")
	from, err = url.PathUnescape(path)
	if err != nil || strings.HasPrefix(from, "arn:") || !strings.Contains(from, "/") || versioned && !strings.HasPrefix(query, "versionId=") {
		return "", "", awserr.New("InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	if versioned {
		return "GetObjectVersion", from, nil
	}
	return "GetObject", from, nil
}

// s3Deletions are the permissions of DeleteObjects: one an object.
func s3Deletions(r *protocol.Request, grant func(action, key string) iam.Grant) ([]iam.Grant, error) {
	var body struct {
		Objects []struct {
			Key       string `xml:"Key"`
			VersionID string `xml:"VersionId"`
		} `xml:"Object"`
	}
	if err := xml.Unmarshal(r.Body, &body); err != nil || len(body.Objects) == 0 {
		return nil, awserr.New("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	var needed []iam.Grant
	for _, o := range body.Objects {
		action := "DeleteObject"
		if o.VersionID != "" {
			action = "DeleteObjectVersion"
		}
		needed = append(needed, grant(action, o.Key))
	}
	return needed, nil
}

// s3Context are the condition keys whose value a request tells.
func s3Context(r *http.Request, query url.Values) iam.Context {
	context := iam.Context{"s3:signatureversion": "AWS4-HMAC-SHA256", "s3:authType": "REST-HEADER"}
	if query.Has("X-Amz-Signature") {
		context["s3:authType"] = "REST-QUERY-STRING"
	}
	for _, name := range []string{"prefix", "delimiter", "max-keys"} {
		if query.Has(name) {
			context["s3:"+name] = query.Get(name)
		}
	}
	if query.Has("versionId") {
		context["s3:VersionId"] = query.Get("versionId")
	}
	for header := range r.Header {
		if strings.HasPrefix(header, "X-Amz-") {
			context["s3:"+strings.ToLower(header)] = r.Header.Get(header)
		}
	}
	return context
}

// s3Codes are S3's names and statuses of errors that all services have.
var s3Codes = map[string]awserr.Error{
	awserr.AccessDenied:                   {Code: "AccessDenied", Status: http.StatusForbidden},
	"MissingAuthenticationTokenException": {Code: "AccessDenied", Status: http.StatusForbidden},
	"IncompleteSignatureException":        {Code: "AuthorizationHeaderMalformed", Status: http.StatusBadRequest},
	"UnrecognizedClientException":         {Code: "InvalidAccessKeyId", Status: http.StatusForbidden},
	"InvalidSignatureException":           {Code: "SignatureDoesNotMatch", Status: http.StatusForbidden},
	"RequestEntityTooLargeException":      {Code: "EntityTooLarge", Status: http.StatusBadRequest},
}

type s3Error struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string   `xml:"Code"`
	Message   string   `xml:"Message"`
	RequestID string   `xml:"RequestId"`
}

// failS3 answers with an error in S3's protocol.
func failS3(w http.ResponseWriter, err error) {
	e := *awserr.Of(err)
	if known, ok := s3Codes[e.Code]; ok {
		e.Code, e.Status = known.Code, known.Status
	}
	protocol.Failing(w, &e)
	writeXML(w, max(e.Status, http.StatusBadRequest), s3Error{Code: e.Code, Message: e.Message, RequestID: uuid.NewString()})
}
