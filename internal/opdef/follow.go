package opdef

import (
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// maxShapeDepth is how many nodes upstream a shape query follows.
const maxShapeDepth = 48

// Shape returns the shape of an output of node i, or nil if it is unknown. It infers the shape from at most
// maxShapeDepth nodes upstream. The result does not depend on earlier queries.
func (t *Tensors) Shape(i int, port int) tensor.Shape {
	return t.shapeBelow(graph.Edge{Node: int32(i), Port: int32(port)}, maxShapeDepth)
}

// shapeBelow is like Shape but follows at most depth nodes.
func (t *Tensors) shapeBelow(e graph.Edge, depth int) tensor.Shape {
	if e.Node == graph.Dangling || e.Port < 0 {
		return nil
	}
	m := &t.shapes
	if shape, known := m.look(e, depth); known {
		return shape
	}
	above := m.begin()
	var n wire.Node
	t.g.Node(int(e.Node), &n)
	shape, said := t.Written(&n, int(e.Port))
	if !said {
		shape = t.follows(int(e.Node), &n, int(e.Port), depth-1)
	}
	m.end(e, depth, shape, above)
	return shape
}

// maxMemo is how many shapes are cached.
const maxMemo = 200_000

// A shapeMemo caches shapes. A shape found without reaching the depth limit is valid for every query that may go as
// deep. A shape found at the limit is valid only for that depth. If nothing is found at the limit, queries that go less deep
// find nothing either, unless the inputs contradict each other.
type shapeMemo struct {
	whole   map[graph.Edge]foundShape
	cut     map[cutEdge]foundShape
	unknown map[graph.Edge]int // the largest depth at which nothing was found
	search  shapeSearch        // the current query
}

// A foundShape is the result of a query.
type foundShape struct {
	shape    tensor.Shape
	height   int  // length of the longest chain of nodes followed
	rejected bool // whether TensorFlow rejects one of these nodes
}

// A cutEdge identifies a query that reached the depth limit.
type cutEdge struct {
	edge  graph.Edge
	depth int
}

// A shapeSearch is what the current query knows about its inputs.
type shapeSearch struct {
	height   int  // the largest height among the inputs
	cut      bool // whether an input reached the limit
	rejected bool // whether TensorFlow rejects a node
}

func newShapeMemo() shapeMemo {
	return shapeMemo{whole: make(map[graph.Edge]foundShape), cut: make(map[cutEdge]foundShape), unknown: make(map[graph.Edge]int)}
}

// look returns the cached shape of e for the current query, and whether it is known.
func (m *shapeMemo) look(e graph.Edge, depth int) (shape tensor.Shape, known bool) {
	found, known := m.whole[e]
	if known = known && found.height <= depth; !known {
		if found, known = m.cut[cutEdge{e, depth}]; !known {
			found, known = foundShape{}, depth <= m.unknown[e]
		}
		m.search.cut = m.search.cut || known
	}
	m.search.height = max(m.search.height, found.height)
	m.search.rejected = m.search.rejected || found.rejected
	return found.shape, known
}

// begin starts a nested query and returns the enclosing one.
func (m *shapeMemo) begin() shapeSearch {
	above := m.search
	m.search = shapeSearch{}
	return above
}

// end finishes a query and resumes the enclosing one.
func (m *shapeMemo) end(e graph.Edge, depth int, shape tensor.Shape, above shapeSearch) {
	if len(m.whole)+len(m.cut)+len(m.unknown) >= maxMemo {
		clear(m.whole)
		clear(m.cut)
		clear(m.unknown)
	}
	found := foundShape{shape, m.search.height + 1, m.search.rejected}
	switch {
	case !m.search.cut:
		m.whole[e] = found
	case shape == nil && !found.rejected:
		m.unknown[e] = max(m.unknown[e], depth)
	default:
		m.cut[cutEdge{e, depth}] = found
	}
	m.search = shapeSearch{max(above.height, found.height), above.cut || m.search.cut, above.rejected || found.rejected}
}

// scalarProducer is the first graph version in which an empty Placeholder shape means a scalar. In older graphs, and in those
// without a version, it means an unknown shape (tensorflow/core/ops/array_ops.cc).
const scalarProducer = 22

// Written returns the shape that node n records for an output, and false if it records none.
func (t *Tensors) Written(n *wire.Node, port int) (tensor.Shape, bool) {
	if shape, count := t.shapeIn(n, "_output_shapes", port); port < count {
		return shape, true
	}
	if IsRefVariable(n.Op) {
		return tensor.AttrShape(n), true
	}
	switch string(n.Op) {
	case "Placeholder", "PlaceholderV2", "PlaceholderWithDefault":
		shape := tensor.AttrShape(n)
		if shape.IsScalar() && string(n.Op) == "Placeholder" && t.legacy() {
			shape = nil
		}
		return shape, true
	case "TemporaryVariable":
		return tensor.AttrShape(n), true
	case "VarHandleOp":
		return tensor.Shape{}, true
	case "Const":
		value, _ := tensor.AttrTensor(n)
		shape, _ := wire.Merged(value, fieldnum.TensorProto_TensorShape)
		return tensor.ParseShape(shape), true
	case "_Arg", "Empty", "ImmutableConst", "ParameterizedTruncatedNormal":
		if shape := tensor.AttrShape(n); shape != nil {
			return shape, true
		}
	}
	if !describesOutputs(string(n.Op)) {
		return nil, false
	}
	if shape, count := t.shapeIn(n, "output_shapes", port); port < count {
		return shape, true
	}
	return nil, false
}

// describesOutputs reports whether an op's output_shapes describe its outputs. For datasets and iterators, they
// describe elements.
func describesOutputs(op string) bool {
	switch op {
	case "IteratorGetNext", "IteratorGetNextSync", "MultiDeviceIteratorGetNextFromShard", "DatasetToSingleElement", "OptionalGetValue",
		"ReduceDataset":
		return true
	}
	return false
}

// Limits on nodes whose shapes are inferred. Each query about an output looks at all inputs and outputs of the node.
const (
	maxFollowedInputs  = 256
	maxFollowedOutputs = 64
)

// follows infers the shape of an output of node i from the shapes of its inputs.
func (t *Tensors) follows(i int, n *wire.Node, port, depth int) tensor.Shape {
	op := string(n.Op)
	def := t.Def(n.Op)
	if !hasShapeRule(op) || def == nil || len(def.Outputs) > maxFollowedOutputs || len(def.Inputs) > maxFollowedInputs {
		return nil
	}
	outputs, known := t.CountOutputs(n)
	if !known || port >= outputs || outputs > maxFollowedOutputs {
		return nil
	}
	edges := t.g.Inputs(i)
	for k, e := range edges {
		if e.Port == graph.Control {
			edges = edges[:k]
			break
		}
	}
	if len(edges) > maxFollowedInputs || len(edges) != t.countInputs(n, def) {
		return nil
	}
	q := ShapeQuery{Op: op, Outputs: outputs, Inputs: make([]tensor.Shape, len(edges)), Producer: t.producerVersion()}
	for k, e := range edges {
		q.Inputs[k] = t.shapeBelow(e, depth)
	}
	registered := t.ops.Find(n.Op)
	q.Attr = func(name string) []byte {
		if value, ok := n.Attr(name); ok && len(value) > 0 {
			return value
		}
		return registered.Default([]byte(name))
	}
	q.Value = func(k int) ([]int64, bool) { return t.integers(edges[k]) }
	q.Handle = func(k int) tensor.Shape { return t.variableShape(edges[k]) }
	shapes, err := InferShapes(&q)
	if err != nil {
		t.shapes.search.rejected = true // package problems reports it
		return nil
	}
	return shapes[port]
}

// countInputs returns the number of data inputs of node n according to its op definition.
func (t *Tensors) countInputs(n *wire.Node, op *Op) int {
	count := 0
	for i := range op.Inputs {
		count += t.argLength(n, op, &op.Inputs[i])
	}
	return count
}

// variableShape returns the shape of the variable that handle e refers to.
func (t *Tensors) variableShape(e graph.Edge) tensor.Shape {
	var n wire.Node
	for range maxShapeDepth {
		if e.Node == graph.Dangling || e.Port < 0 {
			return nil
		}
		switch t.g.OpName(t.g.Op(int(e.Node))) {
		case "VarHandleOp":
			t.g.Node(int(e.Node), &n)
			return tensor.AttrShape(&n)
		case "Identity", "Enter", "Switch":
		default:
			return nil
		}
		in := t.g.Inputs(int(e.Node))
		if len(in) == 0 {
			return nil
		}
		e = in[0]
	}
	return nil
}

// maxAxes limits the size of constants that are read as axes or dimensions.
const maxAxes = tensor.MaxRank

// integers returns the values of a small int32 or int64 constant that e refers to.
func (t *Tensors) integers(e graph.Edge) ([]int64, bool) {
	if e.Node == graph.Dangling || e.Port != 0 || t.g.OpName(t.g.Op(int(e.Node))) != "Const" {
		return nil, false
	}
	var n wire.Node
	t.g.Node(int(e.Node), &n)
	value, ok := tensor.AttrTensor(&n)
	if !ok {
		return nil, false
	}
	return tensor.Integers(value, maxAxes)
}
