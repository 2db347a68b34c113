package dataflow

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A declaredTensor is a tensor that the file declares as an input or output.
type declaredTensor struct {
	name  string     // as written in the file
	edge  graph.Edge // the node and its output; Dangling if the graph has no such node
	role  Role
	why   string
	dtype int32
	shape tensor.Shape
	typed bool // whether the file also declares dtype and shape

	loose   bool // declared by a convention that TensorFlow does not define; sorted by likelihood
	unbound bool // stands for a tensor of another graph; its name is used unchanged
}

// declared holds the inputs and outputs that a file declares.
type declared struct {
	inputs  []declaredTensor // from signatures
	outputs []declaredTensor
	marked  map[graph.Edge]string // tensors in collections that users and frameworks fill, with the collection key
}

// readDeclared reads the signatures and the collections of m.
func readDeclared(g *graph.Graph, m *wire.MetaGraph) declared {
	d := declared{marked: make(map[graph.Edge]string)}
	d.readSignatures(g, m)
	d.readServing(g, m)
	d.readUnbound(g, m)
	d.readCollections(g, m)
	return d
}

// Keys of signatures that name ops to run at load time or for training (tensorflow/python/saved_model/constants.py),
// and the key of the default signature.
const (
	initSignature  = "__saved_model_init_op"
	trainSignature = "__saved_model_train_op"
	defaultServing = "serving_default"
)

// readSignatures reads signature_def: the default signature first, signatures for training and evaluation last, each
// group sorted by key.
func (d *declared) readSignatures(g *graph.Graph, m *wire.MetaGraph) {
	type entry struct {
		key, value []byte
		supervised bool // for training or evaluation
		rank       int
	}
	var entries []entry
	for key, value := range m.Entries(fieldnum.MetaGraphDef_SignatureDef) {
		if string(key) != initSignature && string(key) != trainSignature {
			e := entry{key: key, value: value, supervised: bytes.HasPrefix(wire.Last(value, fieldnum.SignatureDef_MethodName), []byte("tensorflow/supervised/"))}
			switch {
			case string(key) == defaultServing:
			case e.supervised:
				e.rank = 2
			default:
				e.rank = 1
			}
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(a.rank-b.rank, bytes.Compare(a.key, b.key))
	})
	inputs, outputs := infoReader{g: g, list: &d.inputs}, infoReader{g: g, list: &d.outputs}
	for _, e := range entries {
		s := new(tfpb.SignatureDef)
		if schema.Unmarshal(e.value, s) != nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(s.GetInputs())) {
			inputs.add(s.GetInputs()[name], RoleData, "signature "+string(e.key)+", input "+name)
		}
		for _, name := range slices.Sorted(maps.Keys(s.GetOutputs())) {
			role := RolePrediction
			if e.supervised && name == "loss" {
				role = RoleLoss
			} else if e.supervised && strings.HasPrefix(name, "metrics/") {
				role = RoleMetric
			}
			outputs.add(s.GetOutputs()[name], role, "signature "+string(e.key)+", output "+name)
		}
	}
}

// An infoReader appends the tensors that TensorInfos name to a list, each name once: thousands of signatures can name the
// same tensor.
type infoReader struct {
	g    *graph.Graph
	list *[]declaredTensor
	seen map[string]bool
}

// add appends the tensors of one TensorInfo.
func (r *infoReader) add(info *tfpb.TensorInfo, role Role, why string) {
	shape := tensor.ShapeOf(info.GetTensorShape())
	dtype := int32(info.GetDtype())
	switch {
	case info.GetCooSparse() != nil:
		sparse := info.GetCooSparse()
		r.addTensor(sparse.GetIndicesTensorName(), role, why+" (indices)", tensor.Int64, tensor.Shape{-1, int64(len(shape))})
		r.addTensor(sparse.GetValuesTensorName(), role, why+" (values)", dtype, tensor.Shape{-1})
		r.addTensor(sparse.GetDenseShapeTensorName(), role, why+" (dense shape)", tensor.Int64, tensor.Shape{int64(len(shape))})
	case info.GetCompositeTensor() != nil:
		for k, part := range info.GetCompositeTensor().GetComponents() {
			// Components are not nested (tensorflow/core/protobuf/meta_graph.proto).
			if part.GetCompositeTensor() == nil {
				r.add(part, role, why+" (part "+strconv.Itoa(k)+")")
			}
		}
	default:
		r.addTensor(info.GetName(), role, why, dtype, shape)
	}
}

func (r *infoReader) addTensor(name string, role Role, why string, dtype int32, shape tensor.Shape) {
	if name == "" || r.seen[name] {
		return
	}
	if r.seen == nil {
		r.seen = make(map[string]bool)
	}
	r.seen[name] = true
	*r.list = append(*r.list, declaredTensor{name: name, edge: FindTensor(r.g, name), role: role, why: why, dtype: dtype, shape: shape, typed: true})
}

// FindTensor returns the output that a tensor name refers to: "node:1", or "node" for output 0. Node is Dangling if
// the graph has no such node.
func FindTensor[T []byte | string](g *graph.Graph, name T) graph.Edge {
	in := wire.ParseInput([]byte(name))
	port, ok := in.Output()
	if i, found := g.Find(in.Node); found && ok && !in.Control {
		return graph.Edge{Node: int32(i), Port: int32(port)}
	}
	return graph.Edge{Node: graph.Dangling}
}

// servingCollection holds the signatures of files that predate signature_def, as a tensorflow.serving.Signatures in an
// Any (tensorflow/contrib/session_bundle/exporter.py).
const servingCollection = "serving_signatures"

// readServing reads the serving_signatures collection.
func (d *declared) readServing(g *graph.Graph, m *wire.MetaGraph) {
	value, ok := m.Collection(servingCollection)
	if !ok {
		return
	}
	var collection tfpb.CollectionDef
	if schema.Unmarshal(value, &collection) != nil {
		return
	}
	for _, packed := range collection.GetAnyList().GetValue() {
		var signatures tfpb.Signatures
		if packed.UnmarshalTo(&signatures) != nil {
			continue
		}
		d.addServing(g, signatures.GetDefaultSignature(), "default")
		for _, key := range slices.Sorted(maps.Keys(signatures.GetNamedSignatures())) {
			d.addServing(g, signatures.GetNamedSignatures()[key], key)
		}
	}
}

// addServing adds the tensors of one signature in the old format.
func (d *declared) addServing(g *graph.Graph, s *tfpb.Signature, key string) {
	why := servingCollection + " " + key
	input := func(what string, b *tfpb.TensorBinding) {
		if b.GetTensorName() != "" {
			d.inputs = append(d.inputs, declaredTensor{name: b.GetTensorName(), edge: FindTensor(g, b.GetTensorName()),
				role: RoleData, why: why + ", input " + what})
		}
	}
	output := func(what string, b *tfpb.TensorBinding) {
		if b.GetTensorName() != "" {
			d.outputs = append(d.outputs, declaredTensor{name: b.GetTensorName(), edge: FindTensor(g, b.GetTensorName()),
				role: RolePrediction, why: why + ", output " + what})
		}
	}
	switch {
	case s.GetRegressionSignature() != nil:
		input("examples", s.GetRegressionSignature().GetInput())
		output("regression", s.GetRegressionSignature().GetOutput())
	case s.GetClassificationSignature() != nil:
		input("examples", s.GetClassificationSignature().GetInput())
		output("classes", s.GetClassificationSignature().GetClasses())
		output("scores", s.GetClassificationSignature().GetScores())
	case s.GetGenericSignature() != nil:
		// A generic signature does not distinguish inputs from outputs. By convention its key is "inputs" or
		// "outputs".
		bindings := s.GetGenericSignature().GetMap()
		for _, name := range slices.Sorted(maps.Keys(bindings)) {
			edge := FindTensor(g, bindings[name].GetTensorName())
			if strings.Contains(key, "input") || edge.Node != graph.Dangling && opdef.Classify(g.OpName(g.Op(int(edge.Node))))&opdef.ClassSource != 0 {
				input(name, bindings[name])
			} else {
				output(name, bindings[name])
			}
		}
	}
}

// readUnbound reads the inputs that a scope export left unbound: input names for which the exported graph has no node
// (export_scoped_meta_graph in tensorflow/python/framework/meta_graph.py).
func (d *declared) readUnbound(g *graph.Graph, m *wire.MetaGraph) {
	value, _ := m.Collection(scope.UnboundInputsKey)
	_, list := scope.KindOf(value)
	for name := range wire.All(list, scope.ListValue) {
		role, what := RoleData, ""
		if wire.IsControl(name) {
			role, what = RoleAuxiliary, ", a control input"
		}
		if edge := FindTensor(g, name); edge.Node == graph.Dangling && len(d.inputs) < maxMarked {
			d.inputs = append(d.inputs, declaredTensor{name: string(name), edge: edge, role: role, unbound: true,
				why: "collection " + scope.UnboundInputsKey + what + "; an import must map it"})
		}
	}
}

// readCollections records the tensors that user-defined collections contain.
func (d *declared) readCollections(g *graph.Graph, m *wire.MetaGraph) {
	for key, value := range m.Entries(fieldnum.MetaGraphDef_CollectionDef) {
		if ownCollection(key) {
			continue
		}
		d.readJSON(g, string(key), value)
		for name := range scope.Entries(value, fieldnum.CollectionDef_NodeList) {
			if len(d.marked) == maxMarked {
				return
			}
			if edge := FindTensor(g, name); edge.Node != graph.Dangling {
				if old, seen := d.marked[edge]; !seen || old != string(key) && betterKey(string(key), old) {
					d.marked[edge] = string(key)
				}
			}
		}
	}
}

// maxJSON is the largest collection entry, in bytes, that is parsed as JSON.
const maxJSON = 1 << 20

// readJSON reads JSON entries of the collections "inputs" and "outputs". Some projects, such as pix2pix-tensorflow,
// write tensor names there as values of an object or a list.
func (d *declared) readJSON(g *graph.Graph, key string, value []byte) {
	list, role := &d.inputs, RoleData
	switch strings.ToLower(key) {
	case "inputs", "input":
	case "outputs", "output":
		list, role = &d.outputs, RolePrediction
	default:
		return
	}
	for entry := range scope.Entries(value, fieldnum.CollectionDef_BytesList) {
		var content any
		if len(entry) > maxJSON || json.Unmarshal(entry, &content) != nil {
			continue
		}
		d.addJSON(g, list, content, role, "collection "+key)
	}
}

// addJSON adds the tensors that a JSON value names.
func (d *declared) addJSON(g *graph.Graph, list *[]declaredTensor, content any, role Role, why string) {
	switch v := content.(type) {
	case string:
		if edge := FindTensor(g, v); edge.Node != graph.Dangling && len(*list) < maxMarked {
			*list = append(*list, declaredTensor{name: v, edge: edge, role: role, why: why, loose: true})
		}
	case []any:
		for _, element := range v {
			d.addJSON(g, list, element, role, why)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			d.addJSON(g, list, v[name], role, why+", "+name)
		}
	}
}

// maxMarked limits how many collection tensors are considered.
const maxMarked = 10000

// betterKey reports whether key describes a tensor better than old, another collection that contains it.
func betterKey(key, old string) bool {
	a, b := keyRank(key), keyRank(old)
	return a > b || a == b && key < old
}

// keyRank returns a score for how clearly a collection key describes its tensors.
func keyRank(key string) int {
	lower := strings.ToLower(key)
	switch {
	case says(lower, labelWords):
		return 3
	case says(lower, predictionWords), strings.Contains(lower, "input"), strings.Contains(lower, "placeholder"):
		return 2
	case strings.HasSuffix(lower, "_op"), strings.Contains(lower, "activation"):
		return 1
	}
	return 0
}

// ownCollection reports whether TensorFlow or a summary writer fills the collection for its own purposes (GraphKeys in
// tensorflow/python/framework/ops.py). Such a collection says nothing about inputs and outputs.
func ownCollection(key []byte) bool {
	switch string(key) {
	case "variables", "trainable_variables", "local_variables", "model_variables", "metric_variables",
		"moving_average_variables", "global_step", "global_step_read_op_cache", "queue_runners", "savers", "weights", "biases",
		"cond_context", "while_context", "losses", "regularization_losses", "summaries", "summary_op", "_summary_tag_map",
		"train_op", "trainops", "update_ops", "init_op", "local_init_op", "ready_op", "ready_for_local_init_op", "concatenated_variables",
		"saved_model_main_op", "saved_model_train_op", "saved_model_assets", "asset_filepaths", "table_initializer",
		"iterators", "eval_step", "unbound_inputs", "_dnn", "legacy_init_op", "resources", "local_resources",
		"trainable_resource_variables", "streaming_model_ports", "user_defined", "cond_vars", servingCollection:
		return true
	}
	return bytes.Contains(bytes.ToLower(key), []byte("summar")) || bytes.Contains(key, []byte("layer_variables/"))
}
