package provider

import (
	"strings"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/provider/catalog"
)

// kind is how a type that the local AWS does not imitate names things. Templates have
// {name}, {id}, {region}, {account}, {partition}, {in.property} of an input, and random
// {hex8}, {hex16}, {hex17}, {text26}, {upper13} and {uuid}.
type kind struct {
	// name is the property that Pulumi fills where the program leaves it out; length,
	// lower and prefix are of such names.
	name   string
	length int
	lower  bool
	prefix string
	// logical is the property that gets the resource's own name in Pulumi.
	logical string
	// word stands before the made-up name of what has none.
	word string
	// id is the resource's ID, outputs are what AWS computes.
	id      string
	outputs map[string]any
}

// with is the kind of a resource whose ID is known.
func (k kind) with(id string) kind {
	k.id = strings.ReplaceAll(id, "{", "")
	k.word = ""
	outputs := map[string]any{}
	for key, template := range k.outputs {
		// What is random in a template would be made up.
		if text, ok := template.(string); ok && !strings.Contains(text, "{hex") && !strings.Contains(text, "{uuid}") && !strings.Contains(text, "{in.") {
			outputs[key] = strings.ReplaceAll(text, "{name}", "{id}")
		}
	}
	if strings.HasPrefix(id, "arn:") {
		outputs["arn"] = "{id}"
	}
	k.outputs = outputs
	return k
}

// arnServices are the services in ARNs of modules that have another name.
var arnServices = map[string]string{
	"alb": "elasticloadbalancing", "appautoscaling": "application-autoscaling", "bedrockmodel": "bedrock", "cfg": "config",
	"cloudwatch": "logs", "cognito": "cognito-idp", "ec2clientvpn": "ec2", "ec2transitgateway": "ec2", "efs": "elasticfilesystem",
	"elb": "elasticloadbalancing", "kinesisanalyticsv2": "kinesisanalytics", "lb": "elasticloadbalancing", "msk": "kafka",
	"opensearch": "es", "sesv2": "ses", "sfn": "states", "vpc": "ec2",
}

func regional(service, resource string) string {
	return "arn:{partition}:" + service + ":{region}:{account}:" + resource
}

func global(service, resource string) string {
	return "arn:{partition}:" + service + "::{account}:" + resource
}

// kindOf is the kind of a type of pulumi-aws.
func kindOf(token string, known catalog.Type) kind {
	k, special := kinds[strings.TrimPrefix(token, "aws:")]
	module := catalog.Module(token)
	if known.Named && k.name == "" {
		k.name = "name"
	}
	if k.length == 0 {
		k.length = defaultNameLength
	}
	if word, ok := ec2Words[strings.TrimPrefix(token, "aws:ec2/")]; ok && !special {
		k.word = word
	}
	if k.id == "" {
		k.id = "{name}"
	}
	outputs := map[string]any{}
	if known.ARN {
		service := module
		if other, ok := arnServices[module]; ok {
			service = other
		}
		outputs["arn"] = regional(service, "{name}")
		if module == "ec2" {
			outputs["arn"] = regional("ec2", ec2Type(token)+"/{name}")
		}
	}
	for key, template := range k.outputs {
		outputs[key] = template
	}
	k.outputs = outputs
	return k
}

// ec2Type is the type in the ARN of an EC2 resource: security-group of
// aws:ec2/securityGroup:SecurityGroup.
func ec2Type(token string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(token, "aws:ec2/"), ":")
	switch name {
	case "eip":
		return "elastic-ip"
	case "natGateway":
		return "natgateway"
	}
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('-')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}

// ec2Words stand before the IDs of EC2 (user guide, "Resource IDs").
var ec2Words = map[string]string{
	"eip:Eip": "eipalloc-", "flowLog:FlowLog": "fl-", "instance:Instance": "i-", "internetGateway:InternetGateway": "igw-",
	"launchTemplate:LaunchTemplate": "lt-", "natGateway:NatGateway": "nat-", "networkAcl:NetworkAcl": "acl-",
	"networkInterface:NetworkInterface": "eni-", "route:Route": "r-", "routeTable:RouteTable": "rtb-",
	"routeTableAssociation:RouteTableAssociation": "rtbassoc-", "securityGroupRule:SecurityGroupRule": "sgrule-",
	"subnet:Subnet": "subnet-", "vpcEndpoint:VpcEndpoint": "vpce-",
}

// What several types have.
var (
	securityGroup = kind{id: "sg-{hex17}", outputs: map[string]any{"arn": regional("ec2", "security-group/{id}"), "ownerId": "{account}"}}
	bucket        = kind{name: "bucket", length: 63, lower: true, outputs: map[string]any{
		"arn": "arn:{partition}:s3:::{name}", "bucketDomainName": "{name}.s3.amazonaws.com",
		"bucketRegionalDomainName": "{name}.s3.{region}.amazonaws.com", "region": "{region}",
	}}
	bucketObject = kind{logical: "key", id: "{in.bucket}/{in.key}", outputs: map[string]any{"arn": "arn:{partition}:s3:::{in.bucket}/{in.key}"}}
	// ofBucket is what belongs to a bucket and has its name.
	ofBucket     = kind{id: "{in.bucket}"}
	loadBalancer = kind{length: 32, id: regional("elasticloadbalancing", "loadbalancer/app/{name}/{hex16}"), outputs: map[string]any{
		"arn": "{id}", "arnSuffix": "app/{name}/{hex16}", "dnsName": "{name}-{hex8}.{region}.elb.amazonaws.com",
	}}
	targetGroup = kind{length: 32, id: regional("elasticloadbalancing", "targetgroup/{name}/{hex16}"), outputs: map[string]any{
		"arn": "{id}", "arnSuffix": "targetgroup/{name}/{hex16}",
	}}
)

// kinds are the types that do not follow the general rule: the property name is the
// name and the ID, and the ARN ends with it. The shapes of the ARNs are the service
// authorization reference's, the IDs those of AWS's provider.
var kinds = map[string]kind{
	"acm/certificate:Certificate": {id: regional("acm", "certificate/{uuid}"), outputs: map[string]any{
		"arn": "{id}", "status": "PENDING_VALIDATION", "domainValidationOptions": []any{map[string]any{
			"domainName": "{in.domainName}", "resourceRecordName": "_{text26}.{in.domainName}.",
			"resourceRecordType": "CNAME", "resourceRecordValue": "_{text26}.acm-validations.aws.",
		}},
	}},
	"appsync/graphQLApi:GraphQLApi": {id: "{text26}", outputs: map[string]any{"arn": regional("appsync", "apis/{id}")}},
	"cloudfront/distribution:Distribution": {id: "E{upper13}", outputs: map[string]any{
		"arn": global("cloudfront", "distribution/{id}"), "domainName": "d{hex8}.cloudfront.net", "hostedZoneId": "Z2FDTNDATAQYW2", "status": "Deployed",
	}},
	"cloudfront/originAccessIdentity:OriginAccessIdentity": {id: "E{upper13}", outputs: map[string]any{
		"iamArn":                       "arn:{partition}:iam::cloudfront:user/CloudFront Origin Access Identity {id}",
		"cloudfrontAccessIdentityPath": "origin-access-identity/cloudfront/{id}",
	}},
	"cloudwatch/compositeAlarm:CompositeAlarm": {id: "{in.alarmName}", outputs: map[string]any{"arn": regional("cloudwatch", "alarm:{in.alarmName}")}},
	"cloudwatch/eventBus:EventBus":             {outputs: map[string]any{"arn": regional("events", "event-bus/{name}")}},
	"cloudwatch/eventRule:EventRule":           {length: 64, outputs: map[string]any{"arn": regional("events", "rule/{name}")}},
	"cognito/identityPool:IdentityPool":        {id: "{region}:{uuid}", outputs: map[string]any{"arn": regional("cognito-identity", "identitypool/{id}")}},
	"cognito/userPool:UserPool": {length: 128, id: "{region}_{hex8}", outputs: map[string]any{
		"arn": regional("cognito-idp", "userpool/{id}"), "endpoint": "cognito-idp.{region}.amazonaws.com/{id}",
	}},
	"cognito/userPoolClient:UserPoolClient": {length: 128, id: "{text26}"},
	"cognito/userPoolDomain:UserPoolDomain": {id: "{in.domain}"},
	"ec2/securityGroup:SecurityGroup":       securityGroup,
	"ec2/vpc:Vpc": {id: "vpc-{hex17}", outputs: map[string]any{
		"arn": regional("ec2", "vpc/{id}"), "ownerId": "{account}", "defaultSecurityGroupId": "sg-{hex17}", "defaultRouteTableId": "rtb-{hex17}",
		"mainRouteTableId": "rtb-{hex17}", "defaultNetworkAclId": "acl-{hex17}",
	}},
	"ecr/repository:Repository": {length: 256, lower: true, outputs: map[string]any{
		"arn": regional("ecr", "repository/{name}"), "registryId": "{account}", "repositoryUrl": "{account}.dkr.ecr.{region}.amazonaws.com/{name}",
	}},
	"ecs/cluster:Cluster":                                   {id: regional("ecs", "cluster/{name}"), outputs: map[string]any{"arn": "{id}"}},
	"elasticache/cluster:Cluster":                           {name: "clusterId", length: 50, lower: true, outputs: map[string]any{"arn": regional("elasticache", "cluster:{name}")}},
	"elasticache/replicationGroup:ReplicationGroup":         {name: "replicationGroupId", length: 40, lower: true, outputs: map[string]any{"arn": regional("elasticache", "replicationgroup:{name}")}},
	"elasticache/subnetGroup:SubnetGroup":                   {lower: true, outputs: map[string]any{"arn": regional("elasticache", "subnetgroup:{name}")}},
	"iam/group:Group":                                       {length: 128, outputs: map[string]any{"arn": global("iam", "group/{name}")}},
	"iam/instanceProfile:InstanceProfile":                   {length: 128, outputs: map[string]any{"arn": global("iam", "instance-profile/{name}")}},
	"iam/user:User":                                         {length: 64, outputs: map[string]any{"arn": global("iam", "user/{name}")}},
	"kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": {length: 64, id: regional("firehose", "deliverystream/{name}"), outputs: map[string]any{"arn": "{id}"}},
	"kinesis/stream:Stream":                                 {id: regional("kinesis", "stream/{name}"), outputs: map[string]any{"arn": "{id}"}},
	"kms/alias:Alias":                                       {prefix: "alias/", outputs: map[string]any{"arn": regional("kms", "{name}")}},
	"kms/key:Key":                                           {id: "{uuid}", outputs: map[string]any{"arn": regional("kms", "key/{id}"), "keyId": "{id}"}},
	"lambda/alias:Alias":                                    {id: regional("lambda", "function:{in.functionName}:{name}"), outputs: map[string]any{"arn": "{id}"}},
	"lambda/eventSourceMapping:EventSourceMapping": {id: "{uuid}", outputs: map[string]any{
		"arn": regional("lambda", "event-source-mapping:{id}"), "uuid": "{id}", "functionArn": regional("lambda", "function:{in.functionName}"), "state": "Enabled",
	}},
	"lambda/functionUrl:FunctionUrl": {id: "{in.functionName}", outputs: map[string]any{
		"functionArn": regional("lambda", "function:{in.functionName}"), "functionUrl": "https://{text26}.lambda-url.{region}.on.aws/", "urlId": "{text26}",
	}},
	"lambda/layerVersion:LayerVersion": {id: regional("lambda", "layer:{in.layerName}:1"), outputs: map[string]any{
		"arn": "{id}", "layerArn": regional("lambda", "layer:{in.layerName}"), "version": "1",
	}},
	"alb/loadBalancer:LoadBalancer": loadBalancer, "lb/loadBalancer:LoadBalancer": loadBalancer,
	"alb/targetGroup:TargetGroup": targetGroup, "lb/targetGroup:TargetGroup": targetGroup,
	"opensearch/domain:Domain": {name: "domainName", length: 28, lower: true, outputs: map[string]any{
		"arn": regional("es", "domain/{name}"), "endpoint": "search-{name}-{text26}.{region}.es.amazonaws.com",
	}},
	"rds/cluster:Cluster": {name: "clusterIdentifier", length: 63, lower: true, outputs: map[string]any{
		"arn": regional("rds", "cluster:{name}"), "endpoint": "{name}.cluster-{hex8}.{region}.rds.amazonaws.com",
		"readerEndpoint": "{name}.cluster-ro-{hex8}.{region}.rds.amazonaws.com", "clusterResourceId": "cluster-{upper13}",
	}},
	"rds/clusterInstance:ClusterInstance": {name: "identifier", length: 63, lower: true, outputs: map[string]any{
		"arn": regional("rds", "db:{name}"), "endpoint": "{name}.{hex8}.{region}.rds.amazonaws.com",
	}},
	"rds/clusterParameterGroup:ClusterParameterGroup": {lower: true, outputs: map[string]any{"arn": regional("rds", "cluster-pg:{name}")}},
	"rds/instance:Instance": {name: "identifier", length: 63, lower: true, outputs: map[string]any{
		"arn": regional("rds", "db:{name}"), "address": "{name}.{hex8}.{region}.rds.amazonaws.com", "resourceId": "db-{upper13}", "status": "available",
	}},
	"rds/parameterGroup:ParameterGroup": {lower: true, outputs: map[string]any{"arn": regional("rds", "pg:{name}")}},
	"rds/subnetGroup:SubnetGroup":       {lower: true, outputs: map[string]any{"arn": regional("rds", "subgrp:{name}")}},
	"route53/record:Record":             {id: "{in.zoneId}_{in.name}_{in.type}_{in.setIdentifier}", outputs: map[string]any{"fqdn": "{in.name}"}},
	"route53/zone:Zone": {id: "Z{upper13}", outputs: map[string]any{
		"arn": "arn:{partition}:route53:::hostedzone/{id}", "zoneId": "{id}", "primaryNameServer": "ns-1.awsdns-01.com",
		"nameServers": []any{"ns-1.awsdns-01.com", "ns-2.awsdns-02.net", "ns-3.awsdns-03.org", "ns-4.awsdns-04.co.uk"},
	}},
	"s3/bucket:Bucket": bucket, "s3/bucketV2:BucketV2": bucket,
	"s3/bucketObject:BucketObject": bucketObject, "s3/bucketObjectv2:BucketObjectv2": bucketObject,
	"s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": ofBucket, "s3/bucketNotification:BucketNotification": ofBucket,
	"s3/bucketOwnershipControls:BucketOwnershipControls": ofBucket, "s3/bucketPolicy:BucketPolicy": ofBucket,
	"s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ofBucket, "s3/bucketVersioningV2:BucketVersioningV2": ofBucket,
	"s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": ofBucket,
	"s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2":                                 ofBucket,
	"scheduler/schedule:Schedule":                                                            {length: 64, id: "default/{name}", outputs: map[string]any{"arn": regional("scheduler", "schedule/default/{name}")}},
	"sfn/activity:Activity":                                                                  {length: 80, id: regional("states", "activity:{name}"), outputs: map[string]any{"arn": "{id}"}},
	"sfn/stateMachine:StateMachine":                                                          {length: 80, id: regional("states", "stateMachine:{name}"), outputs: map[string]any{"arn": "{id}", "status": "ACTIVE"}},
	"sns/topic:Topic":                                                                        {length: 256, id: regional("sns", "{name}"), outputs: map[string]any{"arn": "{id}", "owner": "{account}"}},
	"sns/topicPolicy:TopicPolicy":                                                            {id: "{in.arn}", outputs: map[string]any{"owner": "{account}"}},
	"sns/topicSubscription:TopicSubscription":                                                {id: "{in.topic}:{uuid}", outputs: map[string]any{"arn": "{id}", "ownerId": "{account}"}},
	"sqs/queue:Queue": {length: 80, id: "https://sqs.{region}.amazonaws.com/{account}/{name}", outputs: map[string]any{
		"arn": regional("sqs", "{name}"), "url": "{id}",
	}},
	"sqs/queuePolicy:QueuePolicy": {id: "{in.queueUrl}"},
	"wafv2/webAcl:WebAcl":         {length: 128, id: "{uuid}", outputs: map[string]any{"arn": regional("wafv2", "regional/webacl/{name}/{id}")}},
}
