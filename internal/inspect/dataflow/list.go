package dataflow

import (
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// wantedPredictions is how many of the likeliest predictions determine which inputs matter.
const wantedPredictions = 3

// listOutputs returns the declared outputs, followed by the found outputs that complement them. It marks the nodes
// that the first predictions depend on.
func (d *ioFinder) listOutputs(found []candidate) []Tensor {
	slices.SortStableFunc(d.declared.outputs, func(a, b declaredTensor) int { return d.looseRank(a) - d.looseRank(b) })
	out := d.listDeclared(d.declared.outputs)
	declared := len(out) > 0
	seen := make(map[string]bool)
	var wanted []int32
	for _, t := range out {
		seen[t.Tensor] = true
		if edge := FindTensor(d.g, t.Tensor); edge.Node != graph.Dangling {
			wanted = append(wanted, edge.Node)
		}
	}
	for _, c := range found {
		name := d.tensorName(c.edge)
		if seen[name] || declared && c.role == RolePrediction {
			continue
		}
		if c.role == RolePrediction && len(wanted) < wantedPredictions {
			wanted = append(wanted, c.edge.Node)
		}
		t := Tensor{Tensor: name, Role: c.role, DType: tensor.DTypeName(c.dtype), Shape: c.shape, Why: strings.Join(c.signs, "; ")}
		slices.SortFunc(c.copies, func(a, b graph.Edge) int { return int(a.Node) - int(b.Node) })
		for _, e := range c.copies {
			t.Copies = append(t.Copies, d.tensorName(e))
		}
		out = append(out, t)
	}
	if len(out) == 0 {
		out = d.listUnread()
	}
	if len(out) == 0 && len(d.methods) == 0 {
		out = d.listVariables()
	}
	slices.SortStableFunc(out, func(a, b Tensor) int { return roleRank(a.Role) - roleRank(b.Role) })
	for _, i := range wanted {
		d.marks[i] |= markWanted
	}
	d.spreadUp(wanted, markWanted, func(i int32) bool {
		return d.marks[i]&MarkGradient == 0 && !d.Is(i, opdef.ClassVariable|opdef.ClassUpdate)
	})
	return out
}

// looseRank sorts declared outputs that the model does not compute, such as a key that is passed through, after the
// others.
func (d *ioFinder) looseRank(t declaredTensor) int {
	if t.loose && t.edge.Node != graph.Dangling && len(d.layers) > 0 && !d.Has(t.edge.Node, markBelow) {
		return 1
	}
	return 0
}

// listUnread returns the results of an input pipeline.
func (d *ioFinder) listUnread() []Tensor {
	out := []Tensor{}
	for _, e := range d.unread() {
		out = append(out, Tensor{
			Tensor: d.tensorName(e),
			Role:   RolePrediction,
			DType:  tensor.DTypeName(d.dtypeOf(e)),
			Shape:  d.t.Shape(int(e.Node), int(e.Port)),
			Why:    "an output of the input pipeline; no node reads it",
		})
	}
	return out
}

// listVariables returns the variables of a graph that computes nothing from them.
func (d *ioFinder) listVariables() []Tensor {
	out := []Tensor{}
	var n wire.Node
	for _, i := range d.withClass(opdef.ClassVariable) {
		if len(out) == maxPredictions {
			break
		}
		d.g.Node(int(i), &n)
		out = append(out, Tensor{
			Tensor: d.tensorName(graph.Edge{Node: i}),
			Role:   RolePrediction,
			DType:  tensor.DTypeName(tensor.AttrType(&n, "dtype")),
			Shape:  tensor.AttrShape(&n),
			Why:    "a variable; the graph computes nothing from variables",
		})
	}
	return out
}

// unique removes repeated tensors, which occur if two nodes have the same name.
func unique(all []Tensor) []Tensor {
	seen := make(map[string]bool, len(all))
	return slices.DeleteFunc(all, func(t Tensor) bool {
		again := seen[t.Tensor]
		seen[t.Tensor] = true
		return again
	})
}

// roleRank returns the position of a role in the sort order.
func roleRank(role Role) int {
	return slices.Index([]Role{RoleData, RoleAuxiliary, RoleLabel, RoleUnused, RolePrediction, RoleLoss, RoleMetric}, role)
}

// listDeclared returns each declared tensor once, in the order of all.
func (d *ioFinder) listDeclared(all []declaredTensor) []Tensor {
	out := []Tensor{}
	seen := make(map[string]bool)
	var n wire.Node
	for _, t := range all {
		name := t.name
		if !strings.Contains(name, ":") && !t.unbound {
			name += ":0"
		}
		if seen[name] {
			continue
		}
		seen[name] = true
		switch {
		case t.unbound:
		case t.edge.Node == graph.Dangling:
			t.why += "; the graph has no such node"
		case !t.typed:
			d.g.Node(int(t.edge.Node), &n)
			t.dtype, t.shape = d.t.DType(&n, int(t.edge.Port)), d.t.Shape(int(t.edge.Node), int(t.edge.Port))
		}
		out = append(out, Tensor{Tensor: name, Role: t.role, DType: tensor.DTypeName(t.dtype), Shape: t.shape, Why: t.why})
	}
	return out
}

// listInputs returns the declared inputs, followed by the sources. Sources that predictions depend on come first.
func (d *ioFinder) listInputs() []Tensor {
	out := d.listDeclared(d.declared.inputs)
	seen := make(map[string]bool)
	for _, t := range out {
		seen[t.Tensor] = true
	}
	order := slices.Clone(d.sources)
	slices.SortStableFunc(order, func(a, b source) int { return d.inputRank(a) - d.inputRank(b) })
	for _, s := range order {
		name := d.tensorName(s.edge)
		if seen[name] {
			continue
		}
		seen[name] = true
		out = append(out, Tensor{Tensor: name, Role: s.role, DType: tensor.DTypeName(s.dtype), Shape: s.shape, Why: s.why})
		for _, e := range d.aliases(s) {
			if alias := d.tensorName(e); !seen[alias] {
				seen[alias] = true
				out = append(out, Tensor{Tensor: alias, Role: s.role, DType: tensor.DTypeName(d.dtypeOf(e)), Shape: d.t.Shape(int(e.Node), int(e.Port)),
					Why: "an alias of " + name})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Tensor) int { return roleRank(a.Role) - roleRank(b.Role) })
	return out
}

// maxAliases limits how many alternative names of one source are listed.
const maxAliases = 4

// aliases returns the tensors that users feed in place of a queue, an iterator or a serialized example: Identity nodes
// with custom names through which the model reads all of the source.
func (d *ioFinder) aliases(s source) []graph.Edge {
	if s.role != RoleData && s.role != RoleLabel {
		return nil
	}
	var found []graph.Edge
	edges := []graph.Edge{s.edge}
	for k := 0; k < len(edges) && k < maxAliases; k++ {
		reader, ok := d.onlyReader(edges[k])
		if !ok {
			continue
		}
		op := d.g.OpName(d.g.Op(int(reader)))
		switch {
		case op == "Identity" && k+1 < maxAliases:
			e := graph.Edge{Node: reader}
			if edges = append(edges, e); chosen(d.g.Name(int(reader)), op) && !d.Is(s.edge.Node, opdef.ClassPlaceholder) {
				found = append(found, e)
			}
		case strings.HasPrefix(op, "ParseExample"):
			found = append(found, d.parsed(reader)...)
		}
	}
	return found
}

// parsed returns the named Identity nodes that read the values node i parses from serialized examples.
func (d *ioFinder) parsed(i int32) []graph.Edge {
	var found []graph.Edge
	for _, c := range d.g.Consumers(int(i)) {
		if c.Port >= 0 && len(found) < maxAliases && d.g.OpName(d.g.Op(int(c.Node))) == "Identity" && chosen(d.g.Name(int(c.Node)), "Identity") {
			found = append(found, graph.Edge{Node: c.Node})
		}
	}
	return found
}

// onlyReader returns the only node in the forward computation that consumes a tensor.
func (d *ioFinder) onlyReader(e graph.Edge) (int32, bool) {
	only := graph.Dangling
	for _, c := range d.g.Consumers(int(e.Node)) {
		if c.Port != e.Port || !d.forward(c.Node) || d.Is(c.Node, opdef.ClassShape) || c.Node == only {
			continue
		}
		if only != graph.Dangling {
			return 0, false
		}
		only = c.Node
	}
	return only, only != graph.Dangling
}

func (d *ioFinder) inputRank(s source) int {
	if d.feedsWanted(s.edge) {
		return 0
	}
	return 1
}

// feedsWanted reports whether one of the wanted predictions depends on a source.
func (d *ioFinder) feedsWanted(e graph.Edge) bool {
	for _, c := range d.g.Consumers(int(e.Node)) {
		if c.Port == e.Port && d.Has(c.Node, markWanted) {
			return true
		}
	}
	return false
}
