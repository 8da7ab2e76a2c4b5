package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/pulumi/pulumi/pkg/v3/backend/display"
	"github.com/pulumi/pulumi/pkg/v3/resource/deploy"
	"github.com/pulumi/pulumi/pkg/v3/resource/edit"
	"github.com/pulumi/pulumi/pkg/v3/resource/stack"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/spf13/cobra"
)

func newStackCommand() *cobra.Command {
	var name string
	parent := &cobra.Command{Use: "stack", Args: cobra.ArbitraryArgs, RunE: unknown}
	parent.PersistentFlags().StringVarP(&name, "stack", "s", "", "the stack")
	// add adds a command for a stack that is there.
	add := func(use string, args cobra.PositionalArgs, run func(s *store, cmd *cobra.Command, args []string) error) *cobra.Command {
		cmd := &cobra.Command{Use: use, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
			s, err := openStack(name)
			if err != nil {
				return err
			}
			return run(s, cmd, args)
		}}
		parent.AddCommand(cmd)
		return cmd
	}
	parent.AddCommand(&cobra.Command{Use: "init", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		return initialize(cmd.Context(), args[0])
	}})
	add("select", cobra.NoArgs, func(*store, *cobra.Command, []string) error { return nil }) // each command names its stack

	var shown bool
	export := add("export", cobra.NoArgs, func(s *store, cmd *cobra.Command, _ []string) error {
		untyped, err := s.read()
		if err == nil && shown {
			untyped, err = s.withSecrets(cmd.Context())
		}
		if err != nil {
			return err
		}
		return printJSON(cmd.OutOrStdout(), untyped)
	})
	export.Flags().BoolVar(&shown, "show-secrets", false, "")

	var file string
	imports := add("import", cobra.NoArgs, func(s *store, cmd *cobra.Command, _ []string) error { return s.importState(cmd.Context(), file) })
	imports.Flags().StringVar(&file, "file", "", "")

	output := add("output", cobra.NoArgs, func(s *store, cmd *cobra.Command, _ []string) error {
		outputs, err := s.outputs(cmd.Context(), shown)
		if err != nil {
			return err
		}
		return printJSON(cmd.OutOrStdout(), outputs)
	})
	output.Flags().BoolVar(&shown, "show-secrets", false, "")
	onlyJSON(output)

	var page, size int
	history := add("history", cobra.NoArgs, func(s *store, cmd *cobra.Command, _ []string) error {
		if page != 1 || size != 1 {
			return fmt.Errorf("only the last operation is shown, with --page-size 1 --page 1: %s", other)
		}
		return s.history(cmd.OutOrStdout())
	})
	history.Flags().Bool("show-secrets", false, "") // the configuration is not shown
	history.Flags().IntVar(&page, "page", 1, "")
	history.Flags().IntVar(&size, "page-size", 10, "")
	onlyJSON(history)

	add("rename", cobra.ExactArgs(1), func(s *store, _ *cobra.Command, args []string) error { return s.renameTo(args[0]) })
	return parent
}

// onlyJSON has a command demand --json.
func onlyJSON(cmd *cobra.Command) {
	cmd.Flags().Bool("json", false, "")
	_ = cmd.MarkFlagRequired("json") // which is there
}

func printJSON(to io.Writer, value any) error {
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// initialize makes an empty stack.
func initialize(ctx context.Context, name string) error {
	s, err := openStore(name)
	if err != nil {
		return err
	}
	if s.exists() {
		return fmt.Errorf("stack '%s' already exists", s.name)
	}
	_, manager, err := s.settings()
	if err != nil {
		return err
	}
	return s.save(ctx, deploy.NewSnapshot(deploy.Manifest{}, manager, nil, nil, deploy.SnapshotMetadata{}, nil, nil))
}

// withSecrets is the state with its secrets in clear.
func (s *store) withSecrets(ctx context.Context) (*apitype.UntypedDeployment, error) {
	snapshot, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return stack.SerializeUntypedDeployment(ctx, snapshot, &stack.SerializeOptions{ShowSecrets: true})
}

// importState replaces the state. Operations that had not ended are forgotten.
func (s *store) importState(ctx context.Context, file string) error {
	content, err := os.ReadFile(file) //nolint:gosec // the caller's own
	if err != nil {
		return fmt.Errorf("reading the state: %w", err)
	}
	var untyped apitype.UntypedDeployment
	if err := json.Unmarshal(content, &untyped); err != nil {
		return fmt.Errorf("reading the state: %w", err)
	}
	snapshot, err := stack.DeserializeUntypedDeployment(ctx, &untyped, byPassphrase{})
	if err != nil {
		return err
	}
	for _, r := range snapshot.Resources {
		if r.URN.Stack() != s.name.Q() {
			return fmt.Errorf("the resource %s is of another stack than %s", r.URN, s.name)
		}
	}
	if err := snapshot.VerifyIntegrity(); err != nil {
		return fmt.Errorf("the state contradicts itself: %w", err)
	}
	snapshot.PendingOperations = nil
	if snapshot.SecretsManager == nil {
		if _, snapshot.SecretsManager, err = s.settings(); err != nil {
			return err
		}
	}
	return s.save(ctx, snapshot)
}

// outputs are those of the stack, secret ones in clear or as the text [secret].
func (s *store) outputs(ctx context.Context, secrets bool) (map[string]any, error) {
	snapshot, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	root, err := stack.GetRootStackResource(snapshot)
	if err != nil || root == nil {
		return map[string]any{}, err
	}
	shown := display.MassageSecrets(resource.ToResourcePropertyMap(resource.FromResourcePropertyMap(root.Outputs)), secrets)
	return stack.SerializeProperties(ctx, shown, config.NewPanicCrypter(), secrets)
}

// history prints the last operation.
func (s *store) history(to io.Writer) error {
	records, err := s.last()
	if err != nil {
		return fmt.Errorf("reading the stack's history: %w", err)
	}
	shown := []map[string]any{}
	for _, r := range records {
		shown = append(shown, map[string]any{
			"version": r.Version, "kind": r.Kind, "message": r.Message, "environment": r.Environment, "config": r.Config, "result": r.Result,
			"startTime": time.Unix(r.StartTime, 0).UTC().Format(time.RFC3339), "endTime": time.Unix(r.EndTime, 0).UTC().Format(time.RFC3339),
			"resourceChanges": r.ResourceChanges,
		})
	}
	return printJSON(to, shown)
}

// renameTo gives the stack another name, with its configuration.
func (s *store) renameTo(name string) error {
	untyped, err := s.read()
	if err != nil {
		return err
	}
	var deployment apitype.DeploymentV3
	if err := json.Unmarshal(untyped.Deployment, &deployment); err != nil {
		return fmt.Errorf("reading the stack's state: %w", err)
	}
	before, old := s.name, s.path()
	oldConfig, err := s.configPath()
	if err != nil {
		return err
	}
	if err := s.rename(name); err != nil {
		return err
	}
	if s.exists() {
		return fmt.Errorf("stack '%s' already exists", s.name)
	}
	if err := edit.RenameStack(&deployment, s.name, s.project.Name, edit.RenameStackOptions{OldName: before, OldProject: s.project.Name}); err != nil {
		return err
	}
	if untyped.Deployment, err = json.Marshal(deployment); err != nil {
		return err
	}
	if err := errors.Join(s.write(untyped), os.Remove(old)); err != nil {
		return err
	}
	config, err := s.configPath()
	if err == nil {
		err = os.Rename(oldConfig, config)
	}
	if errors.Is(err, fs.ErrNotExist) { // a stack may have none
		err = nil
	}
	return err
}
