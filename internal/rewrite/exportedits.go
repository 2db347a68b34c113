package rewrite

import (
	"maps"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/nearest"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A NewShape is a new shape for a placeholder.
type NewShape struct {
	Node string
	Dims tensor.Shape
}

// A ShapeChange is the old and the new shape of a placeholder.
type ShapeChange struct {
	Node string       `json:"node"` // the placeholder
	From tensor.Shape `json:"from"` // the old shape
	To   tensor.Shape `json:"to"`   // the new shape
}

// An AttrCount counts how often an attr was removed.
type AttrCount struct {
	Attr  string `json:"attr"`
	Count int    `json:"count"` // number of nodes that lost it
	// Nearest is the most similar attr of the graph if no node has Attr. It is empty if there is none.
	Nearest string `json:"-"`
}

// planDropAttrs removes the requested attrs from all nodes.
func (e *exporter) planDropAttrs() error {
	if len(e.o.DropAttrs) == 0 {
		return nil
	}
	other := e.rewriter.DropAttr
	e.rewriter.DropAttr = func(op, key, value []byte) bool {
		return slices.Contains(e.o.DropAttrs, string(key)) || other != nil && other(op, key, value)
	}
	return nil
}

// countDropped reports how often each requested attr was removed from graph, given the removals of all attrs by name.
func (e *exporter) countDropped(graph wire.Graph, removals map[string]int) {
	for _, name := range e.o.DropAttrs {
		count := AttrCount{Attr: name, Count: removals[name]}
		if count.Count == 0 {
			count.Nearest = strings.Join(nearest.Names(name, attrNames(graph), 1), "")
		}
		e.report.AttrsDropped = append(e.report.AttrsDropped, count)
		e.report.Attrs -= count.Count
	}
}

// attrNames returns the names of the attrs that the nodes of a graph have, sorted.
func attrNames(graph wire.Graph) []string {
	names := make(map[string]bool)
	for n, err := range graph.Nodes() {
		if err != nil {
			break // the caller has walked the graph and returns the error
		}
		for key := range n.Attrs {
			names[string(key)] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// planShapes changes the shapes of placeholders, and drops the inferred shapes of all nodes downstream.
func (e *exporter) planShapes() error {
	if len(e.o.Shapes) == 0 {
		return nil
	}
	g, err := e.draftGraph()
	if err != nil {
		return err
	}
	set := make(map[int]tensor.Shape)
	for _, shape := range e.o.Shapes {
		set[e.placeholder(g, shape)] = shape.Dims
	}
	if err := e.conflicts.Err(); err != nil {
		return err
	}
	e.changedShapes = g.Downstream(slices.Collect(maps.Keys(set)))
	if err := e.checkShapes(g, set); err != nil {
		return err
	}
	for i, dims := range set {
		g.SetAttr(i, "shape", draft.ShapeAttr(draft.Shape(dims)))
	}
	return e.dropInferred(g)
}

// placeholder returns the number of the placeholder that gets a new shape.
func (e *exporter) placeholder(g *draft.Graph, shape NewShape) int {
	i, ok := g.Find([]byte(shape.Node))
	if !ok {
		placeholders := namesOf(g, func(n *wire.Node) bool { return prune.IsPlaceholder(n.Op) })
		e.conflicts.Add(draft.Suggest(shape.Node, placeholders), "no placeholder named %q", shape.Node)
		return 0
	}
	var n wire.Node
	g.Node(i, &n)
	if !prune.IsPlaceholder(n.Op) {
		e.conflicts.Add("the shape of a computed tensor follows from its inputs; set the shape of a placeholder", "node %q is not a placeholder (its op is %s)", shape.Node, n.Op)
		return 0
	}
	value, _ := g.Attr(i, &n, "shape")
	proto, _ := wire.AttrBytes(value, fieldnum.AttrValue_Shape)
	from := tensor.ParseShape(proto)
	if len(from) > 0 && len(from) != len(shape.Dims) {
		e.conflicts.Add("give one size for each dimension, ? for any size", "placeholder %q has %d dimensions, not %d", shape.Node, len(from), len(shape.Dims))
		return 0
	}
	e.report.Shapes = append(e.report.Shapes, ShapeChange{Node: shape.Node, From: from, To: shape.Dims})
	return i
}

// dropInferred removes the inferred shapes of the changed nodes and of all nodes that depend on them, because TensorFlow
// rejects a graph with contradictory shapes. It marks the output shapes that loops and conditionals declare as unknown.
func (e *exporter) dropInferred(g *draft.Graph) error {
	e.findFixedSizes(g)
	return g.Kept(e.changedShapes, func(i int, n *wire.Node) error {
		if !e.stays(i) {
			return nil
		}
		if _, ok := g.Attr(i, n, "_output_shapes"); ok {
			g.SetAttr(i, "_output_shapes", nil)
			e.report.Inferred++
		}
		if value, ok := g.Attr(i, n, "output_shapes"); ok && declaresShapes(n.Op) {
			g.SetAttr(i, "output_shapes", draft.ForgetShapes(value, func(int) bool { return true }))
		}
		return nil
	})
}

// stays reports whether the cut keeps node i.
func (e *exporter) stays(i int) bool {
	return e.cut == nil || i < len(e.cut.Reach.Has) && e.cut.Reach.Has[i]
}

// declaresShapes reports whether an op declares the shapes of its outputs in an attr.
func declaresShapes(op []byte) bool {
	switch string(op) {
	case "If", "StatelessIf", "While", "StatelessWhile", "Case", "StatelessCase":
		return true
	}
	return false
}

// namesOf returns the names of the nodes that satisfy fits.
func namesOf(g *draft.Graph, fits func(*wire.Node) bool) []string {
	var names []string
	var n wire.Node
	for i := range g.Len() {
		if g.Node(i, &n); fits(&n) {
			names = append(names, string(n.Name))
		}
	}
	return names
}
