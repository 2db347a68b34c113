package rewrite

import (
	"fmt"
	"strings"

	"github.com/metagraph/metagraph/internal/nearest"
)

// A Conflict is one reason why a rewrite fails.
type Conflict struct {
	Argument string // the argument at fault, as TensorFlow calls it; empty if the graphs are at fault
	Problem  string // what is wrong
	Hint     string // how to fix it; may be empty
}

// The values of Conflict.Argument.
const (
	ScopeArgument          = "import_scope"
	InputMapArgument       = "input_map"
	ReturnElementsArgument = "return_elements"
	CollectionsArgument    = "restore_collections"
	UniqueSharedArgument   = "unique_shared_names"
)

func (t Conflict) Error() string { return t.Problem }

// Remedy returns the hint.
func (t Conflict) Remedy() string { return t.Hint }

// Conflicts is a list of all reasons found, so that a user can fix them together. It has at least one element.
type Conflicts []Conflict

func (t Conflicts) Error() string {
	problems := make([]string, len(t))
	for i, one := range t {
		problems[i] = one.Problem
	}
	return strings.Join(problems, "; ")
}

// Remedy returns all hints, without duplicates.
func (t Conflicts) Remedy() string {
	var hints []string
	seen := make(map[string]bool)
	for _, one := range t {
		if one.Hint != "" && !seen[one.Hint] {
			seen[one.Hint] = true
			hints = append(hints, one.Hint)
		}
	}
	return strings.Join(hints, "; ")
}

// add adds a conflict. The hint may be empty.
func (t *Conflicts) add(hint, format string, args ...any) {
	*t = append(*t, Conflict{Problem: fmt.Sprintf(format, args...), Hint: hint})
}

// about adds a conflict with an argument. The hint may be empty.
func (t *Conflicts) about(argument, hint, format string, args ...any) {
	*t = append(*t, Conflict{Argument: argument, Problem: fmt.Sprintf(format, args...), Hint: hint})
}

// err returns the conflicts as an error, or nil if there are none.
func (t Conflicts) err() error {
	if len(t) == 0 {
		return nil
	}
	return t
}

// listed is the maximum number of names in a message.
const listed = 10

// list joins quoted names for a message, and counts those beyond the limit.
func list(names []string) string {
	if len(names) > listed {
		return fmt.Sprintf("%s, … (%d more)", quotedList(names[:listed]), len(names)-listed)
	}
	return quotedList(names)
}

// meant returns a hint with the available names that are similar to name, or else with all available names.
func meant(name string, available []string) string {
	if near := nearest.Names(name, available, 5); len(near) > 0 {
		return "did you mean " + quotedList(near) + "?"
	}
	if len(available) == 0 {
		return ""
	}
	return "available: " + list(available)
}
