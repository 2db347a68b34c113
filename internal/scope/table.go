package scope

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// This file lists the places in a MetaGraphDef that hold names, except for nodes (see nodes.go) and debug info (see
// debuginfo.go). Functions have their own name spaces. The table therefore has no place in graph_def.library, and omits
// the names that an object graph gives to functions.

// A Kind is what a name refers to. It determines how a plan changes the name.
type Kind int

// The kinds of names.
const (
	NodeName  Kind = 1 + iota // a node or one of its outputs: `name`, `name:k`, `^name`
	ScopeName                 // a name that looks like a scope: a context, a loop frame, or a partitioned variable
)

// A nameField is a path of field names to a string, or to a message whose names are known. Map entries have the fields
// `key` and `value`.
type nameField struct {
	path string
	kind Kind
	lead bool // a leading name: it decides whether the message is in a scope
}

// A messageNames lists the names in one type of message.
type messageNames struct {
	message protoreflect.ProtoMessage
	fields  []nameField
	needed  int      // how many leading names must be present for the message to belong to any scope
	prune   []string // fields whose elements can be removed one by one if they name a missing node
}

// messages returns the messages with names that can occur in a collection or next to the graph.
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
		// The exporter.py of session_bundle stored these in the collections serving_signatures and serving_assets.
		{message: (*tfpb.TensorBinding)(nil), fields: lead(NodeName, "tensor_name")},
		{message: (*tfpb.AssetFile)(nil), fields: lead(0, "tensor_binding")},
		{message: (*tfpb.Signature)(nil), fields: lead(0, "regression_signature.input", "regression_signature.output",
			"classification_signature.input", "classification_signature.classes", "classification_signature.scores", "generic_signature.map.value")},
		{message: (*tfpb.Signatures)(nil), fields: lead(0, "default_signature", "named_signatures.value")},
		// The only nodes that an object graph names are the Const ops of its constants.
		{message: (*tfpb.SavedObjectGraph)(nil), fields: lead(NodeName, "nodes.constant.operation")},
	}
}

// variableCollections lists the collections of variables, which tensorflow/python/ops/ref_variable.py registers.
var variableCollections = [...]string{"variables", "trainable_variables", "local_variables", "model_variables",
	"metric_variables", "moving_average_variables", "global_step"}

// builtin returns the collections that TensorFlow registers (register_proto_function), with the types of their protos.
func builtin() map[string]protoreflect.ProtoMessage {
	types := map[string]protoreflect.ProtoMessage{
		"queue_runners": (*tfpb.QueueRunnerDef)(nil),
		SaversKey:       (*tfpb.SaverDef)(nil),
		"cond_context":  (*tfpb.CondContextDef)(nil),
		"while_context": (*tfpb.WhileContextDef)(nil),
	}
	for _, key := range variableCollections {
		types[key] = (*tfpb.VariableDef)(nil)
	}
	return types
}

// Names holds the places of names in one type of message.
type Names struct {
	places []place
	needed int // how many leading names must be present for a message to belong to any scope
}

// A place is a field that holds a name, or a message field that contains names.
type place struct {
	num    protowire.Number
	kind   Kind   // the kind of name, 0 for a message
	lead   bool   // the name, or the leading names in the message, decide whether the outer message is in a scope
	in     *Names // the places in the message field
	single bool   // the field is not repeated, so its last occurrence counts
	prune  bool   // an element can be removed on its own
}

// at returns the place at field num, or nil.
func (n *Names) at(num protowire.Number) *place {
	for i := range n.places {
		if n.places[i].num == num {
			return &n.places[i]
		}
	}
	return nil
}

// empty reports whether no place is known, as for user messages that were registered without fields.
func (n *Names) empty() bool { return n == nil || len(n.places) == 0 }
