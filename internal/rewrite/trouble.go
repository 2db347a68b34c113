package rewrite

import (
	"fmt"
	"strings"

	"github.com/metagraph/metagraph/internal/nearest"
)

// A Trouble is one reason why a rewrite cannot be done.
type Trouble struct {
	Argument string // the argument that it is about, as TensorFlow calls it; empty if it is about the graphs
	Problem  string // what is wrong
	Hint     string // what to do about it; may be empty
}

// The arguments that a Trouble can be about.
const (
	ScopeArgument          = "import_scope"
	InputMapArgument       = "input_map"
	ReturnElementsArgument = "return_elements"
	CollectionsArgument    = "restore_collections"
	UniqueSharedArgument   = "unique_shared_names"
)

func (t Trouble) Error() string { return t.Problem }

// Remedy returns the hint.
func (t Trouble) Remedy() string { return t.Hint }

// Troubles is all the reasons that were found, so that a user can mend them in one go. It has at least one.
type Troubles []Trouble

func (t Troubles) Error() string {
	problems := make([]string, len(t))
	for i, one := range t {
		problems[i] = one.Problem
	}
	return strings.Join(problems, "; ")
}

// Remedy returns the hints, each once.
func (t Troubles) Remedy() string {
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

// add adds a trouble with a hint, which may be empty.
func (t *Troubles) add(hint, format string, args ...any) {
	*t = append(*t, Trouble{Problem: fmt.Sprintf(format, args...), Hint: hint})
}

// about adds a trouble with an argument; the hint may be empty.
func (t *Troubles) about(argument, hint, format string, args ...any) {
	*t = append(*t, Trouble{Argument: argument, Problem: fmt.Sprintf(format, args...), Hint: hint})
}

// err returns the troubles as an error, nil where there are none.
func (t Troubles) err() error {
	if len(t) == 0 {
		return nil
	}
	return t
}

// listed is the most names that a message lists.
const listed = 10

// list joins names for a message, quoted, and counts those that do not fit.
func list(names []string) string {
	if len(names) > listed {
		return fmt.Sprintf("%s, … (%d more)", quotedList(names[:listed]), len(names)-listed)
	}
	return quotedList(names)
}

// meant returns a hint with the names that a user may have meant, or else with those that exist.
func meant(name string, there []string) string {
	if near := nearest.Names(name, there, 5); len(near) > 0 {
		return "did you mean " + quotedList(near) + "?"
	}
	if len(there) == 0 {
		return ""
	}
	return "available: " + list(there)
}
