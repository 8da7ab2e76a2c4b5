package endpoint_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestLambdaThroughSDK(t *testing.T) {
	t.Parallel()
	w := newWholeCloud(t)
	client, ctx := lambda.NewFromConfig(w.config(w.iam.Root())), t.Context()
	listed, err := client.ListFunctions(ctx, &lambda.ListFunctionsInput{})
	if err != nil || len(listed.Functions) != 2 || *listed.Functions[1].FunctionName != "echo" || *listed.Functions[1].FunctionArn != echoARN {
		t.Fatalf("got %+v, %v", listed, err)
	}
	for _, name := range []string{"echo", echoARN, "000000000000:function:echo", "echo:$LATEST"} {
		c, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c.Runtime != lambdatypes.RuntimeProvidedal2023 || *c.Timeout != 10 || *c.MemorySize != 128 || c.State != lambdatypes.StateActive ||
			c.Environment.Variables["STAGE"] != "test" || *c.LoggingConfig.LogGroup != "/aws/lambda/echo" || c.CodeSize == 0 || *c.Version != "$LATEST" {
			t.Errorf("%s: got %+v", name, c)
		}
		if _, err := time.Parse("2006-01-02T15:04:05.000-0700", *c.LastModified); err != nil {
			t.Error(err)
		}
	}
	got, err := client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("busy")})
	if err != nil || *got.Configuration.FunctionName != "busy" || *got.Concurrency.ReservedConcurrentExecutions != 0 || *got.Code.RepositoryType != "S3" {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, in := range []lambda.GetFunctionInput{{FunctionName: aws.String("echo:$LATEST")}, {FunctionName: aws.String("echo"), Qualifier: aws.String("$LATEST")}, {FunctionName: aws.String("echo")}} {
		want := echoARN
		if in.Qualifier != nil || *in.FunctionName != "echo" {
			want += ":$LATEST"
		}
		got, err := client.GetFunction(ctx, &in)
		if err != nil || *got.Configuration.FunctionArn != want || got.Configuration.SnapStart.ApplyOn != lambdatypes.SnapStartApplyOnNone {
			t.Errorf("%s: the ARN is %s, want %s, %v", *in.FunctionName, *got.Configuration.FunctionArn, want, err)
		}
		configured, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: in.FunctionName, Qualifier: in.Qualifier})
		if err != nil || *configured.FunctionArn != want {
			t.Errorf("%s: the configuration's ARN is %s, want %s, %v", *in.FunctionName, *configured.FunctionArn, want, err)
		}
	}
}

// The cure of code that was not uploaded: other code, no code, code that cannot
// be, and what the local AWS does not have.
func TestUpdateFunctionCodeThroughSDK(t *testing.T) {
	t.Parallel()
	w := newWholeCloud(t)
	client, ctx := lambda.NewFromConfig(w.config(w.iam.Root())), t.Context()
	denied := lambda.NewFromConfig(w.config(w.role(t, `{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"*"}`)))
	name := aws.String("busy")
	before, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: name})
	if err != nil {
		t.Fatal(err)
	}
	code := scriptZip(t, "#!/bin/sh\nexit 7\n")
	sum := sha256.Sum256(code)
	want := base64.StdEncoding.EncodeToString(sum[:])
	update := func(c *lambda.Client, in lambda.UpdateFunctionCodeInput) (string, error) {
		in.FunctionName = name
		out, err := c.UpdateFunctionCode(ctx, &in)
		if err != nil {
			return "", err
		}
		return *out.CodeSha256, nil
	}
	for _, refusal := range []struct {
		client        *lambda.Client
		in            lambda.UpdateFunctionCodeInput
		code, message string
	}{
		{denied, lambda.UpdateFunctionCodeInput{ZipFile: code}, "AccessDeniedException", "User: arn:aws:sts::000000000000:assumed-role/fn/fn is not authorized to perform: lambda:UpdateFunctionCode on resource: arn:aws:lambda:eu-central-1:000000000000:function:busy because no identity-based policy allows the lambda:UpdateFunctionCode action"},
		{client, lambda.UpdateFunctionCodeInput{}, "InvalidParameterValueException", "Please provide a source for function code."},
		{client, lambda.UpdateFunctionCodeInput{ZipFile: []byte("no zip")}, "InvalidParameterValueException", "Could not unzip uploaded file. Please check your file, then try to upload again."},
		{client, lambda.UpdateFunctionCodeInput{ZipFile: code, Publish: true}, "InvalidParameterValueException", "the local AWS does not support the parameter Publish of UpdateFunctionCode"},
		{client, lambda.UpdateFunctionCodeInput{S3Bucket: aws.String("b"), S3Key: aws.String("k")}, "InvalidParameterValueException", "the local AWS does not support the parameter S3Bucket of UpdateFunctionCode"},
	} {
		_, err := update(refusal.client, refusal.in)
		wantAPIError(t, err, refusal.code, refusal.message)
	}
	if got, err := update(client, lambda.UpdateFunctionCodeInput{ZipFile: code, DryRun: true}); err != nil || got != *before.CodeSha256 {
		t.Errorf("a dry run changed the hash to %s, %v", got, err)
	}
	if got, err := update(client, lambda.UpdateFunctionCodeInput{ZipFile: code, Architectures: []lambdatypes.Architecture{lambdatypes.ArchitectureArm64}}); err != nil || got != want {
		t.Errorf("the hash is %s, want %s, %v", got, want, err)
	}
	after, err := client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: name})
	if err != nil || *after.Configuration.CodeSha256 != want || after.Configuration.Architectures[0] != lambdatypes.ArchitectureArm64 || *after.Concurrency.ReservedConcurrentExecutions != 0 {
		t.Errorf("the function is %+v, %v", after.Configuration, err)
	}
}

func TestInvokeThroughSDK(t *testing.T) {
	t.Parallel()
	w := newWholeCloud(t)
	client, ctx := lambda.NewFromConfig(w.config(w.iam.Root())), t.Context()
	out, err := client.Invoke(ctx, &lambda.InvokeInput{
		FunctionName: aws.String("echo"), Payload: []byte(`{"mode":"echo","data":{ "a":  "<é>" }}`),
	})
	if err != nil || string(out.Payload) != `{"a":"<é>"}` && string(out.Payload) != `{ "a":  "<é>" }` || out.StatusCode != 200 || out.FunctionError != nil || *out.ExecutedVersion != "$LATEST" || out.LogResult != nil {
		t.Fatalf("got %+v, %v", out, err)
	}
	out, err = client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(echoARN), LogType: lambdatypes.LogTypeTail, Payload: []byte(`{"mode":"lines","n":3}`)})
	if err != nil {
		t.Fatal(err)
	}
	tail, err := base64.StdEncoding.DecodeString(*out.LogResult)
	lines := strings.Split(string(tail), "\n")
	if err != nil || len(lines) < 9 || !strings.HasPrefix(lines[0], "START RequestId: ") || lines[1] != "out 0" || !strings.HasPrefix(lines[len(lines)-2], "REPORT RequestId: ") {
		t.Errorf("got %q, %v", tail, err)
	}
	out, err = client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("echo"), LogType: lambdatypes.LogTypeTail, Payload: []byte(`{"mode":"lines","n":900}`)})
	if err != nil {
		t.Fatal(err)
	}
	if tail, err = base64.StdEncoding.DecodeString(*out.LogResult); err != nil || len(tail) != 4096 || !strings.Contains(string(tail), "err 899\n") {
		t.Errorf("%d bytes, %v", len(tail), err)
	}
	out, err = client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("echo"), Payload: []byte(`{"mode":"error","text":"no"}`)})
	if err != nil || *out.FunctionError != "Unhandled" || string(out.Payload) != `{"errorMessage":"no","errorType":"errorString"}` || out.StatusCode != 200 {
		t.Errorf("got %+v, %v", out, err)
	}
	out, err = client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("echo"), InvocationType: lambdatypes.InvocationTypeDryRun})
	if err != nil || out.StatusCode != 204 {
		t.Errorf("dry run: got %+v, %v", out, err)
	}
	_, err = client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("busy")})
	var throttled *lambdatypes.TooManyRequestsException
	if !errors.As(err, &throttled) || throttled.Reason != lambdatypes.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded || throttled.ErrorMessage() != "Rate Exceeded." {
		t.Errorf("got %v", err)
	}
}

func TestLambdaRefusals(t *testing.T) {
	t.Parallel()
	w := newWholeCloud(t)
	client, ctx := lambda.NewFromConfig(w.config(w.iam.Root())), t.Context()
	denied := lambda.NewFromConfig(w.config(w.role(t, `{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"`+echoARN+`"}`)))
	wrong := w.iam.Root()
	wrong.SecretAccessKey += "x"
	stranger := lambda.NewFromConfig(w.config(wrong))
	invoke := func(c *lambda.Client, in lambda.InvokeInput) error {
		if in.FunctionName == nil {
			in.FunctionName = aws.String("echo")
		}
		_, err := c.Invoke(ctx, &in)
		return err
	}
	if err := invoke(denied, lambda.InvokeInput{Payload: []byte(`{"mode":"echo"}`)}); err != nil {
		t.Errorf("a role that may: %v", err)
	}
	_, list := denied.ListFunctions(ctx, &lambda.ListFunctionsInput{})
	_, remove := client.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("echo")})
	const user = "User: arn:aws:sts::000000000000:assumed-role/fn/fn is not authorized to perform: "
	for _, tc := range []struct {
		name                string
		err                 error
		code, want, console string
	}{
		{"no function", invoke(client, lambda.InvokeInput{FunctionName: aws.String("none")}), "ResourceNotFoundException", "Function not found: arn:aws:lambda:eu-central-1:000000000000:function:none", ""},
		{"no version", invoke(client, lambda.InvokeInput{Qualifier: aws.String("7")}), "ResourceNotFoundException", "Function not found: " + echoARN + ":7", ""},
		{"no JSON", invoke(client, lambda.InvokeInput{Payload: []byte(`{`)}), "InvalidRequestContentException", "Could not parse request body into json", ""},
		{"event", invoke(client, lambda.InvokeInput{InvocationType: lambdatypes.InvocationTypeEvent}), "InvalidParameterValueException", "the local AWS does not support the invocation type Event", "cure: use RequestResponse, the default"},
		{"context", invoke(client, lambda.InvokeInput{ClientContext: aws.String("e30=")}), "InvalidParameterValueException", "the local AWS does not support the header X-Amz-Client-Context of an invocation", "cure: leave it out"},
		{"log type", invoke(client, lambda.InvokeInput{LogType: "All"}), "ValidationException", "1 validation error detected: Value 'All' at 'logType' failed to satisfy constraint: Member must satisfy enum value set: [None, Tail]", ""},
		{"another function", invoke(denied, lambda.InvokeInput{FunctionName: aws.String("busy")}), "AccessDeniedException", user + "lambda:InvokeFunction on resource: arn:aws:lambda:eu-central-1:000000000000:function:busy because no identity-based policy allows the lambda:InvokeFunction action", `cure: allow lambda:InvokeFunction on arn:aws:lambda:eu-central-1:000000000000:function:busy in a policy of the role "fn"`},
		{"with a qualifier", invoke(denied, lambda.InvokeInput{Qualifier: aws.String("$LATEST")}), "AccessDeniedException", user + "lambda:InvokeFunction on resource: " + echoARN + ":$LATEST because no identity-based policy allows the lambda:InvokeFunction action", ""},
		{"wrong secret", invoke(stranger, lambda.InvokeInput{}), "InvalidSignatureException", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.", ""},
		{"list", list, "AccessDeniedException", user + "lambda:ListFunctions on resource: * because no identity-based policy allows the lambda:ListFunctions action", ""},
		{"another operation", remove, "UnknownOperationException", "An unknown operation was requested.", `REFUSED lambda: unknown operation DELETE "/2015-03-31/functions/echo"; cure: use what the local AWS has: ListFunctions, GetFunction, GetFunctionConfiguration, UpdateFunctionCode, Invoke`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			wantAPIError(t, tc.err, tc.code, tc.want)
			if log := w.console.String(); !strings.Contains(log, tc.console) {
				t.Errorf("console: %s", log)
			}
		})
	}
}

func TestLogsThroughSDK(t *testing.T) {
	t.Parallel()
	w := newWholeCloud(t)
	ctx := t.Context()
	functions := lambda.NewFromConfig(w.config(w.iam.Root()))
	for i := range 3 {
		if _, err := functions.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("echo"), Payload: fmt.Appendf(nil, `{"mode":"print","text":"line %d"}`, i)}); err != nil {
			t.Fatal(err)
		}
	}
	client := cloudwatchlogs.NewFromConfig(w.config(w.iam.Root()))
	group := aws.String("/aws/lambda/echo")
	groups, err := client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/aws/lambda/")})
	if err != nil || len(groups.LogGroups) != 1 || *groups.LogGroups[0].LogGroupName != *group || *groups.LogGroups[0].RetentionInDays != 14 {
		t.Fatalf("got %+v, %v", groups, err)
	}
	streams, err := client.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: group})
	if err != nil || len(streams.LogStreams) != 1 || !strings.Contains(*streams.LogStreams[0].LogStreamName, "/[$LATEST]") {
		t.Fatalf("got %+v, %v", streams, err)
	}
	var found []string
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: group, FilterPattern: aws.String("line"), Limit: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			found = append(found, *e.Message)
			if time.Since(time.UnixMilli(*e.Timestamp)) > time.Hour || *e.EventId == "" {
				t.Errorf("got %+v", e)
			}
		}
	}
	if strings.Join(found, ",") != "line 0,line 1,line 2" {
		t.Errorf("got %q", found)
	}
	events, err := client.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: group, LogStreamName: streams.LogStreams[0].LogStreamName, StartFromHead: aws.Bool(true), Limit: aws.Int32(1)})
	if err != nil || len(events.Events) != 1 || !strings.HasPrefix(*events.Events[0].Message, "START RequestId: ") {
		t.Errorf("got %+v, %v", events, err)
	}
	denied := cloudwatchlogs.NewFromConfig(w.config(w.role(t, `{"Effect":"Allow","Action":"logs:Put*","Resource":"*"}`)))
	_, err = denied.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: group})
	wantAPIError(t, err, "AccessDeniedException", "User: arn:aws:sts::000000000000:assumed-role/fn/fn is not authorized to perform: logs:FilterLogEvents on resource: arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/echo:log-stream: because no identity-based policy allows the logs:FilterLogEvents action")
	_, err = denied.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	wantAPIError(t, err, "AccessDeniedException", "User: arn:aws:sts::000000000000:assumed-role/fn/fn is not authorized to perform: logs:DescribeLogGroups on resource: arn:aws:logs:eu-central-1:000000000000:log-group::log-stream: because no identity-based policy allows the logs:DescribeLogGroups action")
	_, err = client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: aws.String("s")})
	if err == nil {
		t.Error("PutLogEvents is answered")
	}
	_, err = client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	wantAPIError(t, err, "UnknownOperationException", "An unknown operation was requested.")
}

func TestAPIGatewayThroughSDK(t *testing.T) {
	t.Parallel()
	w := newWholeCloud(t)
	client, ctx := apigatewayv2.NewFromConfig(w.config(w.iam.Root())), t.Context()
	id := aws.String(w.api.ID)
	apis, err := client.GetApis(ctx, &apigatewayv2.GetApisInput{})
	if err != nil || len(apis.Items) != 1 || *apis.Items[0].ApiId != w.api.ID || *apis.Items[0].ApiEndpoint != w.api.Endpoint || apis.Items[0].Tags["team"] != "blue" {
		t.Fatalf("got %+v, %v", apis, err)
	}
	api, err := client.GetApi(ctx, &apigatewayv2.GetApiInput{ApiId: id})
	if err != nil || *api.Name != "events" || api.ProtocolType != "HTTP" || *api.RouteSelectionExpression != "$request.method $request.path" || *api.DisableExecuteApiEndpoint {
		t.Errorf("got %+v, %v", api, err)
	}
	first, err := client.GetRoutes(ctx, &apigatewayv2.GetRoutesInput{ApiId: id, MaxResults: aws.String("2")})
	if err != nil {
		t.Fatal(err)
	}
	second, err := client.GetRoutes(ctx, &apigatewayv2.GetRoutesInput{ApiId: id, MaxResults: aws.String("2"), NextToken: first.NextToken})
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for _, r := range append(first.Items, second.Items...) {
		keys[*r.RouteKey] = r.AuthorizationType == "CUSTOM" && r.AuthorizerId != nil && strings.HasPrefix(*r.Target, "integrations/")
	}
	if len(keys) != 3 || !keys["GET /events"] || !keys["DELETE /events/{id}"] || second.NextToken != nil {
		t.Errorf("got %v", keys)
	}
	authorizers, err := client.GetAuthorizers(ctx, &apigatewayv2.GetAuthorizersInput{ApiId: id})
	if err != nil || len(authorizers.Items) != 1 || *authorizers.Items[0].AuthorizerResultTtlInSeconds != 300 || authorizers.Items[0].IdentitySource[0] != "$request.header.Authorization" || !*authorizers.Items[0].EnableSimpleResponses {
		t.Errorf("got %+v, %v", authorizers, err)
	}
	integrations, err := client.GetIntegrations(ctx, &apigatewayv2.GetIntegrationsInput{ApiId: id})
	if err != nil || len(integrations.Items) != 1 || integrations.Items[0].IntegrationType != "AWS_PROXY" || *integrations.Items[0].TimeoutInMillis != 30000 {
		t.Errorf("got %+v, %v", integrations, err)
	}
	stages, err := client.GetStages(ctx, &apigatewayv2.GetStagesInput{ApiId: id})
	if err != nil || len(stages.Items) != 1 || *stages.Items[0].StageName != "$default" || !*stages.Items[0].AutoDeploy {
		t.Errorf("got %+v, %v", stages, err)
	}
	domain, err := client.GetDomainName(ctx, &apigatewayv2.GetDomainNameInput{DomainName: aws.String("api.example.com")})
	if err != nil || *domain.ApiMappingSelectionExpression != "$request.basepath" || *domain.DomainNameConfigurations[0].ApiGatewayDomainName == "" || *domain.MutualTlsAuthentication.TruststoreUri != "s3://bucket/roots.pem" {
		t.Errorf("got %+v, %v", domain, err)
	}
	domains, err := client.GetDomainNames(ctx, &apigatewayv2.GetDomainNamesInput{})
	if err != nil || len(domains.Items) != 1 {
		t.Errorf("got %+v, %v", domains, err)
	}
	mappings, err := client.GetApiMappings(ctx, &apigatewayv2.GetApiMappingsInput{DomainName: domain.DomainName})
	if err != nil || len(mappings.Items) != 1 || *mappings.Items[0].ApiMappingKey != "v1" {
		t.Fatalf("got %+v, %v", mappings, err)
	}
	mapping, err := client.GetApiMapping(ctx, &apigatewayv2.GetApiMappingInput{DomainName: domain.DomainName, ApiMappingId: mappings.Items[0].ApiMappingId})
	if err != nil || *mapping.Stage != "$default" || *mapping.ApiId != w.api.ID {
		t.Errorf("got %+v, %v", mapping, err)
	}
	if _, err := client.ResetAuthorizersCache(ctx, &apigatewayv2.ResetAuthorizersCacheInput{ApiId: id, StageName: aws.String("$default")}); err != nil {
		t.Error(err)
	}
}

func TestAPIGatewayRefusals(t *testing.T) {
	t.Parallel()
	w := newWholeCloud(t)
	client, ctx := apigatewayv2.NewFromConfig(w.config(w.iam.Root())), t.Context()
	resource := "arn:aws:apigateway:eu-central-1::/apis/" + w.api.ID
	denied := apigatewayv2.NewFromConfig(w.config(w.role(t, `{"Effect":"Allow","Action":"apigateway:GET","Resource":"`+resource+`/stages/*"},{"Effect":"Allow","Action":"apigateway:GET","Resource":"`+resource+`"}`)))
	reset := func(c *apigatewayv2.Client, api, stage string) error {
		_, err := c.ResetAuthorizersCache(ctx, &apigatewayv2.ResetAuthorizersCacheInput{ApiId: &api, StageName: &stage})
		return err
	}
	if _, err := denied.GetApi(ctx, &apigatewayv2.GetApiInput{ApiId: &w.api.ID}); err != nil {
		t.Errorf("a role that may: %v", err)
	}
	_, routes := denied.GetRoutes(ctx, &apigatewayv2.GetRoutesInput{ApiId: &w.api.ID})
	_, route := client.GetRoute(ctx, &apigatewayv2.GetRouteInput{ApiId: &w.api.ID, RouteId: aws.String("none")})
	_, results := client.GetRoutes(ctx, &apigatewayv2.GetRoutesInput{ApiId: &w.api.ID, MaxResults: aws.String("0")})
	_, remove := client.DeleteApi(ctx, &apigatewayv2.DeleteApiInput{ApiId: &w.api.ID})
	const user = "User: arn:aws:sts::000000000000:assumed-role/fn/fn is not authorized to perform: "
	for _, tc := range []struct {
		name       string
		err        error
		code, want string
	}{
		{"no API", reset(client, "none", "$default"), "NotFoundException", "Invalid API identifier specified 000000000000:none"},
		{"no stage", reset(client, w.api.ID, "prod"), "NotFoundException", "Invalid stage identifier specified"},
		{"no route", route, "NotFoundException", `Invalid Route identifier specified "none"`},
		{"page size", results, "BadRequestException", `Invalid maxResults "0". It should be 1 to 500.`},
		{"another operation", remove, "UnknownOperationException", "An unknown operation was requested."},
		{"may not reset", reset(denied, w.api.ID, "$default"), "AccessDeniedException", user + "apigateway:DELETE on resource: " + resource + "/stages/$default/cache/authorizers because no identity-based policy allows the apigateway:DELETE action"},
		{"may not read", routes, "AccessDeniedException", user + "apigateway:GET on resource: " + resource + "/routes because no identity-based policy allows the apigateway:GET action"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			wantAPIError(t, tc.err, tc.code, tc.want)
		})
	}
}

func TestTimeToLiveThroughSDK(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	client, ctx := c.dynamodbClient(c.iam.Root()), t.Context()
	createEvents(t, client)
	table := aws.String("events")
	spec := &types.TimeToLiveSpecification{AttributeName: aws.String("expires"), Enabled: aws.Bool(true)}
	if out, err := client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{TableName: table, TimeToLiveSpecification: spec}); err != nil || !*out.TimeToLiveSpecification.Enabled {
		t.Fatalf("got %+v, %v", out, err)
	}
	described, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: table})
	if err != nil || described.TimeToLiveDescription.TimeToLiveStatus != types.TimeToLiveStatusEnabled || *described.TimeToLiveDescription.AttributeName != "expires" {
		t.Errorf("got %+v, %v", described, err)
	}
	item := map[string]types.AttributeValue{"pk": s("gone"), "expires": n(fmt.Sprint(time.Now().Add(-time.Minute).Unix()))}
	if _, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: item}); err != nil {
		t.Fatal(err)
	}
	if out, err := client.Scan(ctx, &dynamodb.ScanInput{TableName: table}); err != nil || out.Count != 0 {
		t.Errorf("got %+v, %v", out, err)
	}
	denied := c.dynamodbClient(c.role(t, `{"Effect":"Allow","Action":"dynamodb:PutItem","Resource":"*"}`))
	_, err = denied.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{TableName: table, TimeToLiveSpecification: spec})
	wantAPIError(t, err, "AccessDeniedException", "User: arn:aws:sts::000000000000:assumed-role/fn/fn is not authorized to perform: dynamodb:UpdateTimeToLive on resource: arn:aws:dynamodb:eu-central-1:000000000000:table/events because no identity-based policy allows the dynamodb:UpdateTimeToLive action")
}
