package problems

import (
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A shapeRule returns the shape that the first output of a node has, from the shapes of its data inputs, nil where it is
// unknown. node returns the node, for those that need to look at it.
type shapeRule func(node func() *wire.Node, in []tensor.Shape) tensor.Shape

func sameAsFirst(_ func() *wire.Node, in []tensor.Shape) tensor.Shape { return in[0] }

func sameAsSecond(_ func() *wire.Node, in []tensor.Shape) tensor.Shape {
	if len(in) < 2 {
		return nil
	}
	return in[1]
}

func bothBroadcast(_ func() *wire.Node, in []tensor.Shape) tensor.Shape {
	if len(in) < 2 || !in[0].FullyDefined() || !in[1].FullyDefined() {
		return nil
	}
	if slices.Equal(in[0], in[1]) {
		return in[0]
	}
	return opdef.Broadcast(in[0], in[1])
}

func matrixProduct(node func() *wire.Node, in []tensor.Shape) tensor.Shape {
	if len(in) < 2 {
		return nil
	}
	n := node()
	return opdef.MatMul(in[0], in[1], tensor.AttrBool(n, "transpose_a"), tensor.AttrBool(n, "transpose_b"))
}

// shapeRuleOf returns how the shape of an op's first output follows from those of its inputs, nil where that is not simple. Only
// rules that all releases of TensorFlow share are here.
func shapeRuleOf(op string) shapeRule {
	switch op {
	case "Identity", "StopGradient", "Relu", "Relu6", "Elu", "Sigmoid", "Tanh", "Softplus", "Neg", "Exp", "Log", "Square", "Sqrt",
		"Rsqrt", "Abs", "Sign", "Floor", "Cast", "ZerosLike", "LogicalNot", "Softmax", "LogSoftmax", "BiasAdd", "CheckNumerics":
		return sameAsFirst
	case "Assign":
		return sameAsSecond
	case "Add", "AddV2", "Sub", "Mul", "RealDiv", "Maximum", "Minimum", "Pow", "SquaredDifference", "Equal", "Less", "Greater",
		"LessEqual", "GreaterEqual", "LogicalAnd", "LogicalOr":
		return bothBroadcast
	case "MatMul":
		return matrixProduct
	}
	return nil
}

// recordedShapes is what the nodes of a graph record in _output_shapes. Most record what others do, so that lists are numbered.
type recordedShapes struct {
	nodes   []int32 // by node number, the number of the list, 0 for none; empty where no node records any
	lists   [][]tensor.Shape
	numbers map[string]int32
}

// maxRecorded is how many different lists are told apart, maxRecordedBytes how long one is at most. What is beyond counts as not
// recorded.
const (
	maxRecorded      = 1 << 16
	maxRecordedBytes = 1 << 9
)

// number returns the number of a list, the AttrValue of _output_shapes.
func (r *recordedShapes) number(value []byte) int32 {
	if n, known := r.numbers[string(value)]; known {
		return n
	}
	if len(r.lists) == maxRecorded || len(value) > maxRecordedBytes {
		return 0
	}
	if r.numbers == nil {
		r.numbers = make(map[string]int32)
		r.lists = append(r.lists, nil)
	}
	list, _ := wire.AttrBytes(value, wire.AttrList)
	var shapes []tensor.Shape
	for s := wire.Scan(list); s.Next(); {
		if s.Is(tensor.AttrListShape) {
			shapes = append(shapes, tensor.ParseShape(s.Data))
		}
	}
	n := int32(len(r.lists))
	r.lists = append(r.lists, shapes)
	r.numbers[string(value)] = n
	return n
}

// set notes the list of node i of count.
func (r *recordedShapes) set(i, count int, list int32) {
	if list == 0 {
		return
	}
	if r.nodes == nil {
		r.nodes = make([]int32, count)
	}
	r.nodes[i] = list
}

// of returns the shape that node i records for an output, nil where it records none.
func (r *recordedShapes) of(i, output int32) tensor.Shape {
	list := r.lists[r.nodes[i]]
	if output < 0 || int(output) >= len(list) {
		return nil
	}
	return list[output]
}

// findInShapes compares the shapes that nodes record in _output_shapes with those that follow from what their inputs record, as
// TensorFlow does with shapes it infers (GraphConstructor::ValidateShape in
// tensorflow/core/common_runtime/graph_constructor.cc). Graphs that were rewired by hand show it.
func (f *problemFinder) findInShapes() {
	if f.recorded.nodes == nil {
		return
	}
	rules := make([]shapeRule, len(f.infos))
	for id, op := range f.infos {
		if op.kind == registeredOp {
			rules[id] = shapeRuleOf(op.name)
		}
	}
	var in []tensor.Shape
	for i := range f.g.Len() {
		rule := rules[f.g.Op(i)]
		if rule == nil {
			continue
		}
		recorded := f.recorded.of(int32(i), 0)
		if recorded == nil {
			continue
		}
		in = in[:0]
		for _, e := range f.g.Inputs(i) {
			if e.Port == graph.Control {
				break
			}
			var shape tensor.Shape
			if e.Node != graph.Dangling {
				shape = f.recorded.of(e.Node, e.Port)
			}
			in = append(in, shape)
		}
		if len(in) == 0 {
			continue
		}
		if inferred := rule(func() *wire.Node { f.g.Node(i, &f.scratch); return &f.scratch }, in); !compatible(recorded, inferred) {
			f.found.add(inconsistentShapes, f.g.OpName(f.g.Op(i)), f.node(i), func() string {
				return fmt.Sprintf("_output_shapes records %s for output #0, and its inputs make it %s", recorded, inferred)
			})
		}
	}
}

// shapeReaders are the ops whose shape function reads their shape attr, so that the import refuses what is no shape. Others, like
// queues and datasets, keep it for when they run. Found by importing every op of TensorFlow with such attrs.
var shapeReaders = map[string]bool{
	"AccumulateNV2": true, "AnonymousMutableDenseHashTable": true, "AnonymousMutableHashTableOfTensors": true,
	"CollectiveBcastRecv": true, "CollectiveBcastSend": true, "EnsureShape": true, "FakeParam": true, "ImmutableConst": true,
	"InfeedDequeue": true, "MutableDenseHashTableV2": true, "MutableHashTableOfTensorsV2": true, "OutfeedDequeue": true,
	"OutfeedDequeueV2": true, "ParallelConcat": true, "Placeholder": true, "PlaceholderWithDefault": true, "TemporaryVariable": true,
	"TensorArrayGatherV3": true, "TensorArrayV3": true, "TensorListConcat": true, "VarHandleOp": true, "Variable": true, "VariableV2": true,
}

// wrongShape says why a TensorShapeProto is no shape, nothing where it is one (PartialTensorShape::IsValidShape in
// tensorflow/core/framework/tensor_shape.cc).
func wrongShape(proto []byte) string {
	dims, unknown := 0, false
	elements := int64(1)
	for s := wire.Scan(proto); s.Next(); {
		switch {
		case s.Is(tensor.ShapeDim):
			size := int64(wire.LastUint(s.Data, tensor.DimSize))
			if size < -1 {
				return fmt.Sprintf("is a shape with the dimension %d", size)
			}
			if dims++; dims > tensor.MaxRank {
				return fmt.Sprintf("is a shape of more than %d dimensions", tensor.MaxRank)
			}
			if size < 0 || elements < 0 {
				elements = -1 // TensorFlow multiplies what it knows up to here only
				continue
			}
			if size > 0 && elements > math.MaxInt64/size {
				return "is a shape of more than 2**63-1 elements"
			}
			elements *= size
		case s.Num == tensor.ShapeUnknownRank && s.Type == protowire.VarintType:
			unknown = s.Uint() != 0
		}
	}
	if unknown && dims > 0 {
		return "is a shape of unknown rank with dimensions"
	}
	return ""
}
