package text

import "fmt"

// nearest returns, for an error about a name that is none, a hint at the one that was probably meant, nothing where none
// comes close.
func nearest(name string, names []string) string {
	best, hint := len(name)/3+2, ""
	for _, candidate := range names {
		if d := distance(name, candidate, best); d < best {
			best, hint = d, fmt.Sprintf(" (nearest: %q)", candidate)
		}
	}
	return hint
}

// nearest returns a hint at the field of t that was probably meant by name.
func (t *table) nearest(name string) string {
	names := make([]string, len(t.fields))
	for i := range names {
		names[i] = t.fields[i].name
	}
	return nearest(name, names)
}

// distance returns how many letters have to be changed, added or taken away to make b of a, or limit where it is at least
// that.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return min(row[len(b)], limit)
}
