// Command authorizer is the component's own authorizer for HS256 tokens and nothing
// else: the lean one, which carries no other method's code.
package main

import (
	"errors"

	"github.com/protected-http-api/protected-http-api/handlers/internal/own"
)

func main() { own.Run(configure) }

func configure(a *own.Authorizer) error {
	if a.Methods.Tokens == nil || a.Methods.APIKeys != nil || a.Methods.Signatures != nil {
		return errors.New("this authorizer accepts tokens, and nothing else: handlers/multiauthorizer accepts API keys and signed requests too")
	}
	return a.AddTokens()
}
