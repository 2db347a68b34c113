package freeze

import (
	"strings"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A conversion describes how a reader of a variable changes when the variable becomes a constant.
type conversion struct {
	op       string
	attrs    map[string]*wire.Rope // nil to remove the attr
	inputs   int                   // number of inputs to keep; all keeps them all, including control inputs
	axis     *int64                // value of an additional last data input, an integer constant
	indices  int32                 // dtype of that constant, the one of the indices
	from, to string                // name of the output argument before and after
}

// all is the number of inputs of a conversion that keeps every input.
const all = -1

// reader returns the conversion of an op that reads a resource variable of the given dtype, or false if the op has none. The rules
// are those of _FunctionConverterDataInGraph and its siblings in tensorflow/python/framework/convert_to_constants.py, plus batches
// in ResourceGather, VariableShape and VarIsInitializedOp.
func reader(n *wire.Node, dtype int32) (conversion, bool) {
	as := draft.TypeAttr(dtype)
	switch string(n.Op) {
	case "ReadVariableOp":
		// Drop the control inputs: they ordered the read after updates, which no longer exist.
		return conversion{op: "Identity", attrs: map[string]*wire.Rope{"T": as, "dtype": nil}, inputs: 1, from: "value", to: "output"}, true
	case "ResourceGather":
		indices, batch := tensor.AttrType(n, "Tindices"), tensor.AttrInt(n, "batch_dims")
		return conversion{op: "GatherV2", inputs: all, axis: &batch, indices: indices, attrs: map[string]*wire.Rope{"Tparams": as,
			"Taxis": draft.TypeAttr(indices), "dtype": nil, "validate_indices": nil}}, true
	case "ResourceGatherNd":
		return conversion{op: "GatherNd", inputs: all, attrs: map[string]*wire.Rope{"Tparams": as, "dtype": nil}}, true
	case "VariableShape":
		return conversion{op: "Shape", inputs: all, attrs: map[string]*wire.Rope{"T": as}}, true
	case "VarIsInitializedOp":
		yes := always()
		return conversion{op: "Const", attrs: yes, from: "is_initialized", to: "output"}, true
	}
	return conversion{}, false
}

// always returns the attrs of a Const with the value true.
func always() map[string]*wire.Rope {
	return map[string]*wire.Rope{"dtype": draft.TypeAttr(tensor.Bool), "value": draft.TensorAttr(draft.BoolTensor(true))}
}

// forwards reports whether an op returns its data inputs unchanged, so that a handle can pass through it. Its attr T has their
// type.
func forwards(op []byte) bool {
	switch string(op) {
	case "Identity", "Enter", "Exit", "NextIteration", "Switch", "_SwitchN", "Merge", "StopGradient", "PreventGradient", "Snapshot":
		return true
	}
	return false
}

// A replacement describes how an op on a reference changes when the variable becomes a constant.
type replacement struct {
	op     string
	first  int      // the first input to keep
	drop   []string // attrs to remove
	update bool     // the op updated a variable
}

// replacementOf returns the replacement of an op on references, or false if the op has none.
func replacementOf(op string) (replacement, bool) {
	if m, ok := replacements[op]; ok {
		return m, true
	}
	// Ops of optimizers return the updated variable, except those on resources, which have no output.
	if opdef.AppliesGradient(op) && !strings.HasPrefix(op, "Resource") {
		return replacement{op: "Identity", update: true}, true
	}
	return replacement{}, false
}

var updateAttrs = []string{"use_locking", "_class"}

// replacements has the ops on references. Where possible, an update becomes an op that computes the new value without storing it.
var replacements = map[string]replacement{
	"RefSwitch":             {op: "Switch"},
	"RefMerge":              {op: "Merge"},
	"RefEnter":              {op: "Enter"},
	"RefExit":               {op: "Exit"},
	"RefNextIteration":      {op: "NextIteration"},
	"RefIdentity":           {op: "Identity"},
	"Assign":                {op: "Identity", first: 1, drop: append([]string{"validate_shape"}, updateAttrs...), update: true},
	"AssignAdd":             {op: "AddV2", drop: updateAttrs, update: true},
	"AssignSub":             {op: "Sub", drop: updateAttrs, update: true},
	"CountUpTo":             {op: "Identity", drop: append([]string{"limit"}, updateAttrs...), update: true},
	"ScatterUpdate":         {op: "TensorScatterUpdate", drop: updateAttrs, update: true},
	"ScatterAdd":            {op: "TensorScatterAdd", drop: updateAttrs, update: true},
	"ScatterSub":            {op: "TensorScatterSub", drop: updateAttrs, update: true},
	"ScatterMin":            {op: "TensorScatterMin", drop: updateAttrs, update: true},
	"ScatterMax":            {op: "TensorScatterMax", drop: updateAttrs, update: true},
	"ScatterNdUpdate":       {op: "TensorScatterUpdate", drop: append([]string{"bad_indices_policy"}, updateAttrs...), update: true},
	"ScatterNdAdd":          {op: "TensorScatterAdd", drop: append([]string{"bad_indices_policy"}, updateAttrs...), update: true},
	"ScatterNdSub":          {op: "TensorScatterSub", drop: append([]string{"bad_indices_policy"}, updateAttrs...), update: true},
	"ScatterMul":            {op: "Identity", drop: updateAttrs, update: true},
	"ScatterDiv":            {op: "Identity", drop: updateAttrs, update: true},
	"IsVariableInitialized": {op: "Const"},
}
