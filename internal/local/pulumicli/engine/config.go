package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/spf13/cobra"
)

func newConfigCommand() *cobra.Command {
	var name string
	parent := &cobra.Command{Use: "config", Args: cobra.ArbitraryArgs, RunE: unknown}
	parent.PersistentFlags().StringVarP(&name, "stack", "s", "", "the stack")
	var path, secret, plain bool
	set := &cobra.Command{Use: "set", Args: cobra.ExactArgs(2), RunE: func(cmd *cobra.Command, args []string) error {
		return setConfig(cmd.Context(), name, []setting{{key: args[0], value: args[1], path: path, secret: secret}})
	}}
	set.Flags().BoolVar(&path, "path", false, "")
	set.Flags().BoolVar(&secret, "secret", false, "")
	set.Flags().BoolVar(&plain, "plaintext", false, "")
	set.MarkFlagsOneRequired("secret", "plaintext")
	set.MarkFlagsMutuallyExclusive("secret", "plaintext")

	var secrets, plains []string
	all := &cobra.Command{Use: "set-all", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		var settings []setting
		for _, assignment := range append(plains, secrets...) {
			key, value, ok := strings.Cut(assignment, "=")
			if !ok {
				return fmt.Errorf("the setting %q is not of the form key=value", key)
			}
			settings = append(settings, setting{key: key, value: value, path: path, secret: len(settings) >= len(plains)})
		}
		return setConfig(cmd.Context(), name, settings)
	}}
	all.Flags().BoolVar(&path, "path", false, "")
	all.Flags().StringArrayVar(&secrets, "secret", nil, "")
	all.Flags().StringArrayVar(&plains, "plaintext", nil, "")
	parent.AddCommand(set, all)
	return parent
}

// setting is one of the configuration.
type setting struct {
	key, value   string
	path, secret bool
}

// setConfig writes settings into the stack's file.
func setConfig(ctx context.Context, name string, all []setting) error {
	s, err := openStack(name)
	if err != nil {
		return err
	}
	settings, manager, err := s.settings()
	if err != nil {
		return err
	}
	for _, each := range all {
		key, err := s.key(each.key, each.path)
		if err != nil {
			return err
		}
		value := config.NewValue(each.value)
		if each.secret {
			encrypted, err := manager.Encrypter().EncryptValue(ctx, each.value)
			if err != nil {
				return fmt.Errorf("encrypting the setting %s: %w", key, err)
			}
			value = config.NewSecureValue(encrypted)
		}
		if err := settings.Config.Set(key, value, each.path); err != nil {
			return fmt.Errorf("setting %s: %w", key, err)
		}
	}
	path, err := s.configPath()
	if err != nil {
		return err
	}
	return settings.Save(path)
}

// key is the name of a setting, the project's where it does not say whose.
func (s *store) key(name string, path bool) (config.Key, error) {
	first := name
	if path {
		first, _, _ = strings.Cut(first, ".")
	}
	if !strings.Contains(first, ":") {
		name = s.project.Name.String() + ":" + name
	}
	return config.ParseKey(name)
}
