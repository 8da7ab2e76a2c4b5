package components

import (
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// served returns an output that resolves when API Gateway answers requests to every
// route.
func (c *ProtectedHttpApi) served() pulumi.Output {
	var ids []any
	for _, key := range slices.Sorted(maps.Keys(c.Routes)) {
		ids = append(ids, c.Routes[key].ID())
	}
	for _, name := range slices.Sorted(maps.Keys(c.InvokePermissions)) {
		ids = append(ids, c.InvokePermissions[name].ID())
	}
	ids = append(ids, c.Stage.ID())
	if c.ApiMapping != nil {
		ids = append(ids, c.ApiMapping.ID())
	}
	if c.DomainRecord != nil {
		ids = append(ids, c.DomainRecord.ID())
	}
	return pulumi.All(ids...)
}

// registerOutputs fills the component's outputs and tells them to the engine. None
// of them resolves before AWS has the functions' code: what depends on the
// component is not deployed to an API that runs other code.
func (c *ProtectedHttpApi) registerOutputs(ctx *pulumi.Context, p *plan) error {
	c.Url = c.stageUrl()
	if p.domain != nil {
		c.Url = pulumi.String(p.domain.url()).ToStringOutput()
	}
	c.ApiId = c.Api.ID().ToStringOutput()
	c.AuthorizerId = pulumi.String("").ToStringOutput()
	c.TableName, c.TableStreamArn = tableName(nil), tableName(nil)
	c.ApiKeyTableName, c.StateTableName, c.RevocationTableName = tableName(nil), tableName(nil), tableName(nil)
	tableNames, streams := pulumi.StringMap{}, pulumi.StringMap{}
	for _, t := range p.tables {
		if t.name == "" {
			c.TableName, c.TableStreamArn = c.nameOf(t), c.streamOf(t)
			continue
		}
		tableNames[t.name] = c.nameOf(t)
		if t.args.StreamViewType != "" {
			streams[t.name] = c.streamOf(t)
		}
	}
	c.TableNames, c.TableStreamArns = tableNames.ToStringMapOutput(), streams.ToStringMapOutput()
	authorizerIds := pulumi.StringMap{}
	for name, a := range c.Authorizers {
		if name == "" {
			c.AuthorizerId = a.Authorizer.ID().ToStringOutput()
			c.ApiKeyTableName, c.StateTableName, c.RevocationTableName = tableName(a.ApiKeyTable), tableName(a.StateTable), tableName(a.RevocationTable)
			continue
		}
		authorizerIds[name] = a.Authorizer.ID().ToStringOutput()
	}
	c.AuthorizerIds = authorizerIds.ToStringMapOutput()
	functionNames := pulumi.StringMap{}
	for _, f := range p.functions {
		functionNames[f.args.Name] = c.functionName(f)
	}
	c.FunctionNames = functionNames.ToStringMapOutput()
	access := pulumi.StringMap{}
	for _, route := range p.routes {
		access[route.key.String()] = pulumi.String(route.describe())
	}
	c.Access = access.ToStringMapOutput()
	// Known in a preview, so that it says why functions change whose source has not.
	c.GoVersion = pulumi.String(strings.Join(p.goVersions(), ",")).ToStringOutput()
	checked := c.checkCode(ctx, p)
	for _, output := range []*pulumi.StringOutput{&c.Url, &c.ApiId, &c.AuthorizerId, &c.TableName, &c.TableStreamArn, &c.ApiKeyTableName, &c.StateTableName, &c.RevocationTableName} {
		*output = after(checked, *output)
	}
	for _, output := range []*pulumi.StringMapOutput{&c.FunctionNames, &c.Access, &c.AuthorizerIds, &c.TableNames, &c.TableStreamArns} {
		*output = afterMap(checked, *output)
	}
	served := c.served()
	c.Url, c.Access = after(served, c.Url), afterMap(served, c.Access)

	return ctx.RegisterResourceOutputs(c, pulumi.Map{
		"url":                 c.Url,
		"apiId":               c.ApiId,
		"authorizerId":        c.AuthorizerId,
		"authorizerIds":       c.AuthorizerIds,
		"tableName":           c.TableName,
		"tableNames":          c.TableNames,
		"tableStreamArn":      c.TableStreamArn,
		"tableStreamArns":     c.TableStreamArns,
		"apiKeyTableName":     c.ApiKeyTableName,
		"stateTableName":      c.StateTableName,
		"revocationTableName": c.RevocationTableName,
		"functionNames":       c.FunctionNames,
		"access":              c.Access,
		"goVersion":           c.GoVersion,
	})
}
