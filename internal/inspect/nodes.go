package inspect

import (
	"iter"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Node is one node of the graph. What it points to is valid until the next node is asked for.
type Node struct {
	Name   []byte
	Op     []byte
	Device []byte       // empty where it has none
	Inputs [][]byte     // as they stand in the file
	DType  string       // of the first output, TensorFlow's short name; empty where the file does not say it
	Shape  tensor.Shape // of the first output, as far as the node itself says it

	node *wire.Node
}

// An Attr is one attr of a node.
type Attr struct {
	Key   []byte
	Value tensor.Value
}

// Attrs calls yield with each attr of the node in file order, until it reports false.
func (n *Node) Attrs(yield func(Attr) bool) {
	for key, value := range n.node.Attrs {
		if !yield(Attr{key, tensor.ParseValue(value)}) {
			return
		}
	}
}

// Nodes returns the nodes that the filter picks, in file order and one at a time, so that a graph of any size can be listed in constant
// memory. The same Node is handed out each time. It ends at the first error, which wraps a *wire.SyntaxError.
func Nodes(m *wire.MetaGraph, f model.Filter) iter.Seq2[*Node, error] {
	return func(yield func(*Node, error) bool) {
		t := opdef.NewTensors(nil, m)
		var node Node
		for n, err := range m.Graph().Nodes() {
			if err != nil {
				yield(nil, err)
				return
			}
			if !f.Match(n) {
				continue
			}
			shape, _ := t.Written(n, 0)
			node = Node{Name: n.Name, Op: n.Op, Device: n.Device, Inputs: n.Inputs, DType: tensor.DTypeName(t.DType(n, 0)), Shape: shape, node: n}
			if !yield(&node, nil) {
				return
			}
		}
	}
}
