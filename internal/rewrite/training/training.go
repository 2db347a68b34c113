// Package training finds what belongs to training in the part of a graph that computes some outputs.
package training

import (
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Found lists nodes by name, in file order. A node of a function is FUNCTION/NODE.
type Found struct {
	Random     []string // ops that return other values each time they run
	BatchNorms []string // batch normalizations with the statistics of the batch, not with those of the training
	Updates    []string // ops that update a variable
}

// A role is what an op can have to do with training.
type role byte

const (
	random    role = 1 + iota // see opdef.IsRandom
	fused                     // a batch normalization in a single op
	variance                  // an op that may compute the variance of a batch
	recurrent                 // several recurrent layers in a single op, with dropout between them
	update                    // updates a variable
	caller                    // calls functions, and not only one of several
)

// A finder finds what belongs to training.
type finder struct {
	Found
	g       *draft.Graph
	library *draft.Library
	needs   func(i int) bool
	chosen  []bool          // nodes that run only if somebody asks for it; nil before markChosen
	called  []string        // functions to search
	known   map[string]bool // all functions that were ever in called
}

// Find searches the nodes of g that needs selects, and the functions of library that they call. It leaves out what a placeholder can turn
// off: a branch of a conditional whose predicate is fed, and a dropout whose rate is fed. The error is a *wire.SyntaxError.
func Find(g *draft.Graph, library *draft.Library, needs func(i int) bool) (*Found, error) {
	f := &finder{g: g, library: library, needs: needs, known: make(map[string]bool)}
	roles := make([]role, len(g.Ops()))
	for id, op := range g.Ops() {
		roles[id] = roleOf(op)
	}
	for i := range g.Files() {
		if role := roles[g.Op(i)]; role != 0 && needs(i) {
			f.node(i, role)
		}
	}
	for len(f.called) > 0 {
		name := f.called[len(f.called)-1]
		f.called = f.called[:len(f.called)-1]
		if err := f.body(name); err != nil {
			return nil, err
		}
	}
	return &f.Found, nil
}

func roleOf(op string) role {
	switch op {
	case "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3":
		return fused
	case "Mean":
		return variance
	case "CudnnRNN", "CudnnRNNV2", "CudnnRNNV3":
		return recurrent
	case "If", "StatelessIf", "Case", "StatelessCase":
		return 0 // the predicate decides what runs
	}
	if opdef.IsRandom(op) {
		return random
	}
	if opdef.Classify(op)&opdef.ClassUpdate != 0 {
		return update
	}
	if _, calls := opdef.CallOf(op); calls {
		return caller
	}
	return 0
}

// node examines node i of the graph.
func (f *finder) node(i int, role role) {
	var n wire.Node
	f.g.Node(i, &n)
	switch role {
	case random:
		if !f.isChosen(i) && !f.hasFedRate(i) {
			f.Random = append(f.Random, string(n.Name))
		}
	case recurrent:
		if dropsOut(&n) && !f.isChosen(i) {
			f.Random = append(f.Random, string(n.Name))
		}
	case fused:
		if isTraining(&n) && !f.isChosen(i) && !f.isLayerNorm(i) {
			f.BatchNorms = append(f.BatchNorms, string(n.Name))
		}
	case variance:
		if f.isBatchVariance(i) && !f.isChosen(i) {
			f.BatchNorms = append(f.BatchNorms, string(n.Name))
		}
	case update:
		if inputs := f.g.DataInputs(i); roleOf(string(n.Op)) == update && !f.isChosen(i) && len(inputs) > 0 && f.op(inputs[0]) != "TemporaryVariable" {
			f.Updates = append(f.Updates, string(n.Name))
		}
	case caller:
		f.calls(string(n.Op), func(attr string) []byte { value, _ := f.g.Attr(i, &n, attr); return value })
	}
}

// calls queues the functions that a node calls.
func (f *finder) calls(op string, attr func(name string) []byte) {
	call, _ := opdef.CallOf(op)
	for _, name := range call.Attrs {
		opdef.EachFunction(attr(name), func(function []byte) {
			if name := string(function); !f.known[name] {
				f.known[name] = true
				f.called = append(f.called, name)
			}
		})
	}
}

// body examines the nodes of a function.
func (f *finder) body(name string) error {
	function, _ := f.library.Find(name)
	filled := make(map[string]bool) // outputs of Fill, as nodes read them
	for n, err := range function.Nodes() {
		if err != nil {
			return err
		}
		if string(n.Op) == "Fill" {
			filled[string(n.Name)+":output:0"] = true
		}
	}
	for n, err := range function.Nodes() {
		if err != nil {
			return err
		}
		switch roleOf(string(n.Op)) {
		case random:
			f.Random = append(f.Random, name+"/"+string(n.Name))
		case recurrent:
			if dropsOut(n) {
				f.Random = append(f.Random, name+"/"+string(n.Name))
			}
		case fused:
			if isTraining(n) && (len(n.Inputs) < 2 || !filled[string(n.Inputs[1])]) {
				f.BatchNorms = append(f.BatchNorms, name+"/"+string(n.Name))
			}
		case update:
			f.Updates = append(f.Updates, name+"/"+string(n.Name))
		case caller:
			f.calls(string(n.Op), func(attr string) []byte { value, _ := n.Attr(attr); return value })
		}
	}
	return nil
}

// dropsOut reports whether a CudnnRNN has dropout between its layers.
func dropsOut(n *wire.Node) bool {
	rate, _ := n.Attr("dropout")
	return isTraining(n) && tensor.ParseValue(rate).Float > 0
}

// isTraining reports whether a FusedBatchNorm or CudnnRNN runs in training mode, which is the default.
func isTraining(n *wire.Node) bool {
	value, ok := n.Attr("is_training")
	return !ok || wire.LastUint(value, fieldnum.AttrValue_B) != 0
}

// isLayerNorm reports whether the FusedBatchNorm of node i normalizes each example by itself, as Keras does: it reads a reshaped tensor, its
// scale is constant, and nothing reads its statistics.
func (f *finder) isLayerNorm(i int) bool {
	inputs := f.g.DataInputs(i)
	if len(inputs) < 2 || f.op(inputs[0]) != "Reshape" || f.op(inputs[1]) != "Fill" && f.op(inputs[1]) != "Const" {
		return false
	}
	return !slices.ContainsFunc(f.g.Consumers(i), func(e graph.Edge) bool { return e.Port == 1 || e.Port == 2 })
}

// op returns the op of the node that an edge comes from, or "" if the node is missing.
func (f *finder) op(e graph.Edge) string {
	if e.Node == graph.Dangling {
		return ""
	}
	return f.g.OpName(f.g.Op(int(e.Node)))
}
