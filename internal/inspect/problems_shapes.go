package inspect

import (
	"fmt"

	"github.com/metagraph/metagraph/internal/wire"
)

// A shapeRule returns the shape that the first output of a node has, from the shapes of its data inputs, nil where it is unknown.
type shapeRule func(n *wire.Node, in []Shape) Shape

func sameAsFirst(_ *wire.Node, in []Shape) Shape { return in[0] }

func sameAsSecond(_ *wire.Node, in []Shape) Shape {
	if len(in) < 2 {
		return nil
	}
	return in[1]
}

func bothBroadcast(_ *wire.Node, in []Shape) Shape {
	if len(in) < 2 || !in[0].known() || !in[1].known() {
		return nil
	}
	return broadcast(in[0], in[1])
}

func matrixProduct(n *wire.Node, in []Shape) Shape {
	if len(in) < 2 {
		return nil
	}
	return matMul(in[0], in[1], attrBool(n, "transpose_a"), attrBool(n, "transpose_b"))
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

// findInShapes compares the shapes that nodes record in _output_shapes with those that follow from what their inputs record, as
// TensorFlow does with shapes it infers (GraphConstructor::ValidateShape in
// tensorflow/core/common_runtime/graph_constructor.cc). Graphs that were rewired by hand show it.
func (f *problemFinder) findInShapes() {
	if !f.recordsShapes {
		return
	}
	rules := make([]shapeRule, len(f.infos))
	for id, op := range f.infos {
		if op.kind == registeredOp {
			rules[id] = shapeRuleOf(op.name)
		}
	}
	var n, source wire.Node
	var in []Shape
	for i := range f.g.Len() {
		rule := rules[f.g.Op(i)]
		if rule == nil {
			continue
		}
		f.g.Node(i, &n)
		recorded, count := attrShapeAt(&n, "_output_shapes", 0)
		if count == 0 || recorded == nil {
			continue
		}
		in = in[:0]
		for _, e := range f.g.Inputs(i) {
			if e.Port == Control {
				break
			}
			var shape Shape
			if e.Node != Dangling && e.Port >= 0 {
				f.g.Node(int(e.Node), &source)
				shape, _ = attrShapeAt(&source, "_output_shapes", int(e.Port))
			}
			in = append(in, shape)
		}
		if len(in) == 0 {
			continue
		}
		if inferred := rule(&n, in); !compatible(recorded, inferred) {
			f.found.add(inconsistentShapes, f.g.OpName(f.g.Op(i)), f.node(i), func() string {
				return fmt.Sprintf("_output_shapes records %s for output #0, and its inputs make it %s", recorded, inferred)
			})
		}
	}
}
