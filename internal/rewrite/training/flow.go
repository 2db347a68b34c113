package training

import (
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// maxSteps is how far the search for a rate, a predicate or an update goes.
const maxSteps = 48

// isChosen reports whether node i runs only if a placeholder asks for it.
func (f *finder) isChosen(i int) bool {
	if f.chosen == nil {
		f.markChosen()
	}
	return f.chosen[i]
}

// markChosen marks the nodes in branches of conditionals. If the predicate has a constant value or a default, the branch that then runs
// is not marked.
func (f *finder) markChosen() {
	f.chosen = make([]bool, f.g.Files())
	var next []graph.Edge
	for i := range f.g.Files() {
		if op := f.g.OpName(f.g.Op(i)); op != "Switch" && op != "RefSwitch" {
			continue
		}
		inputs := f.g.DataInputs(i)
		if len(inputs) < 2 || f.op(inputs[1]) == "LoopCond" {
			continue
		}
		runs := graph.Control
		if value := f.scalar(inputs[1]); value != nil {
			runs = int32(value.Int)
		}
		for _, reader := range f.g.Consumers(i) {
			if reader.Port != runs {
				next = append(next, reader)
			}
		}
	}
	for len(next) > 0 {
		e := next[len(next)-1]
		next = next[:len(next)-1]
		if op := f.op(e); !f.chosen[e.Node] && op != "Merge" && op != "RefMerge" {
			f.chosen[e.Node] = true
			next = append(next, f.g.Consumers(int(e.Node))...)
		}
	}
}

// scalar returns the value of a constant, or the default of a placeholder, with the changes to the graph. It returns nil if there is neither.
func (f *finder) scalar(e graph.Edge) *tensor.Value {
	var n wire.Node
	for range maxSteps {
		if e.Node == graph.Dangling {
			return nil
		}
		f.g.Node(int(e.Node), &n)
		switch string(n.Op) {
		case "Const":
			value, _ := f.g.Attr(int(e.Node), &n, "value")
			encoded, _ := wire.AttrBytes(value, fieldnum.AttrValue_Tensor)
			if values := tensor.ParseTensor(encoded).Values; len(values) == 1 {
				return &values[0]
			}
			return nil
		case "Identity", "PlaceholderWithDefault":
			inputs := f.g.DataInputs(int(e.Node))
			if len(inputs) == 0 {
				return nil
			}
			e = inputs[0]
		default:
			return nil
		}
	}
	return nil
}

// hasFedRate reports whether random op i is that of a dropout whose rate is fed, or turns it off by default.
func (f *finder) hasFedRate(i int) bool {
	fed := false
	for range maxSteps {
		readers := f.g.Consumers(i)
		if len(readers) != 1 || readers[0].Port == graph.Control {
			return false
		}
		next := int(readers[0].Node)
		for _, e := range f.g.DataInputs(next) {
			fed = fed || int(e.Node) != i && f.isFed(e)
		}
		switch f.op(readers[0]) {
		case "GreaterEqual", "Floor":
			return fed
		case "Mul", "Add", "AddV2", "Sub", "Identity", "Cast":
			i = next
		default:
			return false
		}
	}
	return false
}

// isFed reports whether a rate follows from a placeholder. The value or default of the placeholder, if it has one, must be 0 or 1.
func (f *finder) isFed(e graph.Edge) bool {
	for range maxSteps {
		op := f.op(e)
		if opdef.IsPlaceholder(op) {
			if value := f.scalar(e); value != nil {
				return value.Float == 0 || value.Float == 1
			}
			return op != "PlaceholderWithDefault"
		}
		var at int // the input that may come from a placeholder
		switch op {
		case "Identity", "Cast":
		case "Sub": // 1 - rate
			at = 1
		default:
			return false
		}
		inputs := f.g.DataInputs(int(e.Node))
		if at >= len(inputs) {
			return false
		}
		e = inputs[at]
	}
	return false
}

// isBatchVariance reports whether node i computes the variance of a batch that a batch normalization divides by. It differs from the
// variance of a layer normalization in that it is computed over the examples, or that a moving average takes it in.
func (f *finder) isBatchVariance(i int) bool {
	if inputs := f.g.DataInputs(i); len(inputs) == 0 || f.op(inputs[0]) != "SquaredDifference" {
		return false
	}
	divides, updates := false, false
	f.follow(i, func(reader graph.Edge) bool {
		switch op := f.op(reader); op {
		case "Squeeze", "Reshape", "Identity", "Cast", "StopGradient", "Merge":
			return !f.isChosen(int(reader.Node))
		case "Switch": // a constant predicate decides now
			inputs := f.g.DataInputs(int(reader.Node))
			return len(inputs) > 1 && f.scalar(inputs[1]) != nil
		case "If", "StatelessIf", "Select", "SelectV2": // the predicate decides later
		case "Sub", "Mul": // a moving average, which may be updated with the outputs
		default:
			divides = divides || f.needs(int(reader.Node)) && !f.isChosen(int(reader.Node))
		}
		return false
	})
	if !divides || f.isOverExamples(i) {
		return divides
	}
	f.follow(i, func(reader graph.Edge) bool {
		switch f.op(reader) {
		case "Squeeze", "Reshape", "Identity", "Cast", "StopGradient", "Switch", "Merge", "Sub", "Mul", "Add", "AddV2":
			return true
		case "Assign", "AssignAdd", "AssignSub", "AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp":
			updates = true
		}
		return false
	})
	return updates
}

// isOverExamples reports whether node i, a Mean, reduces the first dimension of a tensor that is not a weight.
func (f *finder) isOverExamples(i int) bool {
	inputs := f.g.DataInputs(i)
	if len(inputs) < 2 || f.op(inputs[1]) != "Const" || f.isWeight(inputs[0]) {
		return false
	}
	var axes wire.Node
	f.g.Graph.Node(int(inputs[1].Node), &axes)
	encoded, _ := tensor.AttrTensor(&axes)
	return slices.ContainsFunc(tensor.ParseTensor(encoded).Values, func(axis tensor.Value) bool { return axis.Int == 0 })
}

// isWeight reports whether a tensor is computed from one variable alone.
func (f *finder) isWeight(e graph.Edge) bool {
	for range maxSteps {
		switch op := f.op(e); op {
		case "SquaredDifference", "Identity", "Cast", "Reshape", "ReadVariableOp":
		default:
			return opdef.IsVariable(op)
		}
		inputs := f.g.DataInputs(int(e.Node))
		if len(inputs) == 0 {
			return false
		}
		e = inputs[0]
	}
	return false
}

// follow calls further with each data reader of node i, and with the readers of those for which it returns true, up to maxSteps nodes.
func (f *finder) follow(i int, further func(reader graph.Edge) bool) {
	seen := map[int32]bool{int32(i): true}
	for next := []int32{int32(i)}; len(next) > 0; next = next[1:] {
		for _, reader := range f.g.Consumers(int(next[0])) {
			if reader.Port == graph.Control || seen[reader.Node] || len(seen) > maxSteps {
				continue
			}
			seen[reader.Node] = true
			if further(reader) {
				next = append(next, reader.Node)
			}
		}
	}
}
