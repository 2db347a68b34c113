package dataflow

import (
	"strings"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// evidence is what the signs examine: a candidate tensor, its name and its consumers.
type evidence struct {
	d         *ioFinder
	c         *candidate
	node      int32
	op        string
	name      []byte
	scopes    string // the name up to the last slash, in lower case, without scopes that TensorFlow generates
	last      string // the rest of the name, in lower case
	person    bool   // whether a user chose the last part of the name
	scalar    bool
	key       string // the collection that lists the tensor
	marked    bool   // whether a collection lists it
	read      readers
	consumers int
}

// A sign is evidence for or against a candidate.
type sign struct {
	points int
	why    string // text for the why column, with {op}, {decision} and {key}; empty for signs that are not mentioned
	holds  func(e *evidence) bool
}

// predictionSigns are the signs of a prediction. In each group, the first sign that holds counts. The points were
// fitted to real graphs for which the authors' code shows what they fetch (testdata/io and the corpus). Only the order
// of the sums matters.
var predictionSigns = [][]sign{
	{ // what the file declares
		{10, "collection {key}", func(e *evidence) bool {
			return e.marked && keyRank(e.key) >= 2 && !says(strings.ToLower(e.key), labelWords)
		}},
		{2, "collection {key}", func(e *evidence) bool { return e.marked }},
	},
	{ // which nodes consume it
		{10, "no node reads it", func(e *evidence) bool {
			return e.d.deployed && e.consumers == 0 && !e.is(opdef.ClassExit) && !e.d.gradientName(e.name)
		}},
		{8, "layers read it instead of data", func(e *evidence) bool { return e.d.substitutes[e.c.edge] }},
		{4, "{decision} reads it, and it is compared with labels", func(e *evidence) bool { return e.read.decisions > 0 && e.read.labels > 0 }},
		{4, "{decision} reads it, outside the training", func(e *evidence) bool {
			return e.read.on == 0 && e.read.decisions > 0 && e.d.losses > 0 && !e.has(markToLoss)
		}},
		{2, "{decision} reads it", func(e *evidence) bool { return e.read.on == 0 && e.read.decisions > 0 }},
		{6, "several parts of the loss read it", func(e *evidence) bool {
			return e.read.on == 0 && e.read.labels+e.read.loss > 1 && e.read.decisions == 0 && !e.has(markLayer)
		}},
		{4, "only nodes that depend on labels read it", func(e *evidence) bool { return e.read.on == 0 && e.read.labels > 0 }},
		{1, "only the loss depends on it", func(e *evidence) bool {
			return e.read.on == 0 && e.read.loss > 0 && !e.is(opdef.ClassLookup)
		}},
		{4, "no node reads it", func(e *evidence) bool { return e.read.on+e.read.loss+e.read.bookkeeping == 0 }},
		{2, "only bookkeeping nodes read it", func(e *evidence) bool { return e.read.on+e.read.loss == 0 }},
		{2, "compared with labels", func(e *evidence) bool { return e.read.labels > 0 }},
	},
	{ // what computes it
		{3, "{op} after the last layer", func(e *evidence) bool { return e.is(opdef.ClassDecision) && e.has(markBelow) && !e.has(markAboveFree) }},
		{3, "{op}", func(e *evidence) bool { return e.is(opdef.ClassDecision) }},
		{0, "", func(e *evidence) bool {
			return e.has(markLayer) && e.is(opdef.ClassLookup) && e.read.on+e.read.loss > 0
		}},
		{2, "output of the last layer", func(e *evidence) bool { return e.has(markLayer) }},
		{2, "output of the last layer, with a custom name", func(e *evidence) bool { return e.person && e.d.renamesLayer(e.node) }},
		{-1, "", func(e *evidence) bool { return e.is(opdef.ClassCut) && e.read.on == 0 && e.read.labels > 0 }},
		{-2, "", func(e *evidence) bool { return e.is(opdef.ClassReduction) && e.c.shape == nil }},
		{-3, "", func(e *evidence) bool { return e.is(opdef.ClassMath) }},
		{-3, "final state of a loop", func(e *evidence) bool { return e.is(opdef.ClassExit) || e.d.loopOutput(e.node) }},
		{-4, "", func(e *evidence) bool { return e.is(opdef.ClassCompare) || e.c.dtype == tensor.Bool }},
	},
	{ // what its name suggests
		{4, "named like a result", func(e *evidence) bool { return e.person && says(e.last, predictionWords) }},
		{1, "", func(e *evidence) bool { return says(e.last, predictionWords) }},
		{3, "in a scope named like a result; has a custom name", func(e *evidence) bool { return e.person && says(e.scopes, predictionWords) }},
		{2, "in a scope named like a result", func(e *evidence) bool { return says(e.scopes, predictionWords) }},
		{1, "has a custom name", func(e *evidence) bool { return e.person }},
	},
	{{-5, "", func(e *evidence) bool { return e.says(lossWords) || says(e.scopes, []string{"logistic_loss"}) }}},
	{{-2, "", func(e *evidence) bool { return e.says(metricWords) }}},
	{{-2, "", func(e *evidence) bool { return e.is(opdef.ClassDecision) && says(e.scopes, scoreWords) }}}, // computed for a comparison
	{{-2, "", func(e *evidence) bool { return says(e.scopes, []string{"target"}) }}},                      // a copy that follows the trained network
	{{-6, "", func(e *evidence) bool { return e.scalar && !e.d.deployed }}},
	{{-4, "", func(e *evidence) bool { return argumentName(e.last, e.op) && (inOpScope(e.name) || e.consumers > 0) }}},
	{
		{-1, "", func(e *evidence) bool { return !e.has(markBelow) && e.d.isNamedResult(e.node) }}, // the number of results
		{-3, "computed only from variables", func(e *evidence) bool { return !e.has(markBelow) && len(e.d.layers) > 0 }},
	},
	{{-1, "", func(e *evidence) bool { return e.c.edge.Port > 0 }}},
	{{-4, "the loss does not depend on it", func(e *evidence) bool {
		return e.read.on+e.read.decisions+e.read.labels+e.read.loss == 0 && !e.is(opdef.ClassDecision) &&
			e.d.isUnusedHead(e.node)
	}}},
	{{3, "only a loss outside the scope of the model reads it", func(e *evidence) bool {
		return !e.has(markLayer) && e.read.on+e.read.decisions == 0 && e.read.labels+e.read.loss > 0 && e.d.leavesScope(e.node)
	}}},
	{{-1, "", func(e *evidence) bool { return e.is(opdef.ClassSame) && e.d.rearranges(e.c.edge, opdef.ClassDecision) }}},
	{{-4, "", func(e *evidence) bool { return e.is(opdef.ClassSame) && e.d.rearranges(e.c.edge, opdef.ClassCompare) }}},
}

// scalarSigns are the signs of a loss or a metric.
var scalarSigns = [][]sign{
	{
		{9, "gradients start here", func(e *evidence) bool { return e.has(MarkTrained) }},
		{1, "a scalar that leads to the loss", func(e *evidence) bool { return e.c.role == RoleLoss }},
		{1, "a scalar that depends on labels", func(*evidence) bool { return true }},
	},
	{{2, "", func(e *evidence) bool { return e.read.on+e.read.labels+e.read.loss == 0 }}},
	{{1, "", func(e *evidence) bool { return e.person }}},
	{{2, "", func(e *evidence) bool { return says(e.last, lossWords) || says(e.last, metricWords) }}},
}

// evidenceFor collects the evidence about a candidate, which is an output of node n.
func (d *ioFinder) evidenceFor(c *candidate, n *wire.Node) *evidence {
	i := c.edge.Node
	e := &evidence{d: d, c: c, node: i, op: string(n.Op), name: n.Name, person: chosen(n.Name, string(n.Op)), read: d.readersOf(c.edge),
		consumers: len(d.g.Consumers(int(i)))}
	e.scopes, e.last = nameParts(n.Name)
	e.scopes = strings.ReplaceAll(e.scopes, "embedding_lookup", "")
	e.key, e.marked = d.declared.marked[c.edge]
	e.scalar = c.shape.IsScalar() || c.shape == nil && d.Is(i, opdef.ClassReduction)
	return e
}

// is reports whether the op of the candidate belongs to one of the classes.
func (e *evidence) is(class opdef.Class) bool { return e.d.Is(e.node, class) }

// has reports whether the candidate's node has one of the marks.
func (e *evidence) has(m mark) bool { return e.d.Has(e.node, m) }

// says reports whether the candidate's name contains one of the words.
func (e *evidence) says(words []string) bool { return says(e.scopes+"/"+e.last, words) }

// add adds the points and texts of the signs that hold.
func (e *evidence) add(groups [][]sign) {
	words := strings.NewReplacer("{op}", e.op, "{decision}", e.read.decision, "{key}", e.key)
	for _, group := range groups {
		for k := range group {
			if s := &group[k]; s.holds(e) {
				e.c.score += s.points
				if s.why != "" {
					e.c.signs = append(e.c.signs, words.Replace(s.why))
				}
				break
			}
		}
	}
}

// weigh sets the role and score of a candidate. The role stays empty if the candidate is not worth listing.
func (d *ioFinder) weigh(c *candidate, n *wire.Node) {
	if isHandle(c.dtype) {
		return
	}
	e := d.evidenceFor(c, n)
	if !d.deployed && e.concernsLoss() {
		if c.role = e.scalarRole(); c.role != "" {
			e.add(scalarSigns)
		}
		return
	}
	if !d.deployed && e.scalar && e.read.on+e.read.decisions+e.read.loss == 0 && len(d.layers) > 0 && !e.marked && !says(e.last, predictionWords) {
		if c.role = RoleMetric; isFloat(c.dtype) && (e.person || e.is(opdef.ClassReduction)) {
			c.score++
		}
		c.signs = append(c.signs, "a scalar that no node reads")
		return
	}
	c.role = RolePrediction
	e.add(predictionSigns)
}

// concernsLoss reports whether the candidate depends on labels or leads to a loss. Such a candidate can only be a loss
// or a metric.
func (e *evidence) concernsLoss() bool {
	return e.has(markLabel|markTarget) || e.has(MarkTrained) && (e.scalar || e.c.shape == nil) ||
		e.scalar && (e.has(markToLoss) || e.says(lossWords))
}

// scalarRole returns the role of a candidate that concerns the loss, or "" if it is not worth listing.
func (e *evidence) scalarRole() Role {
	trained := e.has(MarkTrained)
	switch {
	case trained && e.c.dtype != 0 && !isFloat(e.c.dtype):
		return "" // the loss is another output of the node
	case !e.scalar && !trained, e.read.on+e.read.labels+e.read.loss > 0 && !trained && !e.person, e.c.dtype == tensor.Bool,
		says(e.scopes, []string{"assert"}):
		return ""
	case trained, e.has(markToLoss), says(e.last, lossWords), says(e.scopes, lossWords) && !says(e.last, metricWords):
		return RoleLoss
	}
	return RoleMetric
}
