package opdef

import (
	"github.com/metagraph/metagraph/internal/graph"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Tensors answers what dtype and shape the Tensors of a graph have, as far as the file says it or it follows for certain.
// It looks at single nodes when asked, never at the whole graph.
type Tensors struct {
	graph      wire.Graph // with or without nodes
	g          *graph.Graph
	ops        *List
	others     map[string]*tfpb.OpDef       // definitions that the file's list does not have, nil where nothing has one
	functions  map[string][]byte            // signatures of the library's functions, nil until they are asked for
	registered *Registered                  // the same
	producer   int64                        // version of the graph's producer, 0 where it is not said, less where nobody has asked yet
	defaults   map[string]map[string][]byte // default AttrValues by op
	shapes     shapeMemo
}

// NewTensors returns what answers for the graph of m, whose index is g.
func NewTensors(g *graph.Graph, m *wire.MetaGraph) *Tensors {
	graphDef := m.Graph()
	if g != nil {
		graphDef = g.Rest() // the versions may stand behind a million nodes
	}
	return &Tensors{
		g:        g,
		ops:      NewList(m),
		graph:    graphDef,
		others:   make(map[string]*tfpb.OpDef),
		producer: -1,
		defaults: make(map[string]map[string][]byte),
		shapes:   newShapeMemo(),
	}
}

// producerVersion returns graph_def.versions.producer.
func (t *Tensors) producerVersion() int64 {
	if t.producer < 0 {
		versions, _ := t.graph.Versions()
		t.producer = int64(uint32(wire.LastUint(versions, 1)))
	}
	return t.producer
}

// legacy reports whether an empty Placeholder shape means an unknown one in this graph.
func (t *Tensors) legacy() bool { return t.producerVersion() < scalarProducer }

// CountOutputs returns how many outputs node n has by the definition of its op, and whether that is known: there is a definition,
// and the node has the attrs that it needs.
func (t *Tensors) CountOutputs(n *wire.Node) (int, bool) {
	def := t.Def(n.Op)
	if def == nil {
		return 0, false
	}
	count := 0
	for _, arg := range def.GetOutputArg() {
		for _, attr := range []string{arg.GetNumberAttr(), arg.GetTypeListAttr()} {
			if _, has := n.Attr(attr); attr != "" && !has {
				return 0, false
			}
		}
		count += argLength(n, arg)
	}
	return count, true
}

// Outputs returns how many Outputs node n has, 0 where nothing says it.
func (t *Tensors) Outputs(n *wire.Node) int {
	if _, count := tensor.AttrShapeAt(n, "_output_shapes", 0); count > 0 {
		return count
	}
	count, _ := t.CountOutputs(n)
	return count
}

// maxArgLength is the most tensors that one output argument is believed to have.
const maxArgLength = 1 << 20

// argLength returns how many tensors an argument of node n's op stands for.
func argLength(n *wire.Node, arg *tfpb.OpDef_ArgDef) int {
	switch {
	case arg.GetNumberAttr() != "":
		return int(min(max(tensor.AttrInt(n, arg.GetNumberAttr()), 0), maxArgLength))
	case arg.GetTypeListAttr() != "":
		return len(tensor.AttrTypes(n, arg.GetTypeListAttr()))
	}
	return 1
}

// DType returns the DataType of output port of node n, without the reference that an older variable hands out, and 0 where
// the file does not say it.
func (t *Tensors) DType(n *wire.Node, port int) int32 {
	dtype := t.OutputType(n, port)
	if dtype > tensor.RefOffset {
		dtype -= tensor.RefOffset
	}
	return dtype
}

// defaultType returns the default of a type attr.
func defaultType(def *tfpb.OpDef, attr string) int32 {
	for _, a := range def.GetAttr() {
		if a.GetName() == attr {
			return int32(a.GetDefaultValue().GetType())
		}
	}
	return 0
}

// Def returns the definition of an op: the file's own, that of a function of its library, or TensorFlow's. It is nil for an op that
// none of them has.
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

// function returns the signature of a function of the library, nil where there is none of that name.
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

// readFunctions returns the signatures of the functions of the library, by name.
func (t *Tensors) readFunctions() map[string][]byte {
	signatures := make(map[string][]byte)
	for f, err := range t.graph.Functions() {
		if err != nil {
			break // what cannot be read defines nothing
		}
		signature, _ := wire.Merged(f, wire.FunctionSignature)
		signatures[f.Name()] = signature
	}
	return signatures
}
