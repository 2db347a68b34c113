package shapes

import (
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/hugepage"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// Nodes are the nodes of a graph or of a function body, numbered from 0.
type Nodes interface {
	Len() int
	Op(i int) *opdef.Op
	// Attr returns an AttrValue of node i as the node records it, or false if it is absent.
	Attr(i int, name string) ([]byte, bool)
	// Inputs returns the data inputs of node i. The result is valid as long as the Nodes.
	Inputs(i int) []graph.Edge
	// Tensors returns the numbers of inputs and outputs that the op of node i has, or false if they are unknown.
	Tensors(i int) (inputs, outputs int64, known bool)
	// Settle returns the output shapes of node i. inferred holds the shapes that follow from its inputs; missing ones are unknown.
	// A Walk calls Settle once for each node, after its inputs.
	Settle(i int, inferred []tensor.Shape) []tensor.Shape
	// Handle returns the shape of the variable that node i, an argument of a function, refers to, or nil.
	Handle(i int) tensor.Shape
	// Reject is called if the op of node i does not accept the shapes of its inputs.
	Reject(i int, err error)
}

// kindedNodes is what Nodes may implement so that a Walk infers the shapes of similar nodes once.
type kindedNodes interface {
	// Kind returns the same number for nodes with the same op, the same attrs and the same number of tensors, for which Settle
	// returns the same result if the inferred shapes are the same. It returns 0 for a node that must be settled by itself.
	Kind(i int) int32
}

// A Walk infers the shapes of one graph or function body. It visits each node once, after its inputs. It stores one number per
// node, because most nodes have the same shapes as others.
type Walk struct {
	inference *Inference
	nodes     Nodes
	similar   similarNodes
	lists     []int32 // by node: the number of its list of output shapes in inference.shapes, with a mark; or notVisited or visiting
	known     map[graph.Edge]constant
	partial   map[graph.Edge]tensor.Shape // results of partialShape
	query     opdef.ShapeQuery

	// The node that query describes.
	at    int
	vague bool // an attr is a placeholder
	in    []tensor.Shape
	edges []graph.Edge
	stack []frame
}

// The states of a node that has no list yet.
const (
	notVisited int32 = -1
	visiting   int32 = -2
)

// A frame is a node being visited, and the inputs that are left to visit.
type frame struct {
	node int
	left []graph.Edge
}

// Walk returns a Walk that has visited no node yet. If nodes has a method Kind(i int) int32, see kindedNodes, similar nodes share
// their results.
func (c *Inference) Walk(nodes Nodes) *Walk {
	w := &Walk{inference: c, nodes: nodes, lists: hugepage.Make[int32](nodes.Len(), nodes.Len())}
	for i := range w.lists {
		w.lists[i] = notVisited
	}
	w.query.Producer = c.producer
	w.query.Attr = w.attr
	w.query.Value = func(k int) ([]int64, bool) { return w.value(w.edges[k], 0) }
	w.query.PartialShape = func(k int) tensor.Shape { return w.partialShape(w.edges[k], 0) }
	w.query.Handle = func(k int) tensor.Shape {
		w.similar.unique()
		return w.Handle(w.edges[k])
	}
	w.similar.kinds, _ = nodes.(kindedNodes)
	return w
}

// Run visits the nodes that only selects, by number, or all nodes if it is empty.
func (w *Walk) Run(only []bool) {
	for i := range w.lists {
		if len(only) == 0 || i < len(only) && only[i] {
			w.Visit(i)
		}
	}
}

// Visit infers the shapes of a node, after those of its inputs, unless it has been visited. A cycle that is not a loop is an error
// that others report; its nodes have unknown shapes here.
func (w *Walk) Visit(i int) {
	if w.lists[i] != notVisited {
		return
	}
	if w.ready(i) {
		w.lists[i] = w.settle(i)
		return
	}
	w.stack = w.stack[:0]
	w.push(i)
	for len(w.stack) > 0 {
		top := &w.stack[len(w.stack)-1]
		if len(top.left) == 0 {
			node := top.node
			w.stack = w.stack[:len(w.stack)-1]
			w.lists[node] = w.settle(node)
			continue
		}
		e := top.left[0]
		top.left = top.left[1:]
		if e.Node != graph.Dangling && w.lists[e.Node] == notVisited && !w.closesLoop(top.node, e) {
			w.push(int(e.Node))
		}
	}
}

// ready reports whether all inputs of node i have been visited, as they have for nearly every node in file order.
func (w *Walk) ready(i int) bool {
	for _, e := range w.nodes.Inputs(i) {
		if e.Node != graph.Dangling && w.lists[e.Node] == notVisited {
			return false
		}
	}
	return true
}

// push starts the visit of a node.
func (w *Walk) push(i int) {
	w.lists[i] = visiting
	w.stack = append(w.stack, frame{i, w.nodes.Inputs(i)})
}

// closesLoop reports whether an input of node i closes a while loop.
func (w *Walk) closesLoop(i int, e graph.Edge) bool {
	return opdef.ClosesLoop(w.nodes.Op(i).Name, w.nodes.Op(int(e.Node)).Name)
}

// Shape returns the shape of a tensor, or nil if it is unknown.
func (w *Walk) Shape(e graph.Edge) tensor.Shape {
	if e.Node == graph.Dangling || e.Port < 0 || w.lists[e.Node] < 0 {
		return nil
	}
	list := w.list(e.Node)
	if int(e.Port) >= len(list) {
		return nil
	}
	return list[e.Port]
}

// MaxOutputs is the maximum number of outputs of a node whose shapes are inferred.
const MaxOutputs = 1 << 14

// infer returns the shapes of the outputs of a node whose inputs have been visited, or nil if they are unknown.
func (w *Walk) infer(i int) []tensor.Shape {
	op := w.nodes.Op(i)
	inputs, outputs, known := w.nodes.Tensors(i)
	if !known || outputs > MaxOutputs {
		return nil
	}
	w.edges = w.nodes.Inputs(i)
	if int64(len(w.edges)) != inputs {
		return nil
	}
	switch {
	case op.Source == opdef.InLibrary, opdef.IsFunctionCall(op.Name):
		w.similar.unique()
		return w.call(i, op, int(outputs))
	case op.Source == opdef.InTensorFlow:
		w.prepare(i, op, int(outputs))
		shapes, err := opdef.InferShapes(&w.query)
		switch {
		case w.vague:
		case err != nil:
			w.similar.unique()
			w.nodes.Reject(i, err)
		default:
			return shapes
		}
	}
	return nil
}

// prepare sets query to node i.
func (w *Walk) prepare(i int, op *opdef.Op, outputs int) {
	w.at, w.vague = i, false
	w.in = w.in[:0]
	for _, e := range w.edges {
		var s tensor.Shape
		if e.Node != graph.Dangling && !w.closesLoop(i, e) {
			s = w.Shape(e)
		}
		w.in = append(w.in, s)
	}
	w.query.Op, w.query.Inputs, w.query.Outputs = op.Name, w.in, outputs
}

// attr returns the AttrValue of an attr of the current node, or its default.
func (w *Walk) attr(name string) []byte {
	value, _ := w.nodes.Attr(w.at, name)
	if len(value) == 0 {
		return w.nodes.Op(w.at).Default([]byte(name))
	}
	if _, placeholder := wire.AttrBytes(value, fieldnum.AttrValue_Placeholder); placeholder {
		w.vague = true
	}
	return value
}

// Handle returns the shape of the variable that a resource refers to, or nil if it is unknown.
func (w *Walk) Handle(e graph.Edge) tensor.Shape {
	const most = 32 // ops between a variable and its reader
	for range most {
		if e.Node == graph.Dangling || e.Port < 0 {
			return nil
		}
		i := int(e.Node)
		op := w.nodes.Op(i)
		switch op.Name {
		case "VarHandleOp":
			value, _ := w.nodes.Attr(i, "shape")
			shape, ok := wire.AttrBytes(value, fieldnum.AttrValue_Shape)
			if op.Source != opdef.InTensorFlow || !ok {
				return nil
			}
			return tensor.ParseShape(shape)
		case "Identity", "Switch", "Enter":
			inputs := w.nodes.Inputs(i)
			if len(inputs) == 0 {
				return nil
			}
			e = inputs[0]
		default:
			return w.nodes.Handle(i)
		}
	}
	return nil
}
