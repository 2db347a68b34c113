package opdef

import (
	"github.com/metagraph/metagraph/internal/tensor"
)

// concat concatenates tensors along an axis, which is the first input of Concat and the last of ConcatV2
// (ConcatShapeHelper).
func concat(axisFirst bool) shapeRule {
	return func(c *inference) {
		first, end, at := 0, len(c.Inputs)-1, len(c.Inputs)-1
		if axisFirst {
			first, end, at = 1, len(c.Inputs), 0
		}
		axis, known := c.scalarValue(at)
		if end <= first {
			return
		}
		if !known {
			c.concatSomewhere(first, end)
			return
		}
		if axis > tensor.MaxRank || axis < -tensor.MaxRank {
			return // not a valid shape; the loop below would overflow
		}
		var before, after tensor.Shape
		sum := int64(0)
		for i := first; i < end; i++ {
			s := c.rankAtLeast(i, leastRank(axis))
			b, m, a := part(s, 0, int(axis)), dim(s, int(axis)), from(s, int(axis)+1)
			if axis == -1 {
				a = tensor.Shape{}
			}
			before, after = c.merge(b, before, "the dimensions before the axis"), c.merge(a, after, "the dimensions after the axis")
			sum = plus(sum, m)
		}
		if before == nil || after == nil {
			return
		}
		c.set(0, join(before, tensor.Shape{sum}, after))
	}
}

// concatSomewhere checks tensors that are concatenated along an unknown axis.
func (c *inference) concatSomewhere(first, end int) {
	rank := -1
	for i := first; i < end && rank < 0; i++ {
		if s := c.input(i); s != nil {
			rank = len(s)
		}
	}
	switch {
	case rank == 0:
		c.fail("scalars cannot be concatenated")
	case rank > 0:
		for i := first; i < end; i++ {
			c.rank(i, rank)
		}
		c.set(0, UnknownShape(rank))
	}
}

// pack stacks tensors of equal shape along a new axis.
func pack(c *inference) {
	s := c.merged(0, len(c.Inputs))
	if s == nil {
		return
	}
	axis := c.axis(c.intAttr("axis"), len(s)+1, "axis")
	c.set(0, join(part(s, 0, axis), tensor.Shape{int64(len(c.Inputs))}, from(s, axis)))
}

// unpack splits an axis into one output per entry.
func unpack(c *inference) {
	s := c.input(0)
	if s == nil {
		return
	}
	axis := c.axis(c.intAttr("axis"), len(s), "axis")
	c.mergeDim(dim(s, axis), int64(c.Outputs), "the dimension to unpack and the number of outputs")
	c.setAll(join(part(s, 0, axis), from(s, axis+1)))
}

// split divides the axis in input 0 into equal parts.
func split(c *inference) {
	axis, known := c.axisValue(0)
	s := c.input(1)
	switch {
	case s == nil:
	case !known:
		c.setAll(UnknownShape(len(s)))
	default:
		at := c.axis(axis, len(s), "axis")
		c.setAll(replace(s, at, c.divide(dim(s, at), int64(c.Outputs), "the dimension to split")))
	}
}

// splitV divides an axis into parts of given sizes. One size may be -1, which stands for the rest.
func splitV(c *inference) {
	s := c.input(0)
	axis, axisKnown := c.axisValue(2)
	sizes, sizesKnown := c.value(1)
	if s == nil {
		return
	}
	if len(s) == 0 {
		c.fail("a scalar cannot be split")
		return
	}
	if !axisKnown {
		c.setAll(UnknownShape(len(s)))
		return
	}
	at := c.axis(axis, len(s), "axis")
	if !sizesKnown {
		c.setAll(replace(s, at, unknown))
		return
	}
	c.splitAt(s, at, sizes)
}

func (c *inference) splitAt(s tensor.Shape, at int, sizes []int64) {
	if len(sizes) != c.Outputs {
		c.fail("there are %d sizes for %d outputs", len(sizes), c.Outputs)
		return
	}
	total, rest := int64(0), -1
	for i, n := range sizes {
		switch {
		case n == -1 && rest >= 0:
			c.fail("more than one of the sizes is -1")
			return
		case n == -1:
			rest = i
		case n < 0:
			return
		default:
			total = plus(total, n)
		}
	}
	whole := s[at]
	if whole >= 0 && total >= 0 && (total > whole || rest < 0 && total < whole) {
		c.fail("the sizes add up to %d and the dimension is %d", total, whole)
		return
	}
	for i, n := range sizes {
		if i == rest {
			n = unknown
			if whole >= 0 && total >= 0 {
				n = whole - total
			}
		}
		c.set(i, replace(s, at, n))
	}
}

// stitch merges the rows of several tensors at the positions in the index tensors.
func stitch(c *inference) {
	n := len(c.Inputs) / 2
	var row tensor.Shape
	last, known := int64(-1), true
	for i := range n {
		places, ok := c.value(i)
		known = known && ok
		for _, at := range places {
			last = max(last, at)
		}
		indices, data := c.input(i), c.input(n+i)
		if indices == nil || data == nil {
			continue
		}
		if len(data) < len(indices) {
			c.fail("the indices have rank %d and their rows rank %d", len(indices), len(data))
			return
		}
		c.merge(part(data, 0, len(indices)), indices, "the shape of the indices and the first dimensions of their rows")
		row = c.merge(from(data, len(indices)), row, "the shapes of the rows")
	}
	size := int64(unknown)
	if known {
		size = last + 1
	}
	c.set(0, join(tensor.Shape{size}, row))
}
