// Package shapes infers the shapes of a graph's tensors, and the values of the integer tensors that shapes depend on, as TensorFlow
// does during an import (tensorflow/core/common_runtime/shape_refiner.cc). opdef has the rule of each op. Both the search for
// problems and the rewrites that change the shape of an input use this package.
package shapes

import (
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// An Inference holds what all walks of one import share: the ops, the function library and the results of calls. It is not safe for
// concurrent use.
type Inference struct {
	// Reject is called for a node of a function body whose op does not accept the shapes of its inputs. It may be nil.
	Reject func(function string, node []byte, op string, err error)

	ops      *opdef.Ops
	producer int64
	bodies   map[string]*body
	shapes   table
	results  map[string]int32 // numbers in shapes of the results of calls, by function and arguments
	depth    int              // nesting of the calls being followed
	followed int              // nodes of bodies followed so far
	args     int              // arguments of the ops of nodes of bodies so far
}

// New returns the Inference for a graph that uses ops. versions holds the version of the graph's producer; its nodes may be missing.
func New(ops *opdef.Ops, versions wire.Graph) *Inference {
	version, _ := versions.Versions()
	return &Inference{ops: ops, producer: int64(int32(wire.LastUint(version, fieldnum.VersionDef_Producer))),
		shapes: newTable(), bodies: make(map[string]*body), results: make(map[string]int32)}
}

// A FileGraph implements the methods of Nodes that read the nodes of a file.
type FileGraph struct {
	graph *graph.Graph
	ops   []*opdef.Op // by op id
	at    int         // the number of node
	node  wire.Node
}

// File returns the FileGraph of g.
func (c *Inference) File(g *graph.Graph) *FileGraph {
	f := &FileGraph{graph: g, at: -1}
	for _, name := range g.Ops() {
		f.ops = append(f.ops, c.op(name))
	}
	return f
}

// Len returns the number of nodes.
func (f *FileGraph) Len() int { return f.graph.Len() }

// Op returns the op of node i.
func (f *FileGraph) Op(i int) *opdef.Op { return f.ops[f.graph.Op(i)] }

// Inputs returns the data inputs of node i.
func (f *FileGraph) Inputs(i int) []graph.Edge { return f.graph.DataInputs(i) }

// Attr returns an AttrValue of node i, or false if it is absent.
func (f *FileGraph) Attr(i int, name string) ([]byte, bool) {
	return f.parsed(i).Attr(name)
}

// parsed returns node i. The result is valid until the next call.
func (f *FileGraph) parsed(i int) *wire.Node {
	if f.at != i {
		f.at = i
		f.graph.Node(i, &f.node)
	}
	return &f.node
}

// Tensors returns the numbers of inputs and outputs that the op of node i has, or false if they are unknown.
func (f *FileGraph) Tensors(i int) (inputs, outputs int64, known bool) {
	return tensors(f.Op(i), f.parsed(i).Attr)
}

// Recorded returns the shapes that node i records for its outputs.
func (f *FileGraph) Recorded(i int) []tensor.Shape {
	return tensor.AttrShapes(f.parsed(i), "_output_shapes")
}

// Combine combines the inferred and the recorded shapes of the outputs of one node. If they contradict each other, it returns the
// recorded ones and the number of the first output with a contradiction; otherwise -1.
func Combine(inferred, recorded []tensor.Shape) (combined []tensor.Shape, contradiction int) {
	if len(recorded) == 0 {
		return inferred, -1
	}
	out := make([]tensor.Shape, max(len(inferred), len(recorded)))
	copy(out, recorded)
	for k, s := range inferred {
		merged, ok := opdef.MergeShapes(s, out[k])
		if !ok {
			return recorded, k
		}
		out[k] = merged
	}
	return out, -1
}

// Handle returns nil, because no node of a graph is an argument.
func (f *FileGraph) Handle(int) tensor.Shape { return nil }
