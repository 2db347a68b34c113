// Package values finds the values of the variables and tables of a graph: the tensors of a checkpoint that its saver restores.
package values

import (
	"errors"
	"slices"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/nearest"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// ErrNoCheckpoint is the error of a rewrite that needs the values of variables but has no checkpoint.
var ErrNoCheckpoint = errors.New("no checkpoint found next to the graph, but the values of variables are required")

// Values pairs the variables and tables of a graph with the tensors that its saver restores.
type Values struct {
	Checkpoint *checkpoint.Checkpoint // nil if there is none
	Restored   []checkpoint.Restored  // see RestoredBy

	g      *graph.Graph
	byNode map[int]*checkpoint.Restored
}

// New returns the values that the saver of m, whose graph is g, restores from c, which may be nil. The error is that of
// RestoredBy.
func New(m *wire.MetaGraph, r *scope.Registry, g *graph.Graph, c *checkpoint.Checkpoint) (*Values, error) {
	restored, err := RestoredBy(m, r, g, c)
	if err != nil {
		return nil, err
	}
	v := &Values{Checkpoint: c, Restored: restored, g: g, byNode: make(map[int]*checkpoint.Restored, len(restored))}
	for k := range restored {
		for _, i := range Nodes(&restored[k]) {
			if v.byNode[i] == nil {
				v.byNode[i] = &restored[k]
			}
		}
	}
	return v, nil
}

// Nodes returns the variables and tables that get a value from a tensor.
func Nodes(r *checkpoint.Restored) []int {
	nodes := []int{int(r.Node)}
	for _, other := range r.Others {
		nodes = append(nodes, int(other))
	}
	return nodes
}

// Of returns what the saver restores into node i, or nil for nothing.
func (v *Values) Of(i int) *checkpoint.Restored { return v.byNode[i] }

// Variables returns the number of variables that needs selects, and those without a value from the saver in file order. A variable
// also has the value of another variable with the same shared_name.
func (v *Values) Variables(needs func(i int) bool) (count int, without []int) {
	shared := v.sharedNames()
	var n wire.Node
	for i := range v.g.Len() {
		if !opdef.IsVariable(v.g.OpName(v.g.Op(i))) || !needs(i) {
			continue
		}
		count++
		if v.Of(i) != nil {
			continue
		}
		if v.g.Node(i, &n); !shared[tensor.AttrString(&n, "shared_name")] {
			without = append(without, i)
		}
	}
	return count, without
}

// sharedNames returns the shared_names of the restored nodes.
func (v *Values) sharedNames() map[string]bool {
	names := make(map[string]bool)
	var n wire.Node
	for i := range v.byNode {
		if i < 0 {
			continue
		}
		v.g.Node(i, &n)
		if name := tensor.AttrString(&n, "shared_name"); name != "" {
			names[name] = true
		}
	}
	return names
}

// Tensor returns the tensor that the saver restores, and the shape that the variable has with it. If the tensor is missing
// or does not fit, it adds a conflict and returns nil.
func (v *Values) Tensor(want *checkpoint.Restored, conflicts *draft.Conflicts) (*checkpoint.Tensor, tensor.Shape) {
	const other = "use the checkpoint that was saved with this graph"
	name, file := "", v.Checkpoint.Name
	var dtype int32
	var shape tensor.Shape
	if i := int(want.Node); i >= 0 {
		var n wire.Node
		v.g.Node(i, &n)
		name, shape = string(n.Name), want.Variable
		if opdef.IsVariable(n.Op) {
			dtype = tensor.AttrType(&n, "dtype")
		}
	}
	t := v.Checkpoint.Find(want.Key)
	if t == nil {
		hint := other
		if !conflicts.Full() {
			if near := nearest.Names(want.Key, v.keys(), 3); len(near) > 0 {
				hint = "similar keys: " + draft.Quoted(near)
			}
		}
		conflicts.Add(hint, "variable %q has no value: %s has no key %q", name, file, want.Key)
		return nil, nil
	}
	dims, ok := shapeWith(want, t, shape)
	switch {
	case dtype != 0 && t.DType != dtype && want.Direct():
		conflicts.Add(other, "variable %q is %s, but key %q in %s is %s", name, tensor.DTypeName(dtype), want.Key, file, tensor.DTypeName(t.DType))
	case !ok && want.Direct():
		conflicts.Add(other, "variable %q has shape %v, but key %q in %s has shape %v", name, shape, want.Key, file, t.Shape)
	default:
		return t, dims
	}
	return nil, nil
}

// keys returns the names of the tensors in the checkpoint.
func (v *Values) keys() []string {
	keys := make([]string, len(v.Checkpoint.Tensors))
	for i := range keys {
		keys[i] = v.Checkpoint.Tensors[i].Name
	}
	return keys
}

// shapeWith returns the shape that a variable has with the value of t, and whether the value fits a variable of the
// given shape. A saver that reshapes requires only the same number of elements.
func shapeWith(r *checkpoint.Restored, t *checkpoint.Tensor, variable tensor.Shape) (tensor.Shape, bool) {
	within, ok := r.Slice.Within(t.Shape)
	if !ok {
		return nil, false
	}
	dims := tensor.Shape(within.Length)
	a, known := variable.Elements()
	b, _ := dims.Elements()
	switch {
	case variable == nil || slices.EqualFunc(variable, dims, func(a, b int64) bool { return a < 0 || a == b }):
		return dims, true
	case r.Reshaped:
		return variable, known && a == b
	}
	return dims, false
}

// Proto returns the TensorProto with the value that the saver restores from t, in the given shape. The error is that of
// reading the checkpoint.
func (v *Values) Proto(t *checkpoint.Tensor, want *checkpoint.Restored, shape tensor.Shape) (*wire.Rope, error) {
	if t.IsString() {
		values, err := v.Checkpoint.Strings(t, want.Slice)
		return draft.StringTensor(shape, values...), err
	}
	windows, err := v.Checkpoint.Windows(t, want.Slice)
	return draft.TensorContent(t.DType, shape, windows), err
}

// SaveAgain is the advice if a saver computes variables from tensors.
const SaveAgain = "restore the checkpoint with TensorFlow, and save it with a tf.train.Saver"

// CheckDirect reports whether a saver restores node i of g with the value of a tensor. If the saver computes the value from
// the tensor, it adds a conflict, because the key alone may hold more.
func CheckDirect(g *graph.Graph, r *checkpoint.Restored, i int, conflicts *draft.Conflicts) bool {
	if !r.Direct() {
		conflicts.Add(SaveAgain, "the saver computes variable %q from key %q, which may hold more than its value", g.Name(i), r.Key)
	}
	return r.Direct()
}
