package rewrite

import (
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/shapes"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// draftShapes implements shapes.Nodes for the nodes of a draft. Its nodes of the file are as in the file, except for the shapes of
// placeholders and for cut inputs. Other changes to nodes keep the shapes of their outputs.
type draftShapes struct {
	*originalShapes
	draft   *draft.Graph
	set     map[int]tensor.Shape // the new shapes of placeholders; nil for the old ones
	changed []bool               // nodes whose recorded shapes no longer hold; empty for none
	inputs  map[int][]graph.Edge
}

// unknownOp is the op of nodes for which isNew is true. Only the shapes of new placeholders are known.
var unknownOp = new(opdef.Op)

func (n *draftShapes) Len() int { return n.draft.Len() }

// isNew reports whether node i is new, or a placeholder that lost its default.
func (n *draftShapes) isNew(i int) bool {
	return i >= n.draft.Files() || n.draft.Edited(i) && n.draft.Edit(i).Op == "Placeholder"
}

func (n *draftShapes) Op(i int) *opdef.Op {
	if n.isNew(i) {
		return unknownOp
	}
	return n.originalShapes.Op(i)
}

func (n *draftShapes) Attr(i int, name string) ([]byte, bool) {
	if n.isNew(i) {
		return nil, false
	}
	if s, ok := n.set[i]; ok && name == "shape" {
		return draft.ShapeAttr(draft.Shape(s)).Bytes(), true
	}
	return n.originalShapes.Attr(i, name)
}

func (n *draftShapes) Tensors(i int) (inputs, outputs int64, known bool) {
	if n.isNew(i) {
		return 0, 0, false
	}
	return n.originalShapes.Tensors(i)
}

// Inputs returns the inputs of node i in the file, or the nodes that replace them.
func (n *draftShapes) Inputs(i int) []graph.Edge {
	if n.isNew(i) {
		return nil
	}
	if edges, known := n.inputs[i]; known {
		return edges
	}
	edges := n.originalShapes.Inputs(i)
	cut := false
	for k, e := range edges {
		if source, ok := n.draft.Through(e); ok && source != int(e.Node) {
			if !cut {
				edges, cut = slices.Clone(edges), true
			}
			edges[k] = graph.Edge{Node: int32(source)}
		}
	}
	if cut {
		n.inputs[i] = edges
	}
	return edges
}

// Settle returns the shape of a new or changed placeholder, or the inferred shapes of another node.
func (n *draftShapes) Settle(i int, inferred []tensor.Shape) []tensor.Shape {
	if s, ok := n.set[i]; ok {
		return []tensor.Shape{s}
	}
	if n.isNew(i) {
		var node wire.Node
		if n.draft.Node(i, &node); !opdef.IsPlaceholder(node.Op) {
			return nil
		}
		value, _ := n.draft.Attr(i, &node, "shape")
		shape, _ := wire.AttrBytes(value, fieldnum.AttrValue_Shape)
		return []tensor.Shape{tensor.ParseShape(shape)}
	}
	switch {
	case len(n.changed) == 0 || !n.changed[i]:
		return n.originalShapes.Settle(i, inferred)
	case opdef.DeclaresShapes(n.Op(i).Name):
		return nil
	}
	return inferred
}

// check reports the nodes that accept the old shapes of placeholders but not those in set, which is by the number of the node. It returns
// the shapes after the change, and adds constants that contain a replaced size to the report.
func (s *shapeSetter) check(set map[int]tensor.Shape) (*shapes.Walk, error) {
	errors := &shapeErrors{conflicts: &s.conflicts, what: "the new shapes", advice: "set a shape that the graph accepts; other placeholders may need a new shape too"}
	ops := opdef.NewOps(nil, s.g.Rest())
	kept := slices.Clone(s.changed)
	for i := range kept {
		kept[i] = kept[i] && s.cut.Keeps(i)
	}
	nodes := func(inference *shapes.Inference, changed []bool, set map[int]tensor.Shape) *draftShapes {
		return &draftShapes{&originalShapes{inference.File(s.g.Graph), s.g.Graph, errors}, s.g, set, changed, make(map[int][]graph.Edge)}
	}
	walk := func(changed []bool, set map[int]tensor.Shape) *shapes.Walk {
		inference := errors.inferenceOf(ops, s.g.Rest())
		w := inference.Walk(nodes(inference, changed, set))
		w.Run(kept)
		return w
	}
	before := walk(nil, nil)
	errors.changed = true
	after := walk(s.changed, set)
	if err := s.conflicts.Err(); err != nil {
		return nil, err
	}
	if sizes, moved := s.replacedSizes(); len(sizes) > 0 {
		inference := shapes.New(ops, s.g.Rest())
		f := &sizeFinder{draftShapes: nodes(inference, s.changed, moved), shapeSetter: s, sizes: sizes, old: before.Shape,
			rejected: make(map[int]bool), held: make(map[int]bool), seen: make(map[FixedSize]bool)}
		w := inference.Walk(f)
		f.moved = w.Shape
		w.Run(kept)
		f.find()
		return after, f.findInFunctions()
	}
	return after, nil
}
