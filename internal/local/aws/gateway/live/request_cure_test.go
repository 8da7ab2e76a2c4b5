package live_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/jwtauth/oidctest"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/live"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/gateway/management"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/iam"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/lambda"
)

// cure is a request that is refused, or fails, and what is told to change.
type cure struct {
	name    string
	set     func(w *world)
	request func(w *world) reply
	status  int
	want    string // API_ID and AUTHORIZER_ID stand for the ids
}

func testCures(t *testing.T, cures []cure) {
	t.Helper()
	for _, tt := range cures {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tt.set != nil {
				tt.set(w)
			}
			r := tt.request(w)
			got := w.decision(r).Cure
			if want := strings.NewReplacer("API_ID", w.api.ID, "AUTHORIZER_ID", w.authorizer.ID).Replace(tt.want); r.status != tt.status || got != want {
				t.Errorf("%d, the cure is\n%s\nwant %d and\n%s", r.status, got, tt.status, want)
			}
			if strings.Contains(got, "token-x") {
				t.Error("the cure has the credential")
			}
		})
	}
}

func get(target string, headers ...string) func(w *world) reply {
	return func(w *world) reply { return w.get(target, headers...) }
}

// limit sets the limits of GET /p.
func limit(rate float64, burst int) func(w *world) {
	return func(w *world) {
		w.public("GET /p")
		w.updateStage(management.Stage{DefaultRouteSettings: &management.RouteSettings{ThrottlingRateLimit: &rate, ThrottlingBurstLimit: &burst}})
	}
}

func twice(target string) func(w *world) reply {
	return func(w *world) reply { w.get(target, token); return w.get(target, token) }
}

// domain maps a domain to the API at v1.
func domain(disabled bool) func(w *world) {
	return func(w *world) {
		w.serveDomain("api.example.com", nil)
		w.mapTo("api.example.com", "v1", w.api.ID, "$default")
		api := w.api
		api.DisableExecuteAPIEndpoint = disabled
		must(w.service.UpdateAPI(api))
	}
}

func cors(w *world) {
	api := w.api
	api.CORSConfiguration = &live.CORS{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"GET"}, AllowHeaders: []string{"Authorization"}}
	must(w.service.UpdateAPI(api))
}

func preflight(target string, headers ...string) func(w *world) reply {
	return func(w *world) reply { return w.do(http.MethodOptions, target, "", headers...) }
}

const raise = "send fewer, or raise Throttling of the Route or of ProtectedHttpApiArgs (throttlingRateLimit and throttlingBurstLimit of the stage $default, both), which lets "

func TestCureOfEarlyEnds(t *testing.T) {
	t.Parallel()
	otherStage := func(w *world) {
		if err := w.service.DeleteStage(w.api.ID, "$default"); err != nil {
			w.t.Fatal(err)
		}
	}
	const keep = "set KeepDefaultEndpoint of DomainArgs (disableExecuteApiEndpoint of the aws:apigatewayv2:Api to false)"
	testCures(t, []cure{
		{"headers", nil, get("/r/1", token, "X-Large: "+strings.Repeat("x", live.MaxHeaderBytes)), 431, "send a request line and headers of at most 10240 bytes together, a limit of API Gateway that nobody can raise: a smaller token, fewer cookies, or what is large in the body"},
		{"percent sign", nil, get("/r/%25zz", token), 400, "encode each percent sign of the path's values as %2525"},
		{"no mapping", domain(false), get("/r/1", "Host: api.example.com"), 403, "begin the path with a key of the domain's mappings, /v1, or map another one: BasePath of DomainArgs (apiMappingKey of an aws:apigatewayv2:ApiMapping of api.example.com)"},
		{"another host", nil, get("/r/1", "Host: apis.example.com"), 403, "call the API as 127.0.0.1 or localhost, or deploy a domain: Domain of ProtectedHttpApiArgs (an aws:apigatewayv2:DomainName); have a proxy or tunnel before it send one of these as the Host header"},
		{"a domain's name misspelled", domain(false), get("/r/1", "Host: apis.example.com"), 403, "call the API as 127.0.0.1 or localhost, or by a domain that is deployed: api.example.com; have a proxy or tunnel before it send one of these as the Host header"},
		{"mutual TLS", func(w *world) {
			w.serveDomain("closed.example.com", func(d *management.DomainName) {
				d.MutualTLS = &management.MutualTLS{TruststoreURI: "s3://bucket/roots.pem"}
			})
		}, get("/r/1", "Host: closed.example.com"), 403, "leave MutualTls of DomainArgs (mutualTlsAuthentication of the aws:apigatewayv2:DomainName) out of the stack that is deployed locally: there are no client certificates here"},
		{"disabled endpoint", domain(true), get("/r/1"), 404, "send the header Host: api.example.com, or " + keep},
		{"disabled endpoint without a domain", func(w *world) {
			api := w.api
			api.DisableExecuteAPIEndpoint = true
			must(w.service.UpdateAPI(api))
		}, get("/r/1"), 404, "map a domain to the API, which nothing else serves, or " + keep},
		{"no stage", func(w *world) {
			otherStage(w)
			must(w.service.CreateStage(w.api.ID, management.Stage{Name: "dev", AutoDeploy: true}))
		}, get("/r/1"), 404, "begin the path with a stage, /dev, or give the API the stage $default (an aws:apigatewayv2:Stage of that name, which the component makes unless Stage.Name says otherwise)"},
		{"no stage at all", otherStage, get("/r/1"), 404, "give the API the stage $default (an aws:apigatewayv2:Stage of that name, which the component makes unless Stage.Name says otherwise)"},
		{"the account's limit", func(w *world) { *w.gateway.AccountTokens() = 0 }, get("/r/1"), 429, "send fewer: an account may have 10000 requests a second, in bursts of 5000, over all its APIs; AWS raises that quota on demand"},
		{"the route's limit", limit(2, 1), twice("/p"), 429, raise + "2 requests a second through to GET /p, in bursts of 1"},
		{"a limit of nothing", limit(0, 0), get("/p"), 429, raise + "0 requests a second through to GET /p, in bursts of 0"},
		{"another method", func(w *world) { w.public("ANY /p"); w.public("POST /r/{name}") }, func(w *world) reply { return w.do(http.MethodPut, "/r/1", "") }, 404,
			"send another method, since the path has GET /r/{id}, POST /r/{name}, or give Routes a route with the method PUT"},
		{"a slash too many", nil, get("/r/1/"), 404, "send the path without a slash at its end, which has GET /r/{id}"},
		{"a slash too few", func(w *world) { w.public("GET /files/{path+}") }, get("/files"), 404, "send the path with a slash at its end, which has GET /files/{path+}"},
		{"no route at all", func(w *world) {
			w.api = must(w.service.CreateAPI(management.API{Name: "bare", ProtocolType: "HTTP"}))
			must(w.service.CreateStage(w.api.ID, management.Stage{Name: "$default", AutoDeploy: true}))
		}, get("/r/1"), 404, "give Routes a route (an aws:apigatewayv2:Route of the API, which has none)"},
		{"another path", nil, get("/nowhere"), 404, "send a path of a route that there is, or give Routes one for it (an aws:apigatewayv2:Route): there are GET /r/{id}"},
		{"many routes", func(w *world) {
			for i := range 9 {
				w.public(fmt.Sprintf("GET /%d", i))
			}
		}, get("/nowhere"), 404, "send a path of a route that there is, or give Routes one for it (an aws:apigatewayv2:Route): there are GET /0, GET /1, GET /2, GET /3, GET /4, GET /5, GET /6, GET /7 and 2 more"},
		{"a preflight without CORS", nil, preflight("/r/1", "Origin: https://a.example", "Access-Control-Request-Method: GET"), 404, "set Cors of ProtectedHttpApiArgs (corsConfiguration of the aws:apigatewayv2:Api): this is a browser's preflight"},
		{"a preflight that asks nothing", cors, preflight("/r/1"), 204, "send the headers Origin and Access-Control-Request-Method, as browsers do"},
		{"another origin", cors, preflight("/r/1", "Origin: https://b.example", "Access-Control-Request-Method: GET"), 204, `add the origin "https://b.example" to AllowOrigins of CorsArgs (corsConfiguration of the aws:apigatewayv2:Api), which are ["https://a.example"]`},
		{"a method of no page", cors, preflight("/r/1", "Origin: https://a.example", "Access-Control-Request-Method: PUT"), 204, `add the method "PUT" to AllowMethods of CorsArgs (corsConfiguration of the aws:apigatewayv2:Api), which are ["GET"]`},
		{"a header of no page", cors, preflight("/r/1", "Origin: https://a.example", "Access-Control-Request-Method: GET", "Access-Control-Request-Headers: authorization,x-a"), 204,
			`add what is missing of "authorization,x-a" to AllowHeaders of CorsArgs (corsConfiguration of the aws:apigatewayv2:Api), which are ["authorization"]`},
		{"an allowed preflight", cors, preflight("/r/1", "Origin: https://a.example", "Access-Control-Request-Method: GET"), 204, ""},
	})
}

// sources sets the identity sources.
func sources(texts ...string) func(w *world) {
	return func(w *world) { w.updateAuthorizer(func(a *management.Authorizer) { a.IdentitySources = texts }) }
}

func authorizerAnswers(payload string) func(w *world) {
	return func(w *world) { w.invoker.returns(authorizerName, payload) }
}

// fails makes a function return an error of a type.
func fails(function, errorType string) func(w *world) {
	return func(w *world) {
		w.public("GET /open")
		w.invoker.set(function, func(context.Context, lambda.InvokeInput) (lambda.InvokeOutput, error) {
			return lambda.InvokeOutput{FunctionError: "Unhandled", RequestID: "r-2", Payload: []byte(`{"errorType":"` + errorType + `","errorMessage":"token-x"}`)}, nil
		})
	}
}

// refuses makes Lambda refuse an invocation.
func refuses(function string, err error) func(w *world) {
	return func(w *world) {
		w.public("GET /open")
		w.invoker.set(function, func(context.Context, lambda.InvokeInput) (lambda.InvokeOutput, error) {
			return lambda.InvokeOutput{}, err
		})
	}
}

func hangs(function string) func(w *world) {
	return func(w *world) {
		*w.gateway.AuthorizerTimeout() = 10 * time.Millisecond
		w.integration.TimeoutInMillis = 50
		must(w.service.UpdateIntegration(w.api.ID, w.integration))
		w.public("GET /open")
		w.invoker.set(function, func(ctx context.Context, _ lambda.InvokeInput) (lambda.InvokeOutput, error) {
			<-ctx.Done()
			return lambda.InvokeOutput{}, ctx.Err()
		})
	}
}

func TestCureOfAuthorizers(t *testing.T) {
	t.Parallel()
	const (
		required = ": API Gateway requires all IdentitySources of AuthorizerArgs (identitySources of the aws:apigatewayv2:Authorizer AUTHORIZER_ID), and without "
		asks     = " asks nobody"
		arn      = "arn:aws:execute-api:eu-central-1:000000000000:API_ID/$default/GET/r/1"
	)
	policy := func(w *world) { w.answerPolicy(`{"Effect":"Deny","Action":"*","Resource":"*"}`) }
	r := get("/r/1", token)
	testCures(t, []cure{
		{"allowed", nil, r, 200, ""},
		{"no header", sources("$request.header.Authorization", "$request.header.X-Tenant"), r, 401, "send the header X-Tenant" + required + "$request.header.X-Tenant" + asks},
		{"no query parameter", sources("$request.querystring.tok"), get("/r/1?Tok=token-x"), 401, "send the query parameter tok, spelled so" + required + "$request.querystring.tok" + asks},
		{"no stage variable", sources("$stageVariables.tenant"), r, 401, "give the stage $default the variable tenant" + required + "$stageVariables.tenant" + asks},
		{"no variable of the context", sources("$context.identity.userAgent"), get("/r/1", "User-Agent: "), 401, "take it out of the sources, as it is not the client's to send" + required + "$context.identity.userAgent" + asks},
		{"a preflight", func(w *world) { w.protect("ANY /any/{id}") }, preflight("/any/1", "Origin: https://a.example", "Access-Control-Request-Method: GET"), 401,
			`give Routes the route "OPTIONS /any/{id}" with Auth: components.Public, or set Cors, which does: this is a browser's preflight, and carries no credential`},
		{"the function refuses", authorizerAnswers(`{"isAuthorized":false}`), r, 403, ""}, // it knows why
		{"the cache refuses", authorizerAnswers(`{"isAuthorized":false}`), twice("/r/1"), 403, ""},
		{"a policy refuses", policy, r, 403, "allow execute-api:Invoke on " + arn + " in the policy of the authorizer's answer"},
		{"a policy of the cache refuses", policy, twice("/r/1"), 403, "allow execute-api:Invoke on " + arn + " in the policy of the authorizer's answer, which is reused for all routes unless $context.routeKey is among IdentitySources"},
		{"it asks for a 401", authorizerAnswers(`{"errorMessage":"Unauthorized"}`), r, 401, "send a credential in the place where the authorizer looks for one: it asks for a 401 by the error Unauthorized, as authz.Handler does of a request without any"},
		{"no grant", func(w *world) { w.forbid(authorizerName) }, r, 500,
			"add an aws:lambda:Permission to the function " + functionARNOf(authorizerName) + ": action lambda:InvokeFunction, principal apigateway.amazonaws.com, sourceArn matching arn:aws:execute-api:eu-central-1:000000000000:API_ID/authorizers/AUTHORIZER_ID"},
		{"no simple answer", authorizerAnswers(`{}`), r, 500, `have the authorizer answer {"isAuthorized": true or false, "context": {…}}, as authz.Handler does (enableSimpleResponses is set, the payload format is 2.0)`},
		{"no policy", func(w *world) { policy(w); authorizerAnswers(`{"isAuthorized":true}`)(w) }, r, 500,
			`have the authorizer answer {"principalId": "…", "policyDocument": {…}, "context": {…}}, or set enableSimpleResponses of the aws:apigatewayv2:Authorizer for {"isAuthorized": true or false}`},
		{"it takes too long", hangs(authorizerName), r, 500, "have the authorizer answer sooner: API Gateway waits no longer for it, whatever its Timeout; its log and its calls of AWS say what it waits for"},
		{"it returns an error", fails(authorizerName, "errorString"), r, 500, "mend why the function returned an error: its log, request r-2, says more"},
	})
}

func TestCureOfFunctions(t *testing.T) {
	t.Parallel()
	open := get("/open")
	testCures(t, []cure{
		{"no grant", func(w *world) { w.public("GET /open"); w.forbid(handlerName) }, open, 500,
			"add an aws:lambda:Permission to the function " + functionARNOf(handlerName) + ": action lambda:InvokeFunction, principal apigateway.amazonaws.com, sourceArn matching arn:aws:execute-api:eu-central-1:000000000000:API_ID/$default/GET/open"},
		{"no function", refuses(handlerName, awserr.New(awserr.ResourceNotFound, "Function not found")), open, 500, "deploy again: there is no function " + functionARNOf(handlerName)},
		{"too many at once", refuses(handlerName, awserr.New(awserr.TooManyRequests, "Rate Exceeded.").WithCure("raise it")), open, 500, "raise it"},
		{"a failure of the local AWS", refuses(handlerName, context.Canceled), open, 500, ""},
		{"too slow for API Gateway", hangs(handlerName), open, 503, "have the function answer within 50ms (timeoutMilliseconds of the aws:apigatewayv2:Integration, 30 s at most): its log and its calls of AWS say what it waits for"},
		{"too slow for Lambda", fails(handlerName, "Sandbox.Timedout"), open, 500, "raise Timeout of the function's FunctionArgs (timeout of the aws:lambda:Function), or have it answer sooner: its log, request r-2, says how far it came"},
		{"its process ends", fails(handlerName, "Runtime.ExitError"), open, 500, "keep the function's process from ending: its log, request r-2, says why it did"},
		{"it answers too much", fails(handlerName, "Function.ResponseSizeTooLarge"), open, 500, "have the function answer less: Lambda takes at most 6291456 bytes; what is larger goes to S3, and the answer has a presigned URL"},
		{"its answer is none", func(w *world) { w.public("GET /open"); w.invoker.returns(handlerName, `{"statusCode":"200"}`) }, open, 500,
			"have the function answer a statusCode from 200 to 599, headers as an object of strings, cookies as an array of strings, body as a string and isBase64Encoded as a boolean, or JSON without a statusCode"},
		{"a body over API Gateway's limit", func(w *world) { w.public("POST /open") }, func(w *world) reply { return w.do(http.MethodPost, "/open", strings.Repeat("x", live.MaxBodyBytes+1)) }, 413,
			"send a body of at most 10485760 bytes, a limit of API Gateway that nobody can raise: what is larger goes to S3 by a presigned URL"},
		{"a body over Lambda's limit", func(w *world) { w.public("POST /open") }, func(w *world) reply {
			return w.do(http.MethodPost, "/open", strings.Repeat("x", live.MaxLambdaPayload))
		}, 413,
			"send a smaller body: Lambda takes events of at most 6291456 bytes, in which a body that is no text is base64, a third longer; what is larger goes to S3 by a presigned URL"},
	})
}

func TestCureOfBuiltinAuthorizers(t *testing.T) {
	t.Parallel()
	issuer := oidctest.Start(t)
	target := func(w *world, key, authorization, authorizer string, scopes ...string) {
		must(w.service.CreateRoute(w.api.ID, management.Route{RouteKey: key, Target: "integrations/" + w.integration.ID, AuthorizationType: authorization, AuthorizerID: authorizer, AuthorizationScopes: scopes}))
	}
	jwt := func(w *world) {
		target(w, "GET /jwt", "JWT", must(w.service.CreateAuthorizer(w.api.ID, jwtAuthorizer(issuer.URL))).ID, "write")
	}
	signed := func(w *world) { target(w, "POST /iam", "AWS_IAM", "") }
	const sign = "sign the request, body included, with Signature Version 4 for the service execute-api and the Region eu-central-1, with credentials of this run of the local AWS: curl does with --aws-sigv4 aws:amz:eu-central-1:execute-api"
	testCures(t, []cure{
		{"no token", jwt, get("/jwt"), 401, `send the token in the authorizer's identity source, alone or after "Bearer "`},
		{"no scope", jwt, get("/jwt", "Authorization: "+issuer.Token(t, issuer.Claims("events", time.Now()))), 403, `the token has the scopes []: ask the issuer for one with any of ["write"]`},
		{"no token at all", jwt, get("/jwt", token), 401, "send a JSON Web Token: three parts in base64url, joined by dots"},
		{"no signature", signed, func(w *world) reply { return w.do(http.MethodPost, "/iam", "") }, 403, sign},
		{"another's credentials", signed, func(w *world) reply {
			return w.sign(iam.Credentials{AccessKeyID: "AKIAtoken-x", SecretAccessKey: "x"}, http.MethodPost, "/iam", "", "execute-api")
		}, 403, sign},
		{"no grant", signed, func(w *world) reply {
			_, credentials, _ := w.caller()
			return w.sign(credentials, http.MethodPost, "/iam", "", "execute-api")
		}, 403,
			`allow execute-api:Invoke on arn:aws:execute-api:eu-central-1:000000000000:API_ID/$default/POST/iam in a policy of the role "caller"`},
		{"a body over the limit", signed, func(w *world) reply { return w.do(http.MethodPost, "/iam", strings.Repeat("x", live.MaxBodyBytes+1)) }, 413,
			"send a body of at most 10485760 bytes, a limit of API Gateway that nobody can raise: what is larger goes to S3 by a presigned URL"},
	})
}
