package freeze

import (
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// replaceReferences turns ops that need a reference into ops on values. It runs even without variables: graphs frozen by other tools
// can contain such ops, and TensorFlow cannot import them.
func (f *Freezing) replaceReferences() {
	var n wire.Node
	for i := range f.g.Files() {
		if !f.kept(i) {
			continue
		}
		f.g.Graph.Node(i, &n)
		m, ok := replacementOf(string(n.Op))
		switch {
		case ok && !f.temporary(i):
			f.replace(i, &n, m)
		case !ok && f.wantsReference(&n) && !f.temporary(i):
			f.problems.Of(ErrNotConstant, "cannot freeze: node %q (%s) requires a reference to a variable", n.Name, n.Op)
		}
	}
}

// wantsReference reports whether an op has a reference input.
func (f *Freezing) wantsReference(n *wire.Node) bool {
	switch string(n.Op) {
	case "TemporaryVariable", "DestroyTemporaryVariable":
		return false
	}
	def := f.facts.Def(n.Op)
	return def != nil && slices.ContainsFunc(def.Inputs, func(arg opdef.Arg) bool { return arg.Ref })
}

// temporary reports whether the reference that a node reads belongs to a temporary variable. Such a variable exists only within one
// run and is kept.
func (f *Freezing) temporary(i int) bool {
	var n wire.Node
	for range 1000 {
		f.g.Graph.Node(i, &n)
		switch op := string(n.Op); {
		case op == "TemporaryVariable":
			return true
		case len(n.Inputs) == 0 || !strings.HasPrefix(op, "Ref") && !strings.HasPrefix(op, "Assign") && !strings.HasPrefix(op, "Scatter"):
			return false
		}
		source, ok := f.g.Source(n.Inputs[0])
		if !ok || source >= f.g.Files() {
			return false
		}
		i = source
	}
	return false
}

// replace replaces the op of node i as m describes.
func (f *Freezing) replace(i int, n *wire.Node, m replacement) {
	if m.update && !f.isRead(i) {
		f.makeNoOp(i, n)
		return
	}
	e := f.g.Edit(i)
	e.Op = m.op
	if m.update {
		f.updates = append(f.updates, i)
	}
	for _, key := range m.drop {
		e.Attrs[key] = nil
	}
	dtype := tensor.AttrType(n, "T")
	if _, resource := n.Attr("dtype"); resource {
		dtype = tensor.AttrType(n, "dtype")
		e.Attrs["T"], e.Attrs["dtype"] = draft.TypeAttr(dtype), nil
	}
	switch op := updateOp(n.Op); {
	case m.op == "Const":
		e.Alone, e.Inputs, e.Attrs = true, f.frame(n), always()
	case m.op == "Identity" && op != "RefIdentity":
		e.Alone, e.Attrs = true, map[string]*wire.Rope{"T": draft.TypeAttr(dtype)}
		e.Inputs = []string{}
		for k, input := range wire.InputNames(n.Inputs) {
			if k == m.first || strings.HasPrefix(input, "^") {
				e.Inputs = append(e.Inputs, input)
			}
		}
	case strings.HasPrefix(op, "Scatter") && !strings.HasPrefix(op, "ScatterNd") && len(n.Inputs) > 2:
		f.expandIndices(i, n)
	case op == "AssignAdd" && dtype == tensor.String:
		e.Op = "Add"
	}
}

// isRead reports whether node i is fetched, or has a kept reader of the old or the new graph.
func (f *Freezing) isRead(i int) bool {
	for _, c := range f.g.Consumers(i) {
		if c.Port != graph.Control && f.kept(int(c.Node)) {
			return true
		}
	}
	return f.outputs[i] || f.computed[i]
}

// expandIndices adds the last dimension to the indices of a scatter op, which the corresponding ops on tensors require.
func (f *Freezing) expandIndices(i int, n *wire.Node) {
	dim := f.constant(i, n, "dim", tensor.Int32, -1)
	indices := scope.Unique(string(n.Name)+"/indices", f.g.Taken)
	f.g.Add(i, &scope.NewNode{Name: indices, Op: "ExpandDims", Device: string(n.Device), Inputs: []string{string(n.Inputs[1]), dim},
		Attrs: map[string]*wire.Rope{"T": draft.TypeAttr(tensor.AttrType(n, "Tindices")), "Tdim": draft.TypeAttr(tensor.Int32)}})
	inputs := wire.InputNames(n.Inputs)
	inputs[1] = indices
	f.g.Edit(i).Inputs = inputs
}
