package main

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/protected-http-api/protected-http-api"

// These are what a Lambda function must not carry: each adds
// megabytes to its binary and milliseconds to its cold start.
var (
	pulumiModules = []string{"github.com/pulumi/..."}
	awsClients    = []string{"github.com/aws/aws-sdk-go-v2/service/...", "github.com/aws/aws-sdk-go-v2/config/...", "github.com/aws/aws-sdk-go-v2/credentials/..."}
	cedarEngine   = []string{"github.com/cedar-policy/..."}
	goRPC         = []string{"net/rpc"} // of functions built without the tag lambda.norpc
	// From v1.69.0 of its client on, DynamoDB's 3,000 schemas are made at each start:
	// go run ./scripts/bench cold has a fifth more time until the first request for an event.
	dynamoDBSchemas = []string{"github.com/aws/aws-sdk-go-v2/service/dynamodb/schemas"}
)

// floor is a group of the project's packages. Patterns are those of the go command.
type floor struct {
	packages string
	// imports are the project's packages that these may import beside their own.
	imports []string
	// never are packages, of whatever module, that these may not reach, through
	// any other package.
	never []string
}

// floors are all of them, from the ground up. The first that matches a package is
// its.
var floors = []floor{
	{packages: "internal/contract"},
	{packages: "internal/cleartext"},
	{packages: "internal/strictjson"},
	{packages: "internal/safepath"},

	// What programs import that deploy, and the same for other languages.
	{packages: "components/plugin", imports: []string{"components", "internal/contract"}, never: awsClients},
	{packages: "components/...", imports: []string{"internal/contract", "internal/safepath"}, never: awsClients},

	// What Lambda functions import.
	{packages: "authz/cedar", imports: []string{"authz"}, never: slices.Concat(pulumiModules, awsClients)},
	// It reads parameters by what the program gives it.
	{packages: "authz/tenant", imports: []string{"authz", "authz/internal/fresh", "authz/internal/hmackey", "internal/strictjson"},
		never: slices.Concat(pulumiModules, cedarEngine, []string{"github.com/aws/aws-sdk-go-v2/..."})},
	{packages: "authz/...", imports: []string{"internal/contract", "internal/strictjson"}, never: slices.Concat(pulumiModules, awsClients, cedarEngine)},

	// The Events API. The program knows the names that it shares with the functions.
	{packages: "internal/events/schema"},
	{packages: "internal/events/verify", imports: []string{"internal/cleartext"}},
	{packages: "internal/events/eventstest", imports: []string{"internal/contract", "internal/events/schema", "internal/local/aws/..."}},
	{packages: "internal/events/...", imports: []string{"internal/contract", "internal/strictjson", "internal/events/...", "authz/..."}, never: pulumiModules},
	// The default authorizer carries no method that it does not use.
	{packages: "handlers/authorizer", imports: []string{"handlers/internal/own"},
		never: slices.Concat(pulumiModules, awsClients, cedarEngine, goRPC, own("authz/apikey", "authz/httpsig", "authz/tenant"))},
	{packages: "handlers/internal/own", imports: []string{"authz", "authz/revocation", "authz/secret", "internal/contract", "internal/strictjson"},
		never: slices.Concat(pulumiModules, awsClients, cedarEngine, goRPC, own("authz/apikey", "authz/httpsig", "authz/tenant"))},
	{packages: "handlers/multiauthorizer", imports: []string{"authz/...", "handlers/internal/own", "internal/contract"},
		never: slices.Concat(pulumiModules, awsClients, cedarEngine, goRPC, own("authz/tenant"))},
	{packages: "handlers/...", imports: []string{"authz/...", "internal/events/..."}, never: slices.Concat(pulumiModules, cedarEngine, goRPC, dynamoDBSchemas)},
	{packages: ".", imports: []string{"components/...", "internal/contract", "internal/events/schema"}, never: own("authz/...", "handlers/...", "internal/local/...")},

	// The local AWS knows the others only by what AWS would see of them.
	// Compiled in a module of its own.
	{packages: "internal/local/pulumicli/engine"},
	{packages: "internal/local/aws/...", imports: []string{"internal/contract", "internal/safepath", "internal/strictjson"}},
	{packages: "internal/local/...", imports: []string{"internal/cleartext", "internal/contract", "internal/safepath", "internal/local/aws/..."}},

	// What asks a deployed API, and AWS what is deployed.
	{packages: "internal/verify", imports: []string{"internal/cleartext", "internal/contract"}, never: pulumiModules},

	// What a new project is made of.
	{packages: "internal/scaffold"},

	// What says what a TTL costs, and what AWS's quotas meet.
	{packages: "internal/planner", imports: []string{"internal/strictjson"}, never: slices.Concat(pulumiModules, awsClients)},

	// What asks AWS itself deploys as users do, and asks the local AWS too.
	{packages: "internal/probe/...", imports: []string{"components/golambda", "internal/contract", "internal/local/...", "internal/safepath"}},

	// What makes credentials for a local deployment.
	{packages: "internal/callers", imports: []string{"authz/...", "internal/contract", "internal/events/token", "internal/local/..."}},

	// What tests import deploys as the command does.
	{packages: "localtest", imports: []string{"authz/...", "internal/callers", "internal/events/token", "internal/local/...", "internal/safepath"}},

	// What measures builds functions as programs do.
	{packages: "scripts/bench/...", imports: []string{"authz/...", "components/golambda", "internal/...", "scripts/internal/page"}},
	{packages: "scripts/...", imports: []string{"authz/...", "internal/..."}},
}

// own are packages of the project.
func own(packages ...string) []string {
	for i, p := range packages {
		packages[i] = path.Join(module, p)
	}
	return packages
}

// within reports whether a package is one of the patterns.
func within(pkg string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		parent, below := strings.CutSuffix(pattern, "/...")
		return pkg == parent || below && strings.HasPrefix(pkg, parent+"/")
	})
}

// TestArchitecture checks every package's imports, its tests' left out: a test may
// use the local AWS whatever it tests.
func TestArchitecture(t *testing.T) {
	t.Parallel()
	lookAtSources(t)
	out, err := exec.CommandContext(t.Context(), "go", "list", "-tags", "lambda.norpc", "-json=ImportPath,Imports,Deps", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	matched := make([]int, len(floors))
	for {
		var pkg struct {
			ImportPath    string
			Imports, Deps []string
		}
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := relative(pkg.ImportPath)
		i := slices.IndexFunc(floors, func(f floor) bool { return within(name, []string{f.packages}) })
		if i < 0 {
			t.Errorf("%s stands on no floor", name)
			continue
		}
		matched[i]++
		f := floors[i]
		for _, imported := range pkg.Imports {
			if !within(imported, []string{module + "/..."}) {
				continue
			}
			if to := relative(imported); !within(to, append(f.imports, f.packages)) {
				t.Errorf("%s imports %s; it may import %s", name, to, strings.Join(f.imports, ", "))
			}
		}
		for _, reached := range pkg.Deps {
			if within(reached, f.never) {
				t.Errorf("%s reaches %s, which it must not", name, reached)
			}
		}
	}
	for i, n := range matched {
		if n == 0 {
			t.Errorf("no package is %s", floors[i].packages)
		}
	}
}

// lookAtSources has the test run again when a source changes: go test repeats a
// result as long as the files are the same that the test itself has looked at, and
// it does not know at what the go command looks.
func lookAtSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".go" {
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// relative is a package's path within the project.
func relative(pkg string) string {
	if pkg == module {
		return "."
	}
	return strings.TrimPrefix(pkg, module+"/")
}

// named matches what the documents name in backticks: a path, or a name in the code.
var named = regexp.MustCompile("`/?([A-Za-z.][\\w.-]*(?:/[\\w.-]+)*)/?`")

// TestDocuments: what these documents name is there. A name without a slash that is
// no file is a word of the Go code, a test's for instance.
func TestDocuments(t *testing.T) {
	t.Parallel()
	words := goWords(t)
	for _, document := range []string{"CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md"} {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range named.FindAllStringSubmatch(string(text), -1) {
			name := match[1]
			_, err := os.Stat(name)
			_, isWord := words[name[strings.LastIndex(name, ".")+1:]]
			if err != nil && (strings.Contains(name, "/") || path.Ext(name) == ".go" || !isWord) {
				t.Errorf("%s names %s, which is not there", document, name)
			}
		}
	}
}

// tested matches the rows of a table whose last cell names tests.
var tested = regexp.MustCompile(`(?m)^\|.*\| ([^|]*) \|$`)

// TestTablesOfTests: each row of the component's document that says what somebody
// has or needs names tests, and they are there.
func TestTablesOfTests(t *testing.T) {
	t.Parallel()
	words := goWords(t)
	text, err := os.ReadFile("docs/component.md")
	if err != nil {
		t.Fatal(err)
	}
	_, tables, _ := strings.Cut(string(text), "\n## Recipes\n")
	tables, _, found := strings.Cut(tables, "\n# Reference\n")
	rows := tested.FindAllStringSubmatch(tables, -1)
	if !found || len(rows) < 40 {
		t.Fatalf("docs/component.md has %d rows of recipes and of what others have", len(rows))
	}
	for _, row := range rows {
		if row[1] == "test" || row[1] == "---" { // a table's head
			continue
		}
		for name := range strings.SplitSeq(row[1], ", ") {
			if _, isWord := words[name]; !isWord || !strings.HasPrefix(name, "Test") && !strings.HasPrefix(name, "Example") {
				t.Errorf("docs/component.md names the test %q, which is not there:\n%s", name, row[0])
			}
		}
	}
}

// goWords are the words of the Go files, those of comments and strings too.
func goWords(t *testing.T) map[string]struct{} {
	t.Helper()
	word, words := regexp.MustCompile(`[\w-]+`), map[string]struct{}{}
	err := filepath.WalkDir(".", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || path.Ext(file) != ".go" {
			return err
		}
		text, err := os.ReadFile(file)
		for _, w := range word.FindAllString(string(text), -1) {
			words[w] = struct{}{}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return words
}
