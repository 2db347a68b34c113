package rewrite

import (
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/shapes"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A newShape is the shape of an imported tensor after the import.
type newShape struct {
	shape tensor.Shape
	weak  bool // the old shape no longer holds; if false, shape refines it
}

// mappedShapes implements shapes.Nodes for the imported graph with mapped inputs. The nodes of the base, which mapped inputs read,
// follow those of the imported graph. While a Walk infers the new shapes, mappedShapes finds recorded shapes that no longer hold,
// which TensorFlow would reject or rely on (GraphConstructor::ValidateShape in
// tensorflow/core/common_runtime/graph_constructor.cc).
type mappedShapes struct {
	*originalShapes // the imported graph
	base            *originalShapes
	i               *importer
	before          *shapes.Walk            // of the imported graph without the input map
	inputs          map[int][]graph.Edge    // of nodes with mapped inputs, and of nodes of the base
	downstream      []bool                  // nodes of the imported graph that depend on a mapped input
	changed         map[graph.Edge]newShape // tensors of the imported graph whose shape changes, including mapped ones
	calls           *draft.Closure          // the functions whose arguments have new shapes
	err             error
}

// followShapes follows the shapes of mapped tensors through the graph.
func (p *inputMap) followShapes() error {
	i := p.i
	errors := &shapeErrors{conflicts: &i.conflicts, argument: InputMapArgument, what: "the mapped inputs",
		advice: "map it to a tensor with a shape that the imported graph accepts"}
	original := errors.inferenceOf(opdef.NewOps(nil, i.in.survey.rest), i.in.survey.rest)
	own := &originalShapes{original.File(i.in.index), i.in.index, errors}
	result := errors.inferenceOf(opdef.NewOps(nil, i.in.survey.rest, i.base.survey.rest), i.in.survey.rest)
	m := &mappedShapes{originalShapes: &originalShapes{result.File(i.in.index), i.in.index, errors},
		base: &originalShapes{result.File(i.base.index), i.base.index, errors}, i: i, before: original.Walk(own),
		inputs: make(map[int][]graph.Edge), changed: make(map[graph.Edge]newShape)}
	m.mapInputs(p.readers)
	after := result.Walk(m)
	for _, mapping := range p.mappings {
		if !mapping.control() {
			m.compare(after, mapping)
		}
	}
	var first []int
	for _, in := range p.readers {
		if _, changed := m.changed[in.m.from]; in.m.from.Node == graph.Dangling || changed {
			first = append(first, in.node)
		}
	}
	if len(first) == 0 {
		return nil
	}
	library, err := draft.NewLibrary(i.in.survey.rest)
	if err != nil {
		return err
	}
	m.calls = library.NewClosure()
	m.downstream = draft.New(i.in.index).Downstream(first)
	m.before.Run(m.downstream)
	errors.changed = true
	after.Run(m.downstream)
	p.newShapes, p.shapeless = m.changed, m.calls.Has
	return m.err
}

// mapInputs sets the inputs of the nodes that read mapped tensors.
func (m *mappedShapes) mapInputs(readers []mappedInput) {
	for _, in := range readers {
		if m.inputs[in.node] == nil {
			m.inputs[in.node] = slices.Clone(m.originalShapes.Inputs(in.node))
		}
		if edges := m.inputs[in.node]; in.slot < len(edges) {
			edges[in.slot] = m.inBase(in.m.to)
		}
	}
}

// inBase returns a tensor of the base as a tensor of m.
func (m *mappedShapes) inBase(e graph.Edge) graph.Edge {
	if e.Node != graph.Dangling {
		e.Node += int32(m.g.Len())
	}
	return e
}

// compare compares the shape of a mapped tensor with that of its target.
func (m *mappedShapes) compare(after *shapes.Walk, mapping *mapping) {
	to := m.inBase(mapping.to)
	after.Visit(int(to.Node))
	if mapping.from.Node == graph.Dangling {
		return
	}
	m.before.Visit(int(mapping.from.Node))
	old, now := m.before.Shape(mapping.from), after.Shape(to)
	oldVariable, variable := m.before.Handle(mapping.from), after.Handle(to)
	if !sameShape(old, now) || !sameShape(oldVariable, variable) {
		m.changed[mapping.from] = newShape{now, !refines(now, old) || !refines(variable, oldVariable)}
	}
}

func (m *mappedShapes) Len() int { return m.g.Len() + m.base.g.Len() }

// at returns the graph of node i and the node's number there.
func (m *mappedShapes) at(i int) (*originalShapes, int) {
	if own := m.g.Len(); i >= own {
		return m.base, i - own
	}
	return m.originalShapes, i
}

func (m *mappedShapes) Op(i int) *opdef.Op {
	n, i := m.at(i)
	return n.Op(i)
}

func (m *mappedShapes) Attr(i int, name string) ([]byte, bool) {
	n, i := m.at(i)
	return n.Attr(i, name)
}

func (m *mappedShapes) Tensors(i int) (inputs, outputs int64, known bool) {
	n, i := m.at(i)
	return n.Tensors(i)
}

func (m *mappedShapes) Inputs(i int) []graph.Edge {
	if edges, ok := m.inputs[i]; ok {
		return edges
	}
	n, k := m.at(i)
	edges := n.Inputs(k)
	if n == m.base {
		edges = slices.Clone(edges)
		for k := range edges {
			edges[k] = m.inBase(edges[k])
		}
		m.inputs[i] = edges
	}
	return edges
}

func (m *mappedShapes) Reject(i int, err error) {
	if i < m.g.Len() {
		m.originalShapes.Reject(i, err)
	}
}

// Settle compares the new shapes of a node that depends on a mapped input with the old ones. It drops the recorded shapes if one of
// them no longer holds.
func (m *mappedShapes) Settle(i int, inferred []tensor.Shape) []tensor.Shape {
	if n, k := m.at(i); n == m.base || m.downstream == nil || !m.downstream[i] {
		return n.Settle(k, inferred)
	}
	weak := m.weak(i)
	if weak && opdef.DeclaresShapes(m.Op(i).Name) {
		inferred = nil
	}
	recorded := m.Recorded(i)
	_, outputs, _ := m.Tensors(i)
	settled := make([]tensor.Shape, min(max(int(outputs), len(recorded)), shapes.MaxOutputs))
	copy(settled, inferred)
	drop := false
	for k := range settled {
		e := graph.Edge{Node: int32(i), Port: int32(k)}
		old := m.before.Shape(e)
		if merged, ok := opdef.MergeShapes(settled[k], old); ok && !weak {
			settled[k] = merged
		}
		now := settled[k]
		// TensorFlow may have known more about the old shape and recorded shapes that follow from it.
		certain := sameShape(old, now) && (k < len(recorded) || now.FullyDefined())
		if weak && !certain || !sameShape(old, now) {
			m.changed[e] = newShape{now, weak && !certain || !refines(now, old)}
		}
		drop = drop || k < len(recorded) && !refines(now, recorded[k])
	}
	if drop {
		m.i.edit(i).Attrs["_output_shapes"] = nil
		m.i.report.ShapesDropped++
	}
	if weak {
		m.forget(i)
	}
	return settled
}

// weak reports whether the old shape of an input of node i no longer holds.
func (m *mappedShapes) weak(i int) bool {
	for _, e := range m.originalShapes.Inputs(i) {
		if m.changed[e].weak {
			return true
		}
	}
	return false
}

// forget marks the output shapes that a loop or conditional declares as unknown, and notes the functions that node i calls.
func (m *mappedShapes) forget(i int) {
	var n wire.Node
	m.g.Node(i, &n)
	if value, ok := n.Attr("output_shapes"); ok && opdef.DeclaresShapes(string(n.Op)) {
		m.i.edit(i).Attrs["output_shapes"] = draft.ForgetShapes(value, func(int) bool { return true })
		m.i.report.ShapesDropped++
	}
	if err := m.calls.Node(n.Op, n.Attrs); err != nil && m.err == nil {
		m.err = err
	}
}

// edit returns the Edit for a node of the imported graph. The caller can add changes to it.
func (i *importer) edit(node int) *scope.Edit {
	if i.rewriter.Edits == nil {
		i.rewriter.Edits = make(map[int]*scope.Edit)
	}
	e := i.rewriter.Edits[node]
	if e == nil {
		e = &scope.Edit{Attrs: make(map[string]*wire.Rope)}
		i.rewriter.Edits[node] = e
	}
	return e
}
