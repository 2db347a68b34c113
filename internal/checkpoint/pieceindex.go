package checkpoint

import (
	"cmp"
	"slices"
)

// A pieceIndex finds the pieces of a tensor that overlap a slice. It is an interval tree along the dimension in which the pieces
// have the most different starts. The root of a range of order is its middle.
type pieceIndex struct {
	dim    int
	within []Slice // by piece, with explicit lengths
	order  []int   // pieces, sorted by start in dim
	ends   []int64 // by position in order: the largest end in dim of its subtree
}

// newPieceIndex returns an index of the pieces of t. The error is about a piece that does not fit into t.
func newPieceIndex(t *Tensor) (*pieceIndex, error) {
	x := &pieceIndex{within: make([]Slice, len(t.pieces)), order: make([]int, len(t.pieces)), ends: make([]int64, len(t.pieces))}
	for i := range t.pieces {
		within, err := t.within(&t.pieces[i])
		if err != nil {
			return nil, err
		}
		x.within[i], x.order[i] = within, i
	}
	most := 0
	for dim := range t.Shape {
		starts := make(map[int64]bool)
		for _, s := range x.within {
			starts[s.Start[dim]] = true
		}
		if len(starts) > most {
			most, x.dim = len(starts), dim
		}
	}
	if len(t.Shape) > 0 {
		slices.SortStableFunc(x.order, func(a, b int) int { return cmp.Compare(x.within[a].Start[x.dim], x.within[b].Start[x.dim]) })
		x.build(0, len(x.order))
	}
	return x, nil
}

// build sets the ends of the subtree of positions from low to high, and returns the largest.
func (x *pieceIndex) build(low, high int) int64 {
	if low == high {
		return 0
	}
	middle := (low + high) / 2
	s := x.within[x.order[middle]]
	x.ends[middle] = max(s.Start[x.dim]+s.Length[x.dim], x.build(low, middle), x.build(middle+1, high))
	return x.ends[middle]
}

// overlapping returns the pieces that overlap a slice with explicit lengths, in ascending order.
func (x *pieceIndex) overlapping(want Slice) []int {
	if len(want.Start) == 0 {
		return x.order // all pieces of a scalar
	}
	found := x.collect(nil, want, 0, len(x.order))
	slices.Sort(found)
	return found
}

// collect appends the pieces at positions from low to high that overlap want.
func (x *pieceIndex) collect(found []int, want Slice, low, high int) []int {
	for low < high {
		middle := (low + high) / 2
		if x.ends[middle] <= want.Start[x.dim] {
			break
		}
		found = x.collect(found, want, low, middle)
		s := x.within[x.order[middle]]
		if s.Start[x.dim] >= want.Start[x.dim]+want.Length[x.dim] {
			break
		}
		if overlap(s, want) {
			found = append(found, x.order[middle])
		}
		low = middle + 1
	}
	return found
}
