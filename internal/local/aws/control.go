package aws

import "time"

// ResetAuthorizersCache forgets what authorizers answered in a stage of an API.
func (s *Server) ResetAuthorizersCache(apiID, stage string) error {
	return s.gateway.ResetAuthorizersCache(apiID, stage)
}

// CachedAnswers counts the answers of authorizers that are kept now in a stage of an API, by
// the authorizers' ids. One without a cache has no entry.
func (s *Server) CachedAnswers(apiID, stage string) map[string]int {
	return s.gateway.CachedAnswers(apiID, stage)
}

// Ahead is by how much [Server.SkipAhead] has let answers be older, in all.
func (s *Server) Ahead() time.Duration { return s.live.Ahead() }

// SkipAhead lets all answers of authorizers that are cached now be older by d.
func (s *Server) SkipAhead(d time.Duration) { s.live.SkipAhead(d) }

// SetOutage takes a service, by its signing name such as "ssm" or "dynamodb",
// down or up again. While it is down it answers 503 to every client, Pulumi's
// provider among them.
func (s *Server) SetOutage(service string, down bool) {
	if down {
		s.outages.Store(service, nil)
	} else {
		s.outages.Delete(service)
	}
}

// Down reports whether a service is down.
func (s *Server) Down(service string) bool {
	_, down := s.outages.Load(service)
	return down
}
