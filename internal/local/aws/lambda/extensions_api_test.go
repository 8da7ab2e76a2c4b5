package lambda

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/console"
	"github.com/protected-http-api/protected-http-api/internal/local/aws/console/consoletest"
)

// aws-lambda-go's WithEnableSIGTERM: its callback runs before an environment ends,
// however it ends, and only where it is enabled.
func TestSIGTERM(t *testing.T) {
	t.Parallel()
	ends := map[string]func(*fixture) error{
		"deleted": func(f *fixture) error { return f.DeleteFunction("fn") },
		"updated": func(f *fixture) error {
			_, err := f.UpdateFunctionConfiguration(f.function())
			return err
		},
		"closed": func(f *fixture) error { return f.Close() },
		"timed out": func(f *fixture) error {
			_, err := f.Invoke(f.t.Context(), InvokeInput{Function: "fn", Payload: []byte(`{"mode":"hang"}`)})
			return err
		},
	}
	for how, words := range map[string]string{"handled": "the last words", "ignored": "not yet", "": ""} {
		for name, end := range ends {
			t.Run(how+" "+name, func(t *testing.T) {
				t.Parallel()
				f := newFixture(t)
				f.create(func(fn *Function) {
					fn.Environment = map[string]string{"SIGTERM": how}
					if name == "timed out" {
						fn.Timeout = minTimeout
					}
				})
				pid := decode[int](t, f.invoke(`{"mode":"pid"}`))
				log := f.logs.File("/aws/lambda/fn")
				if err := end(f); err != nil {
					t.Fatal(err)
				}
				if exists(pid) {
					t.Error("the process is still there")
				}
				content, err := os.ReadFile(filepath.Clean(log))
				if err != nil {
					t.Fatal(err)
				}
				for _, text := range []string{"the last words", "not yet"} {
					if got := strings.Contains(string(content), text); got != (text == words) {
						t.Errorf("%q in the log: %t:\n%s", text, got, content)
					}
				}
			})
		}
	}
}

func TestExtensionsAPI(t *testing.T) {
	t.Parallel()
	var out consoletest.Buffer
	a, err := newRuntimeAPI(FunctionInfo{Function: Function{Name: "fn", Handler: "bootstrap"}}, console.New(&out))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.close)
	send := func(method, path, name, id, body string) (int, string, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+a.address+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Lambda-Extension-Name", name)
		req.Header.Set("Lambda-Extension-Identifier", id)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close() //nolint:errcheck // it was only read
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text), res.Header.Get("Lambda-Extension-Identifier")
	}
	const register = "/2020-01-01/extension/register"
	expect := func(method, path, name, id, body string, status int, want string) {
		t.Helper()
		if got, text, _ := send(method, path, name, id, body); got != status || text != want {
			t.Errorf("%s %s %s: %d %s, want %d %s", method, path, body, got, text, status, want)
		}
	}
	expect("POST", register, "", "", `{}`, 403, `{"errorType":"Extension.InvalidExtensionName","errorMessage":"Empty extension name"}`)
	expect("POST", register, "x", "", `{`, 403, `{"errorType":"InvalidRequestFormat","errorMessage":"unexpected end of JSON input"}`)
	expect("POST", register, "x", "", `{"events":["SHUTDOWN"]}`, 403, `{"errorType":"Extension.InvalidEventType","errorMessage":"SHUTDOWN: ShutdownEventNotSupportedForInternalExtension"}`)
	expect("POST", register, "x", "", `{"events":["OTHER"]}`, 403, `{"errorType":"Extension.InvalidEventType","errorMessage":"OTHER: ErrorInvalidEventType"}`)
	expect("POST", register, "x", "", `{"events":["INVOKE"]}`, 403, `{"errorType":"Extension.InvalidEventType","errorMessage":"INVOKE: the local AWS does not support this event"}`)
	if a.extensions.registered() {
		t.Error("a refused extension is registered")
	}
	status, text, id := send("POST", register, "x", "", `{"events":null}`)
	if status != 200 || id == "" || text != `{"functionName":"fn","functionVersion":"$LATEST","handler":"bootstrap"}` || !a.extensions.registered() {
		t.Errorf("register: %d %s, %q", status, text, id)
	}
	expect("POST", register, "x", "", `{}`, 403, `{"errorType":"Extension.InvalidExtensionState","errorMessage":"Extension with this name already registered"}`)
	expect("GET", "/2020-01-01/extension/event/next", "", "", "", 403, `{"errorType":"Extension.MissingExtensionIdentifier","errorMessage":"Missing Lambda-Extension-Identifier header"}`)
	expect("GET", "/2020-01-01/extension/event/next", "", "y", "", 403, `{"errorType":"Extension.UnknownExtensionIdentifier","errorMessage":"Unknown extension y"}`)
	a.mu.Lock()
	a.started = true
	a.mu.Unlock()
	expect("POST", register, "late", "", `{}`, 403, `{"errorType":"Extension.RegistrationClosed","errorMessage":"Extension registration closed already"}`)
	expect("PUT", "/2022-07-01/telemetry", "", "", "", 404, "404 page not found\n")
	expect("GET", "/2018-06-01/runtime/init/error", "", "", "", 405, "Method Not Allowed\n")

	for _, line := range []string{
		`REFUSED the registration of the extension "x" in the function "fn" for the event INVOKE; cure: register for no event: SIGTERM comes all the same`,
		`REFUSED PUT "/2022-07-01/telemetry" at the Runtime API of the function "fn"; cure: use what the local AWS has: the Runtime API, and of the Extensions API register for no event and event/next`,
		`REFUSED GET "/2018-06-01/runtime/init/error" at the Runtime API of the function "fn"; cure: `,
	} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("the console lacks %s:\n%s", line, &out)
		}
	}
}
