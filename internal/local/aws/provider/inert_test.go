package provider

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/account"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

// neighbourhood is a provider that only knows neighbours, and what its console says.
func neighbourhood(t *testing.T) (*world, *consoletest.Buffer) {
	t.Helper()
	said := &consoletest.Buffer{}
	services := Services{
		Account:    account.Account{ID: "000000000000", Region: "eu-central-1", Partition: "aws"},
		Neighbours: NewNeighbours(console.New(said)),
	}
	return &world{t: t, Provider: New(services), Services: services}, said
}

// made checks and creates a neighbour, as the engine does.
func (w *world) made(typ, name string, inputs property.Map) thing {
	w.t.Helper()
	checked, err := w.Check(w.t.Context(), p.CheckRequest{Urn: urn(typ, name), Inputs: inputs, RandomSeed: []byte("seed")})
	if err != nil || len(checked.Failures) > 0 {
		w.t.Fatalf("%s: %v, %v", typ, checked.Failures, err)
	}
	created, err := w.Create(w.t.Context(), p.CreateRequest{Urn: urn(typ, name), Properties: checked.Inputs})
	if err != nil {
		w.t.Fatal(err)
	}
	return thing{typ, created.ID, checked.Inputs, created.Properties}
}

var (
	hexRun  = regexp.MustCompile(`[0-9a-f]{7,26}`)
	upper13 = regexp.MustCompile(`([EZ])[0-9A-F]{13}`)
	uuids   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
)

// shape replaces what is random.
func shape(text string) string {
	const account = "000000000000"
	text = strings.ReplaceAll(text, account, "ACCOUNT")
	text = upper13.ReplaceAllString(uuids.ReplaceAllString(text, "UUID"), "${1}UPPER")
	return strings.ReplaceAll(hexRun.ReplaceAllString(text, "HEX"), "ACCOUNT", account)
}

func TestInertNames(t *testing.T) {
	t.Parallel()
	const a = "eu-central-1:000000000000:"
	tests := []struct {
		typ    string
		inputs property.Map
		id     string
		state  map[string]string
	}{
		{"sqs/queue:Queue", object(), "https://sqs.eu-central-1.amazonaws.com/000000000000/Orders-HEX", map[string]string{
			"name": "Orders-HEX", "arn": "arn:aws:sqs:" + a + "Orders-HEX", "url": "https://sqs.eu-central-1.amazonaws.com/000000000000/Orders-HEX"}},
		{"sqs/queue:Queue", object("fifoQueue", true), "https://sqs.eu-central-1.amazonaws.com/000000000000/Orders-HEX.fifo", map[string]string{"name": "Orders-HEX.fifo"}},
		{"sqs/queue:Queue", object("namePrefix", "mine-"), "https://sqs.eu-central-1.amazonaws.com/000000000000/mine-HEX", map[string]string{"name": "mine-HEX"}},
		{"s3/bucket:Bucket", object(), "orders-HEX", map[string]string{
			"bucket": "orders-HEX", "arn": "arn:aws:s3:::orders-HEX", "bucketDomainName": "orders-HEX.s3.amazonaws.com",
			"bucketRegionalDomainName": "orders-HEX.s3.eu-central-1.amazonaws.com"}},
		{"s3/bucketV2:BucketV2", object("bucket", "given"), "given", map[string]string{"arn": "arn:aws:s3:::given"}},
		{"s3/bucketObject:BucketObject", object("bucket", "b"), "b/Orders", map[string]string{"key": "Orders", "arn": "arn:aws:s3:::b/Orders"}},
		{"s3/bucketPolicy:BucketPolicy", object("bucket", "b"), "b", nil},
		{"sns/topic:Topic", object(), "arn:aws:sns:" + a + "Orders-HEX", map[string]string{"arn": "arn:aws:sns:" + a + "Orders-HEX"}},
		{"sns/topicSubscription:TopicSubscription", object("topic", "arn:aws:sns:"+a+"t"), "arn:aws:sns:" + a + "t:UUID", map[string]string{"arn": "arn:aws:sns:" + a + "t:UUID"}},
		{"cloudwatch/eventRule:EventRule", object(), "Orders-HEX", map[string]string{"arn": "arn:aws:events:" + a + "rule/Orders-HEX"}},
		{"cloudwatch/compositeAlarm:CompositeAlarm", object("alarmName", "d"), "d", map[string]string{"arn": "arn:aws:cloudwatch:" + a + "alarm:d"}},
		{"kms/key:Key", object(), "UUID", map[string]string{"keyId": "UUID", "arn": "arn:aws:kms:" + a + "key/UUID"}},
		{"kms/alias:Alias", object(), "alias/Orders-HEX", map[string]string{"name": "alias/Orders-HEX", "arn": "arn:aws:kms:" + a + "alias/Orders-HEX"}},
		{"acm/certificate:Certificate", object("domainName", "x.example"), "arn:aws:acm:" + a + "certificate/UUID", nil},
		{"route53/zone:Zone", object("name", "x.example"), "ZUPPER", map[string]string{"zoneId": "ZUPPER", "arn": "arn:aws:route53:::hostedzone/ZUPPER"}},
		{"route53/record:Record", object("zoneId", "Z1", "name", "w", "type", "A"), "Z1_w_A", map[string]string{"fqdn": "w"}},
		{"ec2/vpc:Vpc", object(), "vpc-HEX", map[string]string{"arn": "arn:aws:ec2:" + a + "vpc/vpc-HEX", "defaultSecurityGroupId": "sg-HEX"}},
		{"ec2/subnet:Subnet", object(), "subnet-HEX", map[string]string{"arn": "arn:aws:ec2:" + a + "subnet/subnet-HEX"}},
		{"ec2/securityGroup:SecurityGroup", object(), "sg-HEX", map[string]string{"name": "Orders-HEX", "arn": "arn:aws:ec2:" + a + "security-group/sg-HEX"}},
		{"lambda/layerVersion:LayerVersion", object("layerName", "l"), "arn:aws:lambda:" + a + "layer:l:1", map[string]string{"layerArn": "arn:aws:lambda:" + a + "layer:l", "version": "1"}},
		{"lambda/eventSourceMapping:EventSourceMapping", object("functionName", "arn:aws:lambda:"+a+"function:f"), "UUID", map[string]string{"functionArn": "arn:aws:lambda:" + a + "function:f"}},
		{"lambda/alias:Alias", object("functionName", "f", "name", "live"), "arn:aws:lambda:" + a + "function:f:live", nil},
		{"cognito/userPool:UserPool", object(), "eu-central-1_HEX", map[string]string{"endpoint": "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_HEX", "arn": "arn:aws:cognito-idp:" + a + "userpool/eu-central-1_HEX"}},
		{"cognito/userPoolClient:UserPoolClient", object("userPoolId", "u"), "HEX", map[string]string{"name": "Orders-HEX"}},
		{"rds/instance:Instance", object(), "orders-HEX", map[string]string{"identifier": "orders-HEX", "arn": "arn:aws:rds:" + a + "db:orders-HEX", "address": "orders-HEX.HEX.eu-central-1.rds.amazonaws.com"}},
		{"cloudfront/distribution:Distribution", object(), "EUPPER", map[string]string{"domainName": "HEX.cloudfront.net", "arn": "arn:aws:cloudfront::000000000000:distribution/EUPPER"}},
		{"wafv2/webAcl:WebAcl", object(), "UUID", map[string]string{"arn": "arn:aws:wafv2:" + a + "regional/webacl/Orders-HEX/UUID"}},
		// The general rule.
		{"glue/job:Job", object(), "Orders-HEX", map[string]string{"arn": "arn:aws:glue:" + a + "Orders-HEX"}},
		{"efs/fileSystem:FileSystem", object(), "HEX", map[string]string{"arn": "arn:aws:elasticfilesystem:" + a + "HEX"}},
		{"apigatewayv2/vpcLink:VpcLink", object(), "Orders-HEX", map[string]string{"name": "Orders-HEX"}},
	}
	for _, tt := range tests {
		t.Run(tt.typ, func(t *testing.T) {
			t.Parallel()
			w, _ := neighbourhood(t)
			it := w.made("aws:"+tt.typ, "Orders", tt.inputs)
			if got := shape(it.id); got != tt.id {
				t.Errorf("the ID is %s, want %s", got, tt.id)
			}
			for key, want := range tt.state {
				if got := shape(textOf(it.states, key)); got != want {
					t.Errorf("%s is %s, want %s", key, got, want)
				}
			}
		})
	}
}

// A neighbour is created, found, changed in place, replaced with its name, imported and
// deleted; its inputs, secrets and files among them, are what the program gave.
func TestInertLife(t *testing.T) {
	t.Parallel()
	const typ = "aws:sqs/queue:Queue"
	w, said := neighbourhood(t)
	preview, err := w.Create(t.Context(), p.CreateRequest{Urn: urn(typ, "q"), Properties: object("name", "q"), DryRun: true})
	if err != nil || !preview.Properties.Get("url").IsComputed() || said.String() != "" {
		t.Errorf("the preview is %v, %v; the console says %q", preview.Properties, err, said)
	}
	it := w.made(typ, "q", object("delaySeconds", 5, "tags", map[string]any{"a": "b"}).Set("policy", property.New("hidden").WithSecret(true)))
	w.made(typ, "other", object())
	if got := it.states; !got.Get("policy").Secret() || got.Get("tagsAll").AsMap().Get("a").AsString() != "b" || got.Get("delaySeconds").AsNumber() != 5 {
		t.Errorf("the state is %v", got)
	}
	if got := strings.Count(said.String(), typ+" has no effect here: it is recorded, and nothing else\n"); got != 1 {
		t.Errorf("the console names the type %d times: %s", got, said)
	}
	for change, want := range map[string]p.DiffKind{"delaySeconds": p.Update, "name": p.UpdateReplace} {
		response, err := w.Diff(t.Context(), p.DiffRequest{Urn: urn(typ, "q"), ID: it.id, State: it.states, OldInputs: it.inputs, Inputs: it.inputs.Set(change, property.New("6"))})
		if err != nil || response.DetailedDiff[change].Kind != want || len(response.DetailedDiff) != 1 {
			t.Errorf("%s: %+v, %v", change, response, err)
		}
	}
	changed := it.inputs.Set("delaySeconds", property.New(6.0)).Delete("tags")
	w.update(it, changed)
	it = w.refresh(thing{typ, it.id, changed, it.states})
	if it.id == "" || it.inputs.Get("delaySeconds").AsNumber() != 6 || textOf(it.states, "arn") == "" {
		t.Errorf("after the change it is %v", it)
	}
	if _, there := it.states.GetOk("tagsAll"); there {
		t.Error("the tags are still there")
	}
	imported, err := w.importing(typ, it.id)
	if err != nil || imported.inputs.Get("delaySeconds").AsNumber() != 6 || !imported.inputs.Get("policy").Secret() {
		t.Errorf("the import is %v, %v", imported, err)
	}
	described, err := w.GetSchema(t.Context(), p.GetSchemaRequest{})
	if err != nil || !strings.Contains(described.Schema, `"aws:sqs/queue:Queue":{"properties":{"delaySeconds":{"type":"integer"},"name":{"type":"string"},"policy":{"type":"string"}},"type":"object"`) {
		t.Errorf("the schema lacks the queue: %v, %s", err, described.Schema)
	}
	if _, err := w.Create(t.Context(), p.CreateRequest{Urn: urn(typ, "q"), Properties: it.inputs}); err == nil || !strings.Contains(err.Error(), "there is one with the ID") {
		t.Errorf("a second one of the name: %v", err)
	}
	if err := w.remove(it); err != nil {
		t.Error(err)
	}
	if gone := w.refresh(it); gone.id != "" {
		t.Error("it is still there")
	}
	// What has no inputs is deleted too, and not looked up when it is gone.
	key := w.made("aws:kms/key:Key", "key", object())
	if err := w.remove(key); err != nil {
		t.Error(err)
	}
	if gone := w.refresh(key); gone.id != "" {
		t.Error("the key is still there")
	}
	source := object("bucket", "b").Set("source", property.New(&asset.Asset{Text: "x", Hash: "h"}))
	file := w.made("aws:s3/bucketObjectv2:BucketObjectv2", "file", source)
	response, err := w.Diff(t.Context(), p.DiffRequest{Urn: urn(file.typ, "file"), ID: file.id, State: file.states, OldInputs: file.inputs, Inputs: file.inputs})
	if err != nil || response.HasChanges {
		t.Errorf("a file that is the same: %+v, %v", response, err)
	}
}

// What the program did not make is taken to be there.
func TestInertLookUps(t *testing.T) {
	t.Parallel()
	w, said := neighbourhood(t)
	zone, err := w.importing("aws:route53/zone:Zone", "Z123")
	if err != nil || textOf(zone.states, "zoneId") != "Z123" || textOf(zone.states, "arn") != "arn:aws:route53:::hostedzone/Z123" {
		t.Errorf("the zone is %v, %v", zone, err)
	}
	queue := w.made("aws:sqs/queue:Queue", "q", object("name", "mine"))
	tests := []struct {
		token string
		args  property.Map
		want  map[string]string
	}{
		{"aws:sqs/getQueue:getQueue", object("name", "mine"), map[string]string{"url": queue.id, "arn": "arn:aws:sqs:eu-central-1:000000000000:mine"}},
		{"aws:sqs/getQueue:getQueue", object("name", "other"), map[string]string{"name": "other", "id": "https://sqs.eu-central-1.amazonaws.com/000000000000/other"}},
		{"aws:ec2/getVpc:getVpc", object("default", true), map[string]string{"id": "vpc-HEX", "arn": "arn:aws:ec2:eu-central-1:000000000000:vpc/vpc-HEX"}},
		{"aws:ec2/getVpc:getVpc", object("id", "vpc-1"), map[string]string{"id": "vpc-1"}},
		{"aws:acm/getCertificate:getCertificate", object("domain", "x.example"), map[string]string{"arn": "arn:aws:acm:eu-central-1:000000000000:certificate/UUID"}},
		{"aws:index/getArn:getArn", object("arn", "arn:aws:s3:::b"), map[string]string{"service": "s3", "resource": "b"}},
		{"aws:ec2/getSubnets:getSubnets", object(), map[string]string{"id": "HEX"}},
		{"aws:index/getDefaultTags:getDefaultTags", object(), nil},
	}
	for _, tt := range tests {
		response, err := w.Invoke(t.Context(), invokeRequest(tt.token, tt.args))
		if err != nil {
			t.Errorf("%s: %v", tt.token, err)
			continue
		}
		for key, want := range tt.want {
			if got := shape(textOf(response.Return, key)); got != want {
				t.Errorf("%s: %s is %q, want %q", tt.token, key, got, want)
			}
		}
	}
	zones, err := w.Invoke(t.Context(), invokeRequest("aws:index/getAvailabilityZones:getAvailabilityZones", object("state", "available")))
	if err != nil || zones.Return.Get("names").AsArray().Len() != 3 {
		t.Errorf("the zones are %v, %v", zones.Return, err)
	}
	for _, want := range []string{
		"aws:route53/zone:Zone Z123 is looked up, and is not here: it is taken to be there",
		"aws:ec2/getVpc:getVpc looks up what is not here: its answer has its own arguments, an ID, and nothing else",
	} {
		if strings.Count(said.String(), want) != 1 {
			t.Errorf("the console does not say %q once: %s", want, said)
		}
	}
}

func invokeRequest(token string, args property.Map) p.InvokeRequest {
	return p.InvokeRequest{Token: tokens.Type(token), Args: args}
}

func TestInertRefuses(t *testing.T) {
	t.Parallel()
	w, _ := neighbourhood(t)
	for typ, want := range map[string]string{
		"aws:sqs/queu:Queu":                         "pulumi-aws 6.83.2 has no resource type aws:sqs/queu:Queu: check the spelling",
		"aws:apigatewayv2/model:Model":              "the local AWS does not support the resource type aws:apigatewayv2/model:Model, without which requests would be answered in another way than on AWS: describe the API by the types that the local AWS has; it imitates aws:apigatewayv2/api:Api, ",
		"aws:dynamodb/tableItem:TableItem":          "the local AWS does not support the resource type aws:dynamodb/tableItem:TableItem, without which",
		"aws:iam/policyAttachment:PolicyAttachment": "the local AWS does not support the resource type aws:iam/policyAttachment:PolicyAttachment, without which requests would be answered in another way than on AWS: use aws:iam/rolePolicyAttachment:RolePolicyAttachment; ",
	} {
		_, err := w.Check(t.Context(), p.CheckRequest{Urn: urn(typ, "x"), RandomSeed: []byte("seed")})
		if !strings.HasPrefix(fmt.Sprint(err), want) {
			t.Errorf("%s: %v", typ, err)
		}
	}
	for token, want := range map[string]string{
		"aws:sqs/getQueu:getQueu":                                "invoking aws:sqs/getQueu:getQueu: pulumi-aws 6.83.2 has no function aws:sqs/getQueu:getQueu: check the spelling",
		"aws:secretsmanager/getRandomPassword:getRandomPassword": "invoking aws:secretsmanager/getRandomPassword:getRandomPassword: the local AWS does not support the function aws:secretsmanager/getRandomPassword:getRandomPassword, whose answer it cannot make up: read the value from the stack's configuration, which --config replaces here; it supports aws:cloudwatch/getLogGroup:getLogGroup, ",
	} {
		if _, err := w.Invoke(t.Context(), invokeRequest(token, object())); !strings.HasPrefix(fmt.Sprint(err), want) {
			t.Errorf("%s: %v", token, err)
		}
	}
}
