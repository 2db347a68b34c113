package problems

import (
	"fmt"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/shapes"
	"github.com/metagraph/metagraph/internal/tensor"
)

// findInShapes infers the shapes of all nodes, as TensorFlow does during the import. TensorFlow rejects a node whose op does not
// accept the shapes of its inputs, and shapes in _output_shapes that contradict the inferred ones (GraphConstructor::ValidateShape
// in tensorflow/core/common_runtime/graph_constructor.cc).
func (f *problemFinder) findInShapes() {
	inference := shapes.New(f.ops, f.g.Rest())
	inference.Reject = func(function string, node []byte, op string, err error) {
		f.report(&nodePlace{name: node, function: function}, shapeMismatch, op, func() string { return op + ": " + err.Error() })
	}
	inference.Walk(&shapeNodes{inference.File(f.g), f, make(map[int32]bool)}).Run(nil)
}

// shapeNodes implements shapes.Nodes for the graph of the file.
type shapeNodes struct {
	*shapes.FileGraph
	f            *problemFinder
	contradicted map[int32]bool // kinds with a node whose inferred shapes contradict the recorded ones
}

// Kind returns the kind of node i, or 0 if the node may have to be reported.
func (n *shapeNodes) Kind(i int) int32 {
	kind := n.f.factsOf[i]
	if kind > n.f.kinds || n.contradicted[kind] {
		return model.NoKind
	}
	return kind
}

func (n *shapeNodes) Tensors(i int) (inputs, outputs int64, known bool) {
	if t := n.f.types(i); t != nil {
		return t.inputCount, t.outputCount, true
	}
	return 0, 0, false
}

// Settle combines the inferred and the recorded shapes of the outputs of node i. It reports contradictions.
func (n *shapeNodes) Settle(i int, inferred []tensor.Shape) []tensor.Shape {
	recorded := n.f.recorded.list(n.f.facts[n.f.factsOf[i]].shapes)
	settled, k := shapes.Combine(inferred, recorded)
	if k >= 0 {
		n.contradicted[n.f.factsOf[i]] = true
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
	shapes := tensor.ShapesIn(value)
	n := int32(len(r.lists))
	r.lists = append(r.lists, shapes)
	r.numbers[string(value)] = n
	return n
}

// list returns the list with a number, or nil for number 0.
func (r *recordedShapes) list(number int32) []tensor.Shape {
	if number == 0 {
		return nil
	}
	return r.lists[number]
}
