package variables

import (
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// tellKinds says of each variable what it is there for.
func (r *variableReader) tellKinds() {
	r.tellSlots()
	for at := range r.list {
		v := &r.list[at]
		switch {
		case slices.Contains(v.Sources, "global_step") || r.countsSteps(at):
			v.Kind = KindGlobalStep
		case slices.Contains(v.Sources, "metric_variables"):
			v.Kind = KindMetric
		case v.Kind != KindModel || v.Trainable:
		case r.averages(at):
			v.Kind = KindMovingAverage
		case slices.Contains(v.Sources, "local_variables") && !slices.Contains(v.Sources, "variables"):
			v.Kind = KindLocal
		}
	}
}

// tellSlots finds the variables that optimizers keep: an op that applies a gradient reads the variable first and then what
// it keeps for that, all by reference or handle; and what it has for all variables (a power of beta, a learning rate) by value.
func (r *variableReader) tellSlots() {
	applies := make([]bool, len(r.g.Ops()))
	found := false
	for id, op := range r.g.Ops() {
		applies[id] = isApply(op)
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
		// A file that keeps no account of what is trainable shows it by what an optimizer changes.
		r.list[changed].Trainable = r.list[changed].Trainable || !r.keyed
		for _, e := range in[1:] {
			if slot, ok := r.variableAt(e, false); ok && slot != changed {
				r.list[slot].Kind, r.list[slot].Of = KindOptimizer, r.list[changed].Name
			} else if shared, ok := r.variableAt(e, true); ok && shared != changed && !r.list[shared].Trainable && r.list[shared].Kind == KindModel {
				r.list[shared].Kind = KindOptimizer
			}
		}
	}
}

// isApply reports whether an op applies a gradient (tensorflow/core/ops/training_ops.cc).
func isApply(op string) bool {
	for _, prefix := range []string{"Apply", "SparseApply", "ResourceApply", "ResourceSparseApply"} {
		if strings.HasPrefix(op, prefix) {
			return true
		}
	}
	return false
}

// variableAt returns where in the list the variable is that a tensor stands for: as reference or handle, or, where read is
// true, as the value that was read from it.
func (r *variableReader) variableAt(e graph.Edge, read bool) (int, bool) {
	for range maxReads {
		if e.Node == graph.Dangling || e.Port < 0 {
			return 0, false
		}
		op := r.g.OpName(r.g.Op(int(e.Node)))
		if r.holds[r.g.Op(int(e.Node))] {
			at, ok := r.place[string(r.g.Name(int(e.Node)))]
			return at, ok
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

// maxReads is how many nodes lie at most between a variable and who reads it.
const maxReads = 4

// countsSteps reports whether a variable is called like the count of training steps and can count.
func (r *variableReader) countsSteps(at int) bool {
	name := r.list[at].Name
	rest, ok := strings.CutPrefix(name[strings.LastIndexByte(name, '/')+1:], "global_step")
	if !ok || !graph.UniqueSuffix([]byte(rest)) {
		return false
	}
	dtype := tfpb.DataType(r.facts[at].dtype)
	return dtype == tfpb.DataType_DT_INT32 || dtype == tfpb.DataType_DT_INT64
}

// averageNames are what TensorFlow calls averages of variables (tensorflow/python/training/moving_averages.py), without the number
// that makes a name unique.
var averageNames = []string{"ExponentialMovingAverage", "moving_avg"}

// maxSlotScopes bounds how many scopes of a name are removed in search of a variable.
const maxSlotScopes = 24

// averages reports whether a variable is the average of another one, and notes which: it is called after that, in whatever scope.
func (r *variableReader) averages(at int) bool {
	v := &r.list[at]
	slash := strings.LastIndexByte(v.Name, '/')
	if slash < 0 {
		return false
	}
	last := v.Name[slash+1:]
	average := slices.ContainsFunc(averageNames, func(name string) bool {
		rest, ok := strings.CutPrefix(last, name)
		return ok && graph.UniqueSuffix([]byte(rest))
	})
	if !average {
		return false
	}
	of := v.Name[:slash]
	for range maxSlotScopes {
		if _, ok := r.place[of]; ok {
			v.Of = of
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
