package verify

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/protected-http-api/protected-http-api/internal/callers"
	"github.com/protected-http-api/protected-http-api/internal/local"
	"github.com/protected-http-api/protected-http-api/internal/verify"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

// runLocal deploys the stack, checks its APIs and removes everything.
func (o options) runLocal(ctx context.Context, stdout, stderr io.Writer) (err error) {
	if o.api != "" || o.url != "" {
		return cli.Usagef("--local goes without --api-id and --api-url: the deployment is one of its own")
	}
	opts := *o.deploy
	opts.Progress = stderr
	opts.Console = stderr
	d, err := local.Start(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if len(d.APIs) == 0 {
		return errors.New("the program has no HTTP API with a stage, so there is nothing to check")
	}
	cfg := aws.Config{
		Region: d.AWS.Account.Region, BaseEndpoint: aws.String(d.AWS.Endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(d.AWS.Credentials.AccessKeyID, d.AWS.Credentials.SecretAccessKey, ""),
	}
	failed := false
	for _, stage := range d.APIs {
		api, err := verify.Find(ctx, cfg, stage.ID, stage.Stage)
		if err != nil {
			return err
		}
		api.URL, api.Host = stage.Address() // there is no DNS here
		if len(d.APIs) > 1 {
			_, _ = fmt.Fprintf(stdout, "\n%s, stage %s\n", stage.Name, stage.Stage)
		}
		err = o.verify(ctx, stdout, cfg, api, callers.From(d).KeyAt)
		if err != nil && !errors.Is(err, verify.ErrFailed) {
			return err
		}
		failed = failed || err != nil
	}
	if failed {
		return verify.ErrFailed
	}
	return nil
}
