// Command builder builds the packages in the folders that it is given, as a program with
// the component does in its process.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"github.com/protected-http-api/protected-http-api/components/golambda"
	"github.com/protected-http-api/protected-http-api/internal/contract"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "builder:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, folders []string) error {
	architecture := golambda.X8664
	if runtime.GOARCH == "arm64" {
		architecture = golambda.ARM64
	}
	target, err := golambda.NewTarget(architecture, contract.BuildTargetHost)
	if err != nil {
		return err
	}
	options := golambda.Options{Target: target}
	for _, folder := range folders {
		options.Packages = append(options.Packages, golambda.Package{Path: folder})
	}
	_, err = golambda.Build(ctx, options)
	return err
}
