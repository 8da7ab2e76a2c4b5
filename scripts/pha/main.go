// Command pha deploys, checks and looks after the APIs of a Pulumi project that has the
// component ProtectedHttpApi.
package main

import (
	"github.com/spf13/cobra"

	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
	"github.com/protected-http-api/protected-http-api/scripts/pha/internal/apikey"
	"github.com/protected-http-api/protected-http-api/scripts/pha/internal/initialize"
	"github.com/protected-http-api/protected-http-api/scripts/pha/internal/preview"
	"github.com/protected-http-api/protected-http-api/scripts/pha/internal/probe"
	"github.com/protected-http-api/protected-http-api/scripts/pha/internal/resetcache"
	"github.com/protected-http-api/protected-http-api/scripts/pha/internal/revoke"
	"github.com/protected-http-api/protected-http-api/scripts/pha/internal/rotate"
	"github.com/protected-http-api/protected-http-api/scripts/pha/internal/sign"
	"github.com/protected-http-api/protected-http-api/scripts/pha/internal/token"
	"github.com/protected-http-api/protected-http-api/scripts/pha/internal/ttl"
	"github.com/protected-http-api/protected-http-api/scripts/pha/internal/up"
	"github.com/protected-http-api/protected-http-api/scripts/pha/internal/verify"
	"github.com/protected-http-api/protected-http-api/scripts/pha/internal/version"
)

func main() { cli.Main(parts()...) }

// parts are those of the command, in the order of the help.
func parts() []*cobra.Command {
	return []*cobra.Command{
		up.New(),
		preview.New(),
		verify.New(),
		token.New(),
		apikey.New(),
		sign.New(),
		rotate.New(),
		revoke.New(),
		resetcache.New(),
		ttl.New(),
		probe.New(),
		initialize.New(),
		version.New(),
	}
}
