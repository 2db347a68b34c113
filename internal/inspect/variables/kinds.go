package variables

import (
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/tensor"
)

// classify determines the kind of each variable.
func (r *variableReader) classify() {
	r.findSlots()
	var names []string
	list := int32(none) // whose sources are names; consecutive variables tend to share them
	for at, v := range r.list {
		if v.source != list {
			names, list = r.sources.of(v.source), v.source
		}
		switch {
		case slices.Contains(names, "global_step") || r.isGlobalStep(v):
			v.kind = stepKind
		case slices.Contains(names, "metric_variables"):
			v.kind = metricKind
		case v.kind != modelKind || v.trainable:
		case r.isMovingAverage(v):
			v.kind = averageKind
		case r.isSlot(at, slices.Contains(names, SourceObjectGraph)):
			v.kind = optimizerKind
		case slices.Contains(names, "local_variables") && !slices.Contains(names, "variables"):
			v.kind = localKind
		}
	}
}

// findSlots finds the variables that optimizers keep. An op that applies a gradient reads the variable and its slots
// by reference or handle. It reads state shared by all variables, such as a power of beta or a learning rate, by
// value.
func (r *variableReader) findSlots() {
	applies := make([]bool, len(r.g.Ops()))
	found := false
	for id, op := range r.g.Ops() {
		applies[id] = opdef.AppliesGradient(op)
		found = found || applies[id]
	}
	if !found {
		return
	}
	for i := range r.g.Len() {
		if !applies[r.g.Op(i)] {
			continue
		}
		in := r.g.Inputs(i)
		if len(in) == 0 {
			continue
		}
		changed, ok := r.variableAt(in[0], false)
		if !ok {
			continue
		}
		// Without a trainable_variables collection, a variable that an optimizer updates is trainable.
		r.list[changed].trainable = r.list[changed].trainable || !r.keyed
		for _, e := range in[1:] {
			if slot, ok := r.variableAt(e, false); ok && slot != changed {
				r.list[slot].kind, r.list[slot].of = optimizerKind, int32(changed)
			} else if shared, ok := r.variableAt(e, true); ok && shared != changed && !r.list[shared].trainable && r.list[shared].kind == modelKind {
				r.list[shared].kind = optimizerKind
			}
		}
	}
}

// isSlot reports whether a variable is a slot of another one, and records which. A slot has the shape of its variable. In a TensorFlow 1
// graph, it is named below the variable (create_slot in tensorflow/python/training/slot_creator.py). Keras, whose variables are objects,
// names it OPTIMIZER/SLOT/VARIABLE; since version 2.11, its object graph no longer lists slots. An optimizer that gets a sparse gradient
// may update its slots with ordinary ops, so only names and shapes identify them.
func (r *variableReader) isSlot(at int, isObject bool) bool {
	v := r.list[at]
	variable := v.name[:max(0, strings.LastIndexByte(v.name, '/'))]
	if parts := strings.SplitN(v.name, "/", 3); isObject && len(parts) == 3 {
		variable = parts[2]
	}
	of, ok := r.lookup(variable)
	if !ok || !r.list[of].trainable || r.list[of].dtype != v.dtype || !slices.Equal(r.list[of].known().shape, v.known().shape) {
		return false
	}
	v.of = int32(of)
	return true
}

// variableAt returns the index in the list of the variable that a tensor refers to. The tensor is a reference or
// handle or, if read is true, the variable's value.
func (r *variableReader) variableAt(e graph.Edge, read bool) (int, bool) {
	for range maxReads {
		if e.Node == graph.Dangling || e.Port < 0 {
			return 0, false
		}
		op := r.g.OpName(r.g.Op(int(e.Node)))
		if r.holds[r.g.Op(int(e.Node))] {
			return r.at(int(e.Node))
		}
		in := r.g.Inputs(int(e.Node))
		if len(in) == 0 {
			return 0, false
		}
		switch op {
		case "RefSwitch", "RefEnter", "Enter":
		case "Identity", "ReadVariableOp", "Cast":
			if !read {
				return 0, false
			}
		default:
			return 0, false
		}
		e = in[0]
	}
	return 0, false
}

// maxReads limits how many nodes are followed from a read back to the variable.
const maxReads = 4

// isGlobalStep reports whether a variable is named like the global step and has a suitable type and shape.
func (r *variableReader) isGlobalStep(v *record) bool {
	rest, ok := strings.CutPrefix(v.name[strings.LastIndexByte(v.name, '/')+1:], "global_step")
	if !ok || !graph.UniqueSuffix([]byte(rest)) {
		return false
	}
	return v.dtype == tensor.Int32 || v.dtype == tensor.Int64
}

// averageNames are TensorFlow's names for averages of variables, without the suffix that makes a name unique
// (tensorflow/python/training/moving_averages.py).
var averageNames = []string{"ExponentialMovingAverage", "moving_avg"}

// maxSlotScopes limits how many scopes of a name are removed in search of a variable.
const maxSlotScopes = 24

// isMovingAverage reports whether a variable is the moving average of another one, which it records. The average is named
// after that variable, in any scope.
func (r *variableReader) isMovingAverage(v *record) bool {
	slash := strings.LastIndexByte(v.name, '/')
	if slash < 0 {
		return false
	}
	last := v.name[slash+1:]
	average := slices.ContainsFunc(averageNames, func(name string) bool {
		rest, ok := strings.CutPrefix(last, name)
		return ok && graph.UniqueSuffix([]byte(rest))
	})
	if !average {
		return false
	}
	of := v.name[:slash]
	for range maxSlotScopes {
		if at, ok := r.lookup(of); ok {
			v.of = int32(at)
			break
		}
		_, below, more := strings.Cut(of, "/")
		if !more {
			break
		}
		of = below
	}
	return true
}
