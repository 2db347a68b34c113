package inspect

import (
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/wire"
)

// A candidate is a tensor that may be a prediction, a loss or a metric.
type candidate struct {
	edge   Edge
	role   Role
	score  int
	signs  []string
	dtype  int32
	shape  Shape
	copies []Edge
}

// sign adds to the score, and what to say for it.
func (c *candidate) sign(score int, what string) {
	c.score += score
	if what != "" {
		c.signs = append(c.signs, what)
	}
}

// The most tensors of a role that are listed, and how far behind the best a prediction may lie.
const (
	maxPredictions = 12
	maxScalars     = 8
	maxBehind      = 5
)

// findOutputs returns the predictions, the losses and metrics, the likeliest of each first.
func (d *finder) findOutputs() []candidate {
	var predictions, losses, metrics []candidate
	var n wire.Node
	for i := range int32(d.g.Len()) {
		if !d.mayComeOut(i) {
			continue
		}
		d.g.Node(int(i), &n)
		for port := range d.portsOut(i, &n) {
			c := candidate{edge: Edge{Node: i, Port: int32(port)}}
			c.dtype, c.shape = d.t.dtype(&n, port), d.t.shape(int(i), port)
			switch d.weigh(&c, &n); c.role {
			case RolePrediction:
				predictions = append(predictions, c)
			case RoleLoss:
				losses = append(losses, c)
			case RoleMetric:
				metrics = append(metrics, c)
			}
		}
	}
	out := best(d.group(predictions), maxPredictions, maxBehind)
	out = append(out, best(d.group(losses), maxScalars, maxBehind)...)
	return append(out, best(d.group(metrics), maxScalars, maxBehind)...)
}

// mayComeOut reports whether node i lies where predictions, losses and metrics do.
func (d *finder) mayComeOut(i int32) bool {
	if !d.forward(i) || d.is(i, opShape|opRandom|opConst|opEnter|opSwitch) || d.has(i, markInside) {
		return false
	}
	switch {
	case d.has(i, markLabel|markTarget|markTrained):
		return true
	case d.has(i, markAboveFree):
		return false
	case d.has(i, markBelow):
		return true
	case len(d.layers) > 0:
		return d.has(i, markWeights) && !d.is(i, opSame) && !d.frozen
	case len(d.sources) > 0:
		return d.has(i, markData|markSource)
	}
	return d.has(i, markWeights) && !d.is(i, opSame)
}

// maxPortsOut is how many outputs of one node are looked at.
const maxPortsOut = 8

// portsOut returns how many outputs of node i are of interest.
func (d *finder) portsOut(i int32, n *wire.Node) int {
	if d.is(i, opOneOutput) {
		return 1
	}
	ports := d.t.outputs(n)
	if ports == 0 {
		for _, e := range d.g.Consumers(int(i)) {
			ports = max(ports, int(e.Port)+1)
		}
		ports = max(ports, 1)
	}
	return min(ports, maxPortsOut)
}

// readersOf counts who reads a tensor: those that go on with it, those that bring it together with labels or targets, and those
// that only keep books.
func (d *finder) readersOf(e Edge) (on, labels, books int) {
	for _, c := range d.g.Consumers(int(e.Node)) {
		switch {
		case c.Port != e.Port:
		case d.is(c.Node, opShape), d.has(c.Node, markGradient):
		case !d.forward(c.Node):
			books++
		case d.has(c.Node, markLabel|markTarget):
			labels++
		default:
			on++
		}
	}
	return on, labels, books
}

// weigh gives a candidate its role, none where it is not worth listing, and the signs that speak for it.
func (d *finder) weigh(c *candidate, n *wire.Node) {
	i := c.edge.Node
	scopes, last := nameParts(n.Name)
	person := chosen(n.Name, string(n.Op))
	on, labels, books := d.readersOf(c.edge)
	key, inCollection := d.declared.marked[c.edge]
	lower := strings.ToLower(key)
	scalar := c.shape.scalar() || c.shape == nil && d.is(i, opReduction)

	if d.has(i, markLabel|markTarget|markTrained) || scalar && d.has(i, markToLoss) || scalar && says(scopes+"/"+last, lossWords) {
		d.weighScalar(c, scalar, person, on)
		return
	}
	if on == 0 && labels == 0 && books > 0 && d.feedsUpdates(i, maxUpdateChain) {
		return
	}
	c.role = RolePrediction
	switch {
	case inCollection && keyRank(lower) >= 2 && !says(lower, labelWords):
		c.sign(6, "collection "+key)
	case inCollection:
		c.sign(2, "collection "+key)
	}
	switch {
	case on == 0 && labels > 0:
		c.sign(4, "only what depends on labels reads it")
	case on == 0 && books == 0:
		c.sign(4, "nobody reads it")
	case on == 0:
		c.sign(2, "only bookkeeping reads it")
	case labels > 0:
		c.sign(2, "compared with labels")
	}
	switch {
	case d.is(i, opDecision):
		c.sign(3, strings.ToLower(string(n.Op)))
	case d.has(i, markLayer):
		c.sign(2, "output of the last layer")
	case d.is(i, opReduction):
		c.sign(-2, "")
	case d.is(i, opCompare) || DTypeName(c.dtype) == "bool":
		c.sign(-4, "")
	}
	switch {
	case person && says(last, predictionWords):
		c.sign(3, "named like a result")
	case says(last, predictionWords):
		c.sign(1, "")
	case says(scopes, predictionWords):
		c.sign(2, "in a scope named like a result")
	}
	if person {
		c.sign(1, "named by a person")
	}
	if says(scopes+"/"+last, lossWords) || says(scopes, []string{"logistic_loss"}) {
		c.sign(-5, "")
	}
	if says(scopes+"/"+last, metricWords) {
		c.sign(-2, "")
	}
	if scalar {
		c.sign(-6, "")
	}
	if !d.has(i, markBelow) && len(d.layers) > 0 {
		c.sign(-3, "computed from variables alone")
	}
	if c.edge.Port > 0 {
		c.sign(-1, "")
	}
}

// weighScalar weighs what depends on labels or leads to a loss.
func (d *finder) weighScalar(c *candidate, scalar, person bool, on int) {
	i := c.edge.Node
	scopes, last := nameParts(d.g.Name(int(i)))
	trained := d.has(i, markTrained)
	if !scalar && !trained || on > 0 && !trained && !person {
		return
	}
	c.role = RoleMetric
	if trained || d.has(i, markToLoss) || says(last, lossWords) || says(scopes, lossWords) && !says(last, metricWords) {
		c.role = RoleLoss
	}
	switch {
	case trained:
		c.sign(5, "gradients start here")
	case c.role == RoleLoss:
		c.sign(1, "a scalar that leads to the loss")
	default:
		c.sign(1, "a scalar that depends on labels")
	}
	if on == 0 {
		c.sign(2, "")
	}
	if person {
		c.sign(1, "")
	}
	if says(last, lossWords) || says(last, metricWords) {
		c.sign(2, "")
	}
}

// maxUpdateChain is how many nodes lie between a statistic and the variable that keeps it.
const maxUpdateChain = 5

// feedsUpdates reports whether all that is made of node i goes into variables, queues or checkpoints.
func (d *finder) feedsUpdates(i int32, depth int) bool {
	read := false
	for k, e := range d.g.Consumers(int(i)) {
		if e.Port < 0 || d.is(e.Node, opShape) || d.has(e.Node, markGradient) {
			continue
		}
		read = true
		switch {
		case d.is(e.Node, opUpdate|opSave|opEnqueue):
		case !d.forward(e.Node), depth == 0, k > nearby, !d.feedsUpdates(e.Node, depth-1):
			return false
		}
	}
	return read
}

// best returns at most limit candidates, the likeliest first, without those that lie far behind the likeliest.
func best(all []candidate, limit, behind int) []candidate {
	slices.SortStableFunc(all, func(a, b candidate) int { return b.score - a.score })
	for k := range all {
		if k == limit || all[k].score < all[0].score-behind {
			return all[:k]
		}
	}
	return all
}
