package management

import (
	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
)

// CreateStage creates a stage, which serves the API from then on.
func (s *Service) CreateStage(apiID string, in Stage) (Stage, error) {
	return s.putStage(apiID, in, func(a *api, exists bool) error {
		if exists {
			return conflict("Stage already exists")
		}
		return quota("stages", len(a.stages), maxStages)
	})
}

// UpdateStage replaces the settings of the stage in.Name.
func (s *Service) UpdateStage(apiID string, in Stage) (Stage, error) {
	return s.putStage(apiID, in, func(_ *api, exists bool) error {
		if !exists {
			return noStage()
		}
		return nil
	})
}

func (s *Service) putStage(apiID string, in Stage, check func(a *api, exists bool) error) (Stage, error) {
	err := s.change(apiID, func(a *api) error {
		if _, err := ValidateStage(in); err != nil {
			return err
		}
		if err := s.checkStageReferences(a, in); err != nil {
			return err
		}
		_, exists := a.stages[in.Name]
		if err := check(a, exists); err != nil {
			return err
		}
		in.ARN = a.resource.ARN + "/stages/" + in.Name
		in.ExecutionARN = a.resource.ExecutionARN + "/" + in.Name
		in.InvokeURL = a.resource.Endpoint + "/"
		if in.Name != live.DefaultName {
			in.InvokeURL += in.Name
		}
		a.stages[in.Name] = in.clone()
		return nil
	})
	if err != nil {
		return Stage{}, err
	}
	return s.Stage(apiID, in.Name)
}

// DeleteStage deletes a stage and what authorizers answered in it.
func (s *Service) DeleteStage(apiID, name string) error {
	return s.change(apiID, func(a *api) error {
		if _, ok := a.stages[name]; !ok {
			return noStage()
		}
		if err := s.unmapped(apiID, name, "stage "+name); err != nil {
			return err
		}
		delete(a.stages, name)
		return nil
	})
}

// Stage returns a stage.
func (s *Service) Stage(apiID, name string) (Stage, error) {
	var stage Stage
	err := s.read(apiID, func(a *api) error {
		found, ok := a.stages[name]
		if !ok {
			return noStage()
		}
		stage = found.clone()
		return nil
	})
	return stage, err
}

// checkStageReferences refuses settings of routes that do not exist and access
// logs that cannot be written. Detailed metrics are accepted, since they change
// nothing that a client or a function sees, but not silently.
func (s *Service) checkStageReferences(a *api, in Stage) error {
	detailed := in.DefaultRouteSettings != nil && in.DefaultRouteSettings.DetailedMetricsEnabled
	keys := map[string]bool{}
	for _, route := range a.routes {
		keys[route.RouteKey] = true
	}
	for _, key := range sortedKeys(in.RouteSettings) {
		if !keys[key] {
			return notFound("Unable to find Route by key %s within the provided RouteSettings", key)
		}
		detailed = detailed || in.RouteSettings[key].DetailedMetricsEnabled
	}
	if detailed {
		s.gateway.Console.Printf("stage %s: detailed metrics are enabled, but the local AWS has no CloudWatch metrics", in.Name)
	}
	return s.checkAccessLog(in.AccessLogSettings)
}

// limit is the limit of a route in the stage: its own settings, and where they say
// nothing the stage's defaults, and then the account's limit.
func (s Stage) limit(routeKey string) (limit live.Limit, limited bool) {
	limit = live.AccountLimit
	settings := []RouteSettings{s.RouteSettings[routeKey]}
	if s.DefaultRouteSettings != nil {
		settings = append([]RouteSettings{*s.DefaultRouteSettings}, settings...)
	}
	for _, set := range settings {
		if set.ThrottlingRateLimit != nil {
			limit.Rate, limited = *set.ThrottlingRateLimit, true
		}
		if set.ThrottlingBurstLimit != nil {
			limit.Burst, limited = *set.ThrottlingBurstLimit, true
		}
	}
	return limit, limited
}

func noStage() error { return notFound("Invalid stage identifier specified") }

// checkAccessLog refuses a destination that is not there.
func (s *Service) checkAccessLog(in *AccessLogSettings) error {
	if in == nil {
		return nil
	}
	m := logGroupARN.FindStringSubmatch(in.DestinationARN)
	switch {
	case s.gateway.Logs == nil:
		return awserr.Unsupported("access logs without a log service", "leave AccessLogSettings out")
	case m[1] != s.gateway.Account.Region || m[2] != s.gateway.Account.ID:
		return badRequest("Invalid ARN %q of an access log's destination. It should be the ARN of a log group of this account and Region.", in.DestinationARN)
	case s.gateway.Logs.File(m[3]) == "":
		return badRequest("The log group %q of the access log does not exist. Create it first.", m[3])
	}
	return nil
}
