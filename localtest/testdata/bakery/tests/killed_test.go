package tests

import (
	"os"
	"strconv"
	"testing"
)

// TestKilled runs until it is killed, in the middle of a deployment.
func TestKilled(t *testing.T) {
	marker := os.Getenv("BAKERY_MARKER")
	if marker == "" {
		t.Skip("only where somebody kills it")
	}
	api := deploy(t)
	api.Get("/orders").Want(200)
	if err := os.WriteFile(marker, []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		t.Fatal(err)
	}
	for {
		api.Redeploy(map[string]string{"openCancel": "true"})
		api.Redeploy(map[string]string{"openCancel": "false"})
	}
}
