package page

import (
	"maps"
	"slices"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/callers"
	"github.com/protected-http-api/protected-http-api/internal/local"
	localaws "github.com/protected-http-api/protected-http-api/internal/local/aws"
)

// deployedNow is what the page knows of the deployment.
type deployedNow struct {
	version        int // grows with each change
	project, stack string
	deployments    []deployment // the last ones, the newest first
	apis           []api
	local          []local.API // the same
	aws            *localaws.Server
	// names are the program's names of functions, also of those that are gone.
	names local.ProgramNames
	// lines are what a function has logged in an invocation.
	lines func(function, requestID string) ([]string, error)
	// request asks for an update.
	request func()
	callers *callers.Callers
	// settled is what changes are told of; nil before the first deployment.
	settled *settled
}

// keptDeployments is how many deployments the page is told of.
const keptDeployments = 5

// served is the local AWS, or an error before there is one.
func (p *Page) served() (*localaws.Server, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current.aws == nil {
		return nil, errNotServed
	}
	return p.current.aws, nil
}

func (p *Page) version() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current.version
}

// changed has the state sent at once.
func (p *Page) changed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current.version++
}

// begin puts a deployment that has begun before the last ones.
func begin(last []deployment, at time.Time) []deployment {
	begun := deployment{Number: 1, Status: "deploying", At: at.UnixMilli(), Changes: []string{}, Resources: []string{}, Same: []string{}}
	if len(last) > 0 {
		begun.Number += last[0].Number
	}
	return append([]deployment{begun}, last[:min(len(last), keptDeployments-1)]...)
}

// updated is told of an update of the stack. The deployment does not change meanwhile.
func (p *Page) updated(u local.StackUpdate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &p.current
	c.version++
	if !u.Ended {
		p.recorder.deploys()
		c.deployments = begin(c.deployments, u.Started)
		c.aws = u.Deployment.AWS
		c.project, c.stack = u.Deployment.Names()
		return
	}
	c.deployments = slices.Clone(c.deployments) // somebody may read the others
	d := &c.deployments[0]
	d.TookMillis = u.Took.Milliseconds()
	d.Status, d.Summary = "serving", u.Summary()
	if u.Err != nil {
		d.Status, d.Error = "failed", u.Err.Error()+"\n"+u.Output
		if c.settled == nil {
			return
		}
	}
	names := u.Deployment.ProgramNames()
	now := settle(u.Deployment, names)
	if c.settled != nil {
		d.Changes, d.Resources, d.Same = changes(*c.settled, now), resources(u.Resources), same(u.Resources)
	}
	all := maps.Clone(c.names)
	if all == nil {
		all = local.ProgramNames{}
	}
	maps.Copy(all, names)
	c.names, c.settled = all, &now
	c.lines, c.request = u.Deployment.InvocationLines, u.Deployment.RequestUpdate
	if c.callers == nil { // they ask anew what is deployed, and keep their API keys
		c.callers = callers.From(u.Deployment)
	}
	c.apis, c.local = shown(u.Deployment, c.callers), u.Deployment.APIs
	p.recorder.serves(c.apis)
}

// shown are a deployment's APIs as the page has them.
func shown(d *local.Deployment, who *callers.Callers) []api {
	apis := []api{}
	for _, a := range d.APIs {
		made := api{ID: a.ID, Name: a.Title(), Stage: a.Stage, URL: a.URL, Hosts: []string{}, Routes: []route{}, Authorizers: []authorizer{}}
		for _, domain := range a.Domains {
			made.Hosts = append(made.Hosts, domain.Host)
		}
		names := map[string]string{}
		for _, z := range a.Authorizers {
			names[z.ID] = z.Name
			kind := "jwt"
			if z.Function != "" {
				kind = "lambda"
			}
			made.Authorizers = append(made.Authorizers, authorizer{
				ID: z.ID, Name: z.Name, Kind: kind, TTLSeconds: int(z.TTL / time.Second), Sources: list(z.Sources), Issuer: z.Issuer, Audience: z.Audience,
			})
		}
		for _, r := range a.Routes {
			made.Routes = append(made.Routes, route{
				Key: r.Key, Protection: protections[r.Authorization], Authorizer: names[r.AuthorizerID], Needs: list(slices.Concat(r.Permissions, r.Scopes)),
				Function: d.ProgramName(r.Function), Credentials: who.Kinds(r), Body: callers.Body(r),
			})
		}
		apis = append(apis, made)
	}
	return apis
}

// list is never nil: null is no list in JavaScript.
func list[T any](of []T) []T {
	if of == nil {
		return []T{}
	}
	return of
}

// state is what the page is told of the deployment now.
func (p *Page) state() state {
	p.mu.Lock()
	c := p.current
	p.mu.Unlock()
	s := state{Project: c.project, Stack: c.stack, Deployments: list(c.deployments), APIs: []api{}, Services: []service{}}
	if len(c.deployments) > 0 {
		s.Deployment = c.deployments[0]
	}
	if c.aws == nil {
		return s
	}
	s.Region, s.Endpoint, s.LogDir, s.AheadMillis = c.aws.Account.Region, c.aws.Endpoint, c.aws.LogDir, c.aws.Ahead().Milliseconds()
	for _, service := range stoppable {
		service.Down = c.aws.Down(service.Name)
		s.Services = append(s.Services, service)
	}
	for _, a := range c.apis {
		cached := c.aws.CachedAnswers(a.ID, a.Stage)
		a.Authorizers = slices.Clone(a.Authorizers)
		for i := range a.Authorizers {
			a.Authorizers[i].Cached = cached[a.Authorizers[i].ID]
		}
		s.APIs = append(s.APIs, a)
	}
	return s
}

func (p *Page) now() deployedNow {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current
}
