package opdef

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/tensor"
)

// unknown is the size of an unknown dimension.
const unknown = -1

// A ShapeQuery describes one node to InferShapes. Value, PartialShape and Handle may be nil. They are called only for
// inputs that the op's shape depends on.
type ShapeQuery struct {
	Op       string
	Producer int64                    // graph_def.versions.producer
	Attr     func(name string) []byte // returns an AttrValue of the node, or the op's default, or nil
	Inputs   []tensor.Shape           // the shapes of the data inputs
	Outputs  int                      // number of outputs

	// Value returns the elements of integer input i if it is a known constant.
	Value func(i int) ([]int64, bool)
	// PartialShape returns the shape that integer vector i represents, as far as it is known: [batch, 10] is (?, 10).
	// It returns nil if nothing is known.
	PartialShape func(i int) tensor.Shape
	// Handle returns the shape of the variable that resource input i refers to, or nil if it is unknown.
	Handle func(i int) tensor.Shape

	run inference // the latest run, whose memory is reused
}

// InferShapes returns the shapes of the outputs of a node, or an error if TensorFlow rejects the shapes of its inputs. It
// imitates the shape functions of TensorFlow 2.21 (tensorflow/core/framework/common_shape_fns.cc and the op registrations in
// tensorflow/core/ops) but never claims more than they do. A shape that it does not know is nil. The result is valid until
// the query is reused. Its message names the shapes.
func InferShapes(q *ShapeQuery) ([]tensor.Shape, error) {
	c := &q.run
	c.ShapeQuery, c.reason = q, ""
	c.out = slices.Grow(c.out[:0], q.Outputs)[:q.Outputs]
	clear(c.out)
	if rule := shapeRules[q.Op]; rule != nil {
		rule(c)
	}
	if c.reason != "" {
		return nil, &shapeError{reason: c.reason, inputs: slices.Clone(q.Inputs)}
	}
	return c.out, nil
}

// hasShapeRule reports whether InferShapes supports the op.
func hasShapeRule(op string) bool { return shapeRules[op] != nil }

// A shapeError reports that an op does not accept inputs of the given shapes.
type shapeError struct {
	reason string         // what does not fit: "the filter takes 4 channels and the input has 3"
	inputs []tensor.Shape // the shapes of the data inputs
}

func (e *shapeError) Error() string {
	if len(e.inputs) == 0 {
		return e.reason
	}
	const most = 4 // the most shapes in a message
	shapes := make([]string, 0, most+1)
	for i, s := range e.inputs {
		if i == most {
			shapes = append(shapes, "...")
			break
		}
		shapes = append(shapes, s.String())
	}
	return e.reason + "; the inputs have the shapes " + strings.Join(shapes, ", ")
}

// A shapeRule computes the output shapes of an op.
type shapeRule func(c *inference)

// An inference is one run of a shape rule. After a failure, the rule continues with unknown shapes, so rules need no
// error handling. They must not assume that a check succeeded.
type inference struct {
	*ShapeQuery
	out    []tensor.Shape
	reason string // the first failure
}

func (c *inference) fail(format string, args ...any) {
	if c.reason == "" {
		c.reason = fmt.Sprintf(format, args...)
	}
}

// set sets the shape of output i.
func (c *inference) set(i int, s tensor.Shape) {
	if i < len(c.out) {
		c.out[i] = s
	}
}

// setAll gives all outputs the same shape.
func (c *inference) setAll(s tensor.Shape) {
	for i := range c.out {
		c.out[i] = s
	}
}

// input returns the shape of input i.
func (c *inference) input(i int) tensor.Shape {
	if i < 0 || i >= len(c.Inputs) {
		return nil
	}
	return c.Inputs[i]
}

// value returns the elements of input i if it is a constant. A constant with another number of elements than its shape
// has, which a damaged file may record, counts as unknown.
func (c *inference) value(i int) ([]int64, bool) {
	if c.Value == nil || i < 0 || i >= len(c.Inputs) {
		return nil, false
	}
	v, ok := c.Value(i)
	if n := elements(c.Inputs[i]); !ok || n != unknown && n != int64(len(v)) {
		return nil, false
	}
	return v, true
}

// scalarValue returns the value of input i if it is a constant. The input must be a scalar.
func (c *inference) scalarValue(i int) (int64, bool) {
	c.rank(i, 0)
	v, ok := c.value(i)
	if !ok || len(v) != 1 {
		return 0, false
	}
	return v[0], true
}

// dimValue returns the value of input i as a dimension, or unknown if it is not a constant. Only a constant must be a
// scalar (InferenceContext::MakeDimForScalarInput).
func (c *inference) dimValue(i int, what string) int64 {
	if _, known := c.value(i); !known {
		return unknown
	}
	v, _ := c.scalarValue(i)
	if v < 0 {
		c.fail("%s is %d and must not be negative", what, v)
		return unknown
	}
	return v
}

// axisValue returns the value of input i as an axis if it is a constant. Only a constant must be a scalar.
func (c *inference) axisValue(i int) (int64, bool) {
	if _, known := c.value(i); !known {
		return 0, false
	}
	return c.scalarValue(i)
}

// shapeValue returns the shape that integer input i represents, or nil if nothing is known
// (InferenceContext::MakeShapeFromShapeTensor in tensorflow/core/framework/shape_inference.cc).
func (c *inference) shapeValue(i int) tensor.Shape {
	given := c.input(i)
	v, ok := c.value(i)
	if ok && len(given) == 0 && given != nil {
		if v[0] != unknown {
			c.fail("input %d is the scalar %d; the only scalar that represents a shape is -1", i, v[0])
		}
		return nil
	}
	if len(given) != 1 && given != nil {
		c.fail("input %d must be a vector of dimensions", i)
		return nil
	}
	if ok {
		out := make(tensor.Shape, len(v))
		for k, dim := range v {
			if dim < unknown {
				c.fail("input %d has the dimension %d", i, dim)
				dim = unknown
			}
			out[k] = dim
		}
		return out
	}
	if c.PartialShape != nil {
		if s := c.PartialShape(i); s != nil {
			return s
		}
	}
	if given == nil || given[0] < 0 || given[0] > tensor.MaxRank {
		return nil
	}
	return UnknownShape(int(given[0]))
}

// UnknownShape returns a shape of known rank with unknown dimensions.
func UnknownShape(rank int) tensor.Shape { return slices.Repeat(tensor.Shape{unknown}, rank) }

// rank requires input i to have rank n and returns its shape. The result always has rank n.
func (c *inference) rank(i, n int) tensor.Shape {
	return c.withRank(c.input(i), n, i)
}

// withRank requires s to have rank n and returns it.
func (c *inference) withRank(s tensor.Shape, n, input int) tensor.Shape {
	switch {
	case s == nil:
		return UnknownShape(n)
	case len(s) != n:
		c.fail("input %d must have rank %d and has rank %d", input, n, len(s))
		return UnknownShape(n)
	}
	return s
}

// rankAtLeast requires input i to have at least n dimensions and returns its shape, or nil if its rank is unknown.
func (c *inference) rankAtLeast(i, n int) tensor.Shape {
	s := c.input(i)
	if s != nil && len(s) < n {
		c.fail("input %d must have at least rank %d and has rank %d", i, n, len(s))
		return nil
	}
	return s
}

// rankAtMost checks that input i has at most n dimensions.
func (c *inference) rankAtMost(i, n int) {
	if s := c.input(i); len(s) > n {
		c.fail("input %d must have at most rank %d and has rank %d", i, n, len(s))
	}
}

// dim returns dimension i of a shape, or unknown. A negative i counts from the end.
func dim(s tensor.Shape, i int) int64 {
	if i < 0 {
		i += len(s)
	}
	if i < 0 || i >= len(s) {
		return unknown
	}
	return s[i]
}

// mergeDim requires two dimensions to be equal and returns what is known of them.
func (c *inference) mergeDim(a, b int64, what string) int64 {
	switch {
	case a < 0:
		return b
	case b < 0 || a == b:
		return a
	}
	c.fail("%s must be equal: %d and %d", what, a, b)
	return unknown
}

// merge requires two shapes to be equal and returns what is known of them. MergeShapes does the same without recording
// a failure.
func (c *inference) merge(a, b tensor.Shape, what string) tensor.Shape {
	s, ok := MergeShapes(a, b)
	if !ok {
		c.fail("%s must be equal: %s and %s", what, a, b)
	}
	return s
}

// MergeShapes combines the information in two shapes of the same tensor. It returns false if they contradict each other.
func MergeShapes(a, b tensor.Shape) (tensor.Shape, bool) {
	switch {
	case a == nil:
		return b, true
	case b == nil:
		return a, true
	case len(a) != len(b):
		return nil, false
	}
	copied := false
	for i := range b {
		switch {
		case a[i] == b[i] || b[i] < 0:
		case a[i] < 0:
			if !copied {
				a, copied = slices.Clone(a), true
			}
			a[i] = b[i]
		default:
			return nil, false
		}
	}
	return a, true
}

// replace returns a copy of s with dimension i set to size.
func replace(s tensor.Shape, i int, size int64) tensor.Shape {
	if i < 0 {
		i += len(s)
	}
	if i < 0 || i >= len(s) {
		return s
	}
	out := slices.Clone(s)
	out[i] = size
	return out
}

// join concatenates shapes. It returns nil if one of them has unknown rank.
func join(parts ...tensor.Shape) tensor.Shape {
	out := tensor.Shape{}
	for _, p := range parts {
		if p == nil {
			return nil
		}
		out = append(out, p...)
	}
	if len(out) > tensor.MaxRank {
		return nil
	}
	return out
}

// part returns the dimensions in the half-open range from first to end, or nil if the rank is unknown. Indexes beyond
// the rank are clamped; negative ones count from the end.
func part(s tensor.Shape, first, end int) tensor.Shape {
	if s == nil {
		return nil
	}
	at := func(i int) int {
		if i < 0 {
			i += len(s)
		}
		return min(max(i, 0), len(s))
	}
	first, end = at(first), at(end)
	if first >= end {
		return tensor.Shape{}
	}
	return s[first:end:end]
}

// from returns the dimensions starting at first.
func from(s tensor.Shape, first int) tensor.Shape {
	if s == nil {
		return nil
	}
	return part(s, first, len(s))
}

// elements returns the number of elements, or unknown if it is unknown or too large.
func elements(s tensor.Shape) int64 {
	if s == nil {
		return unknown
	}
	n := int64(1)
	for _, d := range s {
		n = times(n, d)
	}
	return n
}

// plus adds dimensions. The result is unknown if either is.
func plus(a, b int64) int64 {
	if a < 0 || b < 0 || a > math.MaxInt64-b {
		return unknown
	}
	return a + b
}

// times multiplies dimensions. Zero times an unknown dimension is zero.
func times(a, b int64) int64 {
	switch {
	case a == 0 || b == 0:
		return 0
	case a < 0 || b < 0:
		return unknown
	}
	high, low := bits.Mul64(uint64(a), uint64(b))
	if high != 0 || low > math.MaxInt64 {
		return unknown
	}
	return int64(low)
}

// leastRank returns the smallest rank of a tensor with an axis. A negative axis counts from the last one.
func leastRank(axis int64) int { return int(max(axis+1, -axis)) }

// axis returns an axis of a tensor of the given rank as a non-negative index.
func (c *inference) axis(axis int64, rank int, what string) int {
	if axis < int64(-rank) || axis >= int64(rank) {
		c.fail("%s %d is out of range for rank %d", what, axis, rank)
		return 0
	}
	if axis < 0 {
		axis += int64(rank)
	}
	return int(axis)
}
