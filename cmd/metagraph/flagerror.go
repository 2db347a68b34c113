package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/metagraph/metagraph/internal/nearest"
)

// flagError turns cobra's error about a flag into a usageError that names the nearest flag.
func flagError(cmd *cobra.Command, err error) error {
	hint := fmt.Sprintf("see %s --help", cmd.CommandPath())
	if _, name, ok := strings.Cut(err.Error(), "unknown flag: --"); ok {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := nearest.Names(name, names, 1); len(near) > 0 {
			hint = fmt.Sprintf("did you mean --%s?", near[0])
		}
		return usageErrorf(hint, "%s has no flag --%s", cmd.Name(), name)
	}
	return usageErrorf(hint, "%v", err)
}
