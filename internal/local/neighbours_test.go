package local

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

// bucketEmulator is an S3 of the developer's own, which says what it was asked for.
// Requests must be signed with its credentials, which are test and test by default.
func bucketEmulator(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Authorization"), "Credential=test/"+time.Now().UTC().Format("20060102")+"/eu-west-1/s3/aws4_request") {
			t.Errorf("the emulator got %q", r.Header.Get("Authorization"))
		}
		_, _ = fmt.Fprintf(w, "%s %s", r.Method, r.URL.Path)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// A program with a queue, a bucket, a topic and more beside its API deploys: they are
// recorded, and have no effect. What the function does with the bucket goes to the
// developer's emulator, if the role's policies allow it; with the queue, which has no
// emulator, it is told so.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	dir := otherModule(t, "neighbours")
	d := deploy(t, Options{Project: dir, Stack: "dev", Endpoints: map[string]string{"s3": bucketEmulator(t)}})
	for _, want := range []string{
		"aws:sqs/queue:Queue has no effect here", "aws:s3/bucketV2:BucketV2 has no effect here", "aws:sns/topic:Topic has no effect here",
		"aws:kms/key:Key has no effect here", "aws:sns/getTopic:getTopic looks up what is not here",
	} {
		if got := strings.Count(d.console.String(), want); got != 1 {
			t.Errorf("the console says %d times %q", got, want)
		}
	}
	bucket, _ := d.Output("bucket")
	queue, _ := d.Output("queueUrl")
	topic, _ := d.Output("topicArn")
	if !strings.HasPrefix(bucket, "files-") || !strings.HasPrefix(queue, "https://sqs.eu-west-1.amazonaws.com/000000000000/orders-") ||
		!strings.HasSuffix(queue, ".fifo") || !strings.HasPrefix(topic, "arn:aws:sns:eu-west-1:000000000000:orders-") {
		t.Errorf("the outputs are %s, %s, %s", bucket, queue, topic)
	}
	d.up(t, map[string]int{})

	d.expectFile(t, "", http.StatusForbidden, "<Code>AccessDenied</Code><Message>User: arn:aws:sts::000000000000:assumed-role/")
	d.expectFile(t, "?of=queue", http.StatusNotImplemented, "The local AWS has no sqs: run an emulator of it and start the local AWS with --endpoint sqs=http://127.0.0.1:9000, its address.")
	d.set(t, "read", "true")
	d.up(t, map[string]int{"update": 1})
	d.expectFile(t, "", http.StatusOK, "GET /"+bucket+"/readme")

	// A first refresh finds what AWS computes of roles, policies and the stage.
	for i, most := range []int{8, 0} {
		var result auto.RefreshResult
		err := d.provide(func() (err error) {
			result, err = d.stack.Refresh(t.Context(), optrefresh.ProgressStreams(d.output), optrefresh.ErrorProgressStreams(d.output))
			return err
		})
		changes := *result.Summary.ResourceChanges
		if err != nil || changes["update"] > most || changes["delete"] > 0 {
			t.Errorf("refresh %d shows %v, %v", i+1, changes, err)
		}
	}
	d.up(t, map[string]int{})
	if output, err := d.importOne(t, "again", "aws:sqs/queue:Queue", queue); err != nil {
		t.Errorf("%v; the output is %s", err, output)
	}
	if inputs := d.imported(t, "again", "aws:sqs/queue:Queue", queue); !strings.Contains(inputs, "fifoQueue:true") {
		t.Errorf("the imported inputs are %q", inputs)
	}
	if _, err := d.Up(t.Context()); err != nil { // deletes what was imported
		t.Fatal(err)
	}
	if err := d.destroy(t); err != nil {
		t.Error(err)
	}
	refuseStrictly(t, dir)
}

// expectFile calls the API and wants a status and a part of the answer.
func (d deployed) expectFile(t *testing.T, query string, status int, want string) {
	t.Helper()
	got, body := d.call(t, http.MethodGet, "/file"+query, "", nil, http.DefaultClient)
	if got != status || !strings.Contains(body, want) {
		t.Errorf("GET /file%s is %d %s", query, got, body)
	}
}

// refuseStrictly: with Strict the program is refused for its first neighbour.
func refuseStrictly(t *testing.T, dir string) {
	t.Helper()
	output := &consoletest.Buffer{}
	d, err := Start(t.Context(), Options{Project: dir, Stack: "dev", Strict: true, Progress: io.MultiWriter(output, t.Output()), Console: io.Discard})
	if err == nil {
		t.Error("it is deployed", d.Close())
	}
	for _, want := range []string{"the local AWS does not support the ", "; it supports aws:"} {
		if !strings.Contains(output.String(), want) {
			t.Errorf("the output lacks %q: %s", want, output)
		}
	}
}
