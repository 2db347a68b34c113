package opdef

import (
	"slices"

	"github.com/metagraph/metagraph/internal/tensor"
)

// reshape gives the input's elements a new shape (SetOutputShapeForReshape).
func reshape(c *inference) {
	in, out := c.input(0), c.shapeValue(1)
	if in == nil || out == nil {
		c.set(0, out)
		return
	}
	inSize, inHole, inOpen := knownElements(in)
	outSize, outHole, outOpen := knownElements(out)
	switch {
	case inOpen || outOpen || inSize < 0 || outSize < 0:
	case inHole < 0 && outHole < 0:
		if inSize != outSize {
			c.fail("%d elements cannot be reshaped to %s, which has %d", inSize, out, outSize)
		}
	case inHole < 0 && outSize > 0:
		if inSize%outSize != 0 {
			c.fail("%d elements cannot be reshaped to %s: %d does not divide them", inSize, out, outSize)
			break
		}
		out = replace(out, outHole, inSize/outSize)
	case inHole >= 0 && outHole < 0 && inSize > 0:
		if outSize%inSize != 0 {
			c.fail("%s cannot be reshaped to %s: %d does not divide %d elements", in, out, inSize, outSize)
		}
	}
	c.set(0, out)
}

// knownElements returns the product of the known dimensions and the index of the unknown one, or -1 if there is none.
// open reports whether several are unknown. If a dimension is 0, unknown ones do not matter.
func knownElements(s tensor.Shape) (size int64, hole int, open bool) {
	if n := elements(s); n >= 0 {
		return n, -1, false
	}
	size, hole = 1, -1
	for i, d := range s {
		if d >= 0 {
			size = times(size, d)
			continue
		}
		if hole >= 0 {
			return size, hole, true
		}
		hole = i
	}
	return size, hole, false
}

// squeeze removes dimensions of size 1.
func squeeze(c *inference) {
	s := c.input(0)
	if s == nil {
		return
	}
	axes := c.intsAttr("squeeze_dims")
	named := make([]bool, len(s)+1)
	for _, axis := range axes {
		named[c.axis(axis, len(s), "squeeze_dims")] = true
	}
	out := tensor.Shape{}
	for i, d := range s {
		switch {
		case d < 0 && named[i], d == 1 && (named[i] || len(axes) == 0):
		case d < 0 && len(axes) == 0:
			return
		case named[i]:
			c.fail("dimension %d is %d and only 1 can be squeezed", i, d)
		default:
			out = append(out, d)
		}
	}
	c.set(0, out)
}

// expandDims inserts a dimension of size 1.
func expandDims(c *inference) {
	s := c.input(0)
	at, known := c.value(1)
	if known && len(at) != 1 {
		c.fail("input 1 must be a single number and has %d", len(at))
	}
	if s == nil || !known || len(at) != 1 {
		return
	}
	axis := c.axis(at[0], len(s)+1, "axis")
	c.set(0, join(part(s, 0, axis), tensor.Shape{1}, from(s, axis)))
}

// transpose reorders the dimensions (TransposeShapeFn in tensorflow/core/ops/array_ops.cc).
func transpose(c *inference) {
	s, given := c.input(0), c.input(1)
	perm, known := c.value(1)
	rank := elements(given)
	switch {
	case s != nil:
		rank = int64(len(s))
	case rank < 0 && known:
		rank = int64(len(perm))
	}
	if rank < 0 || rank > tensor.MaxRank {
		return
	}
	if s == nil && rank < 2 {
		return
	}
	s = c.withRank(s, int(rank), 0)
	if given != nil && len(given) != 1 {
		c.fail("input 1 must be a vector and has rank %d", len(given))
		return
	}
	c.mergeDim(elements(given), rank, "the length of the permutation and the rank")
	out := UnknownShape(int(rank))
	if known && len(perm) == len(out) {
		for i, p := range perm {
			if p < -rank || p >= rank {
				c.fail("entry %d of the permutation is %d and the rank is %d", i, p, rank)
				return
			}
			out[i] = dim(s, int(p))
		}
	}
	c.set(0, out)
}

// gather selects rows.
func gather(c *inference) {
	c.set(0, join(c.input(1), from(c.rankAtLeast(0, 1), 1)))
}

// gatherV2 selects entries along the axis in input 2.
func gatherV2(c *inference) {
	params, indices := c.rankAtLeast(0, 1), c.input(1)
	axis, known := c.scalarValue(2)
	batch := int(c.intAttr("batch_dims"))
	if batch < 0 || batch > tensor.MaxRank || axis > tensor.MaxRank || axis < -tensor.MaxRank {
		return
	}
	if !known {
		if params != nil && indices != nil && len(params)+len(indices)-1-batch >= 0 {
			c.set(0, UnknownShape(len(params)+len(indices)-1-batch))
		}
		return
	}
	params = c.rankAtLeast(0, max(leastRank(axis), batch+1))
	indices = c.rankAtLeast(1, batch)
	if params == nil || indices == nil {
		return
	}
	if at := c.axis(axis, len(params), "axis"); batch <= at {
		c.set(0, join(part(params, 0, at), from(indices, batch), from(params, at+1)))
	}
}

// gatherNd selects slices. The last dimension of the indices holds their positions.
func gatherNd(c *inference) {
	params, indices := c.variable(0), c.rankAtLeast(1, 1)
	depth := dim(indices, -1)
	switch {
	case params == nil || depth < 0:
	case depth > int64(len(params)):
		c.fail("the last dimension of the indices is %d and the rank of the tensor is %d", depth, len(params))
	default:
		c.set(0, join(part(indices, 0, -1), from(params, int(depth))))
	}
}

// scatterNd creates a tensor of the shape in input 2.
func scatterNd(c *inference) {
	c.set(0, c.updatesFit(c.shapeValue(2), c.rankAtLeast(0, 1), c.rankAtLeast(1, 1)))
}

// tensorScatter copies a tensor and updates parts of the copy.
func tensorScatter(c *inference) {
	c.set(0, c.updatesFit(c.rankAtLeast(0, 1), c.rankAtLeast(1, 1), c.input(2)))
}

// updatesFit checks updates of parts of a tensor of shape s, and returns s. The last dimension of the indices holds the position of a part
// (ScatterNdShapeHelper in tensorflow/core/framework/common_shape_fns.cc).
func (c *inference) updatesFit(s, indices, updates tensor.Shape) tensor.Shape {
	if elements(s) == 0 && (elements(indices) > 0 || elements(updates) > 0) {
		c.fail("the tensor is empty, and parts of it are updated")
	}
	depth, outer := dim(indices, -1), len(indices)-1
	if depth < 0 || len(updates) == 0 {
		return s
	}
	c.merge(part(indices, 0, outer), part(updates, 0, outer), "the first dimensions of the indices and of the updates")
	c.merge(from(s, int(min(depth, tensor.MaxRank))), from(updates, outer), "the shapes of the updates and of the parts they are for")
	return s
}

// oneHot adds a dimension whose size is the depth in input 1.
func oneHot(c *inference) {
	axis := c.intAttr("axis")
	if axis < -1 {
		c.fail("axis is %d and must be at least -1", axis)
	}
	depth := c.dimValue(1, "the depth")
	s := c.input(0)
	if s == nil {
		return
	}
	rank := int64(len(s)) + 1
	at := int((axis%rank + rank) % rank)
	c.set(0, join(part(s, 0, at), tensor.Shape{depth}, from(s, at)))
}

// tile repeats a tensor along each dimension.
func tile(c *inference) {
	s, multiples := c.input(0), c.shapeValue(1)
	switch {
	case s != nil:
		multiples = c.withRank(multiples, len(s), 1)
		out := make(tensor.Shape, len(s))
		for i := range s {
			out[i] = times(s[i], multiples[i])
		}
		c.set(0, out)
	case multiples != nil:
		c.set(0, UnknownShape(len(multiples)))
	}
}

// fill creates a tensor of the shape in input 0.
func fill(c *inference) {
	c.rankAtMost(0, 1)
	c.rank(1, 0)
	if v, known := c.value(0); known && len(v) > 0 && slices.Min(v) < 0 {
		c.fail("the dimension %d is negative", slices.Min(v))
	}
	c.set(0, c.shapeValue(0))
}

// shapeOf handles Shape and ShapeN.
func shapeOf(c *inference) {
	for i := range c.out {
		c.set(i, tensor.Shape{rankOf(c.input(i))})
	}
}

// rankOf returns the rank of a shape, or unknown.
func rankOf(s tensor.Shape) int64 {
	if s == nil {
		return unknown
	}
	return int64(len(s))
}

// ensureShape handles EnsureShape.
func ensureShape(c *inference) {
	c.set(0, c.merge(c.shapeAttr(), c.input(0), "the shape of the input and attr shape"))
}

// where lists the positions of nonzero elements.
func where(c *inference) { c.set(0, tensor.Shape{unknown, rankOf(c.input(0))}) }

// linSpace handles LinSpace.
func linSpace(c *inference) {
	c.rank(0, 0)
	c.rank(1, 0)
	n, known := c.scalarValue(2)
	switch {
	case !known:
		n = unknown
	case n <= 0:
		c.fail("the number of values is %d and must be positive", n)
	}
	c.set(0, tensor.Shape{max(unknown, n)})
}
