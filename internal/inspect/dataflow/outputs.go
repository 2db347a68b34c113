package dataflow

import (
	"bytes"
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A candidate is a tensor that may be a prediction, a loss or a metric.
type candidate struct {
	edge   graph.Edge
	role   Role
	score  int
	signs  []string
	dtype  int32
	shape  tensor.Shape
	copies []graph.Edge
}

// Limits on how many tensors of a role are listed, and on how far a prediction may score below the best one.
const (
	maxPredictions = 12
	maxScalars     = 8
	maxBehind      = 4
	goodScore      = 6  // predictions with this score are listed regardless of the best
	worstScore     = -2 // predictions below this score are never listed
)

// findOutputs returns the predictions, then the losses and metrics, the likeliest first in each group.
func (d *ioFinder) findOutputs() []candidate {
	var predictions, losses, metrics []candidate
	var n wire.Node
	for i := range int32(d.g.Len()) {
		if !d.canBeOutput(i) {
			continue
		}
		d.g.Node(int(i), &n)
		for _, port := range d.portsOut(i, &n) {
			c := candidate{edge: graph.Edge{Node: i, Port: port}}
			c.dtype, c.shape = d.t.DType(&n, int(port)), d.t.Shape(int(i), int(port))
			switch d.weigh(&c, &n); c.role {
			case RolePrediction:
				predictions = d.keep(predictions, c)
			case RoleLoss:
				losses = d.keep(losses, c)
			case RoleMetric:
				metrics = d.keep(metrics, c)
			}
		}
	}
	out := d.best(d.group(predictions), maxPredictions, maxBehind)
	if len(out) > 0 || len(losses) > 0 {
		metrics = slices.DeleteFunc(metrics, func(c candidate) bool { return c.score <= 0 })
	} else {
		// All results of the model look like metrics.
		for k := range metrics {
			metrics[k].role = RolePrediction
		}
	}
	out = append(out, d.best(d.group(losses), maxScalars, maxBehind)...)
	return append(out, d.best(d.group(metrics), maxScalars, maxBehind)...)
}

// maxKept limits how many candidates are kept before they are compared.
const maxKept = 4096

// keep appends a candidate. If there are too many, it drops the least likely ones.
func (d *ioFinder) keep(all []candidate, c candidate) []candidate {
	if len(all) == 2*maxKept {
		slices.SortStableFunc(all, d.compare)
		all = all[:maxKept]
	}
	return append(all, c)
}

// canBeOutput reports whether an output of node i can be a prediction, a loss or a metric.
func (d *ioFinder) canBeOutput(i int32) bool {
	if !d.forward(i) || d.Is(i, opdef.ClassShape|opdef.ClassRandom|opdef.ClassConst|opdef.ClassEnter|opdef.ClassSwitch) || d.Has(i, markInside) {
		return false
	}
	switch {
	case d.Has(i, markLabel|markTarget|MarkTrained):
		return true
	case d.replacesData(i), d.deployed && len(d.g.Consumers(int(i))) == 0 && !d.gradientName(d.g.Name(int(i))):
		return true
	case d.Has(i, markAboveFree):
		// Scores that are compared with labels are a result even if a layer is downstream, such as a CRF's
		// transitions.
		return d.Has(i, markBelow) && d.readersOf(graph.Edge{Node: i}).labels > 0
	case d.Has(i, markBelow), d.isNamedResult(i):
		return true
	case len(d.layers) > 0:
		return d.Has(i, markWeights) && !d.Is(i, opdef.ClassSame|opdef.ClassMerge|opdef.ClassExit) && !d.frozen
	case d.fed:
		return d.Has(i, markData|markSource)
	}
	if len(d.trainable) == 0 {
		return true
	}
	named := len(d.g.Consumers(int(i))) == 0 && chosen(d.g.Name(int(i)), d.g.OpName(d.g.Op(int(i))))
	return d.Has(i, markWeights) && (named || !d.Is(i, opdef.ClassSame))
}

// isNamedResult reports whether a user gave node i, which no node reads, the name of a result. A count of detections, for example, depends
// on no data but their shapes.
func (d *ioFinder) isNamedResult(i int32) bool {
	if len(d.layers) == 0 || !d.Is(i, opdef.ClassSame) || d.Has(i, markWeights) || len(d.g.Consumers(int(i))) > 0 || !chosen(d.g.Name(int(i)), d.g.OpName(d.g.Op(int(i)))) {
		return false
	}
	name := d.g.Name(int(i))
	_, last := nameParts(name[bytes.LastIndexByte(name, '/')+1:])
	return says(last, predictionWords)
}

// loopOutput reports whether node i returns the variables of a functional while loop.
func (d *ioFinder) loopOutput(i int32) bool {
	in := d.g.Inputs(int(i))
	return len(in) > 0 && in[0].Node != graph.Dangling && d.Is(i, opdef.ClassSame) && d.Is(in[0].Node, opdef.ClassWhile)
}

// renamesLayer reports whether node i only passes on the result of a layer.
func (d *ioFinder) renamesLayer(i int32) bool {
	in := d.firstInput(i)
	return d.Is(i, opdef.ClassSame) && in.Node != graph.Dangling && in.Port == 0 && d.Has(in.Node, markLayer)
}

// replacesData reports whether an output of node i replaces data as an input of layers.
func (d *ioFinder) replacesData(i int32) bool {
	for e := range d.substitutes {
		if e.Node == i {
			return true
		}
	}
	return false
}

// dtypeOf returns the DataType of a tensor, or 0 if it is unknown.
func (d *ioFinder) dtypeOf(e graph.Edge) int32 {
	var n wire.Node
	d.g.Node(int(e.Node), &n)
	return d.t.DType(&n, int(e.Port))
}

// maxPortsOut limits how many outputs of one node are considered.
const maxPortsOut = 8

// portsOut returns the outputs of node i to consider. If the number of outputs is unknown, it returns the first one
// and those that are read.
func (d *ioFinder) portsOut(i int32, n *wire.Node) []int32 {
	var read [maxPortsOut]bool
	read[0] = true
	if !d.Is(i, opdef.ClassOneOutput) {
		known := d.t.Outputs(n)
		for port := range min(known, maxPortsOut) {
			read[port] = true
		}
		for _, e := range d.g.Consumers(int(i)) {
			if known == 0 && e.Port > 0 && e.Port < maxPortsOut {
				read[e.Port] = true
			}
		}
	}
	var ports []int32
	for port, wanted := range read {
		if wanted {
			ports = append(ports, int32(port))
		}
	}
	return ports
}

// readers counts the consumers of a tensor by how they use it.
type readers struct {
	on          int    // compute further results from it
	decisions   int    // make a decision from it: softmax, argmax
	decision    string // the op of the first decision
	labels      int    // combine it with labels or targets
	loss        int    // compute something that only the loss uses
	bookkeeping int    // read its shape, or compute no result: gradients, summaries
}

// readersOf counts the consumers of a tensor.
func (d *ioFinder) readersOf(e graph.Edge) readers {
	var r readers
	for _, c := range d.g.Consumers(int(e.Node)) {
		switch {
		case c.Port != e.Port:
		case d.Is(c.Node, opdef.ClassShape), d.Has(c.Node, MarkGradient):
		case !d.forward(c.Node):
			r.bookkeeping++
		case d.joinsLabel(c.Node, maxSame):
			r.labels++
		case d.isBeforeLoss(c.Node) && !d.Has(c.Node, markElsewhere) && d.feedsForward(c.Node):
			r.loss++
		case d.Is(c.Node, opdef.ClassDecision):
			if r.decisions++; r.decisions == 1 {
				r.decision = d.g.OpName(d.g.Op(int(c.Node)))
			}
		default:
			r.on++
		}
	}
	return r
}

// maxSame limits how many nodes that pass on their input, or part of it, are followed. maxReaders limits how many
// consumers of each are checked.
const (
	maxSame    = 2
	maxReaders = 8
)

// joinsLabel reports whether node i depends on a label or a target, or passes its input on only to such nodes.
func (d *ioFinder) joinsLabel(i int32, depth int) bool {
	if d.Has(i, markLabel|markTarget) {
		return true
	}
	if depth == 0 || !d.Is(i, opdef.ClassSame|opdef.ClassCut|opdef.ClassMath) || d.Has(i, markInside) {
		return false
	}
	joins := false
	for k, c := range d.g.Consumers(int(i)) {
		if c.Port < 0 || d.Is(c.Node, opdef.ClassShape) || !d.forward(c.Node) {
			continue
		}
		if k > maxReaders || !d.joinsLabel(c.Node, depth-1) {
			return false
		}
		joins = true
	}
	return joins
}

// compare sorts likelier candidates first. Among equals, those outside training come first, then those that were built
// last.
func (d *ioFinder) compare(a, b candidate) int {
	switch x, y := d.Has(a.edge.Node, markToLoss), d.Has(b.edge.Node, markToLoss); {
	case a.score != b.score:
		return b.score - a.score
	case x != y && x:
		return 1
	case x != y:
		return -1
	case a.edge.Node != b.edge.Node:
		return int(b.edge.Node) - int(a.edge.Node)
	}
	return int(a.edge.Port) - int(b.edge.Port)
}

// best returns at most limit candidates, the likeliest first. It omits candidates that score far below the best one.
func (d *ioFinder) best(all []candidate, limit, behind int) []candidate {
	slices.SortStableFunc(all, d.compare)
	for k := range all {
		if k == limit || all[k].score < min(all[0].score-behind, goodScore) || k > 0 && all[k].score <= 0 || all[k].score < worstScore {
			return all[:k]
		}
	}
	return all
}
