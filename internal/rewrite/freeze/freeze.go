// Package freeze turns variables into constants: the variables themselves, everything that reads them, and the functions that they
// are passed to. It follows convert_variables_to_constants (tensorflow/python/framework/convert_to_constants.py) and goes
// further where that leaves a graph which TensorFlow cannot import.
package freeze

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

// boolType is DT_BOOL.
const boolType = 10

// A Freezing is a graph whose variables become constants, as far as it is planned.
type Freezing struct {
	Variables []int        // nodes that become constants, in file order
	Updates   []string     // nodes that updated a variable and no longer do, in file order
	Functions []*wire.Rope // FunctionDefs that take values in place of variables

	same     map[int]int // variables that share the value of another one, to that one
	g        *draft.Graph
	outputs  map[int]bool // nodes whose outputs are fetched
	facts    *opdef.Tensors
	keep     []bool
	library  *library
	flows    map[graph.Edge]int32 // tensors that are handles of variables, with the dtype of the variable
	todo     []graph.Edge
	callers  map[int]bool // nodes that pass a variable to a function
	problems draft.Problems
}

// Plan notes on g what freezing changes. Only nodes for which keep is true are looked at; the nodes in outputs are fetched. What a
// variable becomes is noted without its value, which SetValue adds. The error is draft.Problems where a variable is used in a way that a constant cannot be.
func Plan(g *draft.Graph, facts *opdef.Tensors, functions *draft.Library, keep []bool, outputs map[int]bool) (*Freezing, error) {
	f := &Freezing{g: g, facts: facts, keep: keep, outputs: outputs, flows: make(map[graph.Edge]int32), callers: make(map[int]bool),
		same: make(map[int]int), library: newLibrary(functions, facts)}
	f.findVariables()
	for len(f.todo) > 0 {
		f.follow()
		f.throughFunctions()
	}
	f.mendReferences()
	f.callFunctions()
	f.Functions = f.library.made
	f.problems = append(f.problems, f.library.problems...)
	slices.Sort(f.Variables)
	return f, f.problems.Err()
}

// kept reports whether node i is kept.
func (f *Freezing) kept(i int) bool { return i < len(f.keep) && f.keep[i] }

// findVariables finds the variables, and which of them share a value: those of the same container and shared_name.
func (f *Freezing) findVariables() {
	shared := make(map[string]int)
	var n wire.Node
	for i := range f.g.Files() {
		if !f.kept(i) {
			continue
		}
		f.g.Node(i, &n)
		switch {
		case isRefVariable(n.Op):
			f.Variables = append(f.Variables, i)
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
			f.Variables = append(f.Variables, i)
		}
	}
	f.Variables = slices.DeleteFunc(f.Variables, func(i int) bool { _, same := f.same[i]; return same })
}

// sharedName returns by which name a variable finds its value in a session: container and shared_name, empty for a value of its own.
func sharedName(n *wire.Node) string {
	value, _ := n.Attr("shared_name")
	name, _ := wire.AttrBytes(value, fieldnum.AttrValue_S)
	if len(name) == 0 {
		return ""
	}
	value, _ = n.Attr("container")
	container, _ := wire.AttrBytes(value, fieldnum.AttrValue_S)
	return string(container) + "\x00" + string(name)
}

// flow notes that a tensor is the handle of a variable.
func (f *Freezing) flow(e graph.Edge, dtype int32) {
	if _, known := f.flows[e]; !known {
		f.flows[e] = dtype
		f.todo = append(f.todo, e)
	}
}

// follow goes from handles to what reads them, until nothing new is found.
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

// read converts a node that reads the handle of a variable.
func (f *Freezing) read(i int, dtype int32) {
	if f.callers[i] {
		return // its turn comes again
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
		f.silence(i, &n)
	default:
		f.problems.Add("cut the graph behind it with --inputs, or choose other outputs", "cannot freeze: node %q (%s) uses a variable in a way that a constant cannot be used", n.Name, n.Op)
	}
}

// silence makes a node that updates a variable one that does nothing: its control inputs stay.
func (f *Freezing) silence(i int, n *wire.Node) {
	if f.g.Edited(i) && f.g.Edit(i).Op == "NoOp" {
		return
	}
	controls := []string{}
	for _, input := range n.Inputs {
		if len(input) > 0 && input[0] == '^' {
			controls = append(controls, string(input))
		}
	}
	e := f.g.Edit(i)
	e.Op, e.Inputs, e.Alone = "NoOp", controls, true
	f.Updates = append(f.Updates, string(n.Name))
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
	if c.op == "Const" {
		e.Alone = true
	}
	if c.inputs != all {
		e.Inputs = names(n.Inputs[:min(c.inputs, len(n.Inputs))])
	}
	if c.axis != nil {
		name := scope.Unique(string(n.Name)+"/axis", f.taken)
		f.g.Add(i, &scope.NewNode{Name: name, Op: "Const", Device: string(n.Device), Attrs: map[string]*wire.Rope{
			"dtype": draft.TypeAttr(c.indices), "value": draft.TensorAttr(draft.IntTensor(c.indices, *c.axis))}})
		e.Inputs = insertInput(n.Inputs, 2, name)
	}
}

// taken reports whether a node has a name.
func (f *Freezing) taken(name string) bool {
	_, ok := f.g.Find([]byte(name))
	return ok
}

// names returns inputs as strings.
func names(inputs [][]byte) []string {
	out := make([]string, len(inputs))
	for k, input := range inputs {
		out[k] = string(input)
	}
	return out
}

// insertInput returns the inputs with one more data input, as number k.
func insertInput(inputs [][]byte, k int, input string) []string {
	return slices.Insert(names(inputs), min(k, len(inputs)), input)
}

// Aliases returns the variables that share the value of variable i, in file order.
func (f *Freezing) Aliases(i int) []int {
	var aliases []int
	for alias, first := range f.same {
		if first == i {
			aliases = append(aliases, alias)
		}
	}
	slices.Sort(aliases)
	return aliases
}

// SetValue gives the constant that node i becomes its value, a TensorProto.
func (f *Freezing) SetValue(i int, dtype int32, value *wire.Rope) {
	e := f.g.Edit(i)
	e.Op, e.Alone, e.Inputs = "Const", true, []string{}
	e.Attrs["dtype"], e.Attrs["value"] = draft.TypeAttr(dtype), draft.TensorAttr(value)
}
