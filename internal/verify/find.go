package verify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/protected-http-api/protected-http-api/internal/contract"
)

// API is a stage of an HTTP API, as it is deployed.
type API struct {
	ID, Stage string
	// URL is where it serves, without a slash at the end: https, or http to a loopback
	// address. Host is the name of its domain where URL does not have it; defaults to
	// the URL's.
	URL, Host string
	// Routes are sorted by key.
	Routes []Route
}

// Route is a route of an API.
type Route struct {
	// Key is the method and the path, or $default.
	Key string
	// Authorization is NONE, CUSTOM, JWT or AWS_IAM.
	Authorization types.AuthorizationType
	// Authorizer is there with CUSTOM and JWT. Routes share one.
	Authorizer *Authorizer
}

// Authorizer is a Lambda or JWT authorizer.
type Authorizer struct {
	// Name is the authorizer's, without the random end of a name that Pulumi gave.
	Name string
	// Sources are the identity sources, such as $request.header.Authorization.
	Sources []string
	// TTL is how long answers are reused, of a Lambda authorizer.
	TTL time.Duration
	// Function is the name of a Lambda authorizer's function. LogGroup, SecretPath and
	// Permissions are what its configuration says, where that could be read: what it
	// logs to, which secret of tokens it reads, and what the routes require, by their
	// keys.
	Function, LogGroup, SecretPath string
	Permissions                    map[string][]string
	// Accepts is the variable contract.EnvAccepts of the function.
	Accepts string
	// Unread says why the function's configuration could not be read.
	Unread error
}

// Find finds what is deployed, by the AWS of a configuration. It needs
// apigateway:GET, and lambda:GetFunctionConfiguration for what it says of functions.
func Find(ctx context.Context, cfg aws.Config, id, stage string) (API, error) {
	api, err := find(ctx, apigatewayv2.NewFromConfig(cfg), lambda.NewFromConfig(cfg), id, stage)
	if missing := (*types.NotFoundException)(nil); errors.As(err, &missing) {
		err = fmt.Errorf("there is no such API or stage in %s (%s); see aws apigatewayv2 get-apis --region %s, and get-stages", cfg.Region, missing.ErrorMessage(), cfg.Region)
	}
	if err != nil {
		return API{}, fmt.Errorf("reading the API %q, stage %q: %w", id, stage, err)
	}
	return api, nil
}

func find(ctx context.Context, client *apigatewayv2.Client, functions *lambda.Client, id, stage string) (API, error) {
	found, err := client.GetApi(ctx, &apigatewayv2.GetApiInput{ApiId: &id})
	if err != nil {
		return API{}, err
	}
	if found.ProtocolType != types.ProtocolTypeHttp {
		return API{}, fmt.Errorf("it is no HTTP API but one of the protocol %s", found.ProtocolType)
	}
	if _, err := client.GetStage(ctx, &apigatewayv2.GetStageInput{ApiId: &id, StageName: &stage}); err != nil {
		return API{}, err
	}
	api := API{ID: id, Stage: stage, URL: strings.TrimSuffix(aws.ToString(found.ApiEndpoint), "/")}
	if stage != "$default" {
		api.URL += "/" + stage
	}
	if aws.ToBool(found.DisableExecuteApiEndpoint) {
		if api.URL, err = domainOf(ctx, client, id, stage); err != nil {
			return API{}, err
		}
	}
	authorizers, err := authorizersOf(ctx, client, functions, id)
	if err != nil {
		return API{}, err
	}
	input := &apigatewayv2.GetRoutesInput{ApiId: &id}
	for {
		page, err := client.GetRoutes(ctx, input)
		if err != nil {
			return API{}, err
		}
		for _, r := range page.Items {
			api.Routes = append(api.Routes, Route{
				Key: aws.ToString(r.RouteKey), Authorization: r.AuthorizationType, Authorizer: authorizers[aws.ToString(r.AuthorizerId)],
			})
		}
		if input.NextToken = page.NextToken; page.NextToken == nil {
			break
		}
	}
	slices.SortFunc(api.Routes, func(a, b Route) int { return cmp.Compare(a.Key, b.Key) })
	return api, nil
}

// randomSuffix is what Pulumi adds to the names that it gives.
var randomSuffix = regexp.MustCompile(`-[0-9a-f]{7}$`)

// authorizersOf are an API's authorizers, by ID.
func authorizersOf(ctx context.Context, client *apigatewayv2.Client, functions *lambda.Client, api string) (map[string]*Authorizer, error) {
	all := map[string]*Authorizer{}
	input := &apigatewayv2.GetAuthorizersInput{ApiId: &api}
	for {
		page, err := client.GetAuthorizers(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, found := range page.Items {
			a := &Authorizer{
				Name: randomSuffix.ReplaceAllLiteralString(aws.ToString(found.Name), ""), Sources: found.IdentitySource,
				TTL:      time.Duration(aws.ToInt32(found.AuthorizerResultTtlInSeconds)) * time.Second,
				Function: functionOf(aws.ToString(found.AuthorizerUri)),
			}
			if a.Function != "" {
				a.Unread = a.readConfiguration(ctx, functions)
			}
			all[aws.ToString(found.AuthorizerId)] = a
		}
		if input.NextToken = page.NextToken; page.NextToken == nil {
			return all, nil
		}
	}
}

// functionOf is the ARN of a function in the URI by which API Gateway invokes it.
func functionOf(uri string) string {
	_, arn, _ := strings.Cut(uri, "/functions/")
	return strings.TrimSuffix(arn, "/invocations")
}

func (a *Authorizer) readConfiguration(ctx context.Context, functions *lambda.Client) error {
	found, err := functions.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &a.Function})
	if err != nil {
		return err
	}
	a.Function = aws.ToString(found.FunctionName)
	a.LogGroup = "/aws/lambda/" + a.Function
	if found.LoggingConfig != nil && found.LoggingConfig.LogGroup != nil {
		a.LogGroup = *found.LoggingConfig.LogGroup
	}
	if found.Environment == nil {
		return nil
	}
	a.SecretPath, a.Accepts = found.Environment.Variables[contract.EnvSecretPath], found.Environment.Variables[contract.EnvAccepts]
	if text := found.Environment.Variables[contract.EnvRoutePermissions]; text != "" && text != contract.RoutePermissionsInFile {
		if err := json.Unmarshal([]byte(text), &a.Permissions); err != nil {
			return fmt.Errorf("%s of the function %s is not a JSON object of route keys with arrays of permissions: %w", contract.EnvRoutePermissions, a.Function, err)
		}
	}
	return nil
}

// domainOf is the address of a custom domain that is mapped to a stage, for an API
// whose own endpoint is disabled.
func domainOf(ctx context.Context, client *apigatewayv2.Client, api, stage string) (string, error) {
	input := &apigatewayv2.GetDomainNamesInput{}
	for {
		page, err := client.GetDomainNames(ctx, input)
		if err != nil {
			return "", err
		}
		for _, domain := range page.Items {
			mappings, err := client.GetApiMappings(ctx, &apigatewayv2.GetApiMappingsInput{DomainName: domain.DomainName})
			if err != nil {
				return "", err
			}
			for _, m := range mappings.Items {
				if aws.ToString(m.ApiId) == api && aws.ToString(m.Stage) == stage && domain.MutualTlsAuthentication == nil {
					return strings.TrimSuffix("https://"+aws.ToString(domain.DomainName)+"/"+aws.ToString(m.ApiMappingKey), "/"), nil
				}
			}
		}
		if input.NextToken = page.NextToken; page.NextToken == nil {
			return "", errors.New("its own endpoint is disabled, and no domain without client certificates is mapped to the stage: nothing can be asked")
		}
	}
}
