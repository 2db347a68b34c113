package freeze

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A library creates functions that take values where functions of the file take handles of variables.
type library struct {
	functions *draft.Library
	facts     *opdef.Tensors
	bodies    map[string]*body  // by handles.key: the function and its handle arguments
	names     map[string]string // names of the new functions, by the same key
	updates   []string          // nodes of the new functions that updated a variable, as FUNCTION/NODE
	problems  draft.Conflicts
	depth     int
}

func newLibrary(functions *draft.Library, facts *opdef.Tensors) *library {
	return &library{functions: functions, facts: facts, bodies: make(map[string]*body), names: make(map[string]string)}
}

// handles maps the arguments or results of a function that are handles to the dtypes of their variables.
type handles map[int]int32

// key returns a string that identifies a function together with the handles.
func (h handles) key(function string) string {
	var b strings.Builder
	b.WriteString(function)
	for _, k := range slices.Sorted(maps.Keys(h)) {
		fmt.Fprintf(&b, "\x00%d:%d", k, h[k])
	}
	return b.String()
}

// A call describes how a node passes its inputs to functions.
type call struct {
	opdef.Call
	direct bool // the op itself is the name of the function
}

// callOf returns how a node calls functions of the library, or false if it does not.
func (l *library) callOf(n *wire.Node) (call, bool) {
	if c, ok := opdef.CallOf(string(n.Op)); ok {
		return call{Call: c}, true
	}
	_, ok := l.functions.Find(string(n.Op))
	return call{direct: true}, ok
}

// calls reports whether a node passes its inputs to functions of the library.
func (l *library) calls(n *wire.Node) bool {
	_, ok := l.callOf(n)
	return ok
}

// called returns the functions that a node calls.
func (c call) called(n *wire.Node) []string {
	if c.direct {
		return []string{string(n.Op)}
	}
	var out []string
	for _, key := range c.Attrs {
		value, _ := n.Attr(key)
		out = append(out, opdef.Called(value)...)
	}
	return out
}

// results returns which results of a call are handles, given the arguments that are.
func (l *library) results(n *wire.Node, c call, args handles) handles {
	out := make(handles)
	if c.Loops() {
		maps.Copy(out, args) // a loop returns its arguments
	}
	for _, name := range c.called(n) {
		if b := l.body(name, args); b != nil {
			maps.Copy(out, b.results)
		}
	}
	return out
}

// maxDepth limits the depth of calls between functions.
const maxDepth = 100

// body returns a function analyzed with some of its arguments as handles, or nil if the function does not exist.
func (l *library) body(name string, args handles) *body {
	key := args.key(name)
	if b, ok := l.bodies[key]; ok {
		return b
	}
	f, ok := l.functions.Find(name)
	if !ok {
		return nil
	}
	l.bodies[key] = nil // the result for recursive calls
	if l.depth > maxDepth {
		l.problems.Of(ErrNotConstant, "cannot freeze: function %q gets a variable through more than %d calls", name, maxDepth)
		return nil
	}
	l.depth++
	b := l.analyze(name, f, args)
	l.depth--
	l.bodies[key] = b
	return b
}

// frozen returns the name of the function that takes values where the given one takes handles. The first call creates it.
func (l *library) frozen(name string, args handles) string {
	b := l.body(name, args)
	if b == nil || len(args) == 0 && !b.changed {
		return name
	}
	key := args.key(name)
	if made, ok := l.names[key]; ok {
		return made
	}
	made := l.functions.Reserve(name + "_frozen")
	l.names[key] = made
	l.depth++
	l.functions.Add(made, b.rope(made))
	l.depth--
	return made
}

// edits returns the changes to a node that passes handles to functions: the new op, or "" for no change, and the new attrs.
func (l *library) edits(n *wire.Node, c call, args, results handles) (string, map[string]*wire.Rope) {
	if c.direct {
		return l.frozen(string(n.Op), args), nil
	}
	attrs := map[string]*wire.Rope{"_read_only_resource_inputs": nil, "_output_shapes": nil}
	for _, key := range c.Attrs {
		value, ok := n.Attr(key)
		if ok {
			attrs[key] = draft.RenameFunctions(value, func(name string) string { return l.frozen(name, args) })
		}
	}
	for key, changed := range map[string]handles{c.In: args, c.Out: results} {
		types := tensor.AttrTypes(n, key)
		for k, dtype := range changed {
			if k < len(types) {
				types[k] = dtype
			}
		}
		attrs[key] = draft.TypeListAttr(types)
	}
	if value, ok := n.Attr("output_shapes"); ok && len(results) > 0 {
		attrs["output_shapes"] = draft.ForgetShapes(value, func(k int) bool { _, is := results[k]; return is })
	}
	return "", attrs
}

// arguments returns which arguments of a call are handles.
func (f *Freezing) arguments(i int, c call) handles {
	args := make(handles)
	k := 0
	for _, e := range f.g.Graph.Inputs(i) {
		if e.Port == graph.Control {
			continue
		}
		if dtype, ok := f.flows[e]; ok && k >= c.First {
			if by, ok := f.g.Through(e); ok && by == int(e.Node) {
				args[k-c.First] = dtype
			}
		}
		k++
	}
	return args
}

// recordResults records the handles that functions return.
func (f *Freezing) recordResults() {
	var n wire.Node
	for _, i := range slices.Sorted(maps.Keys(f.callers)) {
		f.g.Graph.Node(i, &n)
		c, _ := f.library.callOf(&n)
		for k, dtype := range f.library.results(&n, c, f.arguments(i, c)) {
			f.flow(graph.Edge{Node: int32(i), Port: int32(k)}, dtype)
		}
	}
}

// callFunctions makes the nodes that pass variables to functions call functions that take values.
func (f *Freezing) callFunctions() {
	var n wire.Node
	for _, i := range slices.Sorted(maps.Keys(f.callers)) {
		f.g.Graph.Node(i, &n)
		c, _ := f.library.callOf(&n)
		args := f.arguments(i, c)
		op, attrs := f.library.edits(&n, c, args, f.library.results(&n, c, args))
		e := f.g.Edit(i)
		e.Op = op
		for key, value := range attrs {
			e.Attrs[key] = value
		}
	}
}
