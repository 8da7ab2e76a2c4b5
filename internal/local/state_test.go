package local

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// A backend is written and read as Pulumi does; the deployed tests show that it does.
func TestBackend(t *testing.T) {
	t.Parallel()
	b := backend(filepath.Join(t.TempDir(), "a[b]")) // a pattern, where somebody takes it for one
	if err := (stackWorkspace{backend: b, project: "shop"}).CreateStack(t.Context(), "dev"); err != nil {
		t.Fatal(err)
	}
	if resources, err := b.resources("shop", "dev"); err != nil || len(resources) != 0 {
		t.Errorf("a new stack has %v, %v", resources, err)
	}
	const secret = `{"` + resource.SigKey + `":"` + resource.SecretSig + `","ciphertext":"x"}`
	put := func(path, content string) {
		t.Helper()
		path = filepath.Join(string(b), ".pulumi", path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("stacks/shop/dev.json", `{"version":3,"checkpoint":{"latest":{"resources":[
		{"urn":"urn:pulumi:dev::shop::x::y","type":"x","outputs":{"no":"output"}},
		{"urn":"urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev","type":"pulumi:pulumi:Stack","outputs":{"url":"http://x","secret":`+secret+`,"some":{"name":"x","key":`+secret+`}}}
	]}}}`)
	resources, err := b.resources("shop", "dev")
	if want := map[string]any{"url": "http://x", "some": map[string]any{"name": "x", "key": "[secret]"}}; err != nil || !reflect.DeepEqual(outputs(resources), want) {
		t.Errorf("the outputs are %v, %v", outputs(resources), err)
	}
	put("history/shop/dev/dev-1795884541000000000.history.json", `{"resourceChanges":{"same":1}}`)
	put("history/shop/dev/dev-1795884542000000000.checkpoint.json", `{}`)
	put("history/shop/dev/dev-1795884542000000000.history.json", `{"resourceChanges":{"create":2}}`)
	if changes, err := b.changes("shop", "dev"); err != nil || !reflect.DeepEqual(changes, map[string]int{"create": 2}) {
		t.Errorf("the changes are %v, %v", changes, err)
	}

	put("stacks/shop/bad.json", "{")
	put("history/shop/bad/bad-1.history.json", "{")
	for stack, want := range map[string]string{
		"bad":     "reading the stack's state: unexpected end of JSON input; reading the stack's history: unexpected end of JSON input",
		"missing": "reading the stack's state: open DIR/.pulumi/stacks/shop/missing.json: no such file or directory; reading the stack's history: there is no update",
	} {
		_, state := b.resources("shop", stack)
		_, history := b.changes("shop", stack)
		if state == nil || history == nil {
			t.Fatalf("%s: the errors are %v and %v", stack, state, history)
		}
		if got := strings.ReplaceAll(state.Error()+"; "+history.Error(), string(b), "DIR"); got != want {
			t.Errorf("%s: the errors are %s", stack, got)
		}
	}
}
