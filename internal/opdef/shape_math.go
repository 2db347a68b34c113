package opdef

import "github.com/metagraph/metagraph/internal/tensor"

// same gives all outputs the shape of the first input.
func same(c *inference) { c.setAll(c.input(0)) }

// sameAtLeast is like same but requires at least n dimensions.
func sameAtLeast(n int) shapeRule {
	return func(c *inference) { c.setAll(c.rankAtLeast(0, n)) }
}

// sameRank is like same but requires rank n.
func sameRank(n int) shapeRule {
	return func(c *inference) { c.setAll(c.rank(0, n)) }
}

// mergeBoth handles ops with two inputs of equal shape.
func mergeBoth(c *inference) { c.setAll(c.merge(c.input(0), c.input(1), "the shapes of the inputs")) }

// sameAsBoth handles ops with two inputs of equal shape whose output shape comes from the first one only.
func sameAsBoth(c *inference) {
	mergeBoth(c)
	c.set(0, c.input(0))
}

// mergeInputs handles ops with any number of inputs of equal shape.
func mergeInputs(c *inference) { c.setAll(c.merged(0, len(c.Inputs))) }

// merged requires the inputs from first to end to have equal shapes and returns what is known of them.
func (c *inference) merged(first, end int) tensor.Shape {
	s := c.input(end - 1)
	for i := end - 2; i >= first; i-- {
		s = c.merge(c.input(i), s, "the shapes of the inputs")
	}
	return s
}

// scalarOut handles ops whose outputs are scalars.
func scalarOut(c *inference) { c.setAll(tensor.Shape{}) }

// broadcastBoth handles element-wise ops with two inputs.
func broadcastBoth(c *inference) { c.setAll(c.broadcast(c.input(0), c.input(1))) }

// broadcast returns the shape to which a and b are broadcast (BroadcastBinaryOpOutputShapeFnHelper).
func (c *inference) broadcast(a, b tensor.Shape) tensor.Shape {
	if a == nil || b == nil {
		return nil
	}
	if len(a) < len(b) {
		a, b = b, a
	}
	out := append(tensor.Shape{}, a...)
	for k := range b {
		at := len(a) - len(b) + k
		x, y := a[at], b[k]
		switch {
		case x == y || y == 1:
		case x == 1 || y > 1 && x < 0:
			out[at] = y
		case x > 1 && y < 0:
		case x < 0 || y < 0:
			out[at] = unknown
		default:
			c.fail("the shapes cannot be broadcast: dimensions %d and %d differ", x, y)
		}
	}
	return out
}

// comparison handles Equal and NotEqual, which may accept incompatible shapes.
func comparison(c *inference) {
	a, b := c.input(0), c.input(1)
	s := c.broadcast(a, b)
	if c.Attr("incompatible_shape_error") != nil && !c.boolAttr("incompatible_shape_error") {
		fits := c.reason == ""
		for k := 1; k <= min(len(a), len(b)); k++ {
			x, y := dim(a, -k), dim(b, -k)
			fits = fits && (x == 1 || y == 1 || x == y && x >= 0)
		}
		if c.reason = ""; !fits {
			s = nil // the output may be a single false value
		}
	}
	c.setAll(s)
}

// matMul multiplies two matrices.
func matMul(c *inference) {
	c.set(0, c.product(c.rank(0, 2), c.rank(1, 2), "transpose_a", "transpose_b"))
}

// product returns the shape of the product of the matrices in the last two dimensions of a and b, which are transposed if the attrs
// say so.
func (c *inference) product(a, b tensor.Shape, transposeA, transposeB string) tensor.Shape {
	rows, innerA := dim(a, -2), dim(a, -1)
	if c.boolAttr(transposeA) {
		rows, innerA = innerA, rows
	}
	innerB, columns := dim(b, -2), dim(b, -1)
	if c.boolAttr(transposeB) {
		innerB, columns = columns, innerB
	}
	c.mergeDim(innerA, innerB, "the inner dimensions of the matrices")
	return tensor.Shape{rows, columns}
}

// batchMatMul multiplies matrices in the last two dimensions. The other dimensions must be equal; later versions
// broadcast them.
func batchMatMul(broadcasts bool) shapeRule {
	return func(c *inference) {
		a, b := c.rankAtLeast(0, 2), c.rankAtLeast(1, 2)
		product := c.product(a, b, "adj_x", "adj_y")
		var batch tensor.Shape
		if broadcasts {
			batch = c.broadcast(part(a, 0, -2), part(b, 0, -2))
		} else {
			batch = c.merge(part(a, 0, -2), part(b, 0, -2), "the batch dimensions")
		}
		c.set(0, join(batch, product))
	}
}

// reduction removes the axes in the second input, or sets them to 1.
func reduction(c *inference) {
	const lenient = 21 // older producers may write the axes as a matrix
	if c.Producer >= lenient {
		c.rankAtMost(1, 1)
	}
	s, keep := c.input(0), c.boolAttr("keep_dims")
	axes, known := c.value(1)
	switch {
	case s == nil:
		return
	case !known && keep:
		c.set(0, UnknownShape(len(s)))
		return
	case !known:
		return
	}
	reduced := make([]bool, len(s))
	for _, axis := range axes {
		if at := c.axis(axis, len(s), "axis"); at < len(s) {
			reduced[at] = true
		}
	}
	out := tensor.Shape{}
	for i, d := range s {
		switch {
		case !reduced[i]:
			out = append(out, d)
		case keep:
			out = append(out, 1)
		}
	}
	c.set(0, out)
}

// argExtreme handles ArgMax and ArgMin.
func argExtreme(c *inference) {
	c.rank(1, 0)
	s := c.input(0)
	axis, known := c.value(1)
	switch {
	case s == nil:
	case len(s) <= 1:
		c.set(0, tensor.Shape{})
	case !known || len(axis) != 1:
		c.set(0, UnknownShape(len(s)-1))
	default:
		at := c.axis(axis[0], len(s), "dimension")
		c.set(0, join(part(s, 0, at), from(s, at+1)))
	}
}

// topK keeps k entries of the last dimension.
func topK(c *inference) {
	s := c.rankAtLeast(0, 1)
	var k int64
	if c.Op == "TopK" {
		k = c.intAttr("k")
	} else {
		k = c.dimValue(1, "k")
	}
	last := dim(s, -1)
	if last >= 0 && k > last {
		c.fail("k is %d and the last dimension of input 0 is %d", k, last)
	}
	if s != nil {
		s = replace(s, -1, max(unknown, k))
	}
	c.set(0, s)
	c.set(1, s)
}

// crossEntropy handles SoftmaxCrossEntropyWithLogits, whose inputs are matrices that are equal in shape or broadcast.
func crossEntropy(c *inference) {
	a, b := c.input(0), c.input(1)
	s := c.merge(c.withRank(a, 2, 0), b, "the shapes of features and labels")
	if c.reason != "" {
		c.reason = ""
		if s = c.broadcast(a, b); len(s) != 2 {
			c.fail("features and labels must be matrices")
			return
		}
	}
	c.set(0, tensor.Shape{dim(s, 0)})
	c.set(1, s)
}

// sparseCrossEntropy handles SparseSoftmaxCrossEntropyWithLogits.
func sparseCrossEntropy(c *inference) {
	features, labels := c.rank(0, 2), c.rank(1, 1)
	batch := c.mergeDim(features[0], labels[0], "the batch dimensions of features and labels")
	c.set(0, tensor.Shape{batch})
	c.set(1, tensor.Shape{batch, features[1]})
}

// inTopK returns, for each row of predictions, whether the target is among the top k.
func inTopK(c *inference) {
	predictions, targets := c.rank(0, 2), c.rank(1, 1)
	if c.Op == "InTopKV2" {
		c.rank(2, 0)
	}
	c.set(0, tensor.Shape{c.mergeDim(predictions[0], targets[0], "the batch dimensions of predictions and targets")})
}

// choose handles Select. The condition has the shape of the values, or is a scalar, or is a vector over their rows.
func choose(c *inference) {
	data := c.merge(c.input(1), c.input(2), "the shapes of the values to choose from")
	cond := c.input(0)
	switch {
	case cond == nil || data == nil || len(cond) == 0:
	case len(cond) != 1 || len(data) == 0:
		data = c.merge(data, cond, "the shapes of the condition and the values")
	default:
		c.mergeDim(cond[0], data[0], "the length of the condition and the first dimension of the values")
	}
	c.set(0, data)
}

// chooseBroadcast handles SelectV2.
func chooseBroadcast(c *inference) {
	c.set(0, c.broadcast(c.broadcast(c.input(1), c.input(2)), c.input(0)))
}

// rangeOf handles Range with integer limits.
func rangeOf(c *inference) {
	var v [3]int64
	known := true
	for i := range v {
		value, ok := c.scalarValue(i)
		v[i], known = value, known && ok
	}
	c.set(0, tensor.Shape{unknown})
	if !known {
		return
	}
	start, limit, step := v[0], v[1], v[2]
	switch {
	case step == 0:
		c.fail("the step of the range is 0")
	case step > 0 && start > limit:
		c.fail("the range goes up from %d to %d", start, limit)
	case step < 0 && start < limit:
		c.fail("the range goes down from %d to %d", start, limit)
	default:
		const most = 1 << 52 // no sums overflow below this
		if max(start, limit, step) > most || min(start, limit, step) < -most {
			return
		}
		distance, size := limit-start, step
		if step < 0 {
			distance, size = -distance, -size
		}
		c.set(0, tensor.Shape{(distance + size - 1) / size})
	}
}

// biasAdd adds a vector along the channels.
func biasAdd(c *inference) {
	s, channels := c.biased()
	bias := c.rank(1, 1)
	if s == nil {
		return
	}
	c.set(0, replace(s, channels, c.mergeDim(dim(s, channels), bias[0], "the channels of the input and the length of the bias")))
}

// biasAddGrad sums over all dimensions except the channels.
func biasAddGrad(c *inference) {
	s, channels := c.biased()
	c.set(0, tensor.Shape{dim(s, channels)})
}

// biased returns the shape of input 0 and the dimension with its channels, to which a bias is added. BiasAddV1 has no data_format.
func (c *inference) biased() (s tensor.Shape, channels int) {
	if c.Op != "BiasAddV1" && c.stringAttr("data_format") == "NCHW" {
		return c.rankAtLeast(0, 3), 1
	}
	return c.rankAtLeast(0, 2), -1
}

// segmentReduction reduces rows with equal segment numbers.
func segmentReduction(c *inference) {
	data := c.rankAtLeast(0, 1)
	c.rank(1, 1)
	c.set(0, join(tensor.Shape{unknown}, from(data, 1)))
}
