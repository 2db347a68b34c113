package shapes

import (
	"math"
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A constant holds the elements of an integer tensor, if TensorFlow knows them during the import.
type constant struct {
	values []int64
	known  bool
}

// Limits on evaluating constants. Values beyond them count as unknown, which is always correct.
const (
	maxConstant      = 1 << 10 // elements of a tensor
	maxConstantDepth = 64      // nodes between a shape and its inputs
	maxConstants     = 1 << 17 // cached tensors
)

// value returns the elements of an integer tensor that TensorFlow evaluates during shape inference (EvaluateConstantTensor in
// tensorflow/core/common_runtime/eval_const_tensor.cc). TensorFlow can evaluate any op; value handles the ops of shape arithmetic.
func (w *Walk) value(e graph.Edge, depth int) ([]int64, bool) {
	if e.Node == graph.Dangling || e.Port < 0 {
		return nil, false
	}
	at := w.sameValue(e)
	if c, seen := w.known[at]; seen {
		return c.values, c.known
	}
	if depth > maxConstantDepth || len(w.known) >= maxConstants || valueOps[w.nodes.Op(int(e.Node)).Name] == noValue {
		return nil, false
	}
	if w.known == nil {
		w.known = make(map[graph.Edge]constant)
	}
	w.known[at] = constant{} // the result for a cycle
	values, ok := w.evaluate(e, depth+1)
	ok = ok && len(values) <= maxConstant
	w.known[at] = constant{values, ok}
	return values, ok
}

// A valueSource is where the values of an op's output come from.
type valueSource int

const (
	noValue   valueSource = iota // there are none
	ofLiteral                    // the node itself
	ofShape                      // shapes, which may be partly known
	ofFirst                      // the first input, and possibly others
	ofInputs                     // all inputs
)

// valueOps are the ops that evaluate and computePartial handle.
var valueOps = map[string]valueSource{
	"Const": ofLiteral,
	"Shape": ofShape, "ShapeN": ofShape, "Size": ofShape, "Rank": ofShape, "Cast": ofShape, "Pack": ofShape, "Concat": ofShape,
	"ConcatV2": ofShape, "StridedSlice": ofShape,
	"Identity": ofFirst, "StopGradient": ofFirst, "Snapshot": ofFirst, "Reshape": ofFirst, "ExpandDims": ofFirst, "Squeeze": ofFirst,
	"Gather": ofFirst, "GatherV2": ofFirst, "Prod": ofFirst, "Sum": ofFirst, "Max": ofFirst, "Min": ofFirst,
	"Range": ofInputs, "Neg": ofInputs, "Add": ofInputs, "AddV2": ofInputs, "Sub": ofInputs, "Mul": ofInputs, "FloorDiv": ofInputs,
	"FloorMod": ofInputs, "Maximum": ofInputs, "Minimum": ofInputs,
}

// evaluate computes the elements of an output of one of valueOps.
func (w *Walk) evaluate(e graph.Edge, depth int) ([]int64, bool) {
	i := int(e.Node)
	op, in := w.nodes.Op(i), w.nodes.Inputs(i)
	if op.Source != opdef.InTensorFlow || e.Port != 0 && op.Name != "ShapeN" {
		return nil, false
	}
	if count, _, known := w.nodes.Tensors(i); !known || count != int64(len(in)) {
		return nil, false
	}
	switch op.Name {
	case "Const":
		return w.literal(i)
	case "Identity", "StopGradient", "Snapshot":
		return w.value(in[0], depth)
	case "Reshape", "ExpandDims":
		if _, ok := w.value(in[1], depth); !ok {
			return nil, false
		}
		return w.value(in[0], depth)
	case "Squeeze":
		return w.value(in[0], depth)
	case "Cast":
		return w.castValue(i, in[0], depth)
	case "Shape", "ShapeN":
		s := w.Shape(in[min(int(e.Port), len(in)-1)])
		return s, s.FullyDefined() && (len(s) == 0 || slices.Max(s) <= math.MaxInt32)
	case "Size":
		n, ok := w.Shape(in[0]).Elements()
		return []int64{n}, ok && n <= math.MaxInt32
	case "Rank":
		s := w.Shape(in[0])
		return []int64{int64(len(s))}, s != nil
	case "Pack", "Concat", "ConcatV2":
		return w.joinValues(i, op.Name, in, depth)
	case "StridedSlice":
		return w.sliceValue(i, in, depth)
	case "Gather", "GatherV2":
		return w.gatherValue(i, in, depth)
	case "Prod", "Sum", "Max", "Min":
		return w.reduceValue(op.Name, in, depth)
	case "Range":
		return w.rangeValue(in, depth)
	case "Neg", "Add", "AddV2", "Sub", "Mul", "FloorDiv", "FloorMod", "Maximum", "Minimum":
		return w.calculate(op.Name, in, depth)
	}
	return nil, false
}

// literal returns the elements of Const node i.
func (w *Walk) literal(i int) ([]int64, bool) {
	value, _ := w.nodes.Attr(i, "value")
	raw, ok := wire.AttrBytes(value, fieldnum.AttrValue_Tensor)
	if !ok {
		return nil, false
	}
	return tensor.Integers(raw, maxConstant)
}

// intAttr returns an integer attr of a node, or 0 if it is absent.
func (w *Walk) intAttr(i int, name string) int64 {
	value, _ := w.nodes.Attr(i, name)
	return int64(wire.LastUint(value, fieldnum.AttrValue_I))
}

func (w *Walk) castValue(i int, e graph.Edge, depth int) ([]int64, bool) {
	value, _ := w.nodes.Attr(i, "DstT")
	v, ok := w.value(e, depth)
	switch tfpb.DataType(wire.AttrTypeOf(value)) {
	case tfpb.DataType_DT_INT64:
		return v, ok
	case tfpb.DataType_DT_INT32:
		return v, ok && fitsInt32(v)
	}
	return nil, false
}

func fitsInt32(v []int64) bool {
	return len(v) == 0 || slices.Max(v) <= math.MaxInt32 && slices.Min(v) >= math.MinInt32
}

// joinValues evaluates Pack of scalars and Concat of vectors.
func (w *Walk) joinValues(i int, op string, in []graph.Edge, depth int) ([]int64, bool) {
	rank := 1
	switch op {
	case "Pack":
		if w.intAttr(i, "axis") != 0 {
			return nil, false
		}
		rank = 0
	case "Concat":
		if axis, ok := w.value(in[0], depth); !ok || len(axis) != 1 || axis[0] != 0 {
			return nil, false
		}
		in = in[1:]
	default:
		last := len(in) - 1
		if axis, ok := w.value(in[last], depth); !ok || len(axis) != 1 || axis[0] != 0 && axis[0] != -1 {
			return nil, false
		}
		in = in[:last]
	}
	var out []int64
	for _, e := range in {
		v, ok := w.value(e, depth)
		if s := w.Shape(e); !ok || s == nil || len(s) != rank || len(out)+len(v) > maxConstant {
			return nil, false
		}
		out = append(out, v...)
	}
	return out, true
}

// sliceValue evaluates StridedSlice of a vector: one element or a range. One element of a shape can be known even if others are
// not.
func (w *Walk) sliceValue(i int, in []graph.Edge, depth int) ([]int64, bool) {
	r, ok := w.sliceRange(i, in, depth)
	if !ok {
		return nil, false
	}
	v, ok := w.value(in[0], depth)
	if !ok {
		// TensorFlow requires exactly this pattern: constants, and no arithmetic on the index (GetSliceIndex).
		if !r.single || !w.reads(in[0], "Shape") || !w.reads(in[1], "Const") || !w.reads(in[3], "Const") {
			return nil, false
		}
		if v = w.partialShape(in[0], depth); v == nil {
			return nil, false
		}
	} else if s := w.Shape(in[0]); len(s) != 1 {
		return nil, false
	}
	v, ok = r.of(v)
	return v, ok && len(v) > 0 && slices.Min(v) >= 0
}

// reads reports whether an input is an output of the given op.
func (w *Walk) reads(e graph.Edge, op string) bool {
	return e.Node != graph.Dangling && w.nodes.Op(int(e.Node)).Name == op
}

// A sliceRange is the part of a vector that a StridedSlice selects.
type sliceRange struct {
	begin, end       int64
	fromStart, toEnd bool
	single           bool // one element, as a scalar
}

// sliceRange returns the part of a vector that node i selects. ok is false unless the range is constant with stride 1.
func (w *Walk) sliceRange(i int, in []graph.Edge, depth int) (r sliceRange, ok bool) {
	strides, ok := w.value(in[3], depth)
	if !ok || len(strides) != 1 || strides[0] != 1 || w.intAttr(i, "ellipsis_mask")|w.intAttr(i, "new_axis_mask") != 0 {
		return r, false
	}
	r.fromStart, r.toEnd = w.intAttr(i, "begin_mask")&1 != 0, w.intAttr(i, "end_mask")&1 != 0
	r.single = w.intAttr(i, "shrink_axis_mask")&1 != 0
	if r.single && (r.fromStart || r.toEnd) {
		return r, false
	}
	begin, beginKnown := w.value(in[1], depth)
	end, endKnown := w.value(in[2], depth)
	if !beginKnown || !endKnown || len(begin) != 1 || len(end) != 1 {
		return r, false
	}
	r.begin, r.end = begin[0], end[0]
	return r, true
}

// of returns the selected part of v.
func (r sliceRange) of(v []int64) ([]int64, bool) {
	n := int64(len(v))
	if r.single {
		at := r.begin
		if at < 0 {
			at += n
		}
		if at < 0 || at >= n {
			return nil, false
		}
		return v[at : at+1], true
	}
	limit := func(x int64, masked bool, whole int64) int64 {
		switch {
		case masked:
			return whole
		case x < 0:
			x += n
		}
		return min(max(x, 0), n)
	}
	begin, end := limit(r.begin, r.fromStart, 0), limit(r.end, r.toEnd, n)
	return v[begin:max(begin, end)], true
}

func (w *Walk) gatherValue(i int, in []graph.Edge, depth int) ([]int64, bool) {
	if len(in) == 3 {
		if axis, ok := w.value(in[2], depth); !ok || len(axis) != 1 || axis[0] != 0 || w.intAttr(i, "batch_dims") != 0 {
			return nil, false
		}
	}
	params, ok := w.value(in[0], depth)
	indices, known := w.value(in[1], depth)
	if !ok || !known || len(w.Shape(in[0])) != 1 {
		return nil, false
	}
	out := make([]int64, 0, len(indices))
	for _, k := range indices {
		if k < 0 || k >= int64(len(params)) {
			return nil, false
		}
		out = append(out, params[k])
	}
	return out, true
}

// reduceValue reduces a vector to one number.
func (w *Walk) reduceValue(op string, in []graph.Edge, depth int) ([]int64, bool) {
	v, ok := w.value(in[0], depth)
	axes, known := w.value(in[1], depth)
	if !ok || !known || len(axes) != 1 || len(w.Shape(in[0])) != 1 || len(v) == 0 {
		return nil, false
	}
	out := v[0]
	for _, x := range v[1:] {
		if out, ok = calculateOne(op, out, x); !ok {
			return nil, false
		}
	}
	return []int64{out}, true
}

func (w *Walk) rangeValue(in []graph.Edge, depth int) ([]int64, bool) {
	var limits [3]int64
	for k := range limits {
		v, ok := w.value(in[k], depth)
		if !ok || len(v) != 1 || !fitsInt32(v) {
			return nil, false
		}
		limits[k] = v[0]
	}
	start, limit, step := limits[0], limits[1], limits[2]
	if step == 0 || (limit-start)/step > maxConstant {
		return nil, false
	}
	var out []int64
	for x := start; step > 0 && x < limit || step < 0 && x > limit; x += step {
		out = append(out, x)
	}
	return out, true
}

// calculate evaluates element-wise arithmetic on scalars and vectors. Two vectors must have the same length.
func (w *Walk) calculate(op string, in []graph.Edge, depth int) ([]int64, bool) {
	a, ok := w.value(in[0], depth)
	if !ok {
		return nil, false
	}
	b := []int64{0}
	if op == "Neg" {
		a, b, op = b, a, "Sub"
	} else if b, ok = w.value(in[1], depth); !ok {
		return nil, false
	}
	if len(a) != len(b) && len(a) != 1 && len(b) != 1 || len(w.Shape(in[0])) > 1 || len(a) == 0 || len(b) == 0 {
		return nil, false
	}
	out := make([]int64, max(len(a), len(b)))
	for k := range out {
		if out[k], ok = calculateOne(op, a[min(k, len(a)-1)], b[min(k, len(b)-1)]); !ok {
			return nil, false
		}
	}
	return out, true
}

// calculateOne returns false for results that are undefined or do not fit all integer types.
func calculateOne(op string, a, b int64) (int64, bool) {
	if !fitsInt32([]int64{a, b}) {
		return 0, false
	}
	var out int64
	switch op {
	case "Add", "AddV2", "Sum":
		out = a + b
	case "Sub":
		out = a - b
	case "Mul", "Prod":
		out = a * b
	case "Maximum", "Max":
		out = max(a, b)
	case "Minimum", "Min":
		out = min(a, b)
	case "FloorDiv", "FloorMod":
		if b == 0 {
			return 0, false
		}
		quotient, rest := a/b, a%b
		if rest != 0 && rest < 0 != (b < 0) {
			quotient, rest = quotient-1, rest+b
		}
		if out = quotient; op == "FloorMod" {
			out = rest
		}
	}
	return out, fitsInt32([]int64{out})
}
