package problems

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// findInShapes infers the shapes of all nodes, as TensorFlow does during the import. TensorFlow rejects a node whose op does not
// accept the shapes of its inputs, and shapes in _output_shapes that contradict the inferred ones (GraphConstructor::ValidateShape
// in tensorflow/core/common_runtime/graph_constructor.cc).
func (f *problemFinder) findInShapes() {
	w := newShapeWalk(f, mainGraph{f})
	w.run()
}

// shapeNodes gives a shapeWalk access to the nodes of the graph or of a function body.
type shapeNodes interface {
	count() int
	op(i int) *opInfo
	types(i int) *opTypes      // nil if unknown
	inputs(i int) []graph.Edge // the data inputs
	raw(i int) []byte          // the NodeDef
	recorded(i int) []tensor.Shape
	handle(i int) tensor.Shape // the shape of the variable that a function's argument refers to
	report(i int, kind problemKind, group string, message func() string)
}

// mainGraph is the graph of the file.
type mainGraph struct{ f *problemFinder }

func (g mainGraph) count() int              { return g.f.g.Len() }
func (g mainGraph) op(i int) *opInfo        { return g.f.infos[g.f.g.Op(i)] }
func (g mainGraph) types(i int) *opTypes    { return g.f.types[i] }
func (g mainGraph) raw(i int) []byte        { return g.f.g.Raw(i) }
func (g mainGraph) handle(int) tensor.Shape { return nil }

func (g mainGraph) inputs(i int) []graph.Edge {
	edges := g.f.g.Inputs(i)
	for k, e := range edges {
		if e.Port == graph.Control {
			return edges[:k]
		}
	}
	return edges
}

func (g mainGraph) recorded(i int) []tensor.Shape {
	if g.f.recorded.nodes == nil {
		return nil
	}
	return g.f.recorded.lists[g.f.recorded.nodes[i]]
}

func (g mainGraph) report(i int, kind problemKind, group string, message func() string) {
	g.f.found.add(kind, group, g.f.node(i), message)
}

// A shapeWalk infers the shapes of one graph or function body. It visits each node once, after its inputs. It stores one number per
// node, because most nodes have the same shapes as others.
type shapeWalk struct {
	f       *problemFinder
	nodes   shapeNodes
	lists   []int32 // by node: the number of its list of output shapes in f.shapes, or notVisited or visiting
	known   map[graph.Edge]constant
	partial map[graph.Edge]tensor.Shape // results of partialShape
	query   opdef.ShapeQuery

	// The node that query describes.
	at     int
	node   wire.Node
	parsed bool
	vague  bool // an attr is a placeholder
	in     []tensor.Shape
	edges  []graph.Edge
	stack  []shapeFrame
}

// The states of a node that has no list yet.
const (
	notVisited int32 = -1
	visiting   int32 = -2
)

// A shapeFrame is a node being visited, and its next input to visit.
type shapeFrame struct{ node, next int }

func newShapeWalk(f *problemFinder, nodes shapeNodes) *shapeWalk {
	w := &shapeWalk{f: f, nodes: nodes, lists: make([]int32, nodes.count()), known: make(map[graph.Edge]constant),
		partial: make(map[graph.Edge]tensor.Shape)}
	for i := range w.lists {
		w.lists[i] = notVisited
	}
	w.query.Producer = f.producer
	w.query.Attr = w.attr
	w.query.Value = func(k int) ([]int64, bool) { return w.value(w.edges[k], 0) }
	w.query.PartialShape = func(k int) tensor.Shape { return w.partialShape(w.edges[k], 0) }
	w.query.Handle = func(k int) tensor.Shape { return w.handle(w.edges[k]) }
	return w
}

// run visits all nodes.
func (w *shapeWalk) run() {
	for i := range w.lists {
		if w.lists[i] == notVisited {
			w.visit(i)
		}
	}
}

// visit infers the shapes of a node, after those of its inputs. A cycle that is not a loop is reported elsewhere; its nodes have
// unknown shapes here.
func (w *shapeWalk) visit(i int) {
	w.stack = append(w.stack[:0], shapeFrame{node: i})
	w.lists[i] = visiting
	for len(w.stack) > 0 {
		top := &w.stack[len(w.stack)-1]
		inputs := w.nodes.inputs(top.node)
		descended := false
		for top.next < len(inputs) {
			e := inputs[top.next]
			top.next++
			if e.Node == graph.Dangling || w.lists[e.Node] != notVisited || w.closesLoop(top.node, e) {
				continue
			}
			w.lists[e.Node] = visiting
			w.stack = append(w.stack, shapeFrame{node: int(e.Node)})
			descended = true
			break
		}
		if !descended {
			node := top.node
			w.stack = w.stack[:len(w.stack)-1]
			w.lists[node] = w.f.shapes.number(w.infer(node))
		}
	}
}

// closesLoop reports whether an input of node i closes a while loop.
func (w *shapeWalk) closesLoop(i int, e graph.Edge) bool {
	return opdef.ClosesLoop(w.nodes.op(i).name, w.nodes.op(int(e.Node)).name)
}

// shape returns the shape of a tensor, or nil if it is unknown.
func (w *shapeWalk) shape(e graph.Edge) tensor.Shape {
	if e.Node == graph.Dangling || e.Port < 0 || w.lists[e.Node] < 0 {
		return nil
	}
	list := w.f.shapes.lists[w.lists[e.Node]]
	if int(e.Port) >= len(list) {
		return nil
	}
	return list[e.Port]
}

// maxShapedOutputs is the maximum number of outputs of a node whose shapes are tracked.
const maxShapedOutputs = 1 << 14

// infer returns the shapes of the outputs of a node whose inputs have been visited, or nil if they are unknown.
func (w *shapeWalk) infer(i int) []tensor.Shape {
	recorded := w.nodes.recorded(i)
	op, types := w.nodes.op(i), w.nodes.types(i)
	if types == nil || types.outputCount > maxShapedOutputs {
		return recorded
	}
	w.edges = w.nodes.inputs(i)
	if int64(len(w.edges)) != types.inputCount {
		return recorded
	}
	var out []tensor.Shape
	switch {
	case op.kind == functionOp, opdef.IsFunctionCall(op.name):
		out = w.call(i, op, int(types.outputCount))
	case op.kind == registeredOp:
		w.prepare(i, op, int(types.outputCount))
		shapes, err := opdef.InferShapes(&w.query)
		if w.vague {
			return recorded
		}
		if err != nil {
			w.nodes.report(i, shapeMismatch, op.name, func() string { return op.name + ": " + err.Error() })
			return recorded
		}
		out = shapes
	}
	return w.refine(i, op, out, recorded)
}

// prepare sets query to node i.
func (w *shapeWalk) prepare(i int, op *opInfo, outputs int) {
	w.at, w.parsed, w.vague = i, false, false
	w.in = w.in[:0]
	loop := op.name == "Merge" || op.name == "RefMerge"
	for _, e := range w.edges {
		var s tensor.Shape
		if !loop || e.Node == graph.Dangling || !w.closesLoop(i, e) {
			s = w.shape(e)
		}
		w.in = append(w.in, s)
	}
	w.query.Op, w.query.Inputs, w.query.Outputs = op.name, w.in, outputs
}

// attr returns the AttrValue of an attr of the current node, or its default.
func (w *shapeWalk) attr(name string) []byte {
	if !w.parsed {
		w.parsed = true
		if err := w.node.Parse(w.nodes.raw(w.at)); err != nil {
			w.node = wire.Node{}
		}
	}
	value, _ := w.node.Attr(name)
	if len(value) == 0 {
		return w.f.defaults(w.nodes.op(w.at))[name]
	}
	if _, placeholder := wire.AttrBytes(value, fieldnum.AttrValue_Placeholder); placeholder {
		w.vague = true
	}
	return value
}

// defaults returns the default AttrValues of an op's attrs.
func (f *problemFinder) defaults(op *opInfo) map[string][]byte {
	if op.defaults == nil {
		op.defaults = f.ops.registered.Defaults(op.name)
	}
	return op.defaults
}

// refine combines the inferred and the recorded shapes of the outputs of node i. It reports contradictions.
func (w *shapeWalk) refine(i int, op *opInfo, inferred, recorded []tensor.Shape) []tensor.Shape {
	if len(recorded) == 0 {
		return inferred
	}
	out := make([]tensor.Shape, max(len(inferred), len(recorded)))
	copy(out, recorded)
	for k, s := range inferred {
		merged, ok := opdef.MergeShapes(s, out[k])
		if !ok {
			w.nodes.report(i, inconsistentShapes, op.name, func() string {
				return fmt.Sprintf("_output_shapes records %s for output #%d, but TensorFlow %s infers %s", recorded[k], k, opdef.ReferenceVersion, s)
			})
			return recorded
		}
		out[k] = merged
	}
	return out
}

// handle returns the shape of the variable that a resource refers to, or nil if it is unknown.
func (w *shapeWalk) handle(e graph.Edge) tensor.Shape {
	const most = 32 // ops between a variable and its reader
	for range most {
		if e.Node == graph.Dangling || e.Port < 0 {
			return nil
		}
		i := int(e.Node)
		op := w.nodes.op(i)
		switch op.name {
		case "VarHandleOp":
			var n wire.Node
			if op.kind != registeredOp || n.Parse(w.nodes.raw(i)) != nil {
				return nil
			}
			return tensor.AttrShape(&n)
		case "Identity", "Switch", "Enter":
			inputs := w.nodes.inputs(i)
			if len(inputs) == 0 {
				return nil
			}
			e = inputs[0]
		default:
			return w.nodes.handle(i)
		}
	}
	return nil
}

// A shapeTable numbers lists of the output shapes of one node. Number 0 is the list of which nothing is known.
type shapeTable struct {
	lists   [][]tensor.Shape
	numbers map[string]int32
	key     []byte
}

// maxShapeLists is the maximum number of distinct lists. Further lists count as unknown.
const maxShapeLists = 1 << 17

// number returns the number of a list.
func (t *shapeTable) number(list []tensor.Shape) int32 {
	if t.numbers == nil {
		t.numbers = map[string]int32{"": 0}
		t.lists = [][]tensor.Shape{nil}
	}
	for len(list) > 0 && list[len(list)-1] == nil {
		list = list[:len(list)-1]
	}
	key := t.key[:0]
	for _, s := range list {
		key = appendShape(key, s)
	}
	t.key = key
	n, known := t.numbers[string(key)]
	if known {
		return n
	}
	if len(t.lists) == maxShapeLists {
		return 0
	}
	n = int32(len(t.lists))
	t.lists = append(t.lists, slices.Clone(list))
	t.numbers[string(key)] = n
	return n
}

// appendShape appends a unique encoding of a shape.
func appendShape(b []byte, s tensor.Shape) []byte {
	if s == nil {
		return append(b, 0)
	}
	b = protowire.AppendVarint(b, uint64(len(s))+1)
	for _, dim := range s {
		b = protowire.AppendVarint(b, uint64(dim+1))
	}
	return b
}

// recordedShapes holds the _output_shapes of the graph's nodes. The lists are numbered because many nodes have equal ones.
type recordedShapes struct {
	nodes   []int32 // by node number: the number of the list, 0 for none; empty if no node records shapes
	lists   [][]tensor.Shape
	numbers map[string]int32
}

// maxRecorded is the maximum number of distinct lists, maxRecordedBytes the maximum length of one. Further lists count as not
// recorded.
const (
	maxRecorded      = 1 << 16
	maxRecordedBytes = 1 << 9
)

// number returns the number of a list, the AttrValue of _output_shapes.
func (r *recordedShapes) number(value []byte) int32 {
	if n, known := r.numbers[string(value)]; known {
		return n
	}
	if len(r.lists) == maxRecorded || len(value) > maxRecordedBytes {
		return 0
	}
	if r.numbers == nil {
		r.numbers = make(map[string]int32)
		r.lists = append(r.lists, nil)
	}
	list, _ := wire.AttrBytes(value, fieldnum.AttrValue_List)
	var shapes []tensor.Shape
	for s := wire.Scan(list); s.Next(); {
		if s.Is(fieldnum.AttrValue_ListValue_Shape) {
			shapes = append(shapes, tensor.ParseShape(s.Data))
		}
	}
	n := int32(len(r.lists))
	r.lists = append(r.lists, shapes)
	r.numbers[string(value)] = n
	return n
}

// set records the list of node i out of count nodes.
func (r *recordedShapes) set(i, count int, list int32) {
	if list == 0 {
		return
	}
	if r.nodes == nil {
		r.nodes = make([]int32, count)
	}
	r.nodes[i] = list
}
