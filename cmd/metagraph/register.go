package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/scope"
)

// registryFlags are the flags by which a command is told what collections of one's own hold.
type registryFlags struct {
	collections []string
	sets        []string
}

// register adds the flags to a command.
func (r *registryFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&r.collections, "register", nil, "a collection of protos of your own, and where names stand in them: `KEY=TYPE[:FIELD,...]` (repeatable)")
	f.StringArrayVar(&r.sets, "descriptor-set", nil, "`FILE` that describes messages for --register: protoc --include_imports --descriptor_set_out (repeatable)")
}

// load returns the registry that the flags describe.
func (r *registryFlags) load() (*scope.Registry, error) {
	registry := scope.NewRegistry()
	for _, path := range r.sets {
		set, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("--descriptor-set: %w", err)
		}
		if err := registry.AddDescriptorSet(set); err != nil {
			return nil, usageErrorf("", "--descriptor-set %s: %v", path, err)
		}
	}
	for _, spec := range r.collections {
		if err := registry.Register(spec); err != nil {
			return nil, usageErrorf("for example: --register my_variables=tensorflow.VariableDef", "%v", err)
		}
	}
	return registry, nil
}
