package scope

import (
	"cmp"
	"slices"
	"strings"
)

// Nearest returns up to n of the candidates that a person may have meant by name, the likeliest first: those that differ
// from it in few characters, in upper and lower case, or that hold it or are held by it.
func Nearest(name string, candidates []string, n int) []string {
	type scored struct {
		candidate string
		distance  int
	}
	lower := strings.ToLower(name)
	var near []scored
	for _, candidate := range candidates {
		other := strings.ToLower(candidate)
		limit := max(len(lower), len(other))/3 + 1
		distance := editDistance(lower, other, limit)
		if distance > limit {
			if len(lower) < 3 || !strings.Contains(other, lower) && (len(other) < 3 || !strings.Contains(lower, other)) {
				continue
			}
			distance = limit + 1
		}
		near = append(near, scored{candidate, distance})
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

// longestCompared bounds the work on names that somebody made long on purpose.
const longestCompared = 256

// editDistance returns how many characters must be put in, taken out, changed or swapped with their neighbor to make b of
// a, and something over limit where it is more than that.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit || len(a) > longestCompared || len(b) > longestCompared {
		return limit + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
