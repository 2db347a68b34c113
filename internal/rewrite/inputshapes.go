package rewrite

import (
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A newShape is the shape of an imported tensor after the import.
type newShape struct {
	shape tensor.Shape
	weak  bool // the old shape no longer holds; if false, shape refines it
}

// A shapeWalk follows the shapes of mapped inputs through the imported graph, as TensorFlow's importer infers them
// (GraphConstructor::ValidateShape in tensorflow/core/common_runtime/graph_constructor.cc). It reports inputs that an op
// cannot take. It also finds recorded shapes that no longer hold, which TensorFlow would reject or rely on.
type shapeWalk struct {
	i          *importer
	registered *opdef.Registered
	mapped     map[graph.Edge]graph.Edge // tensors of the imported graph and the base tensors that replace them
	changed    map[graph.Edge]newShape   // tensors of the imported graph whose shape changes, including mapped ones
	library    *draft.Library
	calls      *draft.Closure          // the functions whose arguments have new shapes
	constants  map[graph.Edge]constant // integer tensors evaluated so far
	failed     int
	before     bool // describe the graph without the input map

	// The current node.
	node  wire.Node
	edges []graph.Edge // its data inputs
}

// followShapes follows the shapes of mapped tensors through the graph.
func (p *inputMap) followShapes() error {
	w := &shapeWalk{i: p.i, registered: opdef.NewRegistered(), mapped: make(map[graph.Edge]graph.Edge), changed: make(map[graph.Edge]newShape),
		constants: make(map[graph.Edge]constant)}
	for _, m := range p.mappings {
		if !m.control() && m.from.Node != graph.Dangling {
			w.mapped[m.from] = m.to
			old, now := p.i.tensors.Shape(int(m.from.Node), int(m.from.Port)), p.i.baseTensors.Shape(int(m.to.Node), int(m.to.Port))
			variable := w.variable(m.from)
			w.before = true
			oldVariable := w.variable(m.from)
			w.before = false
			if !sameShape(old, now) || !sameShape(oldVariable, variable) {
				w.changed[m.from] = newShape{now, !refines(now, old) || !refines(variable, oldVariable)}
			}
		}
	}
	var first []int
	unbound := make(map[int]map[int]graph.Edge) // by reader and slot, the base tensor for a mapped unbound input
	for _, in := range p.readers {
		if _, changed := w.changed[in.m.from]; in.m.from.Node == graph.Dangling || changed {
			first = append(first, in.node)
		}
		if in.m.from.Node == graph.Dangling {
			if unbound[in.node] == nil {
				unbound[in.node] = make(map[int]graph.Edge)
			}
			unbound[in.node][in.slot] = in.m.to
		}
	}
	if len(first) == 0 {
		return nil
	}
	var err error
	if w.library, err = draft.NewLibrary(p.i.survey.rest); err != nil {
		return err
	}
	w.calls = w.library.NewClosure()
	for _, i := range downstream(p.i.graph, first) {
		if err := w.visit(i, unbound[i]); err != nil {
			return err
		}
	}
	p.i.newShapes, p.i.shapeless, p.i.report.ShapesChanged = w.changed, w.calls.Has, true
	return nil
}

// downstream returns the nodes of first and all nodes that read them, directly or indirectly. A node comes after the
// nodes that it reads, except in loops.
func downstream(g *graph.Graph, first []int) []int {
	state := make([]uint8, g.Len()) // 0: not visited, 1: visited
	var order []int
	type frame struct{ node, next int }
	for _, i := range first {
		if state[i] != 0 {
			continue
		}
		state[i] = 1
		stack := []frame{{node: i}}
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			readers := g.Consumers(top.node)
			if top.next == len(readers) {
				order = append(order, top.node)
				stack = stack[:len(stack)-1]
				continue
			}
			e := readers[top.next]
			top.next++
			if e.Port != graph.Control && state[e.Node] == 0 {
				state[e.Node] = 1
				stack = append(stack, frame{node: int(e.Node)})
			}
		}
	}
	slices.Reverse(order)
	return order
}

// sameShape reports whether two shapes are equal. An unknown shape equals only itself.
func sameShape(a, b tensor.Shape) bool { return slices.Equal(a, b) && (a == nil) == (b == nil) }

// refines reports whether shape a is at least as specific as shape b and does not contradict it.
func refines(a, b tensor.Shape) bool {
	if b == nil {
		return true
	}
	if a == nil || len(a) != len(b) {
		return false
	}
	for k := range b {
		if b[k] >= 0 && a[k] != b[k] {
			return false
		}
	}
	return true
}

// visit infers the new shapes of the outputs of a node.
func (w *shapeWalk) visit(i int, unbound map[int]graph.Edge) error {
	t := w.i.tensors
	w.i.graph.Node(i, &w.node)
	w.edges = w.edges[:0]
	for _, e := range w.i.graph.Inputs(i) {
		if e.Port != graph.Control {
			w.edges = append(w.edges, e)
		}
	}
	was, now := make([]tensor.Shape, len(w.edges)), make([]tensor.Shape, len(w.edges))
	any, weak := false, false
	for k, e := range w.edges {
		if to, ok := unbound[k]; ok {
			now[k] = w.i.baseTensors.Shape(int(to.Node), int(to.Port))
			any = true
			continue
		}
		if e.Node == graph.Dangling || e.Port < 0 || w.closesLoop(e) {
			continue
		}
		was[k] = t.Shape(int(e.Node), int(e.Port))
		now[k] = was[k]
		if s, ok := w.changed[e]; ok {
			now[k], any, weak = s.shape, true, weak || s.weak
		}
	}
	if !any {
		return nil
	}
	recorded := recordedShapes(&w.node)
	count, known := t.CountOutputs(&w.node)
	if !known {
		count = len(recorded)
	}
	count = min(count, maxInferredOutputs)
	var inferred []tensor.Shape
	if !weak || !declaresShapes(w.node.Op) {
		inferred = w.infer(was, now, count)
	}
	w.updateShapes(i, inferred, recorded, count, weak)
	if weak {
		w.dropDeclared(i)
		return w.calls.Node(w.node.Op, w.node.Attrs)
	}
	return nil
}

// closesLoop reports whether an input of the current node closes a while loop.
func (w *shapeWalk) closesLoop(e graph.Edge) bool {
	return opdef.ClosesLoop(string(w.node.Op), w.i.graph.OpName(w.i.graph.Op(int(e.Node))))
}

// recordedShapes returns the output shapes that a node records.
func recordedShapes(n *wire.Node) []tensor.Shape {
	value, _ := n.Attr("_output_shapes")
	list, _ := wire.AttrBytes(value, fieldnum.AttrValue_List)
	var shapes []tensor.Shape
	for s := wire.Scan(list); s.Next(); {
		if s.Is(fieldnum.AttrValue_ListValue_Shape) {
			shapes = append(shapes, tensor.ParseShape(s.Data))
		}
	}
	return shapes
}

// infer returns the output shapes of the current node with new inputs, or nil if they are unknown. It reports a conflict
// if the op cannot take the new inputs, unless it could not take the old ones either.
func (w *shapeWalk) infer(was, now []tensor.Shape, count int) []tensor.Shape {
	op := string(w.node.Op)
	if !w.registered.Has(op) {
		return nil
	}
	defaults := w.registered.Defaults(op)
	q := &opdef.ShapeQuery{Op: op, Producer: w.i.producer(), Inputs: now, Outputs: count,
		Attr: func(name string) []byte {
			if value, ok := w.node.Attr(name); ok {
				return value
			}
			return defaults[name]
		},
		Value:  func(k int) ([]int64, bool) { return w.value(w.edges[k]) },
		Handle: func(k int) tensor.Shape { return w.variable(w.edges[k]) },
	}
	out, err := opdef.InferShapes(q)
	if err == nil {
		return out
	}
	q.Inputs, w.before = was, true
	_, before := opdef.InferShapes(q)
	w.before = false
	if before == nil && w.failed < maxAlike {
		w.failed++
		w.i.conflicts.About(InputMapArgument, "map it to a tensor with a shape that the imported graph accepts",
			"node %q (%s) cannot take the mapped inputs: %v", w.node.Name, op, err)
	}
	return nil
}

// maxInferredOutputs is the maximum number of outputs of a node whose shapes are inferred.
const maxInferredOutputs = 1 << 14

// producer returns the producer version of the imported graph.
func (i *importer) producer() int64 {
	versions, _ := i.survey.rest.Versions()
	return int64(int32(wire.LastUint(versions, fieldnum.VersionDef_Producer)))
}

// updateShapes compares the inferred output shapes of a node with the known ones. It drops the recorded shapes if one of them
// no longer holds. If weak is set, the known shapes followed from inputs that have changed.
func (w *shapeWalk) updateShapes(i int, inferred, recorded []tensor.Shape, count int, weak bool) {
	drop := false
	for k := range max(count, min(len(recorded), maxInferredOutputs)) {
		var old, now tensor.Shape
		if k < len(inferred) {
			now = inferred[k]
		}
		if k < len(recorded) {
			old = recorded[k]
		} else {
			old = w.i.tensors.Shape(i, k)
		}
		if merged, ok := opdef.MergeShapes(now, old); ok && !weak {
			now = merged
		}
		// TensorFlow may have known more about the old shape and recorded shapes that follow from it.
		certain := sameShape(old, now) && (k < len(recorded) || now.FullyDefined())
		if weak && !certain || !sameShape(old, now) {
			w.changed[graph.Edge{Node: int32(i), Port: int32(k)}] = newShape{now, weak && !certain || !refines(now, old)}
		}
		drop = drop || k < len(recorded) && !refines(now, old)
	}
	if drop {
		w.i.edit(i).Attrs["_output_shapes"] = nil
		w.i.report.ShapesDropped++
	}
}

// dropDeclared marks the output shapes that a loop or conditional declares as unknown.
func (w *shapeWalk) dropDeclared(i int) {
	if value, ok := w.node.Attr("output_shapes"); ok && declaresShapes(w.node.Op) {
		w.i.edit(i).Attrs["output_shapes"] = draft.ForgetShapes(value, func(int) bool { return true })
		w.i.report.ShapesDropped++
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
