package catalog

import (
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write catalog.txt from the SDK of pulumi-aws in go.mod")

var (
	registered = regexp.MustCompile(`\.RegisterResource\("aws:([^/"]+)/[^:"]+:([^"]+)"`)
	invoked    = regexp.MustCompile(`\.Invoke\w*\("aws:([^/"]+)/[^:"]+:([^"]+)"`)
)

// The catalog is that of the SDK whose version is in go.mod.
func TestCatalog(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}} {{.Dir}}", "github.com/pulumi/pulumi-aws/sdk/v6").Output()
	if err != nil {
		t.Fatal(err)
	}
	version, dir, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if version != "v"+Version {
		t.Errorf("the SDK is %s, the catalog of v%s", version, Version)
	}
	want := readSDK(t, filepath.Join(dir, "go", "aws"))
	if *update {
		if err := os.WriteFile("catalog.txt", []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if text != want {
		t.Error("catalog.txt is not the SDK's: run go test ./internal/local/aws/provider/catalog -update")
	}
}

// readSDK writes the catalog of an SDK.
func readSDK(t *testing.T, dir string) string {
	t.Helper()
	types, functions := map[string]map[string]string{}, map[string]map[string]string{}
	add := func(to map[string]map[string]string, module, name, marks string) {
		if to[module] == nil {
			to[module] = map[string]string{}
		}
		to[module][name] = name + marks
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasPrefix(entry.Name(), "pulumiTypes") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		source := string(content)
		for _, m := range registered.FindAllStringSubmatch(source, 1) {
			marks := ""
			if strings.Contains(structOf(source, strings.ToLower(m[2][:1])+m[2][1:]+"Args"), "Name *string `pulumi:\"name\"`") {
				marks += markNamed
			}
			if strings.Contains(structOf(source, m[2]), "Arn pulumi.StringOutput `pulumi:\"arn\"`") {
				marks += markARN
			}
			add(types, m[1], m[2], marks)
		}
		for _, m := range invoked.FindAllStringSubmatch(source, -1) {
			add(functions, m[1], m[2], "")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	names := slices.Collect(maps.Keys(types))
	names = slices.AppendSeq(names, maps.Keys(functions))
	slices.Sort(names)
	for _, module := range slices.Compact(names) {
		line := fmt.Sprintf("%s: %s; %s", module, strings.Join(sorted(types[module]), " "), strings.Join(sorted(functions[module]), " "))
		b.WriteString(strings.TrimSuffix(line, " ") + "\n")
	}
	return b.String()
}

func sorted(names map[string]string) []string {
	return slices.SortedFunc(maps.Values(names), cmp.Compare[string])
}

// structOf is the text of a struct's declaration, empty where there is none.
func structOf(source, name string) string {
	_, rest, _ := strings.Cut(source, "\ntype "+name+" struct {\n")
	declared, _, _ := strings.Cut(rest, "\n}\n")
	return declared
}

func TestFind(t *testing.T) {
	t.Parallel()
	tests := []struct {
		token string
		want  Type
		err   string
	}{
		{"aws:sqs/queue:Queue", Type{Named: true, ARN: true}, ""},
		{"aws:sqs/queuePolicy:QueuePolicy", Type{}, ""},
		{"aws:ec2/vpc:Vpc", Type{ARN: true}, ""},
		{"aws:lightsail/disk_attachment:Disk_attachment", Type{}, ""},
		{"aws:sqs/queu:Queu", Type{}, `pulumi-aws 6.83.2 has no resource type aws:sqs/queu:Queu: check the spelling, or use that version's SDK; its module "sqs" has aws:sqs/queue:Queue, aws:sqs/queuePolicy:QueuePolicy, aws:sqs/redriveAllowPolicy:RedriveAllowPolicy, aws:sqs/redrivePolicy:RedrivePolicy`},
		{"aws:sqz/queue:Queue", Type{}, `pulumi-aws 6.83.2 has no resource type aws:sqz/queue:Queue: its module "sqz" has none; check the spelling, or use that version's SDK`},
		{"queue", Type{}, `pulumi-aws 6.83.2 has no resource type queue: its module "queue" has none; check the spelling, or use that version's SDK`},
	}
	for _, tt := range tests {
		got, err := Find(tt.token)
		if got != tt.want || fmt.Sprint(err) != cmp.Or(tt.err, "<nil>") {
			t.Errorf("%s: %+v, %v", tt.token, got, err)
		}
	}
	for token, want := range map[string]string{
		"aws:sqs/getQueue:getQueue": "<nil>", "aws:resourceexplorer/search:Search": "<nil>", "aws:index/getArn:getArn": "<nil>",
		"aws:sqs/getQueu:getQueu": `pulumi-aws 6.83.2 has no function aws:sqs/getQueu:getQueu: check the spelling, or use that version's SDK; its module "sqs" has aws:sqs/getQueue:getQueue, aws:sqs/getQueues:getQueues`,
	} {
		if err := CheckFunction(token); fmt.Sprint(err) != want {
			t.Errorf("%s: %v", token, err)
		}
	}
}
