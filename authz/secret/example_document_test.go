package secret_test

import (
	"fmt"
	"time"

	"github.com/protected-http-api/protected-http-api/authz/secret"
)

// The first rotation of a parameter that holds one secret.
func ExampleDocument_Rotate() {
	document, _ := secret.ParseDocument("the-secret-that-has-signed-so-far")
	rotated, err := document.Rotate(time.Now())
	fmt.Println(rotated.Previous.Value(), rotated.Current, err)
	// Output: the-secret-that-has-signed-so-far [redacted] <nil>
}
