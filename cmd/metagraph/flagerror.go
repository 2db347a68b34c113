package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/metagraph/metagraph/internal/nearest"
)

// flagError converts cobra's error about a flag to a usageError that suggests the nearest flag.
func flagError(cmd *cobra.Command, err error) error {
	hint := fmt.Sprintf("see %s --help", cmd.CommandPath())
	if _, name, ok := strings.Cut(err.Error(), "unknown flag: --"); ok {
		name, _, _ := strings.Cut(name, "=")
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := nearest.Names(name, names, 1); len(near) > 0 {
			hint = fmt.Sprintf("did you mean --%s?", near[0])
		}
		hint = cmp.Or(flagHint(cmd, name), hint)
		return usageErrorf(hint, "%s has no flag --%s", cmd.Name(), name)
	}
	if _, letters, ok := strings.Cut(err.Error(), "unknown shorthand flag: "); ok && strings.HasPrefix(letters, "'o'") {
		hint = cmp.Or(flagHint(cmd, "o"), hint)
	}
	var invalid *pflag.InvalidValueError
	var twice *givenTwiceError
	if errors.As(err, &twice) && errors.As(err, &invalid) {
		return usageErrorf("leave out one of them", "--%s is repeated: %q and %q", invalid.GetFlag().Name, twice.first, twice.second)
	}
	if errors.Is(err, errEmpty) && errors.As(err, &invalid) {
		return usageErrorf("check your shell variables, or leave out --"+invalid.GetFlag().Name, "--%s is empty", invalid.GetFlag().Name)
	}
	if errors.As(err, &invalid) && invalid.GetFlag().Value.Type() == "int" {
		return usageErrorf("use a whole number", "invalid --%s %q", invalid.GetFlag().Name, invalid.GetValue())
	}
	return usageErrorf(hint, "%v", err)
}

// flagHint returns the hint for a flag that users know from another program, or "" if the command has no equivalent.
func flagHint(cmd *cobra.Command, name string) string {
	hint := flagConfusions()[name]
	needs := "output-format" // only commands that write have it
	if strings.Contains(hint, "--format") {
		needs = "format"
	}
	if cmd.Flags().Lookup(needs) == nil {
		return ""
	}
	return hint
}

// argumentPrefix returns the prefix of a message about an argument of a rewrite: the flag that sets the argument. Flags are named after
// TensorFlow's arguments. It returns "" if argument is empty.
func argumentPrefix(argument string) string {
	if argument == "" {
		return ""
	}
	return "--" + strings.ReplaceAll(argument, "_", "-") + ": "
}
