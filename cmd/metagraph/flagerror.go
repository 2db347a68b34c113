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
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		name, flag := unknown.GetSpecifiedName(), "--"+unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			flag = "-" + name
		} else {
			hint = cmp.Or(didYouMean("--", name, flagNames(cmd)), hint)
		}
		return usageErrorf(cmp.Or(flagConfusion(cmd, name), hint), "%s has no flag %s", cmd.Name(), flag)
	}
	if missing, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return usageErrorf(hint, "--%s needs a value", missing.GetFlag().Name)
	}
	invalid, ok := errors.AsType[*pflag.InvalidValueError](err)
	if !ok {
		return usageErrorf(hint, "%v", err)
	}
	name, value := invalid.GetFlag().Name, invalid.GetValue()
	twice, repeated := errors.AsType[*givenTwiceError](err)
	switch kind := invalid.GetFlag().Value.Type(); {
	case repeated:
		return usageErrorf("leave out one of them", "--%s is repeated: %q and %q", name, twice.first, twice.second)
	case errors.Is(err, errEmpty):
		return usageErrorf("check your shell variables, or leave out --"+name, "--%s is empty", name)
	case kind == "int":
		return usageErrorf("use a whole number", "invalid --%s %q", name, value)
	case kind == "bool":
		return usageErrorf("write only --"+name, "--%s takes no value, but has %q", name, value)
	}
	return usageErrorf(hint, "%v", err)
}

// didYouMean returns a hint with the candidate that resembles a misspelled name, after a prefix. It returns "" if there is none.
func didYouMean(prefix, name string, candidates []string) string {
	if near := nearest.Name(name, candidates); near != "" {
		return "did you mean " + prefix + near + "?"
	}
	return ""
}

// flagNames returns the names of the flags of cmd.
func flagNames(cmd *cobra.Command) (names []string) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// argumentPrefix returns the prefix of a message about an argument of a rewrite: the flag that sets the argument. Flags are named after
// TensorFlow's arguments. It returns "" if argument is empty.
func argumentPrefix(argument string) string {
	if argument == "" {
		return ""
	}
	return "--" + strings.ReplaceAll(argument, "_", "-") + ": "
}
