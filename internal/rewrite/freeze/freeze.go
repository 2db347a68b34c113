// Package freeze turns variables into constants. It converts the variables, everything that reads them, and the functions that
// receive them as arguments. It follows convert_variables_to_constants (tensorflow/python/framework/convert_to_constants.py), and
// handles more cases where that function leaves a graph that TensorFlow cannot import.
package freeze

import (
	"errors"
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Freezing is the plan for turning a graph's variables into constants.
type Freezing struct {
	variables []int // nodes that become constants, in file order
	updates   []int // nodes that updated a variable

	changes  map[int]change // nodes that use a variable after an update
	computed map[int]bool   // updates whose value a node in changes reads
	same     map[int]int    // maps a variable to the one whose value it shares
	g        *draft.Graph
	outputs  map[int]bool // fetched nodes
	facts    *opdef.Tensors
	keep     []bool
	library  *library
	flows    map[graph.Edge]int32 // tensors that are handles, with the dtype of the variable
	todo     []graph.Edge
	callers  map[int]bool // nodes that pass a variable to a function
	problems draft.Conflicts
}

// ErrNotConstant is the kind of a conflict about a node that uses a variable in a way that constants do not support.
var ErrNotConstant = errors.New("a variable is used in a way that constants do not support")

// Plan adds the changes that freezing needs to g, and functions that take values instead of variables to functions. It considers
// only nodes for which keep is true; the nodes in outputs are fetched. The constants get their values
// later, from Fill. The error is draft.Conflicts if a node uses a variable in a way that has no equivalent for constants.
func Plan(g *draft.Graph, facts *opdef.Tensors, functions *draft.Library, keep []bool, outputs map[int]bool) (*Freezing, error) {
	f := &Freezing{g: g, facts: facts, keep: keep, outputs: outputs, flows: make(map[graph.Edge]int32), callers: make(map[int]bool),
		same: make(map[int]int), library: newLibrary(functions, facts), changes: make(map[int]change), computed: make(map[int]bool)}
	f.findVariables()
	f.orderUpdates()
	for len(f.todo) > 0 {
		f.follow()
		f.recordResults()
	}
	f.replaceReferences()
	f.callFunctions()
	f.readChanges()
	f.problems = append(f.problems, f.library.problems...)
	slices.Sort(f.variables)
	return f, f.problems.Err()
}

// kept reports whether node i is kept.
func (f *Freezing) kept(i int) bool { return i < len(f.keep) && f.keep[i] }

// findVariables finds the variables, and which of them share a value because they have the same container and shared_name.
func (f *Freezing) findVariables() {
	shared := make(map[string]int)
	var n wire.Node
	for i := range f.g.Files() {
		if !f.kept(i) {
			continue
		}
		f.g.Node(i, &n)
		switch {
		case opdef.IsRefVariable(n.Op):
			f.variables = append(f.variables, i)
		case string(n.Op) == "VarHandleOp":
			f.flow(graph.Edge{Node: int32(i)}, tensor.AttrType(&n, "dtype"))
		default:
			continue
		}
		if key := sharedName(&n); key != "" {
			if first, ok := shared[key]; ok {
				f.same[i] = first
				f.g.Edit(i).Op, f.g.Edit(i).Inputs, f.g.Edit(i).Alone = "Identity", []string{f.g.Name(first)}, true
				f.g.SetAttr(i, "T", draft.TypeAttr(tensor.AttrType(&n, "dtype")))
				continue
			}
			shared[key] = i
		}
		if string(n.Op) == "VarHandleOp" {
			f.variables = append(f.variables, i)
		}
	}
	f.variables = slices.DeleteFunc(f.variables, func(i int) bool { _, same := f.same[i]; return same })
}

// sharedName returns the name under which a session stores a variable's value: container and shared_name. It is empty if the value
// belongs to the node alone.
func sharedName(n *wire.Node) string {
	name := tensor.AttrString(n, "shared_name")
	if name == "" {
		return ""
	}
	return tensor.AttrString(n, "container") + "\x00" + name
}

// flow records that a tensor is the handle of a variable.
func (f *Freezing) flow(e graph.Edge, dtype int32) {
	if _, known := f.flows[e]; !known {
		f.flows[e] = dtype
		f.todo = append(f.todo, e)
	}
}

// follow converts the readers of handles until it finds no more.
func (f *Freezing) follow() {
	for len(f.todo) > 0 {
		e := f.todo[len(f.todo)-1]
		f.todo = f.todo[:len(f.todo)-1]
		for _, c := range f.g.Consumers(int(e.Node)) {
			by, ok := f.g.Through(e)
			if c.Port == e.Port && f.kept(int(c.Node)) && ok && by == int(e.Node) {
				f.read(int(c.Node), f.flows[e])
			}
		}
	}
}

// read converts a node that reads a variable's handle.
func (f *Freezing) read(i int, dtype int32) {
	if f.callers[i] {
		return // callFunctions handles it
	}
	var n wire.Node
	f.g.Graph.Node(i, &n)
	if c, ok := reader(&n, dtype); ok {
		f.convert(i, &n, c)
		return
	}
	outputs, known := f.facts.CountOutputs(&n)
	switch {
	case f.library.calls(&n):
		f.callers[i] = true
	case forwards(n.Op):
		f.g.SetAttr(i, "T", draft.TypeAttr(dtype))
		f.g.SetAttr(i, "_output_shapes", nil)
		for port := range outputs {
			if string(n.Op) != "Merge" || port == 0 {
				f.flow(graph.Edge{Node: int32(i), Port: int32(port)}, dtype)
			}
		}
	case known && outputs == 0:
		if m, ok := f.updateOf(i, &n); ok && f.computed[i] {
			f.replace(i, &n, m)
		} else {
			f.makeNoOp(i, &n)
		}
	default:
		f.problems.Of(ErrNotConstant, "cannot freeze: node %q (%s) uses a variable in a way that constants do not support", n.Name, n.Op)
	}
}

// makeNoOp turns a node that updates a variable into a NoOp with the same control inputs.
func (f *Freezing) makeNoOp(i int, n *wire.Node) {
	if f.g.Edited(i) && f.g.Edit(i).Op == "NoOp" {
		return
	}
	e := f.g.Edit(i)
	e.Op, e.Inputs, e.Alone = "NoOp", wire.ControlInputs(n.Inputs), true
	f.updates = append(f.updates, i)
}

// convert applies a conversion to node i.
func (f *Freezing) convert(i int, n *wire.Node, c conversion) {
	e := f.g.Edit(i)
	if e.Op != "" {
		return
	}
	e.Op = c.op
	for key, value := range c.attrs {
		e.Attrs[key] = value
	}
	if c.inputs != all {
		e.Inputs = wire.InputNames(n.Inputs[:min(c.inputs, len(n.Inputs))])
	}
	if c.op == "Const" {
		e.Alone, e.Inputs = true, f.frame(n)
	}
	if c.axis != nil {
		e.Inputs = insertInput(n.Inputs, 2, f.constant(i, n, "axis", c.indices, *c.axis))
	}
}

// constant adds an integer constant for node n, number i, to read, and returns its name: that of n and last.
func (f *Freezing) constant(i int, n *wire.Node, last string, dtype int32, value int64) string {
	name := scope.Unique(string(n.Name)+"/"+last, f.g.Taken)
	f.g.Add(i, &scope.NewNode{Name: name, Op: "Const", Device: string(n.Device), Inputs: f.frame(n), Attrs: map[string]*wire.Rope{
		"dtype": draft.TypeAttr(dtype), "value": draft.TensorAttr(draft.IntTensor(dtype, value))}})
	return name
}

// deepest limits the nesting of conditionals around a reader.
const deepest = 50

// frame returns a control input that puts a new constant into the while frame of n, which reads a variable. It returns no input if n reads
// the variable itself, because n is outside all loops then. A constant without inputs is outside too, where no node in a loop can read it.
func (f *Freezing) frame(n *wire.Node) []string {
	var source wire.Node
	for inputs, k := n.Inputs, 0; len(inputs) > 0 && k < deepest; inputs, k = source.Inputs, k+1 {
		i, ok := f.g.Original(wire.ParseInput(inputs[0]).Node)
		if !ok {
			break
		}
		f.g.Graph.Node(i, &source)
		if op := string(source.Op); opdef.IsVariable(op) {
			break
		} else if op != "Switch" && op != "RefSwitch" {
			return []string{"^" + string(source.Name)}
		}
	}
	return []string{}
}

// insertInput returns the inputs with an additional data input at position k.
func insertInput(inputs [][]byte, k int, input string) []string {
	return slices.Insert(wire.InputNames(inputs), min(k, len(inputs)), input)
}
