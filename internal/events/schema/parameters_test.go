package schema

import "testing"

func TestOfStack(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		SecretPath: "/events-api/shop.dev/jwt-secret", SigningKeysPath: "/events-api/shop.dev/signing-keys", "/a/b": "/a/b",
	} {
		if got := OfStack(path, "shop.dev"); got != want {
			t.Errorf("%s of the stack is %s, want %s", path, got, want)
		}
	}
	if dev, prod := OfStack(SecretPath, "dev"), OfStack(SecretPath, "prod"); dev == prod {
		t.Errorf("two stacks have one secret: %s", dev)
	}
}
