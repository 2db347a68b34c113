package rewrite

import (
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

const (
	maxConstant      = 1 << 10 // maximum number of elements of an evaluated tensor
	maxConstantDepth = 32      // maximum number of nodes to follow
)

// value returns the elements of an integer tensor of the imported graph, if TensorFlow knows them during the import. It
// evaluates only the ops that most graphs use to compute a shape.
func (w *shapeWalk) value(e graph.Edge) ([]int64, bool) { return w.valueBelow(e, maxConstantDepth) }

// A constant is the elements of an integer tensor, or nil if TensorFlow does not know them.
type constant []int64

// valueBelow is like value, but follows at most depth nodes. It evaluates each tensor once.
func (w *shapeWalk) valueBelow(e graph.Edge, depth int) ([]int64, bool) {
	if known, seen := w.constants[e]; seen {
		return known, known != nil
	}
	w.constants[e] = nil // a cycle finds this entry
	v, ok := w.evaluate(e, depth)
	if ok {
		w.constants[e] = v
	}
	return v, ok
}

func (w *shapeWalk) evaluate(e graph.Edge, depth int) ([]int64, bool) {
	if to, ok := w.mapped[e]; ok {
		return constantOf(w.i.baseGraph, to)
	}
	if e.Node == graph.Dangling || e.Port != 0 || depth == 0 {
		return nil, false
	}
	var inputs []graph.Edge
	for _, in := range w.i.graph.Inputs(int(e.Node)) {
		if in.Port != graph.Control {
			inputs = append(inputs, in)
		}
	}
	switch op := w.i.graph.OpName(w.i.graph.Op(int(e.Node))); op {
	case "Const":
		return constantOf(w.i.graph, e)
	case "Identity":
		if len(inputs) == 1 {
			return w.valueBelow(inputs[0], depth-1)
		}
	case "Shape":
		if len(inputs) == 1 {
			s := w.shape(inputs[0])
			return s, s.FullyDefined()
		}
	case "Pack":
		var out []int64
		for _, in := range inputs {
			v, ok := w.valueBelow(in, depth-1)
			if !ok || len(v) != 1 || len(out) == maxConstant {
				return nil, false
			}
			out = append(out, v[0])
		}
		return out, len(out) > 0
	case "StridedSlice":
		return w.element(int(e.Node), inputs, depth)
	}
	return nil, false
}

// shape returns the shape of an imported tensor after the import.
func (w *shapeWalk) shape(e graph.Edge) tensor.Shape {
	if s, ok := w.changed[e]; ok {
		return s.shape
	}
	if e.Node == graph.Dangling || e.Port < 0 {
		return nil
	}
	return w.i.tensors.Shape(int(e.Node), int(e.Port))
}

// element evaluates a StridedSlice that selects one element of a vector, such as x.shape[0].
func (w *shapeWalk) element(node int, inputs []graph.Edge, depth int) ([]int64, bool) {
	if len(inputs) != 4 {
		return nil, false
	}
	var n wire.Node
	w.i.graph.Node(node, &n)
	from, ok := w.valueBelow(inputs[1], depth-1)
	if !ok || len(from) != 1 || tensor.AttrInt(&n, "shrink_axis_mask") != 1 {
		return nil, false
	}
	at := from[0]
	source := inputs[0]
	// The other elements of the shape need not be known.
	if source.Node != graph.Dangling && w.i.graph.OpName(w.i.graph.Op(int(source.Node))) == "Shape" {
		if read := w.i.graph.Inputs(int(source.Node)); len(read) > 0 {
			s := w.shape(read[0])
			if at < 0 {
				at += int64(len(s))
			}
			if at >= 0 && at < int64(len(s)) && s[at] >= 0 {
				return []int64{s[at]}, true
			}
		}
		return nil, false
	}
	values, ok := w.valueBelow(source, depth-1)
	if at < 0 {
		at += int64(len(values))
	}
	if !ok || at < 0 || at >= int64(len(values)) {
		return nil, false
	}
	return slices.Clone(values[at : at+1]), true
}

// constantOf returns the elements of an integer Const tensor.
func constantOf(g *graph.Graph, e graph.Edge) ([]int64, bool) {
	if e.Port != 0 || g.OpName(g.Op(int(e.Node))) != "Const" {
		return nil, false
	}
	var n wire.Node
	g.Node(int(e.Node), &n)
	value, _ := n.Attr("value")
	raw, ok := wire.AttrBytes(value, fieldnum.AttrValue_Tensor)
	if !ok {
		return nil, false
	}
	return tensor.Integers(raw, maxConstant)
}

// variable returns the shape of the variable that an imported resource refers to, or nil if it is unknown.
func (w *shapeWalk) variable(e graph.Edge) tensor.Shape {
	for range maxConstantDepth {
		g := w.i.graph
		if to, ok := w.mapped[e]; ok && !w.before {
			g, e = w.i.baseGraph, to
		}
		if e.Node == graph.Dangling || e.Port < 0 {
			return nil
		}
		var n wire.Node
		g.Node(int(e.Node), &n)
		switch string(n.Op) {
		case "VarHandleOp":
			return tensor.AttrShape(&n)
		case "Identity", "Switch", "Enter":
			if g != w.i.graph || len(g.Inputs(int(e.Node))) == 0 {
				return nil
			}
			e = g.Inputs(int(e.Node))[0]
		default:
			return nil
		}
	}
	return nil
}
