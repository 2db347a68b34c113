package checkpoint

import (
	"cmp"
	"slices"
)

// A source is a stored slice with explicit lengths, and its bytes in row-major order.
type source struct {
	slice Slice
	bytes []byte
}

// An assembly assembles a part of a tensor from stored slices.
type assembly struct {
	width   int64 // size of an element in bytes
	sources []source
	out     [][]byte
}

// copyBelow is the size below which pieces are copied together, because a window costs 24 bytes.
const copyBelow = 64

// overlap reports whether two slices of one tensor overlap. Both have explicit lengths.
func overlap(a, b Slice) bool {
	for i := range a.Start {
		if min(a.Start[i]+a.Length[i], b.Start[i]+b.Length[i]) <= max(a.Start[i], b.Start[i]) {
			return false
		}
	}
	return true
}

// region appends the elements of want, whose dimensions before dim have one element each. sources are those that overlap want in
// these dimensions. It reports whether they cover want.
func (a *assembly) region(want Slice, dim int, sources []source) bool {
	if len(sources) == 0 {
		return false
	}
	if covering := slices.IndexFunc(sources, func(s source) bool { return covers(s.slice, want, dim) }); covering >= 0 {
		a.copyFrom(sources[covering], want)
		return true
	}
	if dim == len(want.Start) {
		return false
	}
	return a.cut(want, dim, sources)
}

// cut divides want along dim at the boundaries of the sources and appends the parts.
func (a *assembly) cut(want Slice, dim int, sources []source) bool {
	sorted := slices.Clone(sources)
	slices.SortStableFunc(sorted, func(a, b source) int { return cmp.Compare(a.slice.Start[dim], b.slice.Start[dim]) })
	var active []source
	at, end := want.Start[dim], want.Start[dim]+want.Length[dim]
	for at < end {
		active = slices.DeleteFunc(active, func(s source) bool { return s.slice.Start[dim]+s.slice.Length[dim] <= at })
		for len(sorted) > 0 && sorted[0].slice.Start[dim] <= at {
			if s := sorted[0]; s.slice.Start[dim]+s.slice.Length[dim] > at {
				active = append(active, s)
			}
			sorted = sorted[1:]
		}
		if len(active) == 0 {
			return false
		}
		next := end
		if len(sorted) > 0 {
			next = min(next, sorted[0].slice.Start[dim])
		}
		for _, s := range active {
			next = min(next, s.slice.Start[dim]+s.slice.Length[dim])
		}
		if !a.stripe(want, dim, at, next, active) {
			return false
		}
		at = next
	}
	return true
}

// stripe appends the part of want from at to end along dim, which contains no boundary of a source.
func (a *assembly) stripe(want Slice, dim int, at, end int64, sources []source) bool {
	part := Slice{slices.Clone(want.Start), slices.Clone(want.Length)}
	part.Start[dim], part.Length[dim] = at, end-at
	if slices.ContainsFunc(sources, func(s source) bool { return covers(s.slice, part, dim) }) {
		return a.region(part, dim, sources)
	}
	part.Length[dim] = 1
	for ; at < end; at++ {
		part.Start[dim] = at
		if !a.region(part, dim+1, sources) {
			return false
		}
	}
	return true
}

// covers reports whether a slice covers want in the dimensions from dim on.
func covers(s, want Slice, dim int) bool {
	for i := dim; i < len(want.Start); i++ {
		if s.Start[i] > want.Start[i] || s.Start[i]+s.Length[i] < want.Start[i]+want.Length[i] {
			return false
		}
	}
	return true
}

// copyFrom appends want, which the source covers.
func (a *assembly) copyFrom(s source, want Slice) {
	rank := len(want.Start)
	// After dimension whole, want covers the source, so a row from whole on is contiguous.
	whole := rank
	run := int64(1)
	for whole > 0 && (whole == rank || want.Length[whole] == s.slice.Length[whole]) {
		whole--
		run *= want.Length[whole]
	}
	strides := make([]int64, rank)
	stride := int64(1)
	offset := int64(0)
	for i := rank - 1; i >= 0; i-- {
		strides[i] = stride
		offset += (want.Start[i] - s.slice.Start[i]) * stride
		stride *= s.slice.Length[i]
	}
	a.rows(s.bytes, want.Length[:whole], strides, offset, run)
}

// rows appends the runs for each index of the outer dimensions.
func (a *assembly) rows(bytes []byte, lengths, strides []int64, offset, run int64) {
	if len(lengths) == 0 {
		a.append(bytes[offset*a.width : (offset+run)*a.width])
		return
	}
	for range lengths[0] {
		a.rows(bytes, lengths[1:], strides[1:], offset, run)
		offset += strides[0]
	}
}

// append appends a window, or a copy if it is small.
func (a *assembly) append(window []byte) {
	last := len(a.out) - 1
	if len(window) < copyBelow {
		if last >= 0 && cap(a.out[last])-len(a.out[last]) >= len(window) {
			a.out[last] = append(a.out[last], window...)
			return
		}
		a.out = append(a.out, append(make([]byte, 0, 64<<10), window...))
		return
	}
	// Limit the capacity: appending to a window would overwrite the file's bytes after it.
	a.out = append(a.out, window[:len(window):len(window)])
}
