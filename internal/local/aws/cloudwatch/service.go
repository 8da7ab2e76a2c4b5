// Package cloudwatch keeps the alarms and dashboards of CloudWatch. It checks them as
// AWS does; there are no metrics here, so that an alarm never goes off and a
// dashboard shows nothing. Log groups are those of package logs.
package cloudwatch

import (
	"maps"
	"sync"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
)

// Service has the alarms and dashboards of an account in one Region.
type Service struct {
	account account.Account
	console *console.Console

	mu         sync.Mutex
	alarms     map[string]Alarm
	dashboards map[string]Dashboard
	said       bool
}

// New returns a service without alarms and dashboards. It tells the console once that
// they have no effect.
func New(acct account.Account, c *console.Console) *Service {
	return &Service{account: acct, console: c, alarms: map[string]Alarm{}, dashboards: map[string]Dashboard{}}
}

// AlarmARN is the ARN of an alarm.
func (s *Service) AlarmARN(name string) string { return s.account.ARN("cloudwatch", "alarm:"+name) }

// DashboardARN is the ARN of a dashboard. Dashboards belong to no Region.
func (s *Service) DashboardARN(name string) string {
	global := s.account
	global.Region = ""
	return global.ARN("cloudwatch", "dashboard/"+name)
}

// PutAlarm makes an alarm, or puts it in the place of the one with its name.
func (s *Service) PutAlarm(a Alarm) error {
	if err := ValidateAlarm(a, s.account.Region); err != nil {
		return err
	}
	s.say()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alarms[a.AlarmName] = a
	return nil
}

// Alarms returns all alarms by name.
func (s *Service) Alarms() map[string]Alarm {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.alarms)
}

// DeleteAlarm deletes an alarm, if it is there.
func (s *Service) DeleteAlarm(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.alarms, name)
}

// PutDashboard makes a dashboard, or puts it in the place of the one with its name.
func (s *Service) PutDashboard(d Dashboard) error {
	if err := ValidateDashboard(d); err != nil {
		return err
	}
	s.say()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dashboards[d.DashboardName] = d
	return nil
}

// Dashboards returns all dashboards by name.
func (s *Service) Dashboards() map[string]Dashboard {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.dashboards)
}

// DeleteDashboard deletes a dashboard, if it is there.
func (s *Service) DeleteDashboard(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.dashboards, name)
}

func (s *Service) say() {
	s.mu.Lock()
	said := s.said
	s.said = true
	s.mu.Unlock()
	if !said {
		s.console.Printf("alarms and dashboards are checked and kept, and have no effect here: there are no metrics")
	}
}
