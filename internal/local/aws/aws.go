// Package aws is a strict local AWS: the HTTP APIs of API Gateway,
// Lambda, IAM, Systems Manager parameters, DynamoDB and CloudWatch Logs, as
// far as a protected HTTP API needs them, in one process on the loopback
// interface. What AWS would refuse it refuses, and says on its console which
// grant or setting is missing.
//
// It is for one developer and for tests: everything is gone when it is closed.
package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/contract"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/cloudwatch"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/dynamodb"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/endpoint"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/logs"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/loopback"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/provider"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/secretsmanager"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/ssm"
	"github.com/protected-http-api/protected-http-api/internal/safepath"
)

// closeGrace is how long requests in flight may take when the server closes. It is
// longer than the five seconds after which net/http takes a connection for idle over
// which nothing has come.
const closeGrace = 7 * time.Second

// Config is what a Server is started with.
type Config struct {
	// Account is the account that is played. Defaults to contract.LocalAccountID.
	Account string
	// ForAWS takes functions that are compiled for what AWS runs, for a preview: they
	// cannot be invoked here.
	ForAWS bool
	// Region is the one Region that is played, for instance eu-central-1.
	Region string
	// Port is where the first HTTP API listens. Defaults to a free port, as
	// every further API does.
	Port int
	// Concurrency is how many function invocations may run at once, the
	// account's limit on AWS. Defaults to 100: each is a process.
	Concurrency int
	// ProgramDir is the folder of the Pulumi program, to which the paths of archives
	// are relative. Defaults to the working directory.
	ProgramDir string
	// Temp is the folder in which the server makes its own. Defaults to the system's
	// folder for temporary files.
	Temp string
	// Secret is asked for the value of a SecureString that the program looks up at
	// deployment, with decryption, and that is not there. Defaults to none: the
	// look-up fails, as on AWS.
	Secret func(name string) string
	// Strict refuses resources that the local AWS does not imitate. Defaults to false:
	// they are recorded, and have no effect.
	Strict bool
	// Emulators are what the developer runs in the place of services that the local AWS
	// does not have. Defaults to none.
	Emulators endpoint.Emulators
	// Decided is told what became of each request to an API, before the client is.
	// Optional.
	Decided func(live.Decision)
	// Called is told what became of each call of AWS's APIs, before the caller is. Optional.
	Called func(endpoint.Call)
	// Logged is told what is written to log groups, as [logs.Service.Subscribe] says.
	// Optional.
	Logged logs.Subscriber
	// Console takes a line an event. Defaults to none.
	Console *console.Console
}

// Server is a running local AWS.
type Server struct {
	// Account is what it plays.
	Account account.Account
	// Credentials are the developer's, who may do everything.
	Credentials iam.Credentials
	// Endpoint is the address at which AWS clients reach every service.
	Endpoint string
	// LogDir has one file a log group.
	LogDir string

	dir      string
	ports    *ports
	console  *console.Console
	http     *http.Server
	logs     *logs.Service
	ssm      *ssm.Service
	secrets  *secretsmanager.Service
	lambda   *lambda.Service
	gateway  *management.Service
	live     *live.Gateway
	services provider.Services
	outages  sync.Map // of the services that are down, by signing name
}

// Start starts a local AWS. It serves until it is closed.
func Start(cfg Config) (_ *Server, err error) {
	dir, err := safepath.TempIn(cfg.Temp, "protected-http-api-aws-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the local AWS: %w", err)
	}
	s := &Server{
		Account: account.Account{ID: cmp.Or(cfg.Account, contract.LocalAccountID), Region: cfg.Region, Partition: partition(cfg.Region)},
		LogDir:  filepath.Join(dir, "logs"),
		dir:     dir,
		console: cfg.Console,
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.ports, err = openPorts(cfg.Port); err != nil {
		return nil, err
	}
	listener, err := loopback.Listen(0)
	if err != nil {
		return nil, fmt.Errorf("listening for AWS clients: %w", err)
	}
	s.Endpoint = "http://" + listener.Addr().String()
	services, err := s.newServices(cfg)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s.services = services
	served := endpoint.Services{
		"dynamodb":       services.DynamoDB.Handler(),
		"ssm":            services.SSM.Handler(),
		"secretsmanager": services.Secrets.Handler(),
		"apigateway":     services.Gateway.Handler(),
		"lambda":         services.Lambda.Handler(),
		"logs":           services.Logs.Handler(),
	}
	for service := range cfg.Emulators {
		if _, here := served[service]; here || service == "sts" {
			return nil, errors.Join(fmt.Errorf("the endpoint of %q: the local AWS has this service itself: leave the endpoint out", service), listener.Close())
		}
	}
	s.http = &http.Server{
		Handler: loopback.Handler(endpoint.New(endpoint.Options{
			Account:   s.Account,
			IAM:       services.IAM,
			Services:  served,
			Emulators: cfg.Emulators,
			Outage:    s.Down,
			Console:   cfg.Console,
			Called:    cfg.Called,
			Running:   services.Lambda.Running,
		}), cfg.Console),
		ReadHeaderTimeout: 10 * time.Second,
	}
	go func() { _ = s.http.Serve(listener) }()
	return s, nil
}

// newServices makes the services, each with those that it needs.
func (s *Server) newServices(cfg Config) (_ provider.Services, err error) {
	identities := iam.New(s.Account)
	s.Credentials = identities.Root()
	s.logs, err = logs.New(s.Account, s.LogDir)
	if err != nil {
		return provider.Services{}, err
	}
	s.logs.Subscribe(s.printLog)
	if cfg.Logged != nil {
		s.logs.Subscribe(cfg.Logged)
	}
	s.lambda, err = lambda.New(lambda.Options{
		Account:        s.Account,
		IAM:            identities,
		Logs:           s.logs,
		Console:        cfg.Console,
		Dir:            filepath.Join(s.dir, "lambda"),
		EndpointURL:    s.Endpoint,
		MaxConcurrency: cfg.Concurrency,
		ForAWS:         cfg.ForAWS,
	})
	if err != nil {
		return provider.Services{}, err
	}
	s.live = live.New(live.Options{
		Account:    s.Account,
		Invoker:    s.lambda,
		Console:    cfg.Console,
		Logs:       s.logs,
		Identities: identities,
		Decided:    cfg.Decided,
	})
	s.gateway = management.New(s.live, s.ports.listen)
	s.ssm = ssm.New(s.Account, nil)
	s.secrets = secretsmanager.New(s.Account, nil)
	tables := dynamodb.New(s.Account, nil)
	tables.Console = cfg.Console
	return provider.Services{
		Account:    s.Account,
		IAM:        identities,
		Logs:       s.logs,
		Lambda:     s.lambda,
		Gateway:    s.gateway,
		DynamoDB:   tables,
		SSM:        s.ssm,
		Secrets:    s.secrets,
		CloudWatch: cloudwatch.New(s.Account, cfg.Console),
		Outage:     s.Down,

		Neighbours: provider.NewNeighbours(cfg.Console),
		Strict:     cfg.Strict,
		ForAWS:     cfg.ForAWS,
		ProgramDir: cfg.ProgramDir,
		Secret:     cfg.Secret,
	}, nil
}

// ports gives the first API the port that the developer asked for, and every
// other one a free port. The first one's is taken at once: that it is not free
// is said before anything is deployed.
type ports struct {
	wanted int

	mu    sync.Mutex
	first net.Listener // until an API has it
}

func openPorts(wanted int) (*ports, error) {
	listener, err := loopback.Listen(wanted)
	if err != nil {
		return nil, fmt.Errorf("listening for the HTTP API: %w: choose another port", err)
	}
	return &ports{wanted: wanted, first: listener}, nil
}

func (p *ports) listen(string) (net.Listener, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if listener := p.first; listener != nil {
		p.first = nil
		return listener, nil
	}
	if listener, err := loopback.Listen(p.wanted); err == nil {
		return listener, nil
	}
	return loopback.Listen(0) // an API that is there has the wanted one
}

func (p *ports) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.first == nil {
		return nil
	}
	return p.first.Close()
}

// printLog shows a function's log lines on the console.
func (s *Server) printLog(group string, events []logs.Event) {
	if strings.HasPrefix(group, vendedLogs) {
		return // an access log's: the request has a line already
	}
	lines := make([]string, len(events))
	for i, e := range events {
		lines[i] = e.Message
	}
	s.console.Log(group[strings.LastIndex(group, "/")+1:], lines...)
}

// vendedLogs is how the names of log groups begin that are for what AWS's services
// write.
const vendedLogs = "/aws/vendedlogs/"

// OpenProvider starts a Pulumi provider that deploys to this server. It is the
// caller's to close, as soon as one command of Pulumi has ended.
func (s *Server) OpenProvider() (*provider.Server, error) {
	return provider.Serve(s.services, s.console)
}

// Environment makes AWS clients, the AWS CLI among them, talk to this server.
// Version 1 of the AWS CLI reads the Region from AWS_DEFAULT_REGION only. The
// developer's own choice of AWS's FIPS or dual-stack endpoints, which the clients
// refuse beside AWS_ENDPOINT_URL, does not hold here.
func (s *Server) Environment() map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL":      s.Endpoint,
		"AWS_REGION":            s.Account.Region,
		"AWS_DEFAULT_REGION":    s.Account.Region,
		"AWS_ACCESS_KEY_ID":     s.Credentials.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY": s.Credentials.SecretAccessKey,

		"AWS_USE_FIPS_ENDPOINT":      "false",
		"AWS_USE_DUALSTACK_ENDPOINT": "false",
	}
}

// Invoke invokes a function as the developer does with aws lambda invoke.
func (s *Server) Invoke(ctx context.Context, function string, event []byte) (lambda.InvokeOutput, error) {
	return s.lambda.Invoke(ctx, lambda.InvokeInput{Function: function, Payload: event})
}

// PutSecret stores a value where functions read it: in Secrets Manager where name is an
// ARN of that, as aws secretsmanager would, else in a SecureString, as aws ssm
// put-parameter would.
func (s *Server) PutSecret(name, value string) error {
	if s.ofSecretsManager(name) {
		err := s.secrets.Seed(name, value)
		if awserr.Has(err, "ResourceExistsException") {
			_, _, err = s.secrets.Put(name, secretsmanager.Value{String: value}, "", nil)
		}
		if err != nil {
			return fmt.Errorf("storing the secret %q: %w", name, err)
		}
		return nil
	}
	_, _, err := s.ssm.Put(ssm.Parameter{Name: name, Type: "SecureString", Value: value, Overwrite: true})
	if err != nil {
		return fmt.Errorf("storing the parameter %q: %w", name, err)
	}
	return nil
}

// Close ends every function and removes all that the server kept.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	var errs []error
	if s.gateway != nil {
		errs = append(errs, s.gateway.Close(ctx))
	}
	if s.ports != nil {
		errs = append(errs, s.ports.close())
	}
	if s.lambda != nil {
		errs = append(errs, s.lambda.Close())
	}
	if s.http != nil {
		errs = append(errs, s.http.Close())
	}
	if s.logs != nil {
		errs = append(errs, s.logs.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// partition is the partition that a Region belongs to.
func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}
