package main

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/scope"
)

// registryFlags holds the flags that describe custom collections.
type registryFlags struct {
	collections []string
	sets        []string
}

// register adds the flags to a command.
func (r *registryFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&r.collections, "register", nil, "decode a custom collection: `KEY=TYPE`[:FIELD,...] (repeatable)")
	f.StringArrayVar(&r.sets, "descriptor-set", nil, "`FILE` of types for --register, from protoc --include_imports -o (repeatable)")
}

// load returns the registry of collection types that the flags describe.
func (r *registryFlags) load() (*scope.Registry, error) {
	registry := scope.NewRegistry()
	for _, path := range r.sets {
		set, err := metafile.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("--descriptor-set: %w", err)
		}
		if err := registry.AddDescriptorSet(set); err != nil {
			return nil, fmt.Errorf("--descriptor-set: %w", &metafile.Error{Name: path, Problem: err.Error(), Err: err})
		}
	}
	for _, spec := range r.collections {
		if err := registry.Register(spec); err != nil {
			return nil, usageErrorf(cmp.Or(hintOf(err), "for example: --register my_variables=tensorflow.VariableDef"), "--register %q: %v", spec, err)
		}
	}
	return registry, nil
}
