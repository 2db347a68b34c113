// Package nearest suggests names that resemble a misspelled one.
package nearest

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// longest is the maximum length in bytes of names that are compared, since the cost grows with its square.
const longest = 256

// Names returns up to n candidates that resemble name, the most likely first. A candidate qualifies if it differs in
// few characters, differs only in case, or contains name or is contained in it.
func Names(name string, candidates []string, n int) []string {
	type scored struct {
		candidate string
		distance  int
	}
	lower := strings.ToLower(name)
	var near []scored
	for _, candidate := range candidates {
		if d, ok := distance(lower, strings.ToLower(candidate)); ok {
			near = append(near, scored{candidate, d})
		}
	}
	slices.SortFunc(near, func(a, b scored) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.candidate, b.candidate))
	})
	var out []string
	for _, s := range near[:min(n, len(near))] {
		out = append(out, s.candidate)
	}
	return out
}

// Name returns the first of Names, or "" if no candidate resembles name.
func Name(name string, candidates []string) string {
	return strings.Join(Names(name, candidates, 1), "")
}

// distance returns the number of characters in which two names differ, and reports whether the names are close. In
// names of up to five characters, at most one character may differ, or only their order, unless one name contains the other.
// A longer name that contains the other ranks after names that differ in few characters.
func distance(a, b string) (int, bool) {
	short, long := a, b
	if len(short) > len(long) {
		short, long = long, short
	}
	limit := len(long)/3 + 1
	if len(long)-len(short) <= limit && len(long) <= longest {
		d := levenshtein.ComputeDistance(a, b)
		if d <= limit && (d < 2 || len(long) > 5 || sameLetters(a, b) || strings.Contains(long, short)) {
			return d, true
		}
	}
	return limit + 1, len(short) >= 3 && strings.Contains(long, short)
}

// sameLetters reports whether two names consist of the same bytes in any order.
func sameLetters(a, b string) bool {
	x, y := []byte(a), []byte(b)
	slices.Sort(x)
	slices.Sort(y)
	return bytes.Equal(x, y)
}
