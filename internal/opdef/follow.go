package opdef

import (
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// maxShapeDepth is how many nodes one question about a shape follows upwards.
const maxShapeDepth = 48

// Shape returns the shape of an output of node i, or nil if it is unknown: it follows from what at most maxShapeDepth nodes say. The answer
// does not depend on what was asked before.
func (t *Tensors) Shape(i int, port int) tensor.Shape {
	return t.shapeBelow(graph.Edge{Node: int32(i), Port: int32(port)}, maxShapeDepth)
}

// shapeBelow is Shape, following at most depth nodes.
func (t *Tensors) shapeBelow(e graph.Edge, depth int) tensor.Shape {
	if e.Node == graph.Dangling || e.Port < 0 {
		return nil
	}
	m := &t.shapes
	if shape, known := m.look(e, depth); known {
		return shape
	}
	above := m.begin()
	var n wire.Node
	t.g.Node(int(e.Node), &n)
	shape, said := t.Written(&n, int(e.Port))
	if !said {
		shape = t.follows(int(e.Node), &n, int(e.Port), depth-1)
	}
	m.end(e, depth, shape, above)
	return shape
}

// maxMemo is how many shapes are remembered. Whatever is forgotten is found again.
const maxMemo = 200_000

// A shapeMemo remembers shapes. A shape that was found without reaching the limit of depth holds for every question that may go as deep as
// it took. One that was found at the limit holds for that depth alone.
type shapeMemo struct {
	whole  map[graph.Edge]wholeShape
	cut    map[cutEdge]tensor.Shape
	search shapeSearch // the question that is being answered
}

// A wholeShape is a shape that no limit cut short.
type wholeShape struct {
	shape  tensor.Shape
	height int // how many nodes were followed, one after the other
}

// A cutEdge is a question that reached the limit of depth.
type cutEdge struct {
	edge  graph.Edge
	depth int
}

// A shapeSearch is what is known about the inputs of a question so far.
type shapeSearch struct {
	height int  // the greatest of those followed
	cut    bool // one reached the limit
}

func newShapeMemo() shapeMemo {
	return shapeMemo{whole: make(map[graph.Edge]wholeShape), cut: make(map[cutEdge]tensor.Shape)}
}

// look returns what is known of a question, for the search that asks it.
func (m *shapeMemo) look(e graph.Edge, depth int) (shape tensor.Shape, known bool) {
	if w, ok := m.whole[e]; ok && w.height <= depth {
		m.search.height = max(m.search.height, w.height)
		return w.shape, true
	}
	shape, known = m.cut[cutEdge{e, depth}]
	if known = known || depth == 0; known {
		m.search.cut = true
	}
	return shape, known
}

// begin begins a question inside the one that is being answered, which it returns.
func (m *shapeMemo) begin() shapeSearch {
	above := m.search
	m.search = shapeSearch{}
	return above
}

// end ends a question and goes on with the one above it.
func (m *shapeMemo) end(e graph.Edge, depth int, shape tensor.Shape, above shapeSearch) {
	if len(m.whole)+len(m.cut) >= maxMemo {
		clear(m.whole)
		clear(m.cut)
	}
	height := m.search.height + 1
	if m.search.cut {
		m.cut[cutEdge{e, depth}] = shape
	} else {
		m.whole[e] = wholeShape{shape, height}
	}
	m.search = shapeSearch{max(above.height, height), above.cut || m.search.cut}
}

// legacyProducer is the first producer whose placeholders say an unknown shape as such. Before, they said that of a scalar
// (tensorflow/core/ops/array_ops.cc).
const legacyProducer = 24

// Written returns the shape that node n carries for an output, and whether it carries one.
func (t *Tensors) Written(n *wire.Node, port int) (tensor.Shape, bool) {
	if shape, count := tensor.AttrShapeAt(n, "_output_shapes", port); port < count {
		return shape, true
	}
	switch string(n.Op) {
	case "Placeholder", "PlaceholderV2", "PlaceholderWithDefault":
		shape := tensor.AttrShape(n)
		if shape.IsScalar() && string(n.Op) == "Placeholder" && t.legacy() {
			shape = nil
		}
		return shape, true
	case "Variable", "VariableV2", "TemporaryVariable", "AutoReloadVariable":
		return tensor.AttrShape(n), true
	case "VarHandleOp":
		return tensor.Shape{}, true
	case "Const":
		value, _ := n.Attr("value")
		decoded, _ := wire.AttrBytes(value, wire.AttrTensor)
		shape, _ := wire.Merged(decoded, tensor.TensorShape)
		return tensor.ParseShape(shape), true
	case "_Arg", "Empty", "ImmutableConst", "ParameterizedTruncatedNormal":
		if shape := tensor.AttrShape(n); shape != nil {
			return shape, true
		}
	}
	if shape, count := tensor.AttrShapeAt(n, "output_shapes", port); port < count && handsOutElements(string(n.Op)) {
		return shape, true
	}
	return nil, false
}

// handsOutElements reports whether output_shapes is about the outputs of an op. Of a dataset and of an iterator it is about
// their elements.
func handsOutElements(op string) bool {
	switch op {
	case "IteratorGetNext", "IteratorGetNextSync", "MultiDeviceIteratorGetNextFromShard", "DatasetToSingleElement", "OptionalGetValue",
		"ReduceDataset":
		return true
	}
	return false
}

// follows returns the shape of an output of node i where it follows from what the node reads.
func (t *Tensors) follows(i int, n *wire.Node, port, depth int) tensor.Shape {
	in := func(k int) tensor.Shape {
		if k >= len(t.g.Inputs(i)) {
			return nil
		}
		return t.shapeBelow(t.g.Inputs(i)[k], depth)
	}
	op := string(n.Op)
	switch {
	case port > 0:
		return nil
	case sameShapeOps[op]:
		return in(0)
	case broadcastOps[op]:
		return Broadcast(in(0), in(1))
	}
	switch op {
	case "ReadVariableOp":
		return t.variableShape(i)
	case "MatMul":
		return MatMul(in(0), in(1), tensor.AttrBool(n, "transpose_a"), tensor.AttrBool(n, "transpose_b"))
	case "ArgMax", "ArgMin":
		return t.reduced(i, in(0), false)
	case "Mean", "Sum", "Max", "Min", "Prod", "All", "Any", "EuclideanNorm":
		return t.reduced(i, in(0), tensor.AttrBool(n, "keep_dims"))
	case "L2Loss", "Rank", "Size":
		return tensor.Shape{}
	case "Reshape":
		return t.reshaped(i)
	case "Conv2D", "DepthwiseConv2dNative", "Conv2DBackpropInput", "MaxPool", "AvgPool":
		return tensor.Shape{-1, -1, -1, -1}
	case "SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits":
		if logits := in(0); len(logits) == 2 {
			return logits[:1]
		}
	}
	return nil
}

// Ops whose first output has the shape of the first input.
var sameShapeOps = map[string]bool{
	"Identity": true, "StopGradient": true, "PreventGradient": true, "CheckNumerics": true, "Print": true, "Snapshot": true,
	"Relu": true, "Relu6": true, "Elu": true, "Selu": true, "LeakyRelu": true, "Sigmoid": true, "Tanh": true, "Softplus": true,
	"Softsign": true, "Softmax": true, "LogSoftmax": true, "Exp": true, "Log": true, "Log1p": true, "Neg": true, "Abs": true,
	"Square": true, "Sqrt": true, "Rsqrt": true, "Sign": true, "Round": true, "Floor": true, "Ceil": true, "Cast": true,
	"BiasAdd": true, "LogicalNot": true, "ZerosLike": true, "OnesLike": true, "ClipByValue": true, "AsString": true,
	"FusedBatchNorm": true, "FusedBatchNormV2": true, "FusedBatchNormV3": true, "FakeQuantWithMinMaxVars": true,
}

// Ops of two inputs whose output has the shape to which both are broadcast.
var broadcastOps = map[string]bool{
	"Add": true, "AddV2": true, "Sub": true, "Mul": true, "Div": true, "RealDiv": true, "FloorDiv": true, "Maximum": true,
	"Minimum": true, "Pow": true, "SquaredDifference": true, "Equal": true, "NotEqual": true, "Less": true, "LessEqual": true,
	"Greater": true, "GreaterEqual": true, "LogicalAnd": true, "LogicalOr": true, "FloorMod": true, "DivNoNan": true,
}

// Broadcast returns the shape to which a and b are Broadcast, nil where it is not certain.
func Broadcast(a, b tensor.Shape) tensor.Shape {
	if a == nil || b == nil {
		return nil
	}
	if len(a) < len(b) {
		a, b = b, a
	}
	out := append(tensor.Shape{}, a...)
	for k := range b {
		at := len(a) - len(b) + k
		switch {
		case a[at] == b[k] || b[k] == 1:
		case a[at] == 1:
			out[at] = b[k]
		case a[at] < 0:
			out[at] = b[k] // more than 1: the other must fit it
		case b[k] < 0:
		default:
			return nil
		}
	}
	return out
}

// MatMul returns the shape of the product of two matrices; a dimension that a and b leave open is unknown.
func MatMul(a, b tensor.Shape, transposeA, transposeB bool) tensor.Shape {
	out := tensor.Shape{-1, -1}
	if len(a) == 2 {
		out[0] = a[0]
		if transposeA {
			out[0] = a[1]
		}
	}
	if len(b) == 2 {
		out[1] = b[1]
		if transposeB {
			out[1] = b[0]
		}
	}
	return out
}

// variableShape returns the shape of the variable whose handle node i reads.
func (t *Tensors) variableShape(i int) tensor.Shape {
	var n wire.Node
	for range maxShapeDepth {
		if len(t.g.Inputs(i)) == 0 || t.g.Inputs(i)[0].Node == graph.Dangling {
			return nil
		}
		i = int(t.g.Inputs(i)[0].Node)
		switch t.g.OpName(t.g.Op(i)) {
		case "VarHandleOp":
			t.g.Node(i, &n)
			return tensor.AttrShape(&n)
		case "Identity", "Enter", "Switch":
		default:
			return nil
		}
	}
	return nil
}

// reduced returns shape without the axes that the second input of node i names.
func (t *Tensors) reduced(i int, shape tensor.Shape, keep bool) tensor.Shape {
	if shape == nil || len(t.g.Inputs(i)) < 2 {
		return nil
	}
	axes, ok := t.integers(t.g.Inputs(i)[1])
	if !ok {
		return nil
	}
	gone := make([]bool, len(shape))
	for _, axis := range axes {
		if axis < 0 {
			axis += int64(len(shape))
		}
		if axis < 0 || axis >= int64(len(shape)) {
			return nil
		}
		gone[axis] = true
	}
	out := tensor.Shape{}
	for k, dim := range shape {
		switch {
		case !gone[k]:
			out = append(out, dim)
		case keep:
			out = append(out, 1)
		}
	}
	return out
}

// reshaped returns the shape that a Reshape node is told.
func (t *Tensors) reshaped(i int) tensor.Shape {
	if len(t.g.Inputs(i)) < 2 {
		return nil
	}
	dims, ok := t.integers(t.g.Inputs(i)[1])
	if !ok {
		return nil
	}
	out := tensor.Shape{}
	for _, dim := range dims {
		out = append(out, max(-1, dim))
	}
	return out
}

// maxAxes is the most numbers that a constant of axes or dimensions is believed to hold.
const maxAxes = tensor.MaxRank

// integers returns the values of the constant that e reads: a small int32 or int64 tensor.
func (t *Tensors) integers(e graph.Edge) ([]int64, bool) {
	if e.Node == graph.Dangling || e.Port != 0 || t.g.OpName(t.g.Op(int(e.Node))) != "Const" {
		return nil, false
	}
	var n wire.Node
	t.g.Node(int(e.Node), &n)
	value, _ := n.Attr("value")
	raw, ok := wire.AttrBytes(value, wire.AttrTensor)
	if !ok {
		return nil, false
	}
	return tensor.Integers(raw, maxAxes)
}
