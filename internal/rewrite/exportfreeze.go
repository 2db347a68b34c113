package rewrite

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/nearest"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/rewrite/freeze"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// ErrNoOutputs is what an export fails with that needs to know the outputs of the graph: none were given, and the graph has no
// signature.
var ErrNoOutputs = errors.New("the outputs are unknown: none were given, and the graph has no signature")

// ErrNoCheckpoint is what an export fails with that needs the values of variables and has no checkpoint.
var ErrNoCheckpoint = errors.New("no checkpoint found beside the graph, and the values of variables are needed")

// planEndpoints takes inputs and outputs from the signatures of the graph, where they are needed and none were given: from the one with
// the key that was given, else from all of them.
func (e *exporter) planEndpoints() error {
	if !e.o.Freeze || len(e.o.Outputs) > 0 {
		return nil
	}
	e.ownSignature = true
	seen := make(map[string]bool)
	for raw, value := range e.m.Entries(wire.SignatureDef) {
		key := string(raw)
		if strings.HasPrefix(key, "__saved_model") || e.o.Signature != "" && e.o.Signature != key && e.hasSignature(e.o.Signature) {
			continue
		}
		for s := wire.Scan(value); s.Next(); {
			side := &e.o.Inputs
			switch {
			case s.Is(signatureOutputs):
				side = &e.o.Outputs
			case !s.Is(signatureInputs):
				continue
			}
			name, info := wire.MapEntry(s.Data)
			// A tensor of the signature may have several keys, and a key several tensors.
			if point, err := prune.Parse(string(wire.Last(info, 1))); err == nil && !seen[fmt.Sprint(s.Num, point.Tensor())] {
				seen[fmt.Sprint(s.Num, point.Tensor())] = true
				point.Key = key + "/" + string(name)
				*side = append(*side, point)
			}
		}
	}
	if len(e.o.Outputs) == 0 {
		return ErrNoOutputs
	}
	return nil
}

// hasSignature reports whether the graph has a signature with a key.
func (e *exporter) hasSignature(key string) bool {
	for raw := range e.m.Entries(wire.SignatureDef) {
		if string(raw) == key {
			return true
		}
	}
	return false
}

// planFreeze turns the variables that the outputs need into constants.
func (e *exporter) planFreeze() error {
	if !e.o.Freeze {
		return nil
	}
	library, err := draft.NewLibrary(e.m.Graph())
	if err != nil {
		return err
	}
	if e.freezing, err = freeze.Plan(e.draft, e.facts, library, e.cut.Reach.Has); err != nil {
		return err
	}
	if err := e.cut.Again(); err != nil {
		return err
	}
	if _, err := e.restored(); err != nil {
		return err
	}
	for _, i := range e.freezing.Variables {
		if i >= len(e.cut.Reach.Has) || !e.cut.Reach.Has[i] {
			continue
		}
		if err := e.setValue(i); err != nil {
			return err
		}
		e.report.Frozen = append(e.report.Frozen, e.draft.Name(i))
	}
	for _, name := range e.freezing.Updates {
		if i, ok := e.draft.Original([]byte(name)); ok && e.cut.Reach.Has[i] {
			e.report.Updates = append(e.report.Updates, name)
		}
	}
	return e.trouble.err()
}

// setValue makes a variable a constant with its value in the checkpoint.
func (e *exporter) setValue(i int) error {
	if e.o.Checkpoint == nil {
		return ErrNoCheckpoint
	}
	var n wire.Node
	e.draft.Graph.Node(i, &n)
	want := e.byNode[i]
	if want == nil {
		e.trouble.add("save it too, or cut the graph behind it", "variable %q has no value: the saver does not restore it", n.Name)
		return nil
	}
	t := e.o.Checkpoint.Find(want.Key)
	if t == nil {
		hint := ""
		if near := nearest.Names(want.Key, keysOf(e.o.Checkpoint), 3); len(near) > 0 {
			hint = "the nearest keys are " + draft.Quoted(near, 3)
		}
		e.trouble.add(hint, "variable %q has no value: %s has no key %q", n.Name, e.o.Checkpoint.Name, want.Key)
		return nil
	}
	dtype, shape := tensor.AttrType(&n, "dtype"), tensor.AttrShape(&n)
	if string(n.Op) == "Variable" && shape.IsScalar() {
		shape = nil // the op wrote an unknown shape that way (tensorflow/core/ops/state_ops.cc)
	}
	switch dims, ok := valueShape(want, t, shape); {
	case t.DType != dtype:
		e.trouble.add("use the checkpoint that was saved with this graph", "variable %q is %s, but key %q in %s is %s", n.Name, tensor.DTypeName(dtype), want.Key, e.o.Checkpoint.Name, tensor.DTypeName(t.DType))
	case !ok:
		e.trouble.add("use the checkpoint that was saved with this graph", "variable %q has shape %v, but key %q in %s has shape %v", n.Name, shape, want.Key, e.o.Checkpoint.Name, t.Shape)
	case t.IsString():
		values, err := e.o.Checkpoint.Strings(t, want.Slice)
		if err != nil {
			return err
		}
		e.freezing.SetValue(i, dtype, draft.StringTensor(dims, values...))
	default:
		windows, err := e.o.Checkpoint.Windows(t, want.Slice)
		if err != nil {
			return err
		}
		e.freezing.SetValue(i, dtype, draft.TensorContent(dtype, dims, windows))
	}
	e.report.Keys = append(e.report.Keys, want.Key)
	return nil
}

// keysOf returns the names of the tensors in a checkpoint.
func keysOf(c *checkpoint.Checkpoint) []string {
	keys := make([]string, len(c.Tensors))
	for i := range c.Tensors {
		keys[i] = c.Tensors[i].Name
	}
	return keys
}

// valueShape returns the shape that a variable has with the value of t, and whether the value fits a variable of the given shape. A saver
// that reshapes asks for the same number of elements only.
func valueShape(r *checkpoint.Restored, t *checkpoint.Tensor, variable tensor.Shape) (tensor.Shape, bool) {
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
