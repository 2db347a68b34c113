package rewrite

import (
	"maps"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A FixedSize is a constant or a variable that still contains a size that a new shape replaced.
type FixedSize struct {
	Node   string `json:"node"`   // the constant or variable; FUNCTION/NODE in a function
	Reader string `json:"reader"` // the op that reads it; FUNCTION/NODE in a function
	Size   int64  `json:"size"`
}

// Limits on the search for constants.
const (
	maxFixed      = 20 // reported constants
	maxFixedSteps = 64 // nodes between a constant and the node whose shape it determines
)

// probe is added to replaced sizes to find what does not follow a change of size. No size is likely to be off by this prime number.
const probe = 10007

// A sizeFinder finds constants that still contain a replaced size. It implements shapes.Nodes for a walk with changed sizes.
type sizeFinder struct {
	*draftShapes
	*shapeSetter
	sizes      map[int64]bool                  // the replaced sizes
	old, moved func(e graph.Edge) tensor.Shape // shapes before the change, and with probe added to the replaced sizes
	rejected   map[int]bool                    // nodes that do not accept the shapes of their inputs
	held       map[int]bool                    // nodes that do not follow a change of size
	near       []bool                          // unchanged nodes on which changed ones depend
	seen       map[FixedSize]bool
}

// Reject notes a node that does not accept the shapes of its inputs.
func (f *sizeFinder) Reject(i int, _ error) { f.rejected[i] = true }

// Settle returns the shapes of node i. If the node does not follow a change of size, its shapes are those that it would have if it did, so
// that the walk finds other such nodes after it.
func (f *sizeFinder) Settle(i int, inferred []tensor.Shape) []tensor.Shape {
	settled := f.draftShapes.Settle(i, inferred)
	if i >= len(f.draftShapes.changed) || !f.draftShapes.changed[i] || !f.rejected[i] && !f.isStuck(i, settled) {
		return settled
	}
	f.held[i] = true
	followed := make([]tensor.Shape, f.outputs(i))
	for port := range followed {
		dims := slices.Clone(f.old(graph.Edge{Node: int32(i), Port: int32(port)}))
		if k := slices.IndexFunc(dims, func(dim int64) bool { return f.sizes[dim] }); k >= 0 {
			dims[k] += probe
		}
		followed[port] = dims
	}
	return followed
}

// maxHeld is how many outputs of a node isStuck examines.
const maxHeld = 8

// outputs returns the number of outputs of a node, at most maxHeld.
func (f *sizeFinder) outputs(i int) int {
	_, outputs, _ := f.Tensors(i)
	return int(max(0, min(outputs, maxHeld)))
}

// isStuck reports whether an output of a node has a replaced size that stays when the size of an input changes.
func (f *sizeFinder) isStuck(i int, settled []tensor.Shape) bool {
	if !slices.ContainsFunc(f.Inputs(i), func(e graph.Edge) bool { return f.moves(f.old(e), f.moved(e)) }) {
		return false
	}
	stuck := false
	for port := range min(f.outputs(i), len(settled)) {
		old := f.old(graph.Edge{Node: int32(i), Port: int32(port)})
		if f.moves(old, settled[port]) {
			return false
		}
		stuck = stuck || slices.ContainsFunc(old, func(dim int64) bool { return f.sizes[dim] }) && sameShape(old, settled[port])
	}
	return stuck
}

// moves reports whether a replaced size in a shape follows the change.
func (f *sizeFinder) moves(old, moved tensor.Shape) bool {
	for k := range min(len(old), len(moved)) {
		if f.sizes[old[k]] && moved[k] == old[k]+probe {
			return true
		}
	}
	return false
}

// replacedSizes returns the sizes that the new shapes replace, and the shapes with probe added to them.
func (s *shapeSetter) replacedSizes() (sizes map[int64]bool, set map[int]tensor.Shape) {
	sizes, set = make(map[int64]bool), make(map[int]tensor.Shape)
	for _, change := range s.report.Shapes {
		dims := slices.Clone(change.To)
		for k, dim := range change.From {
			if dim > 1 && change.To[k] != dim {
				sizes[dim] = true
				dims[k] = dim + probe
			}
		}
		i, _ := s.g.Find([]byte(change.Node))
		set[i] = dims
	}
	return sizes, set
}

// find reports constants that contain a replaced size and that determine the shapes of changed nodes: those that an op reads as a
// shape, and those that keep a changed node from following a change of size.
func (f *sizeFinder) find() {
	f.near = f.upstream()
	var n wire.Node
	for i := range f.draft.Files() {
		if !f.cut.Keeps(i) || !f.shapeSetter.changed[i] && !f.near[i] {
			continue
		}
		f.draft.Graph.Node(i, &n)
		for _, k := range shapeInputs(string(n.Op)) {
			if inputs := f.Inputs(i); k < len(inputs) {
				f.trace(inputs[k:k+1], i, isShapePart)
			}
		}
		if f.shapeSetter.changed[i] {
			switch op := string(n.Op); {
			case op == "Slice", op == "StridedSlice":
				f.findBounds(i)
			case f.held[i]:
				f.trace(f.Inputs(i), i, func(string) bool { return true })
			case op == "Merge":
				f.findLoopState(i)
			}
		}
	}
}

// shapeInputs returns which inputs of an op are shapes.
func shapeInputs(op string) []int {
	switch op {
	case "Reshape", "BroadcastTo", "Tile":
		return []int{1}
	case "Fill", "Empty", "EmptyTensorList", "TensorListReserve":
		return []int{0}
	case "ScatterNd":
		return []int{2}
	}
	if opdef.Classify(op)&opdef.ClassRandom != 0 && !strings.HasPrefix(op, "RandomCrop") {
		return []int{0}
	}
	return nil
}

// isShapePart reports whether an op puts a shape together.
func isShapePart(op string) bool {
	switch op {
	case "Pack", "ConcatV2", "Concat", "Identity", "Cast", "ExpandDims", "Reshape":
		return true
	}
	return false
}

// upstream returns the unchanged nodes of the file on which changed nodes that stay depend.
func (f *sizeFinder) upstream() []bool {
	near := make([]bool, f.draft.Files())
	var next []int
	add := func(i int) {
		for _, e := range f.Inputs(i) {
			if e.Node != graph.Dangling && int(e.Node) < len(near) && !near[e.Node] && !f.shapeSetter.changed[e.Node] {
				near[e.Node] = true
				next = append(next, int(e.Node))
			}
		}
	}
	for i := range f.draft.Files() {
		if f.shapeSetter.changed[i] && f.cut.Keeps(i) {
			add(i)
		}
	}
	for len(next) > 0 {
		i := next[len(next)-1]
		next = next[:len(next)-1]
		add(i)
	}
	return near
}

// findBounds reports bounds of a slice that are the replaced size of the same dimension.
func (f *sizeFinder) findBounds(i int) {
	inputs := f.Inputs(i)
	if len(inputs) < 3 {
		return
	}
	dims, moved := f.old(inputs[0]), f.moved(inputs[0])
	for _, e := range inputs[1:3] {
		if e.Node == graph.Dangling || int(e.Node) >= f.draft.Files() {
			continue
		}
		var n wire.Node
		f.draft.Graph.Node(int(e.Node), &n)
		for k, value := range integers(&n) {
			if k < min(len(dims), len(moved)) && dims[k] == value && moved[k] != value {
				f.add(FixedSize{string(n.Name), f.draft.Name(i), value})
			}
		}
	}
}

// findLoopState reports the initial value of a loop variable that has a replaced size in its first dimension.
func (f *sizeFinder) findLoopState(i int) {
	inputs := f.Inputs(i)
	if len(inputs) != 2 || inputs[0].Node == graph.Dangling || f.shapeSetter.changed[inputs[0].Node] || f.draft.OpName(f.draft.Op(int(inputs[0].Node))) != "Enter" {
		return
	}
	if dims := f.old(inputs[0]); len(dims) > 0 && f.sizes[dims[0]] {
		f.trace(inputs[:1], i, func(string) bool { return true })
	}
}

// trace reports constants and variables with a replaced size that determine unchanged inputs of node i, directly or through nodes whose op
// passes.
func (f *sizeFinder) trace(inputs []graph.Edge, i int, passes func(op string) bool) {
	type step struct{ node, reader int }
	var next []step
	seen := make(map[int]bool)
	add := func(edges []graph.Edge, reader int) {
		for _, e := range edges {
			j := int(e.Node)
			if e.Node != graph.Dangling && j < f.draft.Files() && !f.shapeSetter.changed[j] && !seen[j] && len(seen) < maxFixedSteps {
				seen[j] = true
				next = append(next, step{j, reader})
			}
		}
	}
	var n wire.Node
	for add(inputs, i); len(next) > 0; next = next[1:] {
		at := next[0]
		f.draft.Graph.Node(at.node, &n)
		if size, ok := f.sizeIn(&n); ok {
			f.add(FixedSize{string(n.Name), f.draft.Name(at.reader), size})
		} else if passes(string(n.Op)) {
			add(f.Inputs(at.node), at.node)
		}
	}
}

// findInFunctions reports constants that contain a replaced size and that an op in a function reads as a shape, if a changed node calls
// the function. The error is a *wire.SyntaxError.
func (f *sizeFinder) findInFunctions() error {
	library, err := draft.NewLibrary(f.draft.Rest())
	if err != nil {
		return err
	}
	called := library.NewClosure()
	var n wire.Node
	for i := range f.draft.Files() {
		if !f.shapeSetter.changed[i] || !f.cut.Keeps(i) {
			continue
		}
		f.draft.Graph.Node(i, &n)
		if err := called.Node(n.Op, n.Attrs); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(called.Has)) {
		function, _ := library.Find(name)
		if err := f.findInBody(name, function); err != nil {
			return err
		}
	}
	return nil
}

// findInBody reports constants of a function that contain a replaced size and that an op reads as a shape.
func (f *sizeFinder) findInBody(name string, function wire.Function) error {
	sizes := make(map[string]int64) // the replaced size in each constant
	for n, err := range function.Nodes() {
		if err != nil {
			return err
		}
		for _, value := range integers(n) {
			if f.sizes[value] {
				sizes[string(n.Name)] = value
			}
		}
	}
	for n, err := range function.Nodes() {
		if err != nil {
			return err
		}
		for _, k := range shapeInputs(string(n.Op)) {
			if k >= len(n.Inputs) {
				continue
			}
			constant := string(wire.ParseInput(n.Inputs[k]).Node)
			if size, ok := sizes[constant]; ok {
				f.add(FixedSize{name + "/" + constant, name + "/" + string(n.Name), size})
			}
		}
	}
	return nil
}

// add reports a constant or variable.
func (f *sizeFinder) add(one FixedSize) {
	if !f.seen[one] && len(f.seen) < maxFixed {
		f.seen[one] = true
		f.report.Constants = append(f.report.Constants, one)
	}
}

// sizeIn returns a replaced size that a constant contains, as an integer or in its shape, or that the shape of a variable contains.
func (f *sizeFinder) sizeIn(n *wire.Node) (int64, bool) {
	dims := integers(n)
	switch op := string(n.Op); {
	case op == "Const":
		value, _ := tensor.AttrTensor(n)
		shape, _ := wire.Merged(value, fieldnum.TensorProto_TensorShape)
		dims = append(dims, tensor.ParseShape(shape)...)
	case opdef.IsVariable(op):
		dims = tensor.AttrShape(n)
	}
	at := slices.IndexFunc(dims, func(dim int64) bool { return f.sizes[dim] })
	if at < 0 {
		return 0, false
	}
	return dims[at], true
}

// integers returns the first elements of an integer constant with at most one dimension.
func integers(n *wire.Node) []int64 {
	if string(n.Op) != "Const" {
		return nil
	}
	value, _ := tensor.AttrTensor(n)
	decoded := tensor.ParseTensor(value)
	if len(decoded.Shape) > 1 {
		return nil
	}
	var out []int64
	for _, v := range decoded.Values {
		if v.Kind == tensor.ValueInt {
			out = append(out, v.Int)
		}
	}
	return out
}
