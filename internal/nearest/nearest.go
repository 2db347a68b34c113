// Package nearest finds what a person may have meant by a name that is none.
package nearest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// longest bounds the work on names that somebody made long on purpose, in bytes.
const longest = 256

// Names returns up to n of the candidates that a person may have meant by name, the likeliest first: those that differ from
// it in few characters, in upper and lower case, or that hold it or are held by it.
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

// distance returns in how many characters two names differ, and whether they are near each other. Names of which one holds
// the other come after those that differ in few characters.
func distance(a, b string) (int, bool) {
	short, long := a, b
	if len(short) > len(long) {
		short, long = long, short
	}
	limit := len(long)/3 + 1
	if len(long)-len(short) <= limit && len(long) <= longest {
		if d := levenshtein.ComputeDistance(a, b); d <= limit {
			return d, true
		}
	}
	return limit + 1, len(short) >= 3 && strings.Contains(long, short)
}
