package lambda

import (
	"encoding/json"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

// updateCode is the body of UpdateFunctionCode, as far as it is served.
type updateCode struct {
	// ZipFile is base64 in JSON.
	ZipFile       []byte
	Architectures []string
	DryRun        bool
}

// serveUpdateCode replaces the code of a function for a client of the endpoint,
// or checks with DryRun whether it could.
func (s *Service) serveUpdateCode(r *protocol.RESTRequest) (*protocol.RESTAnswer, error) {
	var members map[string]json.RawMessage
	var in updateCode
	if json.Unmarshal(r.Body, &members) != nil || json.Unmarshal(r.Body, &in) != nil {
		return nil, awserr.New("InvalidRequestContentException", "Could not parse request body into json")
	}
	for _, name := range []string{"ImageUri", "S3Bucket", "S3Key", "S3ObjectVersion", "SourceKMSKeyArn", "RevisionId", "PublishTo"} {
		if _, ok := members[name]; ok {
			return nil, notServed("the parameter "+name+" of UpdateFunctionCode", "give the code as ZipFile")
		}
	}
	if string(members["Publish"]) == "true" {
		return nil, notServed("the parameter Publish of UpdateFunctionCode", "leave it out: there are no versions")
	}
	info, err := s.find(r)
	if err != nil {
		return nil, err
	}
	architecture := ""
	switch len(in.Architectures) {
	case 0:
	case 1:
		architecture = in.Architectures[0]
	default:
		return nil, constraint("architectures", in.Architectures, "Member must have length less than or equal to 1", "")
	}
	if len(in.ZipFile) == 0 {
		return nil, invalidParameter("give the zip file", "Please provide a source for function code.")
	}
	if in.DryRun {
		f := info.Function
		if f.Code = in.ZipFile; architecture != "" {
			f.Architecture = architecture
		}
		if _, err := Validate(f); err != nil {
			return nil, err
		}
	} else if info, err = s.UpdateFunctionCode(info.Name, in.ZipFile, architecture); err != nil {
		return nil, err
	}
	return &protocol.RESTAnswer{Body: configuration(info)}, nil
}
