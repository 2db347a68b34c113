package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// restrictFlags makes it an error to repeat a flag or to give it an empty value, in all commands below root. Flags that
// take several values, or none, can be repeated.
func restrictFlags(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			_, several := f.Value.(pflag.SliceValue)
			if f.NoOptDefVal != "" {
				return
			}
			if !slices.Contains(emptyFlags, f.Name) {
				f.Value = &fullValue{f.Value}
				if several {
					f.DefValue = "" // --help leaves out the default [] only of pflag's own types
				}
			}
			if !several {
				f.Value = &onceValue{Value: f.Value}
			}
		})
	}
}

// emptyFlags are the flags that mean something if they are empty. For the others, an empty value is probably a variable of a script that
// is not set.
var emptyFlags = []string{"unbound-inputs-col-name", "tag-set"}

// errEmpty is the error of a flag whose value is empty.
var errEmpty = errors.New("is empty")

// A onceValue is the value of a flag that can only be set once.
type onceValue struct {
	pflag.Value
	given string
	set   bool
}

// Set sets the value. The second call returns a *givenTwiceError.
func (v *onceValue) Set(text string) error {
	if v.set {
		return &givenTwiceError{v.given, text}
	}
	v.given, v.set = text, true
	return v.Value.Set(text)
}

// A fullValue is the value of a flag that is never empty.
type fullValue struct{ pflag.Value }

// Set sets the value, or adds to it.
func (v *fullValue) Set(text string) error {
	if text == "" {
		return errEmpty
	}
	return v.Value.Set(text)
}

// A givenTwiceError reports a repeated flag that takes only one value.
type givenTwiceError struct{ first, second string }

func (e *givenTwiceError) Error() string {
	return fmt.Sprintf("given twice: %q and %q", e.first, e.second)
}
