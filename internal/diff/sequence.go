package diff

import (
	"slices"
	"strconv"
)

// An entry is one element of a list whose order counts.
type entry struct {
	label string   // what tells it from the others: of an entry of A under the name that it has in B
	old   string   // the label without renames
	shown string   // the label as it stands
	value *message // what else there is to it; nil where the label is all
}

// sequence compares two lists whose order counts: entries are paired by label, those that are not in the order of the
// others have moved, and a single one that was replaced by another has changed.
func sequence(a, b []entry, renames *renames) *Part {
	p := &Part{A: len(a), B: len(b)}
	toB, toA := pairLabels(a, b)
	inOrder := longestRise(toB)
	pairReplaced(a, b, toB, toA, inOrder)
	for i, e := range a {
		j := toB[i]
		if j == alone {
			p.Removed = append(p.Removed, Change{Name: e.shown, Value: e.value.text()})
			continue
		}
		change := Change{Name: e.shown}
		if inOrder[i] {
			change.Fields = e.compare(b[j], renames)
		} else {
			moved := change
			moved.Fields = []Field{changed("position", strconv.Itoa(i), strconv.Itoa(j))}
			p.Moved = append(p.Moved, moved)
			change.Fields = e.compare(b[j], renames)
		}
		if len(change.Fields) == 0 {
			continue
		}
		if e.value == nil {
			change.Name = "[" + strconv.Itoa(i) + "]"
		} else if e.label != b[j].label && e.old != b[j].label && e.shown != b[j].shown {
			change.NewName = b[j].shown
		}
		p.Changed = append(p.Changed, change)
	}
	for j, e := range b {
		if toA[j] == alone {
			p.Added = append(p.Added, Change{Name: e.shown, Value: e.value.text()})
		}
	}
	return p
}

// compare returns what differs between an entry of A and one of B.
func (e entry) compare(other entry, renames *renames) []Field {
	if e.value != nil && other.value != nil {
		return e.value.compare(other.value, renames)
	}
	if e.label != other.label && e.old != other.label {
		return []Field{changed("value", e.shown, other.shown)}
	}
	return nil
}

// pairLabels pairs entries of one label: the first with the first, the second with the second.
func pairLabels(a, b []entry) (toB, toA []int) {
	at := make(map[string][]int, len(b))
	toB, toA = make([]int, len(a)), make([]int, len(b))
	for j, e := range b {
		at[e.label] = append(at[e.label], j)
		toA[j] = alone
	}
	for i, e := range a {
		toB[i] = alone
		// A name that nothing checks, such as that of a context, may not have followed a rename.
		for _, label := range []string{e.label, e.old} {
			if same := at[label]; len(same) > 0 {
				toB[i], toA[same[0]] = same[0], i
				at[label] = same[1:]
				break
			}
		}
	}
	return toB, toA
}

// longestRise reports for each place whether it belongs to a longest rising subsequence of the partners: the entries that
// have not moved.
func longestRise(partner []int) []bool {
	var ends []int // the place at which the best subsequence of each length ends
	before := make([]int, len(partner))
	for i, j := range partner {
		if j == alone {
			continue
		}
		n, _ := slices.BinarySearchFunc(ends, j, func(end, j int) int { return partner[end] - j })
		before[i] = alone
		if n > 0 {
			before[i] = ends[n-1]
		}
		if n == len(ends) {
			ends = append(ends, i)
		} else {
			ends[n] = i
		}
	}
	rise := make([]bool, len(partner))
	if len(ends) > 0 {
		for i := ends[len(ends)-1]; i != alone; i = before[i] {
			rise[i] = true
		}
	}
	return rise
}

// pairReplaced pairs an entry of A and one of B that stand alone between the same neighbors.
func pairReplaced(a, b []entry, toB, toA []int, inOrder []bool) {
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		var freeA, freeB []int
		for ; i < len(a) && !inOrder[i]; i++ {
			if toB[i] == alone {
				freeA = append(freeA, i)
			}
		}
		for ; j < len(b) && (toA[j] == alone || !inOrder[toA[j]]); j++ {
			if toA[j] == alone {
				freeB = append(freeB, j)
			}
		}
		if len(freeA) == 1 && len(freeB) == 1 {
			toB[freeA[0]], toA[freeB[0]] = freeB[0], freeA[0]
			inOrder[freeA[0]] = true
		}
		i, j = i+1, j+1
	}
}
