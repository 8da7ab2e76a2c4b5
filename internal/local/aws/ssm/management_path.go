package ssm

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/protocol"
)

// maxPage is the most, and the default, of MaxResults of GetParametersByPath.
const maxPage = 10

// pathRequest is a request of GetParametersByPath.
type pathRequest struct {
	Path                      *string
	Recursive, WithDecryption bool
	MaxResults                *int
	NextToken                 *string
	ParameterFilters          []json.RawMessage

	after string // the name that NextToken stands for
}

func decodePath(body []byte) (pathRequest, error) {
	var r pathRequest
	if err := protocol.Decode(body, &r); err != nil {
		return r, err
	}
	constraint := func(at, text string) (pathRequest, error) {
		return r, validation("1 validation error detected: Value %s failed to satisfy constraint: %s", at, text)
	}
	switch {
	case r.Path == nil:
		return constraint("at 'path'", "Member must not be null")
	case *r.Path == "":
		return constraint("at 'path'", "Member must have length greater than or equal to 1")
	case r.MaxResults != nil && *r.MaxResults < 1:
		return constraint("'"+strconv.Itoa(*r.MaxResults)+"' at 'maxResults'", "Member must have value greater than or equal to 1")
	case r.MaxResults != nil && *r.MaxResults > maxPage:
		return constraint("'"+strconv.Itoa(*r.MaxResults)+"' at 'maxResults'", "Member must have value less than or equal to 10")
	case len(r.ParameterFilters) > 0:
		return r, validation("ParameterFilters are not supported by the local AWS: leave them out")
	case (*r.Path)[0] != '/', !nameCharacters.MatchString(*r.Path), strings.Contains(*r.Path, "//"):
		return r, validation(`The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash "/". It can't be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.`)
	}
	if r.NextToken != nil {
		token, err := base64.RawURLEncoding.DecodeString(*r.NextToken)
		path, after, ok := strings.Cut(string(token), "\n")
		if err != nil || !ok || path != *r.Path {
			return r, awserr.New("InvalidNextToken", "The specified token isn't valid.")
		}
		r.after = after
	}
	return r, nil
}

// page returns the parameters that the request is for, by name, and the token
// for those that follow; empty if none do. A parameter without a slash is at
// the first level, as one with a slash at its beginning only.
func (s *Service) page(r pathRequest) (found []stored, next string) {
	prefix := strings.TrimSuffix(*r.Path, "/") + "/"
	s.mu.RLock()
	for name, versions := range s.parameters {
		rest, below := strings.CutPrefix("/"+strings.TrimPrefix(name, "/"), prefix)
		if below && name > r.after && (r.Recursive || !strings.Contains(rest, "/")) {
			found = append(found, versions[len(versions)-1])
		}
	}
	s.mu.RUnlock()
	slices.SortFunc(found, func(a, b stored) int { return cmp.Compare(a.Name, b.Name) })
	size := maxPage
	if r.MaxResults != nil {
		size = *r.MaxResults
	}
	if len(found) > size {
		found = found[:size]
		next = base64.RawURLEncoding.EncodeToString([]byte(*r.Path + "\n" + found[size-1].Name))
	}
	return found, next
}

// pathGrants returns what GetParametersByPath needs: the permission for the
// path itself, as it is written in the request, which covers all below it,
// whatever a policy says of those (user guide, "How Parameter Store authorizes
// parameter retrieval").
func (s *Service) pathGrants(body []byte) ([]iam.Grant, error) {
	r, err := decodePath(body)
	if err != nil {
		return nil, err
	}
	grants := []iam.Grant{{
		Action: "ssm:GetParametersByPath", Resource: s.ARN(*r.Path),
		Context: iam.Context{"ssm:Recursive": strconv.FormatBool(r.Recursive)},
	}}
	if found, _ := s.page(r); r.WithDecryption {
		for _, p := range found {
			if p.Type == TypeSecureString && p.KeyID != DefaultKeyID {
				grants = append(grants, s.keyGrant("kms:Decrypt", p.KeyID, p.ARN))
			}
		}
	}
	return grants, nil
}

func (s *Service) getParametersByPath(body []byte) (any, error) {
	r, err := decodePath(body)
	if err != nil {
		return nil, err
	}
	found, next := s.page(r)
	parameters := make([]wire, len(found))
	for i, p := range found {
		parameters[i] = p.wire(p.Name, r.WithDecryption)
	}
	answer := map[string]any{"Parameters": parameters}
	if next != "" {
		answer["NextToken"] = next
	}
	return answer, nil
}
