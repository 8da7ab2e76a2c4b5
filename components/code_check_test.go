package components

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Code that AWS has and that was not compiled here, after an upload that failed,
// or of an archive that somebody planted in the temporary folder, ends the
// deployment. A preview, in which the provider shows the old hash, goes on.
func TestCheckCode(t *testing.T) {
	t.Parallel()
	const create, list = "events-api-dev-events-create-event", "events-api-dev-events-list-events"
	tests := []struct {
		name     string
		deployed map[string]string
		preview  bool
		wrong    []string
	}{
		{"the code that was compiled", nil, false, nil},
		{"other code of one", map[string]string{create: "other1"}, false, []string{create}},
		{"other code of two", map[string]string{create: "other1", list: "other2"}, false, []string{create, list}},
		{"a preview", map[string]string{create: "other1"}, true, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := &mocks{deployed: tt.deployed}
			resolved := make(chan string, 8)
			err := pulumi.RunErr(func(ctx *pulumi.Context) error {
				api, err := NewProtectedHttpApi(ctx, "events", exampleArgs())
				if err != nil {
					return err
				}
				for name, output := range map[string]pulumi.Output{
					"Url": api.Url, "ApiId": api.ApiId, "AuthorizerId": api.AuthorizerId, "TableName": api.TableName,
					"ApiKeyTableName": api.ApiKeyTableName, "StateTableName": api.StateTableName, "FunctionNames": api.FunctionNames, "Access": api.Access,
				} {
					pulumi.All(output).ApplyT(func([]any) error {
						resolved <- name
						return nil
					})
				}
				return nil
			}, pulumi.WithMocks("events-api", "dev", m), func(info *pulumi.RunInfo) { info.DryRun = tt.preview })
			want := 8
			if len(tt.wrong) > 0 {
				want = 0
			}
			// RunErr does not wait for the outputs that no resource is needed for.
			for i := range want {
				select {
				case <-resolved:
				case <-time.After(time.Minute):
					t.Fatalf("%d outputs resolved, want %d", i, want)
				}
			}
			if len(resolved) > 0 {
				t.Errorf("%d outputs resolved beside %d", len(resolved), want)
			}
			expectCodeErrors(t, m, err, tt.wrong)
		})
	}
}

func expectCodeErrors(t *testing.T, m *mocks, err error, functions []string) {
	t.Helper()
	if len(functions) == 0 {
		if err != nil {
			t.Error(err)
		}
		return
	}
	for _, name := range functions {
		inputs := m.find(t, "Function", strings.TrimPrefix(name, "events-api-dev-")).Inputs
		archive, hash := inputs["code"].ArchiveValue().Path, inputs["sourceCodeHash"].StringValue()
		want := fmt.Sprintf("the function %q does not run its code of this deployment: the SHA-256 hash of the code that AWS has is %s, of %s it is %s. "+
			"An upload failed or was interrupted, or somebody changed the code; Pulumi has recorded the new hash and uploads nothing. "+
			"Run this, and then pulumi up --refresh: aws lambda update-function-code --region eu-central-1 --function-name %s --zip-file 'fileb://%s'",
			name, m.deployed[name], archive, hash, name, archive)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v\nwant %s", err, want)
		}
	}
}

// A program may deploy code of its own by a transformation.
func TestCheckCodeOfATransformation(t *testing.T) {
	t.Parallel()
	own := pulumi.Transformations([]pulumi.ResourceTransformation{func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		if args.Type == "aws:lambda/function:Function" {
			args.Props.(*lambda.FunctionArgs).SourceCodeHash = pulumi.String("own")
		}
		return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: args.Opts}
	}})
	mustDeploy(t, exampleArgs(), own)
}
