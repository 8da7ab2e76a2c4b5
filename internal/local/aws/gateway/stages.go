package gateway

import (
	"maps"
	"regexp"
)

var (
	stageName          = regexp.MustCompile(`^(\$default|[A-Za-z0-9_-]{1,128})$`)
	stageVariableName  = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	stageVariableValue = regexp.MustCompile(`^[A-Za-z0-9._~:/?#&=,-]*$`)
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
		if err := checkStage(in); err != nil {
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
		if in.Name != defaultName {
			in.InvokeURL += in.Name
		}
		a.stages[in.Name] = in.clone()
		return nil
	})
	if err != nil {
		return Stage{}, err
	}
	return in.clone(), nil
}

// DeleteStage deletes a stage and what authorizers answered in it.
func (s *Service) DeleteStage(apiID, name string) error {
	return s.change(apiID, func(a *api) error {
		if _, ok := a.stages[name]; !ok {
			return noStage()
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

func checkStage(in Stage) error {
	if !stageName.MatchString(in.Name) {
		return badRequest("Stage name %q only allows a-zA-Z0-9_- and at most 128 characters, or %s", in.Name, defaultName)
	}
	if n := len(in.StageVariables); n > maxStageVariables {
		return badRequest("The stage %q has %d stage variables. The limit is %d.", in.Name, n, maxStageVariables)
	}
	for _, name := range sortedKeys(in.StageVariables) {
		value := in.StageVariables[name]
		if len(name) > maxStageVariableName || len(value) > maxStageVariableValue {
			return badRequest("Stage variable %q: names have at most %d characters, values %d", name, maxStageVariableName, maxStageVariableValue)
		}
		if !stageVariableName.MatchString(name) || !stageVariableValue.MatchString(value) {
			return badRequest("Stage variable %q: names only allow a-zA-Z0-9_, values only a-zA-Z0-9-._~:/?#&=,", name)
		}
	}
	if err := refuse(
		setting{!in.AutoDeploy, "a stage without automatic deployment", "set AutoDeploy"},
		setting{in.DeploymentID != "", "a deployment of one's own", "leave DeploymentId out and set AutoDeploy"},
		setting{in.ClientCertificateID != "", "a stage's client certificate", "leave it out"},
	); err != nil {
		return err
	}
	if in.DefaultRouteSettings != nil {
		if err := in.DefaultRouteSettings.check("the default route settings"); err != nil {
			return err
		}
	}
	for _, key := range sortedKeys(in.RouteSettings) {
		if err := in.RouteSettings[key].check("the route settings of " + key); err != nil {
			return err
		}
	}
	return in.AccessLogSettings.check()
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
		s.console.Printf("stage %s: detailed metrics are enabled, but the local AWS has no CloudWatch metrics", in.Name)
	}
	return s.checkAccessLog(in.AccessLogSettings)
}

func (s Stage) clone() Stage {
	s.StageVariables = maps.Clone(s.StageVariables)
	s.Tags = maps.Clone(s.Tags)
	if s.AccessLogSettings != nil {
		settings := *s.AccessLogSettings
		s.AccessLogSettings = &settings
	}
	if s.DefaultRouteSettings != nil {
		settings := s.DefaultRouteSettings.clone()
		s.DefaultRouteSettings = &settings
	}
	s.RouteSettings = maps.Clone(s.RouteSettings)
	for key, settings := range s.RouteSettings {
		s.RouteSettings[key] = settings.clone()
	}
	return s
}

func noStage() error { return notFound("Invalid stage identifier specified") }
