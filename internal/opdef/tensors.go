package opdef

import (
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Tensors reports the dtypes and shapes of a graph's tensors, as far as the file records them or they can be
// inferred with certainty. It looks at nodes on demand and never walks the whole graph.
type Tensors struct {
	graph      wire.Graph // may lack the nodes
	g          *graph.Graph
	ops        *Ops
	producer   int64 // version of the graph's producer; 0 if not recorded, negative until first used
	shapes     shapeMemo
	typeLists  map[listAttr][]int32
	shapeLists map[listAttr][]tensor.Shape
}

// NewTensors returns the Tensors for the graph of m, whose index is g.
func NewTensors(g *graph.Graph, m *wire.MetaGraph) *Tensors {
	graphDef := m.Graph()
	if g != nil {
		graphDef = g.Rest() // the versions may follow a million nodes
	}
	t := &Tensors{g: g, ops: NewOps(NewList(m), graphDef), graph: graphDef}
	t.forget()
	return t
}

// Copy returns a Tensors of the same graph for another goroutine.
func (t *Tensors) Copy() *Tensors {
	c := *t
	c.forget()
	return &c
}

// forget removes what t has cached.
func (t *Tensors) forget() {
	t.producer, t.shapes = -1, newShapeMemo()
	t.typeLists, t.shapeLists = make(map[listAttr][]int32), make(map[listAttr][]tensor.Shape)
}

// Ops returns the definitions of ops that t uses.
func (t *Tensors) Ops() *Ops { return t.ops }

// producerVersion returns graph_def.versions.producer.
func (t *Tensors) producerVersion() int64 {
	if t.producer < 0 {
		versions, _ := t.graph.Versions()
		t.producer = int64(uint32(wire.LastUint(versions, fieldnum.VersionDef_Producer)))
	}
	return t.producer
}

// legacy reports whether an empty Placeholder shape means an unknown one in this graph.
func (t *Tensors) legacy() bool { return t.producerVersion() < scalarProducer }

// CountOutputs returns the number of outputs of node n according to its op definition. It returns false if there is no
// definition or the node lacks an attr that the definition refers to.
func (t *Tensors) CountOutputs(n *wire.Node) (int, bool) {
	def := t.Def(n.Op)
	if def == nil {
		return 0, false
	}
	count := 0
	for i := range def.Outputs {
		arg := &def.Outputs[i]
		for _, attr := range []int32{arg.NumberAttr, arg.TypesAttr} {
			if attr < 0 {
				continue
			}
			if _, has := n.Attr(def.Attrs[attr].Name); !has {
				return 0, false
			}
		}
		count += t.argLength(n, def, arg)
	}
	return count, true
}

// Outputs returns the number of outputs of node n, or 0 if it is unknown.
func (t *Tensors) Outputs(n *wire.Node) int {
	if _, count := t.shapeIn(n, "_output_shapes", 0); count > 0 {
		return count
	}
	count, _ := t.CountOutputs(n)
	return count
}

// maxArgLength caps the number of tensors in one argument.
const maxArgLength = 1 << 20

// argLength returns the number of tensors in an argument of node n's op.
func (t *Tensors) argLength(n *wire.Node, op *Op, arg *Arg) int {
	switch {
	case arg.NumberAttr >= 0:
		return int(min(max(tensor.AttrInt(n, op.Attrs[arg.NumberAttr].Name), 0), maxArgLength))
	case arg.TypesAttr >= 0:
		return len(t.typesIn(n, op.Attrs[arg.TypesAttr].Name))
	}
	return 1
}

// DType returns the DataType of output port of node n, without the reference offset of old variables. It returns 0 if
// the type is unknown.
func (t *Tensors) DType(n *wire.Node, port int) int32 {
	return tensor.BaseType(t.OutputType(n, port))
}

// Def returns the definition of an op: the file's own, TensorFlow's, or that of a library function. It returns nil if none of them
// defines it.
func (t *Tensors) Def(op []byte) *Op { return t.ops.recorded(op) }
