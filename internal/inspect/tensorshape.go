package inspect

import (
	"encoding/binary"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

// maxShapeDepth is how many nodes one question about a shape follows upwards.
const maxShapeDepth = 48

// shape returns the shape of output port of node i, nil where it is unknown.
func (t *tensors) shape(i int, port int) Shape {
	return t.shapeBelow(Edge{Node: int32(i), Port: int32(port)}, maxShapeDepth)
}

// shapeBelow is shape, following at most depth nodes.
func (t *tensors) shapeBelow(e Edge, depth int) Shape {
	if e.Node == Dangling || e.Port < 0 || depth == 0 || t.steps == 0 {
		return nil
	}
	if shape, known := t.shapes[e]; known {
		return shape
	}
	t.steps--
	t.shapes[e] = nil // what a loop finds when it comes round
	var n wire.Node
	t.g.Node(int(e.Node), &n)
	shape, said := t.written(&n, int(e.Port))
	if !said {
		shape = t.follows(int(e.Node), &n, int(e.Port), depth-1)
	}
	t.shapes[e] = shape
	return shape
}

// legacyProducer is the first producer whose placeholders say an unknown shape as such. Before, they said that of a scalar
// (tensorflow/core/ops/array_ops.cc).
const legacyProducer = 24

// written returns the shape that node n carries for an output, and whether it carries one.
func (t *tensors) written(n *wire.Node, port int) (Shape, bool) {
	if shape, count := attrShapeAt(n, "_output_shapes", port); port < count {
		return shape, true
	}
	switch string(n.Op) {
	case "Placeholder", "PlaceholderV2", "PlaceholderWithDefault":
		shape := attrShape(n)
		if shape.scalar() && string(n.Op) == "Placeholder" && t.legacy() {
			shape = nil
		}
		return shape, true
	case "Variable", "VariableV2", "TemporaryVariable", "AutoReloadVariable":
		return attrShape(n), true
	case "VarHandleOp":
		return Shape{}, true
	case "Const":
		value, _ := n.Attr("value")
		tensor, _ := wire.AttrBytes(value, wire.AttrTensor)
		shape, _ := wire.Merged(tensor, tensorShape)
		return parseShape(shape), true
	case "_Arg", "Empty", "ImmutableConst", "ParameterizedTruncatedNormal":
		if shape := attrShape(n); shape != nil {
			return shape, true
		}
	}
	if shape, count := attrShapeAt(n, "output_shapes", port); port < count && handsOutElements(string(n.Op)) {
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
func (t *tensors) follows(i int, n *wire.Node, port, depth int) Shape {
	in := func(k int) Shape {
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
		return broadcast(in(0), in(1))
	}
	switch op {
	case "ReadVariableOp":
		return t.variableShape(i)
	case "MatMul":
		return matMul(in(0), in(1), attrBool(n, "transpose_a"), attrBool(n, "transpose_b"))
	case "ArgMax", "ArgMin":
		return t.reduced(i, in(0), false)
	case "Mean", "Sum", "Max", "Min", "Prod", "All", "Any", "EuclideanNorm":
		return t.reduced(i, in(0), attrBool(n, "keep_dims"))
	case "L2Loss", "Rank", "Size":
		return Shape{}
	case "Reshape":
		return t.reshaped(i)
	case "Conv2D", "DepthwiseConv2dNative", "Conv2DBackpropInput", "MaxPool", "AvgPool":
		return Shape{-1, -1, -1, -1}
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

// broadcast returns the shape to which a and b are broadcast, nil where it is not certain.
func broadcast(a, b Shape) Shape {
	if a == nil || b == nil {
		return nil
	}
	if len(a) < len(b) {
		a, b = b, a
	}
	out := append(Shape{}, a...)
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

func matMul(a, b Shape, transposeA, transposeB bool) Shape {
	out := Shape{-1, -1}
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
func (t *tensors) variableShape(i int) Shape {
	var n wire.Node
	for range maxShapeDepth {
		if len(t.g.Inputs(i)) == 0 || t.g.Inputs(i)[0].Node == Dangling {
			return nil
		}
		i = int(t.g.Inputs(i)[0].Node)
		switch t.g.OpName(t.g.Op(i)) {
		case "VarHandleOp":
			t.g.Node(i, &n)
			return attrShape(&n)
		case "Identity", "Enter", "Switch":
		default:
			return nil
		}
	}
	return nil
}

// reduced returns shape without the axes that the second input of node i names.
func (t *tensors) reduced(i int, shape Shape, keep bool) Shape {
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
	out := Shape{}
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
func (t *tensors) reshaped(i int) Shape {
	if len(t.g.Inputs(i)) < 2 {
		return nil
	}
	dims, ok := t.integers(t.g.Inputs(i)[1])
	if !ok {
		return nil
	}
	out := Shape{}
	for _, dim := range dims {
		out = append(out, max(-1, dim))
	}
	return out
}

// Field numbers of TensorProto (tensorflow/core/framework/tensor.proto).
const (
	tensorShape = 2
)

// maxAxes is the most numbers that a constant of axes or dimensions is believed to hold, maxAxesBytes its size in bytes.
const (
	maxAxes      = maxRank
	maxAxesBytes = 1 << 13
)

// integers returns the values of the constant that e reads: a small int32 or int64 tensor.
func (t *tensors) integers(e Edge) ([]int64, bool) {
	if e.Node == Dangling || e.Port != 0 || t.g.OpName(t.g.Op(int(e.Node))) != "Const" {
		return nil, false
	}
	var n wire.Node
	t.g.Node(int(e.Node), &n)
	value, _ := n.Attr("value")
	raw, ok := wire.AttrBytes(value, wire.AttrTensor)
	if !ok || len(raw) > maxAxesBytes {
		return nil, false
	}
	var tensor tfpb.TensorProto
	if err := proto.Unmarshal(raw, &tensor); err != nil {
		return nil, false
	}
	shape, _ := wire.Merged(raw, tensorShape)
	count, ok := parseShape(shape).Elements()
	if !ok || count > maxAxes {
		return nil, false
	}
	out := make([]int64, 0, count)
	content := tensor.GetTensorContent()
	switch tensor.GetDtype() {
	case tfpb.DataType_DT_INT32:
		for ; len(content) >= 4; content = content[4:] {
			out = append(out, int64(int32(binary.LittleEndian.Uint32(content))))
		}
		for _, v := range tensor.GetIntVal() {
			out = append(out, int64(v))
		}
	case tfpb.DataType_DT_INT64:
		for ; len(content) >= 8; content = content[8:] {
			out = append(out, int64(binary.LittleEndian.Uint64(content)))
		}
		out = append(out, tensor.GetInt64Val()...)
	default:
		return nil, false
	}
	// A tensor may hold fewer values than elements: the last one stands for the rest.
	for int64(len(out)) < count {
		if len(out) == 0 {
			out = append(out, 0)
			continue
		}
		out = append(out, out[len(out)-1])
	}
	return out[:count], true
}
