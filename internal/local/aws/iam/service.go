// Package iam is the identity and access management of the local AWS: the
// developer's credentials, roles with their trust policy, inline and managed
// policies and permissions boundary, temporary credentials of assumed roles, the evaluation of policies, and the
// verification of Signature Version 4.
//
// It follows the IAM User Guide. What a policy document may say on AWS but
// cannot be evaluated here is refused when the document is put, and never
// ignored. Users, groups and resource-based policies are left to AWS.
package iam

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

// Service holds the roles and the credentials of one account. It is safe for
// concurrent use.
type Service struct {
	acct account.Account
	root Credentials
	now  func() time.Time

	mu       sync.RWMutex
	managed  map[string]*managedPolicy // by ARN: the account's own
	roles    map[string]*role          // by lower-case name: AWS tells no names apart by case
	sessions map[string]session        // by access key id

	keys sync.Map // of signatures that were good: []byte by signingKey
}

type session struct {
	credentials Credentials
	identity    Identity
}

// New returns a service without roles and with fresh developer credentials.
func New(acct account.Account) *Service {
	s := &Service{
		acct:     acct,
		root:     Credentials{AccessKeyID: "AKIA" + randomID(), SecretAccessKey: randomSecret(30)},
		now:      time.Now,
		managed:  map[string]*managedPolicy{},
		roles:    map[string]*role{},
		sessions: map[string]session{},
	}
	s.sessions[s.root.AccessKeyID] = session{
		credentials: s.root,
		identity:    Identity{ARN: acct.GlobalARN("iam", "root"), UserID: acct.ID, AccessKeyID: s.root.AccessKeyID},
	}
	return s
}

// Root returns the developer's credentials, which may do everything. They are
// random, made by New, and never stored.
func (s *Service) Root() Credentials { return s.root }

// untrusted is a refusal by a role's trust policy, in the words of the IAM User
// Guide, "Troubleshoot access denied error messages".
func untrusted(roleARN, principal string, explicit bool) error {
	why := "because no role trust policy allows the sts:AssumeRole action"
	cure := fmt.Sprintf("allow sts:AssumeRole to the principal {\"Service\": %q} in the trust policy of %s", principal, roleARN)
	if explicit {
		why = "with an explicit deny in the role trust policy"
		cure = fmt.Sprintf("remove the Deny statement that matches %s from the trust policy of %s", principal, roleARN)
	}
	return awserr.New("AccessDenied", "User: %s is not authorized to perform: sts:AssumeRole %s", principal, why).WithCure("%s", cure)
}

// sessionNames is the pattern of RoleSessionName (STS API reference,
// AssumeRole), but for its shortest: Lambda names the session of a function
// after it, and that may be one character.
var sessionNames = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)

// lambdaService is the principal that names its sessions after functions.
const lambdaService = "lambda.amazonaws.com"

// AssumeRole returns temporary credentials of a role for a service, for
// instance lambda.amazonaws.com, if the role's trust policy allows it; else
// AccessDenied. They stay valid until Revoke.
func (s *Service) AssumeRole(roleARN, servicePrincipal, sessionName string) (Credentials, Identity, error) {
	if !sessionNames.MatchString(sessionName) {
		return Credentials{}, Identity{}, awserr.New("ValidationError", "the session name %q must be 1 to 64 characters long and match [\\w+=,.@-]+", sessionName)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.roles[strings.ToLower(roleARN[strings.LastIndex(roleARN, "/")+1:])]
	if !ok || r.ARN != roleARN {
		return Credentials{}, Identity{}, untrusted(roleARN, servicePrincipal, false)
	}
	verdict := r.trust.evaluate(query{
		action:    "sts:AssumeRole",
		principal: servicePrincipal,
		context:   s.context(Identity{}, Context{"aws:SourceAccount": s.acct.ID}),
	})
	if verdict != allowed {
		return Credentials{}, Identity{}, untrusted(roleARN, servicePrincipal, verdict == denied)
	}
	c := Credentials{AccessKeyID: "ASIA" + randomID(), SecretAccessKey: randomSecret(30), SessionToken: randomSecret(120)}
	id := Identity{
		ARN:         s.acct.GlobalARN("sts", "assumed-role/"+r.Name+"/"+sessionName),
		Role:        r.Name,
		UserID:      r.UniqueID + ":" + sessionName,
		AccessKeyID: c.AccessKeyID,
		issued:      s.now(),
	}
	if servicePrincipal == lambdaService {
		id.function = s.acct.ARN("lambda", "function:"+sessionName)
	}
	s.sessions[c.AccessKeyID] = session{c, id}
	return c, id, nil
}

// Revoke ends temporary credentials. An unknown key and the developer's own
// are left as they are.
func (s *Service) Revoke(accessKeyID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if accessKeyID != s.root.AccessKeyID {
		delete(s.sessions, accessKeyID)
		s.forgetKeys(accessKeyID)
	}
}

// Authorize says whether the identity may do the action on the resource: nil,
// or [awserr.AccessDenied]. A Deny beats every Allow, and nothing is allowed
// by default (IAM User Guide, policy evaluation logic).
func (s *Service) Authorize(id Identity, action, resource string) error {
	return s.AuthorizeGrant(id, Grant{Action: action, Resource: resource})
}

// AuthorizeGrant is Authorize with the condition keys of the request.
func (s *Service) AuthorizeGrant(id Identity, g Grant) error {
	if id.Root() {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	verdict, bounded := undecided, allowed
	if r, ok := s.roles[strings.ToLower(id.Role)]; ok {
		q := query{action: g.Action, resource: g.Resource, unknown: g.Unknown}
		if r.conditional() {
			q.context = s.context(id, g.Context)
		}
		for _, p := range r.policies {
			verdict = max(verdict, p.evaluate(q))
		}
		for _, p := range r.attached {
			verdict = max(verdict, p.policy.evaluate(q))
		}
		if r.boundary != nil {
			bounded = r.boundary.policy.evaluate(q)
		}
	}
	switch {
	case verdict == denied:
		return refused(id, g, ExplicitDeny,
			"remove the Deny statement that matches %s on %s from the role %q")
	case bounded == denied:
		return refused(id, g, "with an explicit deny in a permissions boundary",
			"remove the Deny statement that matches %s on %s from the permissions boundary of the role %q")
	case verdict != allowed:
		return refused(id, g, "because no identity-based policy allows the "+g.Action+" action",
			"allow %s on %s in a policy of the role %q")
	case bounded != allowed:
		return refused(id, g, "because no permissions boundary allows the "+g.Action+" action",
			"allow %s on %s in the permissions boundary of the role %q too")
	}
	return nil
}

// ExplicitDeny is the end of the refusal's message where a Deny statement matched.
const ExplicitDeny = "with an explicit deny in an identity-based policy"

// refused is a refusal by an identity's policies, in AWS's words (IAM User Guide,
// "Troubleshoot access denied error messages"). cure is a format of action, resource
// and role.
func refused(id Identity, g Grant, why, cure string) error {
	return awserr.New(awserr.AccessDenied, "User: %s is not authorized to perform: %s on resource: %s %s", id.ARN, g.Action, g.Resource, why).
		WithCure(cure, g.Action, g.Resource, id.Role)
}

// randomID returns the 16 characters of an access key id or unique id that
// follow its prefix.
func randomID() string { return rand.Text()[:16] }

// randomSecret returns n random bytes in base64, as AWS's secrets look.
func randomSecret(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // crypto/rand never fails
	return base64.StdEncoding.EncodeToString(b)
}

// context adds the global condition keys (IAM User Guide, "AWS global
// condition context keys"); the caller holds the lock. On AWS every SDK uses
// TLS, so that aws:SecureTransport is true although the local AWS speaks plain
// HTTP on the developer's own machine.
func (s *Service) context(id Identity, own Context) Context {
	now := s.now().UTC()
	c := Context{
		"aws:currenttime":      now.Format(time.RFC3339),
		"aws:epochtime":        strconv.FormatInt(now.Unix(), 10),
		"aws:principalaccount": s.acct.ID,
		"aws:requestedregion":  s.acct.Region,
		"aws:resourceaccount":  s.acct.ID,
		"aws:securetransport":  "true",
		"aws:viaawsservice":    "false",
	}
	if r, ok := s.roles[strings.ToLower(id.Role)]; ok {
		c["aws:principalarn"] = r.ARN
		c["aws:principaltype"] = "AssumedRole"
		c["aws:userid"] = id.UserID
		if !id.issued.IsZero() {
			c["aws:tokenissuetime"] = id.issued.UTC().Format(time.RFC3339)
		}
		// Also in what Lambda does for the function, as writing its logs
		// (Lambda developer guide, "Using source function ARN").
		if id.function != "" {
			c["lambda:sourcefunctionarn"] = id.function
		}
	}
	for k, v := range own {
		c[strings.ToLower(k)] = v
	}
	// A service that calls KMS for the caller does so with a forward access
	// session.
	if _, ok := c["kms:viaservice"]; ok {
		c["aws:viaawsservice"] = "true"
	}
	return c
}

type role struct {
	Role
	trust     *policy
	policies  map[string]*policy
	documents map[string]string
	attached  map[string]*managedPolicy // by ARN
	boundary  *managedPolicy            // may be nil
}

// conditional is whether a policy of the role asks for the context of a request.
func (r *role) conditional() bool {
	for _, p := range r.policies {
		if p.conditional {
			return true
		}
	}
	for _, p := range r.attached {
		if p.policy.conditional {
			return true
		}
	}
	return r.boundary != nil && r.boundary.policy.conditional
}

// role finds a role; the caller holds the lock.
func (s *Service) role(name string) (*role, error) {
	r, ok := s.roles[strings.ToLower(name)]
	if !ok {
		return nil, awserr.New("NoSuchEntity", "The role with name %s cannot be found.", name)
	}
	return r, nil
}

func (r *role) copy() Role {
	c := r.Role
	c.Tags = maps.Clone(c.Tags)
	return c
}
