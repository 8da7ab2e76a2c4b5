package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	changes "github.com/pulumi/pulumi/pkg/v3/display"
	"github.com/pulumi/pulumi/pkg/v3/engine"
	"github.com/pulumi/pulumi/pkg/v3/resource/deploy"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/spf13/cobra"
)

// newImport takes what is there into the state. It writes no program for it.
func newImport() *cobra.Command {
	var file string
	var protect, program bool
	imports := operation{command: "import", label: "Importing", kind: apitype.ResourceImportUpdate}
	imports.run = func(info engine.UpdateInfo, ctx *engine.Context, opts engine.UpdateOptions, dry bool) (*deploy.Plan, changes.ResourceChanges, error) {
		resources, err := readImports(file, protect)
		if program {
			err = errors.New("no program is written: give --generate-code=false, or " + other)
		}
		if err != nil {
			ctx.Events <- engine.NewCancelEvent() // the last one, as the engine has it
			return nil, nil, err
		}
		return engine.Import(info, ctx, opts, resources, dry)
	}
	cmd := newOperation(imports)
	cmd.Flags().StringVarP(&file, "file", "f", "", "")
	cmd.Flags().BoolVar(&protect, "protect", true, "")
	cmd.Flags().BoolVar(&program, "generate-code", true, "")
	cmd.Flags().String("out", "", "") // where the program would go
	return cmd
}

// readImports reads what is to be imported.
func readImports(file string, protect bool) ([]deploy.Import, error) {
	content, err := os.ReadFile(file) //nolint:gosec // the caller's own
	if err != nil {
		return nil, fmt.Errorf("reading what to import: %w", err)
	}
	var read struct {
		Resources []struct {
			Type tokens.Type `json:"type"`
			Name string      `json:"name"`
			ID   resource.ID `json:"id"`
		} `json:"resources"`
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&read); err != nil {
		return nil, fmt.Errorf("reading what to import from %s: %w: only type, name and id are known: %s", file, err, other)
	}
	var imports []deploy.Import
	for _, r := range read.Resources {
		imports = append(imports, deploy.Import{Type: r.Type, Name: r.Name, ID: r.ID, Protect: protect})
	}
	return imports, nil
}
