package diff

import (
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/printable"
)

// An entry is one element of an ordered list. Lists can be long, so most entries have only a label.
type entry struct {
	label string     // identifies the entry; for an entry of A, with renames applied
	more  *entryMore // nil if the entry is just a label that was not renamed
}

// An entryMore holds the other data of an entry.
type entryMore struct {
	old   string   // the label without renames
	shown string   // the label in display form; empty if it is old
	value *message // the entry itself; nil if the entry is just a label
}

// old returns the original label, without renames.
func (e *entry) old() string {
	if e.more == nil {
		return e.label
	}
	return e.more.old
}

// value returns the message that an entry holds, or nil if the entry is just a label.
func (e *entry) value() *message {
	if e.more == nil {
		return nil
	}
	return e.more.value
}

// name returns the label in display form. It does not refer to the file's bytes.
func (e *entry) name() string {
	if e.more != nil && e.more.shown != "" {
		return e.more.shown
	}
	name, _ := clip(printable.Quote(strings.Clone(e.old())), "")
	return name
}

// sequence compares two ordered lists. It pairs entries by label. Paired entries that are out of order have moved, and an unpaired
// entry that was replaced by another one has changed.
func sequence(a, b []entry, renames *renames) *Part {
	p := &Part{A: len(a), B: len(b)}
	toB, toA := pairLabels(a, b)
	inOrder := longestIncreasing(toB)
	pairReplaced(a, b, toB, toA, inOrder)
	p.Removed, p.Added = reserve(toB), reserve(toA)
	for i := range a {
		e := &a[i]
		j := toB[i]
		if j == noPartner {
			p.Removed = append(p.Removed, Change{Name: e.name(), Value: e.value().text()})
			continue
		}
		if !inOrder[i] {
			p.Moved = append(p.Moved, Change{Name: e.name(), Fields: []Field{changed("position", strconv.Itoa(i), strconv.Itoa(j))}})
		}
		change := Change{Name: e.name(), Fields: e.compare(&b[j], renames)}
		if len(change.Fields) == 0 {
			continue
		}
		if e.value() == nil {
			change.Name = "[" + strconv.Itoa(i) + "]"
		} else if e.label != b[j].label && e.old() != b[j].label && e.name() != b[j].name() {
			change.NewName = b[j].name()
		}
		p.Changed = append(p.Changed, change)
	}
	for j := range b {
		if e := &b[j]; toA[j] == noPartner {
			p.Added = append(p.Added, Change{Name: e.name(), Value: e.value().text()})
		}
	}
	return p
}

// compare returns the fields in which an entry of A differs from one of B.
func (e *entry) compare(other *entry, renames *renames) []Field {
	if e.value() != nil && other.value() != nil {
		return e.value().compare(other.value(), renames)
	}
	if e.label != other.label && e.old() != other.label {
		return []Field{changed("value", e.name(), other.name())}
	}
	return nil
}

// reserve returns an empty slice with capacity for the entries without a partner, or nil if all have one.
func reserve(partner []int) []Change {
	if n := countUnpaired(partner); n > 0 {
		return make([]Change, 0, n)
	}
	return nil
}

// pairLabels pairs entries with the same label in order: the first with the first, the second with the second.
func pairLabels(a, b []entry) (toB, toA []int) {
	first := make(map[string]int32, len(b)) // the first unpaired entry of B for each label, or noPartner
	next := make([]int32, len(b))           // the next entry of B with the same label
	toB, toA = make([]int, len(a)), make([]int, len(b))
	for j := len(b) - 1; j >= 0; j-- {
		next[j] = noPartner
		if later, repeated := first[b[j].label]; repeated {
			next[j] = later
		}
		first[b[j].label] = int32(j)
		toA[j] = noPartner
	}
	for i := range a {
		toB[i] = noPartner
		// TensorFlow does not check names such as that of a context, so they may have kept their old form after a rename.
		for _, label := range []string{a[i].label, a[i].old()} {
			if j, known := first[label]; known && j != noPartner {
				toB[i], toA[j] = int(j), i
				first[label] = next[j]
				break
			}
		}
	}
	return toB, toA
}

// longestIncreasing reports for each place whether it belongs to one longest increasing subsequence of the partners. Those entries have
// not moved.
func longestIncreasing(partner []int) []bool {
	var ends []int // the place where the best subsequence of each length ends
	before := make([]int, len(partner))
	for i, j := range partner {
		if j == noPartner {
			continue
		}
		n, _ := slices.BinarySearchFunc(ends, j, func(end, j int) int { return partner[end] - j })
		before[i] = noPartner
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
		for i := ends[len(ends)-1]; i != noPartner; i = before[i] {
			rise[i] = true
		}
	}
	return rise
}

// pairReplaced pairs an entry of A with one of B if they are the only ones between the same paired neighbors.
func pairReplaced(a, b []entry, toB, toA []int, inOrder []bool) {
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		var freeA, freeB []int
		for ; i < len(a) && !inOrder[i]; i++ {
			if toB[i] == noPartner {
				freeA = append(freeA, i)
			}
		}
		for ; j < len(b) && (toA[j] == noPartner || !inOrder[toA[j]]); j++ {
			if toA[j] == noPartner {
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
