package dataflow

import (
	"bytes"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// Some losses contain computations that look like part of the model. A CRF's sequence likelihood reads a transition
// matrix, and a distance loss compares embeddings with each other. Such results depend on no label but are not
// outputs.

// markLossParts marks the results of such computations as targets. It returns the layers that belong to a loss.
func (d *ioFinder) markLossParts() map[int32]bool {
	parts := make(map[int32]bool)
	if d.losses == 0 {
		return parts
	}
	var seeds []int32
	for _, i := range d.layers {
		if d.addsTransitions(i) && d.computesLogSumExp(i) {
			parts[i] = true
			seeds = append(seeds, i)
		}
	}
	for i := range int32(d.g.Len()) {
		if d.Has(i, markBelow) && d.Has(i, markToLoss) && !d.Has(i, markLayer|markAbove) && d.comparesWithItself(i) {
			seeds = append(seeds, i)
		}
	}
	d.spread(seeds, markTarget, d.forward)
	return parts
}

// addsTransitions reports whether node i adds a square matrix of variables to tag scores, as a CRF does.
func (d *ioFinder) addsTransitions(i int32) bool {
	switch d.g.OpName(d.g.Op(int(i))) {
	case "Add", "AddV2":
	default:
		return false
	}
	for _, e := range d.firstInputs(i) {
		if e.Node == graph.Dangling || e.Port < 0 || !d.Has(e.Node, markWeights) {
			continue
		}
		root, ok := d.weightRoot(e.Node)
		if !ok {
			continue
		}
		var n wire.Node
		d.g.Node(int(root), &n)
		if shape := tensor.AttrShape(&n); len(shape) == 2 && shape[0] == shape[1] && shape[0] > 1 {
			return true
		}
	}
	return false
}

// computesLogSumExp reports whether a log-sum-exp is computed close downstream of node i.
func (d *ioFinder) computesLogSumExp(i int32) bool {
	exp, sum, log := false, false, false
	d.below(graph.Edge{Node: i}, func(at int32) bool {
		switch d.g.OpName(d.g.Op(int(at))) {
		case "Exp":
			exp = true
		case "Sum":
			sum = sum || exp
		case "Log":
			log = log || sum
		}
		return d.forward(at)
	})
	return log
}

// comparesWithItself reports whether node i subtracts or multiplies two arrangements of the same tensor, as in the
// pairwise distances of a batch.
func (d *ioFinder) comparesWithItself(i int32) bool {
	switch d.g.OpName(d.g.Op(int(i))) {
	case "Sub", "SquaredDifference", "MatMul", "BatchMatMul", "BatchMatMulV2":
	default:
		return false
	}
	in := d.g.Inputs(int(i))
	if len(in) < 2 || in[0] == in[1] && d.g.OpName(d.g.Op(int(i))) == "Sub" {
		return false
	}
	a, b := d.rearrangedFrom(in[0]), d.rearrangedFrom(in[1])
	return a == b && a.Node != graph.Dangling && d.Has(a.Node, markBelow)
}

// rearrangedFrom returns the tensor from which e is sliced or rearranged.
func (d *ioFinder) rearrangedFrom(e graph.Edge) graph.Edge {
	for range maxChain {
		if e.Node == graph.Dangling || e.Port < 0 || !d.Is(e.Node, opdef.ClassSame|opdef.ClassCut) {
			break
		}
		at := 0
		if op := d.g.OpName(d.g.Op(int(e.Node))); op == "Split" {
			at = 1 // input 0 is the axis
		}
		in := d.g.Inputs(int(e.Node))
		if len(in) <= at {
			break
		}
		e = in[at]
	}
	return e
}

// markElsewhere marks everything that is used for more than the loss. It starts at tensors that have no consumer or
// that feed a decision, and goes upstream as far as the last layers.
func (d *ioFinder) markElsewhere() {
	var ends []int32
	for i := range int32(d.g.Len()) {
		if d.isBeforeLoss(i) && (d.Is(i, opdef.ClassDecision) || !d.Is(i, opdef.ClassExit) && !d.feedsForward(i)) {
			ends = append(ends, i)
			d.marks[i] |= markElsewhere
		}
	}
	d.spreadUp(ends, markElsewhere, d.isBeforeLoss)
}

// isBeforeLoss reports whether node i is between the last layers and the nodes that depend on labels.
func (d *ioFinder) isBeforeLoss(i int32) bool {
	return d.Has(i, markBelow) && !d.Has(i, markLabel|markTarget|markLayer|markAboveFree) && d.forward(i) && !d.Is(i, opdef.ClassShape)
}

// feedsForward reports whether a node of the forward computation reads node i as data.
func (d *ioFinder) feedsForward(i int32) bool {
	for _, c := range d.g.Consumers(int(i)) {
		if c.Port >= 0 && d.forward(c.Node) && !d.Is(c.Node, opdef.ClassShape) {
			return true
		}
	}
	return false
}

// lastLayer returns the layer that node i is computed from, and false if none is close upstream.
func (d *ioFinder) lastLayer(i int32) (int32, bool) {
	for range maxChain {
		if d.Has(i, markLayer) {
			return i, true
		}
		next, at := d.resultInput(i)
		if at < 0 {
			break
		}
		i = next.Node
	}
	return 0, false
}

// isUnusedHead reports whether no loss depends on the variables of the layer that computes node i, in a graph that trains
// other layers. Such a layer is an unused head.
func (d *ioFinder) isUnusedHead(i int32) bool {
	layer, ok := d.lastLayer(i)
	if !ok || d.losses == 0 || d.Has(layer, markToLoss) {
		return false
	}
	for _, e := range d.firstInputs(layer) {
		if e.Node != graph.Dangling && e.Port >= 0 && d.Has(e.Node, markWeights) && d.Has(e.Node, markToLoss) {
			return false
		}
	}
	return true
}

// leavesScope reports whether node i is in the outermost scope of the layer that computes it, and all of its consumers
// are outside that scope.
func (d *ioFinder) leavesScope(i int32) bool {
	layer, ok := d.lastLayer(i)
	if !ok {
		return false
	}
	name := d.g.Name(int(i))
	scope := name[:bytes.IndexByte(name, '/')+1]
	if len(scope) == 0 || !bytes.HasPrefix(d.g.Name(int(layer)), scope) {
		return false
	}
	for _, c := range d.g.Consumers(int(i)) {
		if c.Port >= 0 && d.forward(c.Node) && bytes.HasPrefix(d.g.Name(int(c.Node)), scope) {
			return false
		}
	}
	return true
}

// rearranges reports whether a tensor is a slice or rearrangement of the result of an op in one of the classes.
func (d *ioFinder) rearranges(e graph.Edge, class opdef.Class) bool {
	root := d.rearrangedFrom(e)
	return root.Node != graph.Dangling && root != e && d.Is(root.Node, class)
}
