package checkpoint

import (
	"bytes"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Restored is one tensor that a saver reads from a checkpoint, and its destination.
type Restored struct {
	Key   string
	Shape tensor.Shape // shape of the tensor in the checkpoint, from shape_and_slices; nil if unknown
	Slice Slice        // the part that is read; the zero value is the whole tensor
	DType int32        // dtype that the restore op requests; 0 if unknown

	// Node is the number of the variable or table that gets the tensor, or graph.Dangling if unknown.
	Node int32
	// Others lists further variables that get a value from the tensor.
	Others []int32
	// Variable is the shape of that variable, or nil if it is unknown or a table.
	Variable tensor.Shape
	// Reshaped reports whether only the number of elements must match.
	Reshaped bool
	// Converted reports whether an op computes the variable's value from the tensor, so that their shapes and dtypes are unrelated.
	converted bool

	// Restore is the number of the restore op. In a SavedModel of TensorFlow 2, the op is in a function, and Restore is the node that
	// calls the function.
	Restore int32
	// V1Only reports whether the restore op reads only V1 checkpoints.
	V1Only bool
}

// Direct reports whether one variable or table, and no other, gets the tensor as it is, apart from its shape. A plain tf.train.Saver
// restores that. A saver of another kind may split a tensor or compute variables from it.
func (r *Restored) Direct() bool { return !r.converted && len(r.Others) == 0 }

// RestoredBy returns what the saver of a MetaGraphDef restores. g is the index of its graph. RestoredBy follows the graph from
// saver_def.restore_op_name back to the restore ops, and from there to the variables and tables, regardless of their names. It
// handles savers with one restore op or one per variable, sharded ones, those of releases before 1.0, and the functions of
// TensorFlow 2.
//
// Without a saver_def, it uses the only op named restore_all. The result is nil if nothing is restored. It is in the order in which
// the restore ops are found. The error is for a graph that cannot be read.
func RestoredBy(m *wire.MetaGraph, g *graph.Graph) ([]Restored, error) {
	start, ok := restoreOp(m, g)
	if !ok {
		return nil, nil
	}
	r := &restorer{main: g, steps: maxTrace + 8*g.Len()}
	r.walk(&frame{g: g}, []int32{int32(start)})
	return r.found, r.err
}

// restoreOp returns the number of the op that restores all variables.
func restoreOp(m *wire.MetaGraph, g *graph.Graph) (int, bool) {
	if saver, ok := m.Message(fieldnum.MetaGraphDef_SaverDef); ok {
		if name := wire.Last(saver, fieldnum.SaverDef_RestoreOpName); len(name) > 0 {
			return g.Find(wire.ParseInput(name).Node)
		}
	}
	id, ok := g.OpID("NoOp")
	if !ok {
		return 0, false
	}
	found, count := 0, 0
	for i := range g.Len() {
		if g.Op(i) == id && bytes.HasSuffix(g.Name(i), []byte("/restore_all")) {
			found = i
			count++
		}
	}
	return found, count == 1
}

const (
	// maxTrace is the number of nodes, plus 8 for each node of the graph, that are visited to find what assignments read and write
	// and what functions do.
	maxTrace = 100_000
	// maxCalls limits the nesting of function calls.
	maxCalls = 8
)

// A restorer finds what a saver restores.
type restorer struct {
	main      *graph.Graph
	functions map[string]*function // nil until the first call
	found     []Restored
	ops       map[place]opRange // the restore ops seen so far
	steps     int               // nodes that may still be visited, without those that walk visits in the main graph
	node      wire.Node
	err       error
}

// A function is an entry of the library. Its body is indexed at the first call.
type function struct {
	def  wire.Function
	body *graph.Graph  // nil before the first call
	args map[int32]int // the argument that each argument node of the body represents
}

// A place is a node in a frame.
type place struct {
	frame *frame
	node  int32
}

// An opRange is the range of found tensors that a restore op reads.
type opRange struct{ first, count int }

// A frame is the main graph or the body of a called function.
type frame struct {
	g      *graph.Graph
	caller *frame // nil for the main graph
	call   int32  // the calling node in caller
	depth  int
	args   map[int32]int // those of the function, nil for the main graph
}

// top returns node i for the main graph, or the node of the main graph through which the function of the frame is called.
func (f *frame) top(i int32) int32 {
	for f.caller != nil {
		i, f = f.call, f.caller
	}
	return i
}

// walk visits all nodes that the given ones depend on.
func (r *restorer) walk(f *frame, todo []int32) {
	seen := make([]bool, f.g.Len())
	for len(todo) > 0 && r.err == nil {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[i] {
			continue
		}
		seen[i] = true
		in := f.g.Inputs(int(i))
		switch op := f.g.OpName(f.g.Op(int(i))); {
		case opdef.IsRestoreOp(op):
			r.restore(f, i)
		case opdef.IsAssign(op), opdef.ImportsTable(op):
			r.assign(f, i, op)
		default:
			r.call(f, i, op)
		}
		// Push in reverse order, so that the first input is visited first.
		for k := len(in) - 1; k >= 0; k-- {
			if in[k].Node != graph.Dangling && !seen[in[k].Node] {
				todo = append(todo, in[k].Node)
			}
		}
	}
}

// restore records what a restore op reads.
func (r *restorer) restore(f *frame, i int32) opRange {
	at := place{f, i}
	if known, ok := r.ops[at]; ok {
		return known
	}
	first := len(r.found)
	in := f.g.Inputs(int(i))
	f.g.Node(int(i), &r.node)
	op := string(r.node.Op)
	types := tensor.AttrTypes(&r.node, "dtypes")
	if op != "RestoreV2" {
		types = []int32{tensor.AttrType(&r.node, "dt")}
	}
	names, specs := r.strings(f, in, 1), r.strings(f, in, 2)
	r.found = slices.Grow(r.found, int(min(int64(len(types)), names.Len())))
	for k := range min(int64(len(types)), names.Len()) {
		t := Restored{Key: string(names.At(k)), DType: types[k], Node: graph.Dangling, Restore: f.top(i), V1Only: op != "RestoreV2"}
		if k < specs.Len() {
			shape, slice, err := ParseShapeAndSlice(string(specs.At(k)))
			if err == nil {
				t.Shape, t.Slice = shape, slice
			}
		}
		r.found = append(r.found, t)
	}
	if r.ops == nil {
		r.ops = make(map[place]opRange)
	}
	r.ops[at] = opRange{first, len(r.found) - first}
	return r.ops[at]
}

// strings returns the elements of input k, a string constant.
func (r *restorer) strings(f *frame, in []graph.Edge, k int) tensor.Strings {
	for range maxCalls {
		if k >= len(in) || in[k].Node == graph.Dangling {
			return tensor.Strings{}
		}
		i := in[k].Node
		switch f.g.OpName(f.g.Op(int(i))) {
		case "Const":
			var n wire.Node
			f.g.Node(int(i), &n)
			value, _ := tensor.AttrTensor(&n)
			return tensor.ParseStrings(value)
		case "Identity":
			in, k = f.g.Inputs(int(i)), 0
		default:
			return tensor.Strings{}
		}
	}
	return tensor.Strings{}
}

// assign records which variable or table gets the tensors that an assignment depends on.
func (r *restorer) assign(f *frame, i int32, op string) {
	in := f.g.Inputs(int(i))
	if len(in) < 2 {
		return
	}
	target := r.target(f, in[0])
	table := opdef.ImportsTable(op)
	for _, value := range in[1:] {
		if value.Port < 0 {
			continue
		}
		sources, reshaped, converted := r.sources(f, value)
		for _, k := range sources {
			t := &r.found[k]
			if t.Node != graph.Dangling {
				if target != graph.Dangling && target != t.Node {
					t.Others = append(t.Others, target)
				}
				continue
			}
			t.Node, t.Reshaped, t.converted = target, reshaped, converted
			if target != graph.Dangling && !converted && !table {
				t.Variable = r.variableShape(target)
			}
		}
	}
}

// target returns the node of the main graph whose value an assignment sets.
func (r *restorer) target(f *frame, e graph.Edge) int32 {
	for ; r.steps > 0; r.steps-- {
		if e.Node == graph.Dangling {
			return graph.Dangling
		}
		if argument, ok := f.args[e.Node]; ok {
			in := f.caller.g.Inputs(int(f.call))
			if argument >= len(in) {
				return graph.Dangling
			}
			f, e = f.caller, in[argument]
			continue
		}
		in := f.g.Inputs(int(e.Node))
		if opdef.PassesVariable(f.g.OpName(f.g.Op(int(e.Node)))) {
			if len(in) == 0 {
				return graph.Dangling
			}
			e = in[0]
			continue
		}
		if f.caller != nil {
			return graph.Dangling // a variable that the function creates
		}
		return e.Node
	}
	return graph.Dangling
}

// variableShape returns the shape of a variable, or nil if it is unknown.
func (r *restorer) variableShape(i int32) tensor.Shape {
	r.main.Node(int(i), &r.node)
	return opdef.VariableShape(&r.node)
}

// sources returns which found tensors an input depends on. reshaped is true if a Reshape is in between, converted if an op that
// computes a new value is.
func (r *restorer) sources(f *frame, e graph.Edge) (found []int, reshaped, converted bool) {
	type at struct {
		place
		port int32
	}
	todo := []at{{place{f, e.Node}, e.Port}}
	var seen map[place]bool
	for len(todo) > 0 && r.steps > 0 {
		r.steps--
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if p.node == graph.Dangling {
			continue
		}
		in := p.frame.g.Inputs(int(p.node))
		if argument, ok := p.frame.args[p.node]; ok {
			if in = p.frame.caller.g.Inputs(int(p.frame.call)); argument < len(in) {
				todo = append(todo, at{place{p.frame.caller, in[argument].Node}, in[argument].Port})
			}
			continue
		}
		first := 1 // number of inputs to follow
		op := p.frame.g.OpName(p.frame.g.Op(int(p.node)))
		if opdef.IsRestoreOp(op) {
			if known := r.restore(p.frame, p.node); p.port >= 0 && int(p.port) < known.count {
				found = append(found, known.first+int(p.port))
			}
			continue
		}
		switch op {
		case "Identity", "StopGradient", "EnsureShape", "PlaceholderWithDefault":
		case "Cast":
			converted = true
		case "Reshape", "Squeeze", "ExpandDims":
			reshaped = true
		case "Const", "Variable", "VariableV2", "VarHandleOp", "Placeholder":
			continue
		default:
			converted, first = true, len(in)
		}
		if seen[p.place] {
			continue
		}
		if seen == nil {
			seen = make(map[place]bool)
		}
		seen[p.place] = true
		for k, input := range in {
			if k < first && input.Port >= 0 {
				todo = append(todo, at{place{p.frame, input.Node}, input.Port})
			}
		}
	}
	return found, reshaped, converted || len(found) > 1
}

// call visits the body of a function that node i calls.
func (r *restorer) call(f *frame, i int32, op string) {
	if f.depth == maxCalls {
		return
	}
	name := op
	if opdef.IsFunctionCall(op) {
		f.g.Node(int(i), &r.node)
		value, _ := r.node.Attr("f")
		attr, _ := wire.AttrBytes(value, fieldnum.AttrValue_Func)
		name = string(wire.Last(attr, fieldnum.NameAttrList_Name))
	}
	callee, err := r.function(name)
	if err != nil {
		r.err = err
		return
	}
	// Each call visits the body again, so the number of visits can grow exponentially with the depth.
	if callee == nil || callee.body.Len() > r.steps {
		return
	}
	r.steps -= callee.body.Len()
	all := make([]int32, callee.body.Len())
	for k := range all {
		all[k] = int32(len(all) - 1 - k)
	}
	r.walk(&frame{g: callee.body, caller: f, call: i, depth: f.depth + 1, args: callee.args}, all)
}

// function returns the function with the given name and indexes its body. It returns nil if the library has no such function.
func (r *restorer) function(name string) (*function, error) {
	if r.functions == nil {
		r.functions = make(map[string]*function)
		for def, err := range r.main.Rest().Functions() {
			if err != nil {
				return nil, fmt.Errorf("read the functions: %w", err)
			}
			r.functions[def.Name()] = &function{def: def}
		}
	}
	called := r.functions[name]
	if called == nil || called.body != nil {
		return called, nil
	}
	nodes, args, err := bodyOf(called.def)
	if err == nil {
		called.body, err = graph.New(nodes)
	}
	if err != nil {
		return nil, fmt.Errorf("read function %q: %w", name, err)
	}
	called.args = make(map[int32]int, len(args))
	for k, arg := range args {
		if node, ok := called.body.Find(arg); ok {
			called.args[int32(node)] = k
		}
	}
	return called, nil
}

// bodyOf returns the nodes of a function as a graph, in which an input "node:output:k" reads output k. Each argument is a node
// without op. The relevant ops have one output argument, so k is the number of the output.
func bodyOf(function wire.Function) (body wire.Graph, args [][]byte, err error) {
	args = function.Arguments()
	for _, name := range args {
		body = appendNode(body, protowire.AppendBytes(protowire.AppendTag(nil, fieldnum.NodeDef_Name, protowire.BytesType), name))
	}
	for n, err := range function.Nodes() {
		if err != nil {
			return nil, nil, err
		}
		var node []byte
		for s := wire.Scan(n.Raw); s.Next(); {
			if !s.Is(fieldnum.NodeDef_Input) {
				node = append(node, s.Raw...)
				continue
			}
			input := s.Data
			if in := wire.ParseInput(input); !in.Control && in.Port != nil {
				number := in.Port
				if colon := bytes.LastIndexByte(number, ':'); colon >= 0 {
					number = number[colon+1:]
				}
				input = bytes.Join([][]byte{in.Node, number}, []byte(":"))
			}
			node = protowire.AppendBytes(protowire.AppendTag(node, fieldnum.NodeDef_Input, protowire.BytesType), input)
		}
		body = appendNode(body, node)
	}
	return body, args, nil
}

func appendNode(body wire.Graph, node []byte) wire.Graph {
	return protowire.AppendBytes(protowire.AppendTag(body, fieldnum.GraphDef_Node, protowire.BytesType), node)
}
