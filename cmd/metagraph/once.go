package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// setFlagsOnce makes repeating a flag an error in all commands below root. Flags that take several values, or none, can be repeated.
func setFlagsOnce(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			_, several := f.Value.(pflag.SliceValue)
			if !several && f.NoOptDefVal == "" {
				f.Value = &onceValue{Value: f.Value}
			}
		})
	}
}

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

// A givenTwiceError reports a repeated flag that takes only one value.
type givenTwiceError struct{ first, second string }

func (e *givenTwiceError) Error() string {
	return fmt.Sprintf("given twice: %q and %q", e.first, e.second)
}
