package local

import (
	"archive/zip"
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
)

// After an upload that failed AWS's provider finds nothing left to do. The
// component finds the old code, and its cure works. So it does with code that
// somebody else has put in its place.
func TestOldCodeEndsTheDeployment(t *testing.T) {
	t.Parallel()
	dir := otherModule(t, "orders")
	d := deploy(t, Options{Project: dir, Stack: "dev"})
	handler := filepath.Join(dir, "handlers", "listorders", "main.go")
	source, err := os.ReadFile(handler)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(handler, bytes.Replace(source, []byte("200"), []byte("203"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	d.AWS.SetOutage("lambda", true)
	d.expectFailure(t, "ServiceUnavailableException: The service is unavailable. Please try again later.", d.upPlain)
	d.AWS.SetOutage("lambda", false)
	if got := d.status(t, http.MethodGet, "/orders", ""); got != http.StatusOK {
		t.Errorf("GET /orders of the old code is %d, want 200", got)
	}
	const problem = "does not run its code of this deployment"
	cure := d.expectFailure(t, problem, d.upPlain)
	code := d.cure(t, cure)
	if err := d.upRefreshed(t); err != nil {
		t.Errorf("after the cure: %v", err)
	}
	if got := d.status(t, http.MethodGet, "/orders", ""); got != http.StatusNonAuthoritativeInfo {
		t.Errorf("GET /orders of the new code is %d, want 203", got)
	}

	d.upload(t, functionIn(cure), otherZip(t, code))
	d.cure(t, d.expectFailure(t, problem, d.upRefreshed))
	if err := d.upRefreshed(t); err != nil {
		t.Errorf("after the second cure: %v", err)
	}
}

func (d deployed) upPlain(t *testing.T) error {
	t.Helper()
	_, err := d.Up(t.Context())
	return err
}

func (d deployed) upRefreshed(t *testing.T) error {
	t.Helper()
	return d.provide(func() error {
		_, err := d.stack.Up(t.Context(), optup.Refresh(), optup.ProgressStreams(d.output), optup.ErrorProgressStreams(d.output))
		return err
	})
}

// expectFailure deploys, wants it to fail, and returns Pulumi's output.
func (d deployed) expectFailure(t *testing.T, why string, up func(*testing.T) error) string {
	t.Helper()
	seen := len(d.output.String())
	if err := up(t); err == nil {
		t.Error("the deployment succeeded")
	}
	since := d.output.String()[seen:]
	if !strings.Contains(since, why) {
		t.Errorf("the output lacks %q:\n%s", why, since)
	}
	return since
}

var updateCode = regexp.MustCompile(`aws lambda update-function-code --region eu-west-1 --function-name (\S+) --zip-file 'fileb://([^']+)'`)

func functionIn(output string) string {
	if m := updateCode.FindStringSubmatch(output); m != nil {
		return m[1]
	}
	return ""
}

// cure does what an error tells to do, and returns the code.
func (d deployed) cure(t *testing.T, output string) []byte {
	t.Helper()
	m := updateCode.FindStringSubmatch(output)
	if m == nil || !strings.HasSuffix(m[1], "list-orders") {
		t.Fatalf("the output names no command for the function:\n%s", output)
	}
	code, err := os.ReadFile(m[2])
	if err != nil {
		t.Fatal(err)
	}
	d.upload(t, m[1], code)
	return code
}

func (d deployed) upload(t *testing.T, function string, code []byte) {
	t.Helper()
	if _, err := lambda.NewFromConfig(d.config()).UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: &function, ZipFile: code}); err != nil {
		t.Fatal(err)
	}
}

// otherZip is a zip file with the same files and other bytes.
func otherZip(t *testing.T, code []byte) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(code), int64(len(code)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	err = w.SetComment("another")
	for _, f := range r.File {
		err = errors.Join(err, w.Copy(f))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
