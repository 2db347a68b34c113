package variables

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/hugepage"
	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A variableReader collects the variables of a model.
type variableReader struct {
	meta    *wire.MetaGraph
	g       *graph.Graph
	t       *opdef.Tensors
	list    []*record
	spare   []record         // memory for further records
	place   []int32          // by node: 1 + the index in list of its variable, or 0
	named   map[string]int32 // index in list of a variable without a node, by name
	sources sources
	holds   []bool    // whether an op holds a variable, by op id
	saves   []bool    // whether an op reads or writes checkpoints, by op id
	keyed   bool      // whether the collection trainable_variables exists
	node    wire.Node // scratch space for the current node
}

const trainableCollection = "trainable_variables"

// newVariableReader returns a reader of the variables of m. g is the index of its graph.
func newVariableReader(m *wire.MetaGraph, g *graph.Graph, t *opdef.Tensors) *variableReader {
	r := &variableReader{meta: m, g: g, t: t, holds: make([]bool, len(g.Ops())), saves: make([]bool, len(g.Ops()))}
	for id, op := range g.Ops() {
		r.holds[id], r.saves[id] = isVariable(op), opdef.Classify(op)&opdef.ClassSave != 0
	}
	r.place, r.named = hugepage.Make[int32](g.Len(), g.Len()), make(map[string]int32)
	return r
}

// variableKeys returns the keys of the variable collections that exist: those of all variables first, then those of
// subsets.
func (r *variableReader) variableKeys() []string {
	registry := scope.NewRegistry()
	var keys []string
	for key := range r.meta.Entries(fieldnum.MetaGraphDef_CollectionDef) {
		if registry.HoldsVariables(string(key)) {
			keys = append(keys, string(key))
		}
	}
	rank := func(key string) int {
		if at := slices.Index([]string{"variables", trainableCollection, "model_variables"}, key); at >= 0 {
			return at
		}
		return len(keys)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(rank(a)-rank(b), strings.Compare(a, b)) })
	return keys
}

// readCollections reads the variable collections and records which other collections contain each variable.
func (r *variableReader) readCollections() {
	keys := r.variableKeys()
	r.keyed = slices.Contains(keys, trainableCollection)
	collections := make(map[string][]byte)
	for key, value := range r.meta.Entries(fieldnum.MetaGraphDef_CollectionDef) {
		collections[string(key)] = value
	}
	for _, key := range keys {
		value := collections[key]
		delete(collections, key)
		for entry := range scope.Entries(value, fieldnum.CollectionDef_BytesList) {
			var def tfpb.VariableDef
			if schema.Unmarshal(entry, &def) == nil && def.GetVariableName() != "" {
				r.readDefinition(key, &def)
			}
		}
		// Older releases recorded only names.
		for entry := range scope.Entries(value, fieldnum.CollectionDef_NodeList) {
			if name := wire.NodeOf(string(entry)); name != "" {
				r.addSource(r.find(name), key)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(collections)) {
		for entry := range scope.Entries(collections[key], fieldnum.CollectionDef_NodeList) {
			if node, found := r.g.Find([]byte(wire.NodeOf(string(entry)))); found && r.holds[r.g.Op(node)] {
				r.addSource(r.find(string(r.g.Name(node))), key)
			}
		}
	}
}

// isVariable reports whether an op holds a persistent variable. A TemporaryVariable lasts only for a step.
func isVariable(op string) bool {
	return opdef.Classify(op)&opdef.ClassVariable != 0 && op != "TemporaryVariable"
}

// find returns the index of the variable called name. It adds the variable if the list does not have it.
func (r *variableReader) find(name string) int {
	at, seen := r.lookup(name)
	if !seen {
		node := graph.Dangling
		if i, found := r.g.Find([]byte(name)); found {
			node = int32(i)
		}
		at = r.add(name, node)
	}
	return at
}

// lookup returns the index of the variable called name, and false if the list does not have it.
func (r *variableReader) lookup(name string) (int, bool) {
	if i, found := r.g.Find([]byte(name)); found {
		return r.at(i)
	}
	at, seen := r.named[name]
	return int(at), seen
}

// at returns the index of the variable of node i, and false if the list does not have it.
func (r *variableReader) at(i int) (int, bool) { return int(r.place[i]) - 1, r.place[i] > 0 }

// add adds a variable, whose node may be Dangling, and returns its index.
func (r *variableReader) add(name string, node int32) int {
	at := len(r.list)
	if node == graph.Dangling {
		r.named[name] = int32(at)
	} else {
		r.place[node] = int32(at) + 1
	}
	if len(r.spare) == 0 {
		r.spare = make([]record, recordsAtOnce)
	}
	v := &r.spare[0]
	r.spare = r.spare[1:]
	*v = record{name: name, node: node, of: none, source: none}
	r.list = append(r.list, v)
	if node != graph.Dangling {
		r.readNode(v)
	}
	return at
}

// addSource records a source of a variable.
func (r *variableReader) addSource(at int, source string) {
	r.list[at].source = r.sources.add(r.list[at].source, source)
}

// readDefinition reads one VariableDef of a variable collection.
func (r *variableReader) readDefinition(key string, def *tfpb.VariableDef) {
	at := r.find(wire.NodeOf(def.GetVariableName()))
	r.addSource(at, key)
	v := r.list[at]
	if def.GetInitializerName() != "" {
		v.detail().initializer = def.GetInitializerName()
	}
	if def.GetInitialValueName() != "" {
		v.detail().initialValue = def.GetInitialValueName()
	}
	v.trainable = v.trainable || key == trainableCollection || !r.keyed && def.GetTrainable()
	if slice := def.GetSaveSliceInfoDef(); slice != nil && sliceFits(slice) {
		v.detail().slice = slice
		if v.node == graph.Dangling {
			v.detail().shape = clampShape(slice.GetVarShape())
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

// readNode reads the attrs of the variable's node.
func (r *variableReader) readNode(v *record) {
	n := &r.node
	r.g.Node(int(v.node), n)
	v.dtype = tensor.AttrType(n, "dtype")
	if shape := r.nodeShape(int(v.node), n); shape != nil {
		v.detail().shape = shape
	}
}

// nodeShape returns the shape of the variable of node i. The op Variable records an unknown shape as that of a scalar
// (tensorflow/core/ops/state_ops.cc). For that op, the initial value decides.
func (r *variableReader) nodeShape(i int, n *wire.Node) tensor.Shape {
	shape := tensor.AttrShape(n)
	switch {
	case shape.FullyDefined() && (len(shape) > 0 || string(n.Op) != "Variable"):
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

// maxAssigns limits how many consumers of a variable are checked for its initializer.
const maxAssigns = 256

// assign returns the node that initializes the variable of node i: its Assign that does not restore from a checkpoint.
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

// restores reports whether node i returns a value read from a checkpoint.
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

// readGraph adds the variable ops that no collection or object lists.
func (r *variableReader) readGraph() {
	for i := range r.g.Len() {
		if !r.holds[r.g.Op(i)] {
			continue
		}
		at, seen := r.at(i)
		if !seen && len(r.g.Duplicates()) > 0 {
			at, seen = r.lookup(string(r.g.Name(i)))
		}
		if !seen {
			at = r.add(string(r.g.Name(i)), int32(i))
		}
		r.addSource(at, SourceGraph)
	}
}
