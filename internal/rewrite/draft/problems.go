package draft

import (
	"fmt"
	"strings"

	"github.com/metagraph/metagraph/internal/nearest"
)

// A Problem is one reason why a change is impossible.
type Problem struct {
	What string // the error message
	Hint string // how to fix it; may be empty
}

// Problems holds all the reasons that were found, so that a user can fix them in one go.
type Problems []Problem

// Error joins the problems.
func (p Problems) Error() string {
	parts := make([]string, len(p))
	for i, one := range p {
		parts[i] = one.What
	}
	return strings.Join(parts, "; ")
}

// Remedy returns the hints without duplicates.
func (p Problems) Remedy() string {
	var hints []string
	seen := make(map[string]bool)
	for _, one := range p {
		if one.Hint != "" && !seen[one.Hint] {
			seen[one.Hint] = true
			hints = append(hints, one.Hint)
		}
	}
	return strings.Join(hints, "; ")
}

// Add adds a problem with a hint, which may be empty.
func (p *Problems) Add(hint, format string, args ...any) {
	*p = append(*p, Problem{fmt.Sprintf(format, args...), hint})
}

// Err returns the problems as an error, or nil if there are none.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// Suggest returns a hint with the names nearest to name, or with some of all names if none is near.
func Suggest(name string, all []string) string {
	if near := nearest.Names(name, all, 3); len(near) > 0 {
		return "did you mean " + Quoted(near, len(near)) + "?"
	}
	if len(all) == 0 {
		return ""
	}
	return "available: " + Quoted(all, 6)
}

// Quoted joins up to n quoted names and appends the number of the remaining ones.
func Quoted(names []string, n int) string {
	var b strings.Builder
	for i, name := range names {
		if i == n {
			fmt.Fprintf(&b, ", … (%d more)", len(names)-n)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", name)
	}
	return b.String()
}
