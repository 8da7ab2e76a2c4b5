package iam

import (
	"strconv"
	"strings"
	"time"
)

// Context holds the condition keys of one request, for instance
// kms:ViaService. The global keys are added by the service.
type Context map[string]string

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
