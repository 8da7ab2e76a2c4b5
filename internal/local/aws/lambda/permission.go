package lambda

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
)

// maxPolicySize is the limit of a function's resource policy in bytes (Lambda
// developer guide, gettingstarted-limits: 20 KB).
const maxPolicySize = 20480

// AddPermission adds a statement to the policy of a function, given by name or
// ARN.
func (s *Service) AddPermission(function string, p Permission) error {
	if err := ValidatePermission(p); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	fn, err := s.lookup(function)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(fn.permissions, func(o Permission) bool { return o.StatementID == p.StatementID }) {
		return refusal(codeConflict, "", "The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", p.StatementID)
	}
	permissions := append(slices.Clip(fn.permissions), p)
	size, err := policySize(fn.arn, permissions)
	if err != nil {
		return err
	}
	if size > maxPolicySize {
		return refusal("PolicyLengthExceededException", "grant the whole API with one statement, sourceArn {executionArn}/*/*, instead of one statement a route",
			"The final policy size (%d) is bigger than the limit (%d).", size, maxPolicySize)
	}
	fn.permissions = permissions
	return nil
}

// RemovePermission removes a statement.
func (s *Service) RemovePermission(function, statementID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn, err := s.lookup(function)
	if err != nil {
		return err
	}
	kept := slices.DeleteFunc(slices.Clone(fn.permissions), func(p Permission) bool { return p.StatementID == statementID })
	if len(kept) == len(fn.permissions) {
		return refusal(awserr.ResourceNotFound, "", "Statement %s is not found in resource policy.", statementID)
	}
	fn.permissions = kept
	return nil
}

// Permission returns a statement of the policy of a function, given by name or
// ARN.
func (s *Service) Permission(function, statementID string) (Permission, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn, err := s.lookup(function)
	if err != nil {
		return Permission{}, false
	}
	i := slices.IndexFunc(fn.permissions, func(p Permission) bool { return p.StatementID == statementID })
	if i < 0 {
		return Permission{}, false
	}
	return fn.permissions[i], true
}

// allows reports whether the statement lets caller invoke the function.
func (p Permission) allows(caller Caller) bool {
	switch {
	case p.Action != "*" && p.Action != "lambda:*" && !strings.EqualFold(p.Action, "lambda:InvokeFunction"):
		return false
	case p.Principal != "*" && p.Principal != caller.Service:
		return false
	case p.SourceARN != "" && !iam.ARNLike(p.SourceARN, caller.SourceARN):
		return false
	case p.SourceAccount != "" && p.SourceAccount != accountOf(caller.SourceARN):
		return false
	}
	return true
}

func accountOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

// policySize is the length of the policy's JSON as AWS writes it.
func policySize(function string, permissions []Permission) (int, error) {
	type statement struct {
		Sid, Effect string
		Principal   any
		Action      string
		Resource    string
		Condition   map[string]map[string]string `json:",omitempty"`
	}
	policy := struct {
		Version   string
		ID        string `json:"Id"`
		Statement []statement
	}{Version: "2012-10-17", ID: "default"}
	for _, p := range permissions {
		st := statement{Sid: p.StatementID, Effect: "Allow", Action: p.Action, Resource: function, Condition: map[string]map[string]string{}}
		switch {
		case p.Principal == "*":
			st.Principal = "*"
		case strings.Contains(p.Principal, ".amazonaws.com"):
			st.Principal = map[string]string{"Service": p.Principal}
		default:
			st.Principal = map[string]string{"AWS": p.Principal}
		}
		if p.SourceAccount != "" {
			st.Condition["StringEquals"] = map[string]string{"AWS:SourceAccount": p.SourceAccount}
		}
		if p.SourceARN != "" {
			st.Condition["ArnLike"] = map[string]string{"AWS:SourceArn": p.SourceARN}
		}
		policy.Statement = append(policy.Statement, st)
	}
	text, err := json.Marshal(policy)
	if err != nil {
		return 0, fmt.Errorf("writing the resource policy of %s: %w", function, err)
	}
	return len(text), nil
}
