package inspect

import (
	"iter"
	"runtime"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Node is one node of the graph or of a function. Its slices are valid until the next node is returned.
type Node struct {
	Name     []byte // FUNCTION/NODE for a node in a function
	Function []byte // the function that contains the node; empty for a node of the graph
	Op       []byte
	Device   []byte       // empty if the node has none
	Inputs   [][]byte     // as written in the file
	DType    string       // TensorFlow's short name of the first output's dtype; empty if the file does not record it
	Shape    tensor.Shape // of the first output, as recorded by the node itself

	node *wire.Node
}

// An Attr is one attr of a node.
type Attr struct {
	Key   []byte
	Value tensor.Value
}

// Attrs calls yield with each attr of the node in file order. It stops when yield returns false.
func (n *Node) Attrs(yield func(Attr) bool) {
	for key, value := range n.node.Attrs {
		if !yield(Attr{key, tensor.ParseValue(value)}) {
			return
		}
	}
}

// NodesOptions selects nodes.
type NodesOptions struct {
	Filter    model.Filter
	Functions bool // whether to include nodes of function bodies, after those of the graph
}

// Nodes returns the selected nodes in file order, in parts that can be read at the same time. Reading a part uses
// constant memory and reuses one Node for all nodes. Names of nodes in functions match as FUNCTION/NODE and as NODE. A
// part ends at its first error, which wraps a *wire.SyntaxError.
func Nodes(m *wire.MetaGraph, o NodesOptions) iter.Seq[iter.Seq2[*Node, error]] {
	// A Tensors walks the graph once, so it is kept for other parts. A sync.Pool would forget it at each garbage collection.
	free := make(chan *opdef.Tensors, runtime.GOMAXPROCS(0))
	selected := func(part iter.Seq2[*functionNode, error]) iter.Seq2[*Node, error] {
		return func(yield func(*Node, error) bool) {
			var t *opdef.Tensors
			select {
			case t = <-free:
			default:
				t = opdef.NewTensors(nil, m)
			}
			defer func() {
				select {
				case free <- t:
				default:
				}
			}()
			var node Node
			for n, err := range part {
				if err != nil {
					yield(nil, err)
					return
				}
				if !n.matches(&o.Filter) {
					continue
				}
				shape, _ := t.Written(n.Node, 0)
				node = Node{Name: n.name, Function: n.function, Op: n.Op, Device: n.Device, Inputs: n.Inputs,
					DType: tensor.DTypeName(t.DType(n.Node, 0)), Shape: shape, node: n.Node}
				if !yield(&node, nil) {
					return
				}
			}
		}
	}
	return func(yield func(iter.Seq2[*Node, error]) bool) {
		for part := range m.Graph().Parts {
			if !yield(selected(graphNodes(wire.Graph(part.Fields)))) {
				return
			}
		}
		if o.Functions {
			yield(selected(functionNodes(m)))
		}
	}
}

// CountFunctionNodes returns how many nodes of function bodies the filter selects. The error wraps a *wire.SyntaxError.
func CountFunctionNodes(m *wire.MetaGraph, f model.Filter) (int, error) {
	count := 0
	for n, err := range functionNodes(m) {
		if err != nil {
			return 0, err
		}
		if n.matches(&f) {
			count++
		}
	}
	return count, nil
}

// A functionNode is a node of the graph or of a function's body.
type functionNode struct {
	*wire.Node
	function []byte // nil in the graph
	name     []byte // FUNCTION/NODE in a function
}

// matches reports whether a filter selects the node by its name or, in a function, by either of its two names.
func (n *functionNode) matches(f *model.Filter) bool {
	if f.Match(n.Node) {
		return true
	}
	if n.function == nil {
		return false
	}
	qualified := *n.Node
	qualified.Name = n.name
	return f.Match(&qualified)
}

// graphNodes iterates over the nodes of a graph in file order. It reuses one functionNode for all of them.
func graphNodes(g wire.Graph) iter.Seq2[*functionNode, error] {
	return func(yield func(*functionNode, error) bool) {
		var node functionNode
		for n, err := range g.Nodes() {
			if err != nil {
				yield(nil, err)
				return
			}
			node.Node, node.name = n, n.Name
			if !yield(&node, nil) {
				return
			}
		}
	}
}

// functionNodes iterates over the nodes of all function bodies in file order. It reuses one functionNode for all of
// them.
func functionNodes(m *wire.MetaGraph) iter.Seq2[*functionNode, error] {
	return func(yield func(*functionNode, error) bool) {
		var node functionNode
		for function, err := range m.Graph().Functions() {
			if err != nil {
				yield(nil, err)
				return
			}
			node.function = []byte(function.Name())
			node.name = append(append(node.name[:0], node.function...), '/')
			prefix := len(node.name)
			for n, err := range function.Nodes() {
				if err != nil {
					yield(nil, err)
					return
				}
				node.Node, node.name = n, append(node.name[:prefix], n.Name...)
				if !yield(&node, nil) {
					return
				}
			}
		}
	}
}
