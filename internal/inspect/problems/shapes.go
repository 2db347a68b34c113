package problems

import (
	"fmt"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/shapes"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// findInShapes infers the shapes of all nodes, as TensorFlow does during the import. TensorFlow rejects a node whose op does not
// accept the shapes of its inputs, and shapes in _output_shapes that contradict the inferred ones (GraphConstructor::ValidateShape
// in tensorflow/core/common_runtime/graph_constructor.cc).
func (f *problemFinder) findInShapes() {
	inference := shapes.New(f.ops.registered, f.g.Rest())
	inference.Reject = func(function string, node []byte, op string, err error) {
		f.report(&nodePlace{name: node, function: function}, shapeMismatch, op, func() string { return op + ": " + err.Error() })
	}
	inference.Walk(&shapeNodes{inference.File(f.g), f}).Run(nil)
}

// shapeNodes implements shapes.Nodes for the graph of the file.
type shapeNodes struct {
	*shapes.FileGraph
	f *problemFinder
}

func (n *shapeNodes) Tensors(i int) (inputs, outputs int64, known bool) {
	if t := n.f.types[i]; t != nil {
		return t.inputCount, t.outputCount, true
	}
	return 0, 0, false
}

// Settle combines the inferred and the recorded shapes of the outputs of node i. It reports contradictions.
func (n *shapeNodes) Settle(i int, inferred []tensor.Shape) []tensor.Shape {
	recorded := n.f.recorded.of(i)
	settled, k := shapes.Combine(inferred, recorded)
	if k >= 0 {
		s := inferred[k]
		n.f.found.add(inconsistentShapes, n.Op(i).Name, n.f.node(i), func() string {
			return fmt.Sprintf("_output_shapes records %s for output #%d, but TensorFlow %s infers %s", recorded[k], k, opdef.ReferenceVersion, s)
		})
	}
	return settled
}

func (n *shapeNodes) Reject(i int, err error) {
	op := n.Op(i).Name
	n.f.found.add(shapeMismatch, op, n.f.node(i), func() string { return op + ": " + err.Error() })
}

// recordedShapes holds the _output_shapes of the graph's nodes. The lists are numbered because many nodes have equal ones.
type recordedShapes struct {
	nodes   []int32 // by node number: the number of the list, 0 for none; empty if no node records shapes
	lists   [][]tensor.Shape
	numbers map[string]int32
}

// maxRecorded is the maximum number of distinct lists, maxRecordedBytes the maximum length of one. Further lists count as not
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
	list, _ := wire.AttrBytes(value, fieldnum.AttrValue_List)
	var shapes []tensor.Shape
	for s := wire.Scan(list); s.Next(); {
		if s.Is(fieldnum.AttrValue_ListValue_Shape) {
			shapes = append(shapes, tensor.ParseShape(s.Data))
		}
	}
	n := int32(len(r.lists))
	r.lists = append(r.lists, shapes)
	r.numbers[string(value)] = n
	return n
}

// set records the list of node i out of count nodes.
func (r *recordedShapes) set(i, count int, list int32) {
	if list == 0 {
		return
	}
	if r.nodes == nil {
		r.nodes = make([]int32, count)
	}
	r.nodes[i] = list
}

// of returns the recorded shapes of node i.
func (r *recordedShapes) of(i int) []tensor.Shape {
	if r.nodes == nil {
		return nil
	}
	return r.lists[r.nodes[i]]
}
