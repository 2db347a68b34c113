package draft

import (
	"fmt"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/nearest"
)

// A Conflict is one reason why a rewrite fails.
type Conflict struct {
	Argument string // the argument at fault, as TensorFlow calls it; empty if the graphs are at fault
	Problem  string // what is wrong
	Advice   string // how to fix it; may be empty
	InBase   bool   // the base graph of an import lacks something, rather than the imported graph
	err      error  // the kind of conflict, for callers that know a better fix; may be nil

	more int // how many conflicts this one stands for, at the end of a long list
}

func (c Conflict) Error() string { return c.Problem }

// Hint returns the advice.
func (c Conflict) Hint() string { return c.Advice }

// Unwrap returns the kind of conflict.
func (c Conflict) Unwrap() error { return c.err }

// Conflicts lists the reasons found, so that a user can fix them together. After maxConflicts of them, a last one says how many
// more there are. As an error, it has at least one element.
type Conflicts []Conflict

// maxConflicts is the number of conflicts that a list spells out.
const maxConflicts = 20

func (c Conflicts) Error() string {
	problems := make([]string, len(c))
	for i, one := range c {
		problems[i] = one.Problem
	}
	return strings.Join(problems, "; ")
}

// Add adds a conflict. The advice may be empty.
func (c *Conflicts) Add(advice, format string, args ...any) {
	c.add(Conflict{Problem: fmt.Sprintf(format, args...), Advice: advice})
}

// About adds a conflict with an argument. The advice may be empty.
func (c *Conflicts) About(argument, advice, format string, args ...any) {
	c.add(Conflict{Argument: argument, Problem: fmt.Sprintf(format, args...), Advice: advice})
}

// InBase adds a conflict with an argument that names something which the base graph of an import lacks. The advice may be empty.
func (c *Conflicts) InBase(argument, advice, format string, args ...any) {
	c.add(Conflict{Argument: argument, Problem: fmt.Sprintf(format, args...), Advice: advice, InBase: true})
}

// Of adds a conflict of the kind err.
func (c *Conflicts) Of(err error, format string, args ...any) {
	c.add(Conflict{Problem: fmt.Sprintf(format, args...), err: err})
}

func (c *Conflicts) add(conflict Conflict) {
	if len(*c) < maxConflicts {
		*c = append(*c, conflict)
		return
	}
	if len(*c) == maxConflicts {
		*c = append(*c, Conflict{})
	}
	rest := &(*c)[maxConflicts]
	rest.more++
	rest.Problem = fmt.Sprintf("and %d more", rest.more)
}

// Full reports whether the list spells out no further conflict, so that a caller need not look for advice.
func (c Conflicts) Full() bool { return len(c) >= maxConflicts }

// Err returns the conflicts as an error, or nil if there are none.
func (c Conflicts) Err() error {
	if len(c) == 0 {
		return nil
	}
	return c
}

// Suggest returns a hint with the available names that are similar to name, or else with some of all available names: those at the top
// level first, which users are likelier to know.
func Suggest(name string, available []string) string {
	if near := nearest.Names(name, available, 5); len(near) > 0 {
		return "did you mean " + Quoted(near) + "?"
	}
	if len(available) == 0 {
		return ""
	}
	available = slices.Clone(available)
	slices.SortStableFunc(available, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	return "available: " + Quoted(available)
}

// maxQuoted is the maximum number of names in a message.
const maxQuoted = 10

// Quoted joins quoted names for a message, and counts those beyond the limit.
func Quoted(names []string) string {
	quoted := make([]string, 0, maxQuoted)
	for _, name := range names[:min(len(names), maxQuoted)] {
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	if more := len(names) - maxQuoted; more > 0 {
		quoted = append(quoted, fmt.Sprintf("… (%d more)", more))
	}
	return strings.Join(quoted, ", ")
}
