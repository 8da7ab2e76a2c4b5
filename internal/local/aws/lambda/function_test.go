package lambda

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/protected-http-api/protected-http-api/internal/local/aws/awserr"
)

func TestCreateFunction(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code := script(t, "#!/bin/sh\n")
	environment := map[string]string{"AB": "c"}
	got, err := f.CreateFunction(t.Context(), Function{
		Name: "fn", Description: "d", RoleARN: role, Runtime: "provided.al2", Handler: "h", Environment: environment, Code: code,
	})
	if err != nil {
		t.Fatal(err)
	}
	environment["AB"] = "changed by the caller"
	sum := sha256.Sum256(code)
	want := FunctionInfo{
		Function: Function{
			Name: "fn", Description: "d", RoleARN: role, Runtime: "provided.al2", Handler: "h", Environment: map[string]string{"AB": "c"},
			Architecture: "x86_64", MemorySize: 128, Timeout: 3 * time.Second, LogGroup: "/aws/lambda/fn", LogFormat: "Text",
			TracingMode: "PassThrough", EphemeralStorage: 512,
		},
		ARN:        "arn:aws:lambda:eu-central-1:000000000000:function:fn",
		CodeSha256: base64.StdEncoding.EncodeToString(sum[:]), CodeSize: int64(len(code)),
		LastModified: clock, Version: "$LATEST",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if again, ok := f.Function("fn"); !ok || !reflect.DeepEqual(again, want) {
		t.Errorf("Function = %+v, %v", again, ok)
	}
}

func TestCreateFunctionRefuses(t *testing.T) {
	t.Parallel()
	const model = "ValidationException: 1 validation error detected: Value "
	tests := []struct {
		name   string
		change func(*Function)
		want   string
	}{
		{"taken", func(f *Function) { f.Name = "fn" }, "ResourceConflictException: Function already exist: fn"},
		{"name", func(f *Function) { f.Name = "a.b" }, model + "'a.b' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+; cure: use letters, digits, - and _"},
		{"long name", func(f *Function) { f.Name = strings.Repeat("n", 65) }, model + "'" + strings.Repeat("n", 65) + "' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64; cure: shorten the name"},
		{"runtime", func(f *Function) { f.Runtime = "go1.x" }, "InvalidParameterValueException: Value 'go1.x' at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [provided.al2023, provided.al2] (the local AWS runs no other); cure: set the runtime provided.al2023: the local AWS runs a program called bootstrap, and no interpreter"},
		{"handler", func(f *Function) { f.Handler = "" }, model + `'' at 'handler' failed to satisfy constraint: Member must satisfy regular expression pattern: [^\s]+ with at most 128 characters; cure: set the handler, by convention bootstrap`},
		{"architecture", func(f *Function) { f.Architecture = "amd64" }, model + "'[amd64]' at 'architectures' failed to satisfy constraint: Member must satisfy enum value set: [x86_64, arm64]"},
		{"little memory", func(f *Function) { f.MemorySize = 127 }, model + "'127' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"},
		{"much memory", func(f *Function) { f.MemorySize = 10241 }, model + "'10241' at 'memorySize' failed to satisfy constraint: Member must have value less than or equal to 10240"},
		{"long timeout", func(f *Function) { f.Timeout = 901 * time.Second }, model + "'901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900"},
		{"short timeout", func(f *Function) { f.Timeout = time.Millisecond }, model + "'0.001' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"uneven timeout", func(f *Function) { f.Timeout = 1500 * time.Millisecond }, model + "'1.5' at 'timeout' failed to satisfy constraint: Member must be an integer; cure: use whole seconds"},
		{"role", func(f *Function) { f.RoleARN = "fn-role" }, model + `'fn-role' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+; cure: give the ARN of the role, not its name`},
		{"role that Lambda may not assume", func(f *Function) { f.RoleARN = role + "2" }, "InvalidParameterValueException: The role defined for the function cannot be assumed by Lambda.; cure: create the role " + role + "2 with a trust policy that allows sts:AssumeRole to the service lambda.amazonaws.com (no role " + role + "2 for lambda.amazonaws.com)"},
		{"variable's name", func(f *Function) { f.Environment = map[string]string{"1A": "s3cret"} }, model + "'1A' at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]; cure: rename the variable"},
		{"reserved variables", func(f *Function) { f.Environment = map[string]string{"AWS_REGION": "x", "_HANDLER": "y", "OK": "z"} }, "InvalidParameterValueException: Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION, _HANDLER; cure: Lambda sets these variables itself: rename yours"},
		{"NUL", func(f *Function) { f.Environment = map[string]string{"AB": "s3cret\x00"} }, "InvalidParameterValueException: The value of the environment variable AB contains a NUL character; cure: remove the NUL"},
		{"large environment", func(f *Function) { f.Environment = map[string]string{"AB": strings.Repeat("<", 4088)} }, "InvalidParameterValueException: Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit (4097 bytes); cure: keep large values in SSM or in the code"},
		{"reservation", func(f *Function) { f.ReservedConcurrency = new(91) }, "InvalidParameterValueException: Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [10].; cure: reserve at most 90; the local account's limit is 100 invocations at once"},
		{"negative reservation", func(f *Function) { f.ReservedConcurrency = new(-1) }, model + "'-1' at 'reservedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 0"},
		{"log format", func(f *Function) { f.LogFormat = "json" }, model + "'json' at 'loggingConfig.logFormat' failed to satisfy constraint: Member must satisfy enum value set: [JSON, Text]"},
		{"level of the text format", func(f *Function) { f.SystemLogLevel = "WARN" }, `InvalidParameterValueException: LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request or change the LogFormat to "Json" and try again.; cure: leave the levels out, or set the log format JSON`},
		{"application log level", func(f *Function) { f.LogFormat, f.ApplicationLogLevel = "JSON", "OFF" }, model + "'OFF' at 'loggingConfig.applicationLogLevel' failed to satisfy constraint: Member must satisfy enum value set: [TRACE, DEBUG, INFO, WARN, ERROR, FATAL]"},
		{"system log level", func(f *Function) { f.LogFormat, f.SystemLogLevel = "JSON", "ERROR" }, model + "'ERROR' at 'loggingConfig.systemLogLevel' failed to satisfy constraint: Member must satisfy enum value set: [DEBUG, INFO, WARN]"},
		{"log group", func(f *Function) { f.LogGroup = "a b" }, model + `'a b' at 'loggingConfig.logGroup' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+ with at most 512 characters`},
		{"no code", func(f *Function) { f.Code = nil }, "InvalidParameterValueException: Could not unzip uploaded file. Please check your file, then try to upload again.; cure: give a zip file (zip: not a valid zip file)"},
	}
	f := newFixture(t)
	f.create(func(fn *Function) { fn.Code = script(t, "#!/bin/sh\n") })
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fn := Function{Name: "new", RoleARN: role, Runtime: "provided.al2023", Handler: "bootstrap", Code: script(t, "#!/bin/sh\n")}
			tt.change(&fn)
			_, err := f.CreateFunction(t.Context(), fn)
			if err == nil || awserr.Explain(err).Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestLargestEnvironment(t *testing.T) {
	t.Parallel()
	// {"AB":"…"} is the value and nine characters.
	if err := validateEnvironment(Function{Environment: map[string]string{"AB": strings.Repeat("<", 4087)}}); err != nil {
		t.Error(err)
	}
}

func TestArchives(t *testing.T) {
	t.Parallel()
	boot := entry{"bootstrap", 0o755, "#!/bin/sh\n"}
	const unzip = "InvalidParameterValueException: Could not unzip uploaded file. Please check your file, then try to upload again.; cure: give a zip file "
	const cure = "; cure: put the program into the zip's root as bootstrap, with mode 0755"
	tests := []struct {
		name    string
		entries []entry
		want    string // empty: accepted
	}{
		{"with folders", []entry{boot, {"data/", os.ModeDir | 0o755, ""}, {"data/deep/file", 0o644, "x"}, {"./conf", 0o600, "y"}}, ""},
		{"traversal", []entry{boot, {"../evil", 0o644, "x"}}, unzip + `(the entry "../evil" leaves the folder)`},
		{"hidden traversal", []entry{boot, {"data/../../evil", 0o644, "x"}}, unzip + `(the entry "data/../../evil" leaves the folder)`},
		{"absolute", []entry{boot, {"/etc/evil", 0o644, "x"}}, unzip + `(the entry "/etc/evil" leaves the folder)`},
		{"backslash", []entry{boot, {`..\evil`, 0o644, "x"}}, unzip + `(the entry "..\\evil" leaves the folder)`},
		{"link", []entry{boot, {"link", os.ModeSymlink | 0o777, "/etc/passwd"}}, unzip + `(the entry "link" is neither a file nor a folder)`},
		{"twice", []entry{boot, boot}, unzip + `(the entry "bootstrap" is there twice)`},
		{"file as a folder", []entry{boot, {"bootstrap/x", 0o644, "x"}}, unzip + "(mkdirat bootstrap: file exists)"},
		{"no bootstrap", []entry{{"main", 0o755, "x"}}, "InvalidParameterValueException: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]" + cure},
		{"bootstrap in a folder", []entry{{"bin/bootstrap", 0o755, "x"}}, "InvalidParameterValueException: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]" + cure},
		{"not executable", []entry{{"bootstrap", 0o644, "x"}}, "InvalidParameterValueException: fork/exec /var/task/bootstrap: permission denied (its mode is -rw-r--r--)" + cure},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &Service{dir: t.TempDir()}
			if err := os.Mkdir(filepath.Join(s.dir, "code"), 0o700); err != nil {
				t.Fatal(err)
			}
			zipped, err := zipOf(tt.entries...)
			if err != nil {
				t.Fatal(err)
			}
			code, err := s.newCodeDir(zipped)
			if tt.want != "" {
				if err == nil || awserr.Explain(err).Error() != tt.want {
					t.Errorf("got  %v\nwant %s", err, tt.want)
				}
			} else {
				if err != nil {
					t.Fatal(err)
				}
				for name, want := range map[string]string{"bootstrap": "#!/bin/sh\n", "data/deep/file": "x", "conf": "y"} {
					if got, err := os.ReadFile(filepath.Join(code.path, name)); err != nil || string(got) != want {
						t.Errorf("%s: %q, %v", name, got, err)
					}
				}
				code.release()
			}
			if left, err := os.ReadDir(filepath.Join(s.dir, "code")); err != nil || len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
		})
	}
}

// What counts is what comes out, whatever the zip says of itself.
func TestZipBomb(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]string{
		99:  "",
		100: "InvalidParameterValueException: Unzipped size must be smaller than 110 bytes; cure: leave out what the function does not need",
		1e6: "InvalidParameterValueException: Unzipped size must be smaller than 110 bytes; cure: leave out what the function does not need",
	} {
		zipped, err := zipOf(entry{"bootstrap", 0o755, "#!/bin/sh\n"}, entry{"a", 0o644, strings.Repeat("\x00", size)})
		if err != nil {
			t.Fatal(err)
		}
		archive, err := zip.NewReader(bytes.NewReader(zipped), int64(len(zipped)))
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := unpackArchive(archive, dir, 110); (err == nil) != (want == "") || err != nil && awserr.Explain(err).Error() != want {
			t.Errorf("%d bytes: got %v, want %s", size, err, want)
		}
		if err := removeAll(dir); err != nil {
			t.Error(err)
		}
	}
	const tooLarge = `RequestEntityTooLargeException: Request must be smaller than 69905067 bytes for the CreateFunction operation; cure: make the zip smaller than 50 MB: build with -ldflags="-s -w"`
	if _, err := (&Service{}).newCodeDir(make([]byte, 52428802)); err == nil || awserr.Explain(err).Error() != tooLarge {
		t.Errorf("got %v, want %s", err, tooLarge)
	}
}
