// Package version prints what the command was built from.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/protected-http-api/protected-http-api/internal/local/pulumicli"
	"github.com/protected-http-api/protected-http-api/scripts/internal/cli"
)

// New is the part version of the command.
func New() *cobra.Command {
	return &cobra.Command{
		Use: "version", GroupID: cli.GroupProject,
		Short: "Print the version of the command, of Go and of Pulumi",
		Long:  "Prints the version of the command, of the Go that it was built with, and of the Pulumi that it builds where none is installed.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			version := "(unknown)"
			if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
				version = info.Main.Version
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "pha %s\nGo %s, %s/%s\nPulumi %s, unless a newer one is installed\n", version, runtime.Version()[2:], runtime.GOOS, runtime.GOARCH, pulumicli.Version)
			return err
		},
	}
}
