package dataflow

import (
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// findTrainable lists the variables of the model. It uses the first of these that exist:
//
//   - the collection trainable_variables
//   - floating-point variables that are read outside training and saving
//   - placeholders that stand for variables in a function's graph
//   - constants that ops read as weights, in a frozen graph
func (d *ioFinder) findTrainable() {
	for _, name := range variableNames(d.m, "trainable_variables") {
		if edge := FindTensor(d.g, name); edge.Node != graph.Dangling {
			d.trainable = append(d.trainable, edge.Node)
		}
	}
	if len(d.trainable) > 0 {
		return
	}
	var n wire.Node
	for _, i := range d.withClass(opdef.ClassVariable) {
		d.g.Node(int(i), &n)
		if isFloat(tensor.AttrType(&n, "dtype")) && d.readForward(i) {
			d.trainable = append(d.trainable, i)
		}
	}
	if len(d.trainable) == 0 {
		d.findCaptured()
	}
	if len(d.trainable) == 0 {
		d.findFrozen()
	}
}

// findCaptured lists the resource placeholders that stand for variables in a function's graph and are read.
func (d *ioFinder) findCaptured() {
	var n wire.Node
	for _, i := range d.withClass(opdef.ClassPlaceholder) {
		d.g.Node(int(i), &n)
		if tensor.AttrType(&n, "dtype") == tensor.Resource && d.readForward(i) {
			d.trainable = append(d.trainable, i)
		}
	}
}

// variableNames returns the names of the variables in a collection. Entries that are VariableDefs come before plain
// names.
func variableNames(m *wire.MetaGraph, key string) []string {
	value, _ := m.Collection(key)
	var names []string
	for definition := range scope.Entries(value, fieldnum.CollectionDef_BytesList) {
		names = append(names, string(wire.Last(definition, fieldnum.VariableDef_VariableName)))
	}
	for name := range scope.Entries(value, fieldnum.CollectionDef_NodeList) {
		names = append(names, string(name))
	}
	return names
}

// readForward reports whether variable i is read outside training, saving and initialization. For a read through an
// Identity, the consumers of the Identity count.
func (d *ioFinder) readForward(i int32) bool {
	for _, e := range d.g.Consumers(int(i)) {
		if e.Port < 0 || !d.forward(e.Node) || d.Is(e.Node, opdef.ClassShape) {
			continue
		}
		if !d.Is(e.Node, opdef.ClassSame) {
			return true
		}
		for _, next := range d.g.Consumers(int(e.Node)) {
			if next.Port >= 0 && d.forward(next.Node) && !d.Is(next.Node, opdef.ClassShape) {
				return true
			}
		}
	}
	return false
}

// findFrozen lists the floating-point constants that ops read as weights. It omits scalars.
func (d *ioFinder) findFrozen() {
	seen := make(map[int32]bool)
	var n wire.Node
	for _, i := range d.withClass(opdef.ClassWeighted) {
		for _, e := range d.g.Inputs(int(i)) {
			for step := 0; step < 3 && e.Node != graph.Dangling && e.Port == 0 && d.Is(e.Node, opdef.ClassSame); step++ {
				e = d.firstInput(e.Node)
			}
			if e.Node == graph.Dangling || e.Port != 0 || !d.Is(e.Node, opdef.ClassConst) || seen[e.Node] {
				continue
			}
			seen[e.Node] = true
			d.g.Node(int(e.Node), &n)
			if isFloat(tensor.AttrType(&n, "dtype")) && !d.t.Shape(int(e.Node), 0).IsScalar() {
				d.trainable = append(d.trainable, e.Node)
				d.frozen = true
			}
		}
	}
}

// firstInput returns the first input of node i; Node is Dangling if it has none.
func (d *ioFinder) firstInput(i int32) graph.Edge {
	if in := d.g.Inputs(int(i)); len(in) > 0 {
		return in[0]
	}
	return graph.Edge{Node: graph.Dangling}
}

// markModel marks the nodes that descend from data, the weights, and the layers, where the two meet.
func (d *ioFinder) markModel() {
	var data []graph.Edge
	for _, s := range d.sources {
		if !s.early {
			data = append(data, s.edge)
		}
	}
	if len(data) == 0 {
		// Inputs that look auxiliary are the only ones, so treat them as data.
		for k := range d.sources {
			if s := &d.sources[k]; s.role == RoleAuxiliary && len(d.readers(s.edge)) > 0 && s.dtype != tensor.Bool {
				data = append(data, s.edge)
			}
		}
	}
	d.spreadPorts(data, markSource, d.forward)
	d.spread(d.trainable, markWeights, func(i int32) bool {
		return d.forward(i) && !d.Has(i, markSource) && !d.Is(i, opdef.ClassReduction)
	})
	d.findLayers()
}

// findLayers lists the layers and marks them.
func (d *ioFinder) findLayers() {
	for i := range int32(d.g.Len()) {
		if !d.Has(i, markSource) || d.Is(i, opdef.ClassShape) || !d.forward(i) {
			continue
		}
		for _, e := range d.g.Inputs(int(i)) {
			if e.Node != graph.Dangling && e.Port >= 0 && d.Has(e.Node, markWeights) && !d.Is(e.Node, opdef.ClassShape) {
				d.marks[i] |= markLayer
				d.layers = append(d.layers, i)
				break
			}
		}
	}
	d.spreadUp(d.layers, markAbove, d.forward)
	d.spread(d.layers, markBelow, d.forward)
	var below []int32
	for i := range int32(d.g.Len()) {
		if d.Has(i, markBelow) {
			below = append(below, i)
		}
	}
	d.spreadUp(below, markMeets, func(i int32) bool { return d.forward(i) && !d.Has(i, markBelow) })
}

// settleSources assigns roles to the remaining sources: data if the source leads to a layer, label if it does not.
func (d *ioFinder) settleSources() {
	for k := range d.sources {
		s := &d.sources[k]
		if s.early {
			continue
		}
		role, byKey := d.roleByCollection(s.edge)
		switch {
		case byKey != "":
			s.role, s.why = role, byKey
		case d.reaches(s.edge, markLayer|markAbove) && !d.deployed && d.isLateLabel(s):
			s.role, s.why = RoleLabel, "named like a label; only the last layer reads it"
		case d.reaches(s.edge, markLayer|markAbove):
			s.role, s.why = RoleData, "feeds layers that read "+d.weights()
		case len(d.layers) == 0:
			s.role, s.why = RoleData, "data enters here"
		case d.deployed:
			s.role, s.why = RoleData, "an input of a frozen graph"
		case d.isLength(s):
			s.role, s.why = RoleData, "sequence lengths of a decoder"
		case !d.reaches(s.edge, markBelow|markMeets):
			s.role, s.why = RoleUnused, "the model does not read it"
		default:
			s.role, s.why = RoleLabel, "feeds the loss but no layer that reads variables"
		}
	}
	d.resolveGuesses()
}

// weights returns what the layers read. Only the collection trainable_variables says which variables are trainable.
func (d *ioFinder) weights() string {
	switch {
	case d.frozen:
		return "weights"
	case len(variableNames(d.m, "trainable_variables")) == 0:
		return "variables"
	}
	return "trainable variables"
}

// resolveGuesses turns auxiliary sources into data if the graph has no other data. It tries numbers that layers read,
// then numbers that any node reads, then a source that is the only one.
func (d *ioFinder) resolveGuesses() {
	number := func(s *source) bool { return s.dtype != tensor.Bool && !d.rate(s) }
	tiers := []struct {
		why   string
		holds func(s *source) bool
	}{
		{"the only input of layers that read " + d.weights(), func(s *source) bool {
			return d.reaches(s.edge, markLayer|markAbove) && s.dtype != tensor.Bool
		}},
		{"a number used in computation; the graph has no other data", func(s *source) bool { return len(d.layers) == 0 && number(s) && d.feeds(s.edge) }},
		{"the only input", func(s *source) bool { return len(d.sources) == 1 && d.feeds(s.edge) }},
	}
	for _, tier := range tiers {
		if slices.ContainsFunc(d.sources, func(s source) bool { return s.role == RoleData }) {
			return
		}
		for k := range d.sources {
			if s := &d.sources[k]; s.guess && tier.holds(s) {
				s.role, s.why = RoleData, tier.why
			}
		}
	}
}

// feeds reports whether a node of the forward computation reads a tensor.
func (d *ioFinder) feeds(e graph.Edge) bool {
	return slices.ContainsFunc(d.g.Consumers(int(e.Node)), func(c graph.Edge) bool { return c.Port == e.Port && d.forward(c.Node) })
}

// roleByCollection returns the role that a user-defined collection gives a source, and how it was identified. It
// returns "" if no collection does.
func (d *ioFinder) roleByCollection(e graph.Edge) (Role, string) {
	key, ok := d.declared.marked[e]
	if !ok {
		return "", ""
	}
	_, words := nameParts([]byte(key))
	switch {
	case says(words, labelWords):
		return RoleLabel, "collection " + key
	case says(words, auxiliaryWords):
		return RoleAuxiliary, "collection " + key
	case keyRank(key) >= 2:
		return RoleData, "collection " + key
	}
	return "", ""
}

// reaches reports whether a tensor is consumed by a node that has one of the marks.
func (d *ioFinder) reaches(e graph.Edge, m mark) bool {
	for _, c := range d.g.Consumers(int(e.Node)) {
		if c.Port == e.Port && d.isReadAsData(e.Node, c) && d.Has(c.Node, m) && d.forward(c.Node) {
			return true
		}
	}
	return false
}

// isLateLabel reports whether a source that layers read is still a label. It must be named like a label, and only the
// last layers may read it while other sources feed all layers. An example is the true tags by which a CRF looks up
// transitions.
func (d *ioFinder) isLateLabel(s *source) bool {
	if _, last := nameParts(d.g.Name(int(s.edge.Node))); d.questions == 0 || !says(last, labelWords) {
		return false
	}
	d.questions--
	other := false
	for k := range d.sources {
		o := &d.sources[k]
		other = other || o.edge != s.edge && !o.early && d.reaches(o.edge, markAbove)
	}
	if !other {
		return false
	}
	d.spreadPorts([]graph.Edge{s.edge}, markAsked, d.forward)
	late := true
	for i := range int32(d.g.Len()) {
		if d.Has(i, markAsked) {
			late = late && (!d.Has(i, markLayer) || !d.Has(i, markAbove))
			d.marks[i] &^= markAsked
		}
	}
	return late
}

// ctcLengths is the index of the sequence-length input of a CTC loss.
const ctcLengths = 3

// isLength reports whether a source gives a decoder or a CTC loss the sequence lengths.
func (d *ioFinder) isLength(s *source) bool {
	if s.dtype != tensor.Int32 && s.dtype != tensor.Int64 {
		return false
	}
	edges := []graph.Edge{s.edge}
	for k := 0; k < len(edges) && k < nearby; k++ {
		for _, c := range d.g.Consumers(int(edges[k].Node)) {
			if c.Port != edges[k].Port {
				continue
			}
			if d.Is(c.Node, opdef.ClassDecoder) {
				return true
			}
			if in := d.g.Inputs(int(c.Node)); d.Is(c.Node, opdef.ClassLoss) && len(in) > ctcLengths && in[ctcLengths] == edges[k] {
				return true
			}
			if d.Is(c.Node, opdef.ClassSame) {
				edges = append(edges, graph.Edge{Node: c.Node})
			}
		}
	}
	return false
}

// markRegions marks the nodes that depend on labels, those downstream of data and of layers, and those upstream of
// layers.
func (d *ioFinder) markRegions() {
	var labels, data []graph.Edge
	for _, s := range d.sources {
		switch s.role {
		case RoleLabel:
			labels = append(labels, s.edge)
		case RoleData:
			data = append(data, s.edge)
		}
	}
	d.fed = len(data) > 0
	d.spreadPorts(labels, markLabel, d.forward)
	d.spreadPorts(data, markData, d.forward)
	d.markInsides()
	var losses []int32
	for i := range int32(d.g.Len()) {
		if d.Has(i, MarkTrained) {
			losses = append(losses, i)
			d.marks[i] |= markToLoss
		}
	}
	d.losses = len(losses)
	d.spreadUp(losses, markToLoss, d.forward)
	parts := d.markLossParts()
	var free []int32
	for _, i := range d.layers {
		if !d.Has(i, markLabel) && !parts[i] {
			free = append(free, i)
		}
	}
	d.spreadUp(free, markAboveFree, d.forward)
	if len(labels) == 0 {
		d.markTargets()
	}
	d.markElsewhere()
}

// markInsides marks the nodes inside while loops and inside branches.
func (d *ioFinder) markInsides() {
	d.spread(d.withClass(opdef.ClassEnter), markInside, func(i int32) bool { return d.forward(i) && !d.Is(i, opdef.ClassExit) })
	var branches []int32
	for _, i := range d.withClass(opdef.ClassSwitch) {
		if !d.Has(i, markInside) {
			branches = append(branches, i)
		}
	}
	d.spread(branches, markInside, func(i int32) bool { return d.forward(i) && !d.Is(i, opdef.ClassMerge) })
}

// markTargets marks the nodes that depend on a comparison of the model's result with its own input. It applies to
// graphs without labels.
func (d *ioFinder) markTargets() {
	var joins []int32
	for i := range int32(d.g.Len()) {
		if !d.Has(i, markBelow) || !d.Has(i, markToLoss) || d.Has(i, markAboveFree|markLayer) || d.Is(i, opdef.ClassShape|opdef.ClassSwitch|opdef.ClassMerge) {
			continue
		}
		result, raw := false, false
		for _, e := range d.g.Inputs(int(i)) {
			if e.Node == graph.Dangling || e.Port < 0 || d.Is(e.Node, opdef.ClassShape) {
				continue
			}
			switch {
			case d.Has(e.Node, markBelow):
				result = true
			case d.isDataSource(e.Node) && d.isData(e), d.Has(e.Node, markData) && !d.Has(e.Node, markWeights):
				raw = true
			}
		}
		if result && raw {
			joins = append(joins, i)
		}
	}
	d.spread(joins, markTarget, d.forward)
}

// isData reports whether a tensor is a source of data.
func (d *ioFinder) isData(e graph.Edge) bool {
	k, ok := d.sourceAt[e]
	return ok && d.sources[k].role == RoleData
}
