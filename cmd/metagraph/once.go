package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// setFlagsOnce makes it an error to give a flag twice, in all commands below root, unless the flag takes several values or none.
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

// A onceValue is the value of a flag that can be set once.
type onceValue struct {
	pflag.Value
	given string
	set   bool
}

// Set sets the value. It fails the second time.
func (v *onceValue) Set(text string) error {
	if v.set {
		return &givenTwiceError{v.given, text}
	}
	v.given, v.set = text, true
	return v.Value.Set(text)
}

// A givenTwiceError is about a flag that takes one value and was given two.
type givenTwiceError struct{ first, second string }

func (e *givenTwiceError) Error() string {
	return fmt.Sprintf("given twice: %q and %q", e.first, e.second)
}
