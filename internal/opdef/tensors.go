package opdef

import (
	"github.com/metagraph/metagraph/internal/graph"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Tensors reports the dtypes and shapes of a graph's tensors, as far as the file records them or they can be
// inferred with certainty. It looks at nodes on demand and never walks the whole graph.
type Tensors struct {
	graph      wire.Graph // may lack the nodes
	g          *graph.Graph
	ops        *List
	others     map[string]*tfpb.OpDef       // definitions missing from the file's list; nil if there is none
	functions  map[string][]byte            // signatures of the library's functions; nil until first used
	registered *Registered                  // nil until first used
	producer   int64                        // version of the graph's producer; 0 if not recorded, negative until first used
	defaults   map[string]map[string][]byte // default AttrValues by op
	shapes     shapeMemo
	typeLists  map[listAttr][]int32
	shapeLists map[listAttr][]tensor.Shape
	defs       map[*tfpb.OpDef]*defFacts // of definitions with many arguments or attrs
}

// NewTensors returns the Tensors for the graph of m, whose index is g.
func NewTensors(g *graph.Graph, m *wire.MetaGraph) *Tensors {
	graphDef := m.Graph()
	if g != nil {
		graphDef = g.Rest() // the versions may follow a million nodes
	}
	return &Tensors{
		g:        g,
		ops:      NewList(m),
		graph:    graphDef,
		others:   make(map[string]*tfpb.OpDef),
		producer: -1,
		defaults: make(map[string]map[string][]byte),
		shapes:   newShapeMemo(),

		typeLists:  make(map[listAttr][]int32),
		shapeLists: make(map[listAttr][]tensor.Shape),
		defs:       make(map[*tfpb.OpDef]*defFacts),
	}
}

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
	for _, arg := range def.GetOutputArg() {
		for _, attr := range []string{arg.GetNumberAttr(), arg.GetTypeListAttr()} {
			if attr == "" {
				continue
			}
			if _, has := n.Attr(attr); !has {
				return 0, false
			}
		}
		count += t.argLength(n, arg)
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
func (t *Tensors) argLength(n *wire.Node, arg *tfpb.OpDef_ArgDef) int {
	switch {
	case arg.GetNumberAttr() != "":
		return int(min(max(tensor.AttrInt(n, arg.GetNumberAttr()), 0), maxArgLength))
	case arg.GetTypeListAttr() != "":
		return len(t.typesIn(n, arg.GetTypeListAttr()))
	}
	return 1
}

// DType returns the DataType of output port of node n, without the reference offset of old variables. It returns 0 if
// the type is unknown.
func (t *Tensors) DType(n *wire.Node, port int) int32 {
	return tensor.BaseType(t.OutputType(n, port))
}

// Def returns the definition of an op: the file's own, that of a library function, or TensorFlow's. It returns nil if
// none of them defines it.
func (t *Tensors) Def(op []byte) *tfpb.OpDef {
	if def := t.ops.Find(op); def != nil {
		return def
	}
	if def, ok := t.others[string(op)]; ok {
		return def
	}
	if t.registered == nil {
		t.registered = NewRegistered()
	}
	name := string(op)
	def := t.registered.Find(name)
	if def == nil {
		def = t.function(name)
	}
	t.others[name] = def
	return def
}

// function returns the signature of a library function, or nil if there is none.
func (t *Tensors) function(name string) *tfpb.OpDef {
	if t.functions == nil {
		t.functions = t.readFunctions()
	}
	raw, ok := t.functions[name]
	signature := new(tfpb.OpDef)
	if !ok || schema.Unmarshal(raw, signature) != nil {
		return nil
	}
	return signature
}

// readFunctions returns the signatures of the library functions by name.
func (t *Tensors) readFunctions() map[string][]byte {
	signatures := make(map[string][]byte)
	for f, err := range t.graph.Functions() {
		if err != nil {
			break // ignore the rest of a damaged library
		}
		signatures[f.Name()] = f.Signature()
	}
	return signatures
}
