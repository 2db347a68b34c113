package rewrite

import (
	"maps"
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/shapes"
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

// A shapeSetter sets the shapes of placeholders in a graph.
type shapeSetter struct {
	g         *draft.Graph
	cut       *prune.Cut
	changed   []bool // nodes that depend on the placeholders, whose inferred shapes no longer hold
	report    *ExportReport
	conflicts draft.Conflicts
}

// A reshaped holds the nodes that depend on placeholders with new shapes, and the shapes of their outputs. It may be nil.
type reshaped struct {
	changed []bool
	walk    *shapes.Walk
}

// shape returns the shape of output port of node i, which was old before the change.
func (r *reshaped) shape(i, port int, old tensor.Shape) tensor.Shape {
	if r == nil || i >= len(r.changed) || !r.changed[i] {
		return old
	}
	return r.walk.Shape(graph.Edge{Node: int32(i), Port: int32(port)})
}

// setShapes sets the shapes of placeholders in g, and drops the inferred shapes of the nodes that depend on them and that cut
// keeps. The error is draft.Conflicts if kept nodes do not accept the shapes.
func setShapes(g *draft.Graph, cut *prune.Cut, wanted []NewShape, report *ExportReport) (*reshaped, error) {
	s := &shapeSetter{g: g, cut: cut, report: report}
	set := make(map[int]tensor.Shape)
	for _, shape := range wanted {
		set[s.placeholder(shape)] = shape.Dims
	}
	if err := s.conflicts.Err(); err != nil {
		return nil, err
	}
	s.changed = g.Downstream(slices.Collect(maps.Keys(set)))
	walk, err := s.check(set)
	if err != nil {
		return nil, err
	}
	for i, dims := range set {
		g.SetAttr(i, "shape", draft.ShapeAttr(draft.Shape(dims)))
	}
	return &reshaped{s.changed, walk}, s.dropInferred()
}

// placeholder returns the number of the placeholder that gets a new shape.
func (s *shapeSetter) placeholder(shape NewShape) int {
	i, n, ok := findPlaceholder(s.g, shape.Node, "the shape of a computed tensor follows from its inputs; set the shape of a placeholder", &s.conflicts)
	if !ok {
		return 0
	}
	from := placeholderShape(s.g, i, &n)
	if len(from) > 0 && len(from) != len(shape.Dims) {
		s.conflicts.Add("give one size for each dimension, ? for any size", "placeholder %q has %d dimensions, not %d", shape.Node, len(from), len(shape.Dims))
		return 0
	}
	s.report.Shapes = append(s.report.Shapes, ShapeChange{Node: shape.Node, From: from, To: shape.Dims})
	return i
}

// dropInferred removes the inferred shapes of the changed nodes and of all nodes that depend on them, because TensorFlow
// rejects a graph with contradictory shapes. It marks the output shapes that loops and conditionals declare as unknown.
func (s *shapeSetter) dropInferred() error {
	return s.g.Kept(s.changed, func(i int, n *wire.Node) error {
		if !s.cut.Keeps(i) {
			return nil
		}
		if _, ok := s.g.Attr(i, n, "_output_shapes"); ok {
			s.g.SetAttr(i, "_output_shapes", nil)
			s.report.Inferred++
		}
		if value, ok := s.g.Attr(i, n, "output_shapes"); ok && opdef.DeclaresShapes(string(n.Op)) {
			s.g.SetAttr(i, "output_shapes", draft.ForgetShapes(value, func(int) bool { return true }))
		}
		return nil
	})
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
