package scope

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// This file is the one table of the places where names stand in a MetaGraphDef. The nodes themselves (name, inputs, _class,
// frame_name) are walked in nodes.go, the keys of debug info in debuginfo.go; every other place is listed here. Functions
// have name spaces of their own, so that nothing in graph_def.library is a place, and neither are the names that an object
// graph gives to functions.

// A Kind says what a name is the name of, which is how a rename treats it.
type Kind int

// The kinds of names.
const (
	NodeName  Kind = 1 + iota // a node or one of its outputs: `name`, `name:k`, `^name`
	ScopeName                 // a context, the frame of a loop, a variable in slices: named like a scope, but no node
)

// A nameField is a path of field names through a message, map entries as `key` and `value`, to a string or to a message
// whose own names are known.
type nameField struct {
	path string
	kind Kind
	lead bool // the message lies in a scope where this name, or each of several such, does
}

// A messageNames lists where names stand in one type of message.
type messageNames struct {
	message protoreflect.ProtoMessage
	fields  []nameField
	needed  int      // how many of the leading names must be there for the message to lie anywhere
	prune   []string // fields whose elements can go alone, when they name what is not there
}

// messages returns the messages with names in them that may stand in a collection or beside the graph.
func messages() []messageNames {
	node := func(paths ...string) []nameField {
		fields := make([]nameField, len(paths))
		for i, path := range paths {
			fields[i] = nameField{path: path, kind: NodeName}
		}
		return fields
	}
	lead := func(kind Kind, paths ...string) []nameField {
		fields := make([]nameField, len(paths))
		for i, path := range paths {
			fields[i] = nameField{path: path, kind: kind, lead: true}
		}
		return fields
	}
	return []messageNames{
		{message: (*tfpb.VariableDef)(nil), fields: append(append(lead(NodeName, "variable_name"),
			node("initial_value_name", "initializer_name", "snapshot_name")...),
			nameField{path: "save_slice_info_def.full_name", kind: ScopeName}),
			prune: []string{"initial_value_name"}},
		{message: (*tfpb.QueueRunnerDef)(nil), fields: append(lead(NodeName, "queue_name"), node("enqueue_op_name", "close_op_name", "cancel_op_name")...)},
		{message: (*tfpb.SaverDef)(nil), fields: lead(NodeName, "filename_tensor_name", "save_tensor_name", "restore_op_name"), needed: 3},
		{message: (*tfpb.ValuesDef)(nil), fields: node("values", "external_values.key", "external_values.value"),
			prune: []string{"values", "external_values"}},
		{message: (*tfpb.CondContextDef)(nil), fields: append(lead(ScopeName, "context_name"), node("pred_name", "pivot_name", "values_def", "nested_contexts")...),
			prune: []string{"nested_contexts"}},
		{message: (*tfpb.WhileContextDef)(nil), fields: append(lead(ScopeName, "context_name"), node("maximum_iterations_name", "pivot_name", "pivot_for_pred_name",
			"pivot_for_body_name", "loop_exit_names", "loop_enter_names", "values_def", "nested_contexts")...),
			prune: []string{"loop_exit_names", "loop_enter_names", "nested_contexts"}},
		{message: (*tfpb.ControlFlowContextDef)(nil), fields: append(lead(0, "cond_ctxt"), lead(0, "while_ctxt")...)},
		{message: (*tfpb.TensorInfo)(nil), fields: append(lead(NodeName, "name", "coo_sparse.values_tensor_name", "coo_sparse.indices_tensor_name",
			"coo_sparse.dense_shape_tensor_name"), lead(0, "composite_tensor.components")...)},
		{message: (*tfpb.SignatureDef)(nil), fields: lead(0, "inputs.value", "outputs.value")},
		{message: (*tfpb.AssetFileDef)(nil), fields: lead(0, "tensor_info")},
		// What session_bundle's exporter.py put into the collections serving_signatures and serving_assets.
		{message: (*tfpb.TensorBinding)(nil), fields: lead(NodeName, "tensor_name")},
		{message: (*tfpb.AssetFile)(nil), fields: lead(0, "tensor_binding")},
		{message: (*tfpb.Signature)(nil), fields: lead(0, "regression_signature.input", "regression_signature.output",
			"classification_signature.input", "classification_signature.classes", "classification_signature.scores", "generic_signature.map.value")},
		{message: (*tfpb.Signatures)(nil), fields: lead(0, "default_signature", "named_signatures.value")},
		// The one node that an object graph names is the Const op of a constant.
		{message: (*tfpb.SavedObjectGraph)(nil), fields: lead(NodeName, "nodes.constant.operation")},
	}
}

// variableCollections are the collections of variables (tensorflow/python/ops/ref_variable.py registers them).
var variableCollections = [...]string{"variables", "trainable_variables", "local_variables", "model_variables",
	"metric_variables", "moving_average_variables", "global_step"}

// builtin returns the collections that TensorFlow registers (register_proto_function) and the type of their protos.
func builtin() map[string]protoreflect.ProtoMessage {
	types := map[string]protoreflect.ProtoMessage{
		"queue_runners": (*tfpb.QueueRunnerDef)(nil),
		"savers":        (*tfpb.SaverDef)(nil),
		"cond_context":  (*tfpb.CondContextDef)(nil),
		"while_context": (*tfpb.WhileContextDef)(nil),
	}
	for _, key := range variableCollections {
		types[key] = (*tfpb.VariableDef)(nil)
	}
	return types
}

// Names says where in messages of one type names stand.
type Names struct {
	places []place
	needed int // how many leading names must be there for a message to lie anywhere
}

// A place is a field that is a name, or a message field with names further down.
type place struct {
	num    protowire.Number
	kind   Kind   // of a name, 0 for a message
	lead   bool   // the name decides whether the message is in a scope; of a message, its leading names do
	in     *Names // where names stand in the message
	single bool   // the field is not repeated, so that the last of several counts
	prune  bool   // an element can go alone
}

// at returns the place at field num, nil where none is.
func (n *Names) at(num protowire.Number) *place {
	for i := range n.places {
		if n.places[i].num == num {
			return &n.places[i]
		}
	}
	return nil
}

// Empty reports whether no place is known, which is so for protos of one's own that were registered without.
func (n *Names) Empty() bool { return n == nil || len(n.places) == 0 }
