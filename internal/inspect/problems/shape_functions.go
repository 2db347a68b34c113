package problems

import (
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// Limits on following calls into function bodies. Beyond them, the results of a call have unknown shapes.
const (
	maxCallDepth = 32      // nesting of calls
	maxCallNodes = 1 << 20 // nodes of all followed bodies, counted once per call
)

// call returns the shapes of the results of a function call. TensorFlow infers them again for each imported call
// (InferShapesForFunction in tensorflow/core/common_runtime/function_utils.cc).
func (w *shapeWalk) call(i int, op *opInfo, outputs int) []tensor.Shape {
	name := op.name
	if op.kind != functionOp {
		value, _ := w.attrOf(i, callAttr(op.name))
		function, _ := wire.AttrBytes(value, fieldnum.AttrValue_Func)
		name = string(wire.Last(function, fieldnum.NameAttrList_Name))
	}
	if off, ok := w.attrOf(i, "_disable_call_shape_inference"); ok && wire.LastUint(off, fieldnum.AttrValue_B) != 0 {
		return nil
	}
	edges := w.edges
	args := make([]argument, len(edges))
	for k, e := range edges {
		args[k] = argument{w.shape(e), w.handle(e)}
	}
	return w.f.callShapes(name, args, outputs)
}

// An argument holds the known shape of a call's argument and, if it is a resource, the shape of the variable.
type argument struct{ shape, handle tensor.Shape }

// callShapes returns the shapes of a function's results for the given arguments, and reports what TensorFlow would reject in its
// body.
func (f *problemFinder) callShapes(name string, args []argument, outputs int) []tensor.Shape {
	var b *body
	if at, known := f.byName[name]; known {
		b = f.bodies[at]
	}
	if b == nil || len(args) != len(b.args.list) || f.callDepth == maxCallDepth || f.callNodes > maxCallNodes {
		return nil
	}
	key := []byte(name + "\x00")
	for _, a := range args {
		key = appendShape(appendShape(key, a.shape), a.handle)
	}
	if known, ok := f.callResults[string(key)]; ok {
		return known
	}
	f.callDepth++
	f.callNodes += len(b.order)
	w := newShapeWalk(f, newFunctionGraph(f, name, b, args))
	w.run()
	f.callDepth--
	out := make([]tensor.Shape, outputs)
	for k := range out {
		if k < len(b.returned) {
			out[k] = w.shape(b.edge(b.returned[k]))
		}
	}
	f.callResults[string(key)] = out
	return out
}

// A functionGraph is the body of a function for one call: its arguments, then its nodes.
type functionGraph struct {
	f     *problemFinder
	name  string
	body  *body
	args  []argument
	edges [][]graph.Edge // by node
}

// argumentOp is the op of arguments, as their readers see it.
var argumentOp = &opInfo{name: "_Arg", opDefinition: undefined}

func newFunctionGraph(f *problemFinder, name string, b *body, args []argument) *functionGraph {
	g := &functionGraph{f: f, name: name, body: b, args: args}
	g.edges = make([][]graph.Edge, len(b.order))
	var n wire.Node
	for i, node := range b.order {
		if n.Parse(node.raw) != nil {
			continue
		}
		for _, input := range n.Inputs {
			if wire.IsControl(input) {
				break
			}
			g.edges[i] = append(g.edges[i], b.edge(string(input)))
		}
	}
	return g
}

// edge returns the tensor that an input in the body refers to: "arg", "node:output:number". It is Dangling if the tensor is
// uncertain.
func (b *body) edge(input string) graph.Edge {
	name, rest, _ := strings.Cut(input, ":")
	if k, ok := b.args.find(name); ok {
		return graph.Edge{Node: int32(k)}
	}
	at, ok := b.nodes.find(name)
	if !ok || b.order[at].op.kind == unknownOp {
		return graph.Edge{Node: graph.Dangling}
	}
	output, index, _ := strings.Cut(rest, ":")
	number, err := strconv.ParseInt(index, 10, 31)
	if index != "" && err != nil {
		return graph.Edge{Node: graph.Dangling}
	}
	for k, arg := range b.order[at].op.outputs {
		if arg.name != output {
			if arg.numberAttr >= 0 || arg.typesAttr >= 0 {
				break // the number of tensors is unknown here
			}
			continue
		}
		return graph.Edge{Node: int32(len(b.args.list) + at), Port: int32(k) + int32(number)}
	}
	return graph.Edge{Node: graph.Dangling}
}

func (g *functionGraph) count() int { return len(g.args) + len(g.body.order) }

// node returns node i, or nil if it is an argument.
func (g *functionGraph) node(i int) *bodyNode {
	if i < len(g.args) {
		return nil
	}
	return &g.body.order[i-len(g.args)]
}

func (g *functionGraph) op(i int) *opInfo {
	if n := g.node(i); n != nil {
		return n.op
	}
	return argumentOp
}

func (g *functionGraph) types(i int) *opTypes {
	if n := g.node(i); n != nil {
		return n.types
	}
	return nil
}

func (g *functionGraph) inputs(i int) []graph.Edge {
	if i < len(g.args) {
		return nil
	}
	return g.edges[i-len(g.args)]
}

func (g *functionGraph) raw(i int) []byte {
	if n := g.node(i); n != nil {
		return n.raw
	}
	return nil
}

// recorded returns the shape of an argument. TensorFlow ignores the recorded shapes of nodes in a body.
func (g *functionGraph) recorded(i int) []tensor.Shape {
	if i < len(g.args) {
		return []tensor.Shape{g.args[i].shape}
	}
	return nil
}

func (g *functionGraph) handle(i int) tensor.Shape {
	if i < len(g.args) {
		return g.args[i].handle
	}
	return nil
}

func (g *functionGraph) report(i int, kind problemKind, group string, message func() string) {
	var n wire.Node
	if err := n.Parse(g.raw(i)); err != nil {
		return
	}
	g.f.report(&nodePlace{name: n.Name, function: g.name}, kind, group, message)
}
