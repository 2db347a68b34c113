package variables

import (
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A variableReader gathers the variables of a model.
type variableReader struct {
	meta  *wire.MetaGraph
	g     *graph.Graph
	t     *opdef.Tensors
	list  []Variable
	facts []variableFacts // of each of list
	place map[string]int  // by name, where in list
	holds []bool          // by op id, whether it holds a variable
	saves []bool          // by op id, whether it reads or writes checkpoints
	keyed bool            // whether there is a collection trainable_variables
	node  wire.Node       // room for the node that is looked at
}

// variableFacts is what is known of a variable beside what is shown.
type variableFacts struct {
	node  int32 // Dangling where the graph has none
	dtype int32
	slice *tfpb.SaveSliceInfoDef // nil where there is none
}

const trainableCollection = "trainable_variables"

// newVariableReader returns a reader of the variables of m, whose graph's index is g.
func newVariableReader(m *wire.MetaGraph, g *graph.Graph, t *opdef.Tensors) *variableReader {
	r := &variableReader{meta: m, g: g, t: t, holds: make([]bool, len(g.Ops())), saves: make([]bool, len(g.Ops()))}
	for id, op := range g.Ops() {
		r.holds[id], r.saves[id] = isVariable(op), opdef.Classify(op)&opdef.ClassSave != 0
	}
	// There are about as many variables as variable ops.
	count := 0
	for i := range g.Len() {
		if r.holds[g.Op(i)] {
			count++
		}
	}
	r.place = make(map[string]int, count)
	r.list, r.facts = make([]Variable, 0, count), make([]variableFacts, 0, count)
	return r
}

// variableKeys returns the keys of the collections of variables that are there: those of all variables first, then those of a
// choice.
func (r *variableReader) variableKeys() []string {
	registry := scope.NewRegistry()
	definition := new(tfpb.VariableDef).ProtoReflect().Descriptor().FullName()
	var keys []string
	for key := range r.meta.Entries(wire.CollectionDef) {
		if t, ok := registry.Lookup(string(key)); ok && t.Message.Descriptor().FullName() == definition {
			keys = append(keys, string(key))
		}
	}
	rank := func(key string) int {
		if at := slices.Index([]string{"variables", trainableCollection, "model_variables"}, key); at >= 0 {
			return at
		}
		return len(keys)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if x, y := rank(a), rank(b); x != y {
			return x - y
		}
		return strings.Compare(a, b)
	})
	return keys
}

// readCollections reads the collections of variables, and which other collections name some of them.
func (r *variableReader) readCollections() {
	keys := r.variableKeys()
	r.keyed = slices.Contains(keys, trainableCollection)
	collections := make(map[string][]byte)
	for key, value := range r.meta.Entries(wire.CollectionDef) {
		collections[string(key)] = value
	}
	for _, key := range keys {
		value := collections[key]
		delete(collections, key)
		for entry := range model.ListEntries(value, scope.BytesList) {
			var def tfpb.VariableDef
			if proto.Unmarshal(entry, &def) == nil && def.GetVariableName() != "" {
				r.readDefinition(key, &def)
			}
		}
		// Older releases wrote names only.
		for entry := range model.ListEntries(value, scope.NodeList) {
			if name := variableOp(string(entry)); name != "" {
				r.addSource(r.find(name), key)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(collections)) {
		for entry := range model.ListEntries(collections[key], scope.NodeList) {
			if node, found := r.g.Find(variableOp(entry)); found && r.holds[r.g.Op(node)] {
				r.addSource(r.find(string(r.g.Name(node))), key)
			}
		}
	}
}

// variableOp returns the name of the op of a tensor: "v" for "v:0".
func variableOp[T []byte | string](tensor T) T {
	for i := len(tensor) - 1; i >= 0; i-- {
		if tensor[i] == ':' {
			return tensor[:i]
		}
	}
	return tensor
}

// isVariable reports whether an op holds a variable that lasts. A TemporaryVariable lasts for a step.
func isVariable(op string) bool {
	return opdef.Classify(op)&opdef.ClassVariable != 0 && op != "TemporaryVariable"
}

// find returns where in the list the variable called name is, adding it where it is not there yet.
func (r *variableReader) find(name string) int {
	if at, seen := r.place[name]; seen {
		return at
	}
	at := len(r.list)
	r.place[name] = at
	v := Variable{Name: name, Kind: KindModel, Parameters: -1, Bytes: -1}
	facts := variableFacts{node: graph.Dangling}
	if i, found := r.g.Find([]byte(name)); found {
		facts.node = int32(i)
	}
	r.list, r.facts = append(r.list, v), append(r.facts, facts)
	r.readNode(at)
	return at
}

// addSource notes where a variable stands. A source is read to its end before the next, so only the last can be there already.
func (r *variableReader) addSource(at int, source string) {
	if v := &r.list[at]; len(v.Sources) == 0 || v.Sources[len(v.Sources)-1] != source {
		v.Sources = append(v.Sources, source)
	}
}

// readDefinition reads an entry of a collection of variables.
func (r *variableReader) readDefinition(key string, def *tfpb.VariableDef) {
	at := r.find(variableOp(def.GetVariableName()))
	r.addSource(at, key)
	v, facts := &r.list[at], &r.facts[at]
	if def.GetInitializerName() != "" {
		v.Initializer = def.GetInitializerName()
	}
	if def.GetInitialValueName() != "" {
		v.InitialValue = def.GetInitialValueName()
	}
	v.Trainable = v.Trainable || key == trainableCollection || !r.keyed && def.GetTrainable()
	if slice := def.GetSaveSliceInfoDef(); slice != nil && sliceFits(slice) {
		facts.slice = slice
		if facts.node == graph.Dangling {
			r.setShape(at, clampShape(slice.GetVarShape()))
		}
	}
}

// clampShape returns dimensions as a Shape.
func clampShape(dims []int64) tensor.Shape {
	s := tensor.Shape{}
	for _, dim := range dims {
		s = append(s, max(-1, dim))
	}
	return s
}

// setShape sets the shape of a variable and what follows from it.
func (r *variableReader) setShape(at int, s tensor.Shape) {
	v := &r.list[at]
	v.Shape = s
	v.Parameters, v.Bytes = sizes(s, r.facts[at].dtype)
}

// readNode reads what the variable's node in the graph says.
func (r *variableReader) readNode(at int) {
	v, facts := &r.list[at], &r.facts[at]
	if facts.node == graph.Dangling {
		return
	}
	i, n := int(facts.node), &r.node
	r.g.Node(i, n)
	v.Op = r.g.OpName(r.g.Op(i))
	if dtype := tensor.AttrType(n, "dtype"); dtype != 0 {
		facts.dtype, v.DType = dtype, tensor.DTypeName(dtype)
	}
	r.setShape(at, r.nodeShape(i, n))
	v.Initializer, v.InitialValue = r.assignment(i)
}

// nodeShape returns the shape of the variable of node i. The oldest variable op says a shape that is not known as that of a scalar
// (tensorflow/core/ops/state_ops.cc), so that its initial value has to tell.
func (r *variableReader) nodeShape(i int, n *wire.Node) tensor.Shape {
	shape := tensor.AttrShape(n)
	switch {
	case shape.FullyDefined() && (len(shape) > 0 || v1Scalar(n)):
		return shape
	case string(n.Op) == "VarHandleOp":
		return shape
	}
	if written, count := tensor.AttrShapeAt(n, "_output_shapes", 0); count > 0 && written != nil {
		return written
	}
	if string(n.Op) == "Variable" {
		if value, ok := r.initialValue(i); ok {
			return r.t.Shape(int(value.Node), int(value.Port))
		}
		return nil
	}
	return shape
}

// v1Scalar reports whether a node means a scalar by the shape of one.
func v1Scalar(n *wire.Node) bool { return string(n.Op) != "Variable" }

// assignment returns the op that initializes the variable of node i, and the tensor that it assigns; "" for what the graph does
// not show.
func (r *variableReader) assignment(i int) (op, value string) {
	assign, ok := r.assign(i)
	if !ok {
		return "", ""
	}
	op = string(r.g.Name(int(assign)))
	if e, ok := r.initialValue(i); ok {
		value = r.g.TensorName(e)
	}
	return op, value
}

// maxAssigns is how many readers of a variable are looked at in search of the one that initializes it.
const maxAssigns = 256

// assign returns the node that initializes the variable of node i: its Assign that does not restore a checkpoint.
func (r *variableReader) assign(i int) (int32, bool) {
	for k, c := range r.g.Consumers(i) {
		if k == maxAssigns {
			break
		}
		switch r.g.OpName(r.g.Op(int(c.Node))) {
		case "Assign", "AssignVariableOp":
		default:
			continue
		}
		in := r.g.Inputs(int(c.Node))
		if len(in) < 2 || in[0].Node != int32(i) || in[1].Node == graph.Dangling || r.restores(in[1].Node) {
			continue
		}
		return c.Node, true
	}
	return 0, false
}

// restores reports whether node i hands out what was read from a checkpoint.
func (r *variableReader) restores(i int32) bool {
	if in := r.g.Inputs(int(i)); r.g.OpName(r.g.Op(int(i))) == "Identity" && len(in) > 0 && in[0].Node != graph.Dangling {
		i = in[0].Node
	}
	return r.saves[r.g.Op(int(i))]
}

// initialValue returns the tensor that initializes the variable of node i.
func (r *variableReader) initialValue(i int) (graph.Edge, bool) {
	assign, ok := r.assign(i)
	if !ok {
		return graph.Edge{}, false
	}
	value := r.g.Inputs(int(assign))[1]
	return value, value.Port >= 0
}

// readGraph adds the variable ops that nothing else lists.
func (r *variableReader) readGraph() {
	for i := range r.g.Len() {
		if r.holds[r.g.Op(i)] {
			r.addSource(r.find(string(r.g.Name(i))), SourceGraph)
		}
	}
}
