package management

import (
	"slices"
	"strings"
)

// CreateIntegration creates an integration.
func (s *Service) CreateIntegration(apiID string, in Integration) (Integration, error) {
	in.ID = newID(routeIDLength)
	return s.putIntegration(apiID, in, func(a *api) error {
		return quota("integrations", len(a.integrations), maxIntegrations)
	})
}

// UpdateIntegration replaces the settings of the integration in.ID.
func (s *Service) UpdateIntegration(apiID string, in Integration) (Integration, error) {
	return s.putIntegration(apiID, in, func(a *api) error {
		_, err := lookUp(a.integrations, "Integration", in.ID)
		return err
	})
}

func (s *Service) putIntegration(apiID string, in Integration, check func(*api) error) (Integration, error) {
	err := s.change(apiID, func(a *api) error {
		if err := check(a); err != nil {
			return err
		}
		var err error
		if in, err = ValidateIntegration(in); err != nil {
			return err
		}
		a.integrations[in.ID] = in
		return nil
	})
	if err != nil {
		return Integration{}, err
	}
	return in, nil
}

// DeleteIntegration deletes an integration that no route uses.
func (s *Service) DeleteIntegration(apiID, id string) error {
	return s.change(apiID, func(a *api) error {
		if _, err := lookUp(a.integrations, "Integration", id); err != nil {
			return err
		}
		var users []string
		for _, route := range a.routes {
			if route.Target == targetPrefix+id {
				users = append(users, route.ID)
			}
		}
		if len(users) > 0 {
			slices.Sort(users)
			return conflict("Cannot delete Integration because it is referenced by the following Routes with Ids: [%s]", strings.Join(users, ", "))
		}
		delete(a.integrations, id)
		return nil
	})
}

// Integration returns an integration.
func (s *Service) Integration(apiID, id string) (Integration, error) {
	return get(s, apiID, id, "Integration", func(a *api) map[string]Integration { return a.integrations })
}
