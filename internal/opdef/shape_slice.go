package opdef

import (
	"math/bits"

	"github.com/metagraph/metagraph/internal/tensor"
)

// pad extends each dimension at both ends (PadShapeFn in tensorflow/core/ops/array_ops.cc).
func pad(c *inference) {
	paddings := c.rank(1, 2)
	c.mergeDim(paddings[1], 2, "the second dimension of the paddings and 2")
	s := c.input(0)
	rank := paddings[0]
	switch {
	case rank > tensor.MaxRank:
		return
	case rank >= 0:
		s = c.withRank(s, int(rank), 0)
	case s != nil:
		rank = int64(len(s))
	}
	v, known := c.value(1)
	if !known {
		if rank >= 0 {
			c.set(0, UnknownShape(int(rank)))
		}
		return
	}
	if s == nil || len(v) != 2*len(s) {
		return
	}
	out := make(tensor.Shape, len(s))
	for i := range s {
		before, after := v[2*i], v[2*i+1]
		if before < 0 || after < 0 {
			c.fail("the paddings %d and %d of dimension %d must not be negative", before, after, i)
			return
		}
		out[i] = plus(s[i], plus(before, after))
	}
	c.set(0, out)
}

// slice extracts a block given its begin and size (SliceShape).
func slice(c *inference) {
	s := c.input(0)
	ends := c.merge(c.withRank(c.input(1), 1, 1), c.withRank(c.input(2), 1, 2), "the lengths of begin and size")
	if n := dim(ends, 0); n >= 0 && n <= tensor.MaxRank {
		s = c.withRank(s, int(n), 0)
	}
	begin := c.shapeValue(1)
	size, known := c.value(2)
	if !known {
		sizes := c.shapeValue(2)
		switch {
		case sizes != nil:
			c.set(0, sizes)
		case s != nil:
			c.set(0, UnknownShape(len(s)))
		}
		return
	}
	if len(size) > tensor.MaxRank {
		return
	}
	begin = c.withRank(begin, len(size), 1)
	out := make(tensor.Shape, len(size))
	for i, n := range size {
		out[i] = n
		if n < -1 {
			c.fail("the size of dimension %d is %d", i, n)
		}
		if n != -1 {
			continue
		}
		whole, skipped := dim(s, i), begin[i]
		switch {
		case whole >= 0 && skipped > whole:
			c.fail("the slice begins at %d in dimension %d, which is %d", skipped, i, whole)
		case skipped == 0:
			out[i] = whole
		case whole >= 0 && skipped >= 0:
			out[i] = whole - skipped
		}
	}
	c.set(0, out)
}

// stridedSlice handles expressions like x[1:, ..., tf.newaxis, 0] (ValidateStridedSliceOp in
// tensorflow/core/util/strided_slice_op.cc).
func stridedSlice(c *inference) {
	begin, end, strides := c.rank(1, 1), c.rank(2, 1), c.rank(3, 1)
	count := c.mergeDim(begin[0], end[0], "the lengths of begin and end")
	count = c.mergeDim(count, strides[0], "the lengths of begin and strides")
	s := c.input(0)
	steps, known := c.value(3)
	const most = 30 // limited by the bits of the masks
	if s == nil || count < 0 || !known || len(steps) > most || len(s) > most {
		return
	}
	d := denseSlice{inference: c, in: s, steps: steps}
	d.begins, d.beginKnown = c.value(1)
	d.ends, d.endKnown = c.value(2)
	if d.beginKnown && len(d.begins) != len(steps) || d.endKnown && len(d.ends) != len(steps) {
		return
	}
	d.build()
}

// A denseSlice is a strided slice whose parts are matched with the input's dimensions.
type denseSlice struct {
	*inference
	in                   tensor.Shape
	begins, ends, steps  []int64
	beginKnown, endKnown bool
}

// A slicePart describes what a slice does to one dimension.
type slicePart struct {
	begin, end, step               int64
	beginMasked, endMasked, shrunk bool
}

// build matches the parts with dimensions and sets the output.
func (d *denseSlice) build() {
	bit := func(name string) func(int) bool {
		mask := uint32(d.intAttr(name))
		return func(i int) bool { return mask>>i&1 != 0 }
	}
	if bits.OnesCount32(uint32(d.intAttr("ellipsis_mask"))) > 1 {
		d.fail("the slice has more than one ellipsis")
		return
	}
	ellipsis, newAxis, shrink := bit("ellipsis_mask"), bit("new_axis_mask"), bit("shrink_axis_mask")
	beginMask, endMask := bit("begin_mask"), bit("end_mask")
	parts, newBehind, seen := len(d.steps), 0, false
	for i := range d.steps {
		if seen && newAxis(i) {
			newBehind++
		}
		seen = seen || ellipsis(i)
	}
	if !seen {
		parts++ // implicit ellipsis at the end
	}
	out, at := tensor.Shape{}, 0
	for i := range parts {
		switch {
		case i >= len(d.steps) || ellipsis(i):
			next := min(len(d.in)-(parts-i)+1+newBehind, len(d.in))
			for ; at < next; at++ {
				out = append(out, d.in[at])
			}
		case newAxis(i):
			out = append(out, 1)
		case at >= len(d.in):
			d.fail("the slice has more dimensions than the input, whose rank is %d", len(d.in))
			return
		default:
			p := slicePart{step: d.steps[i], beginMasked: beginMask(i), endMasked: endMask(i), shrunk: shrink(i)}
			if d.beginKnown {
				p.begin = d.begins[i]
			}
			if d.endKnown {
				p.end = d.ends[i]
			}
			size := d.sized(at, p)
			if !p.shrunk {
				out = append(out, size)
			}
			at++
		}
	}
	d.set(0, out)
}

// sized returns the remaining size of dimension i.
func (d *denseSlice) sized(i int, p slicePart) int64 {
	whole := d.in[i]
	switch {
	case p.step == 0:
		d.fail("the stride of dimension %d is 0", i)
		return unknown
	case whole < 0:
		return unknown
	case p.shrunk && p.step < 0:
		d.fail("dimension %d is indexed with stride %d", i, p.step)
		return unknown
	case d.beginKnown && d.endKnown && p.shrunk:
		if p.begin < -whole || p.begin >= whole {
			d.fail("index %d is out of range for dimension %d, which is %d", p.begin, i, whole)
		}
		return 1
	case d.beginKnown && d.endKnown:
		return interval(p.canonical(p.begin, p.beginMasked, whole, true), p.canonical(p.end, p.endMasked, whole, false), p.step)
	case p.shrunk:
		return 1
	case p.beginMasked && p.endMasked && p.step > 0:
		return interval(0, whole, p.step)
	case p.beginMasked && p.endMasked:
		return interval(whole, 0, p.step)
	}
	return unknown
}

// canonical converts a limit to a non-negative position within the dimension.
func (p *slicePart) canonical(x int64, masked bool, whole int64, begin bool) int64 {
	low, high := int64(0), whole
	if p.step < 0 {
		low, high = -1, whole-1
	}
	if masked {
		if begin == (p.step > 0) {
			return low
		}
		return high
	}
	if x < 0 {
		x += whole
	}
	return min(max(x, low), high)
}

// interval returns the number of steps from begin to end.
func interval(begin, end, step int64) int64 {
	length := end - begin
	if length == 0 || length < 0 != (step < 0) {
		return 0
	}
	n := length / step
	if length%step != 0 {
		n++
	}
	return n
}
