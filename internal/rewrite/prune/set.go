package prune

import "slices"

// A set is a set of small numbers, as whether it has each.
type set []bool

// first returns the set of the numbers below n.
func first(n int) set { return slices.Repeat(set{true}, n) }

// unite adds the numbers of another set of the same size, and reports whether any was new.
func (s set) unite(other set) (changed bool) {
	for k, is := range other {
		if is && !s[k] {
			s[k], changed = true, true
		}
	}
	return changed
}

// numbers returns the place in the set of each of its numbers that does not have its own place.
func (s set) numbers() map[int]int {
	places, place := make(map[int]int), 0
	for k, is := range s {
		if is {
			if k != place {
				places[k] = place
			}
			place++
		}
	}
	return places
}

// all reports whether the set has all numbers below its size.
func (s set) all() bool { return !slices.Contains(s, false) }

// String returns the set as one character for each number.
func (s set) String() string {
	b := make([]byte, len(s))
	for k, is := range s {
		b[k] = '0'
		if is {
			b[k] = '1'
		}
	}
	return string(b)
}

// chosen returns the elements whose numbers are in a set.
func chosen[E any](all []E, s set) []E {
	var out []E
	for k, e := range all {
		if k < len(s) && s[k] {
			out = append(out, e)
		}
	}
	return out
}

// A use records which results of a caller are read.
type use struct {
	numbers []int
	first   int // all results before this one count as read
}

// of returns the results that are read, if a caller has n. It reports false if another one is read.
func (u use) of(n int) (set, bool) {
	if u.first > n {
		return nil, false
	}
	s := make(set, n)
	copy(s, first(u.first))
	for _, k := range u.numbers {
		if k < 0 || k >= n {
			return nil, false
		}
		s[k] = true
	}
	return s, true
}
