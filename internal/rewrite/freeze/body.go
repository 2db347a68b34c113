package freeze

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A body is a function with variable handles as arguments, and the changes to its nodes. Its tensors are named as its nodes read
// them: `argument`, `node:output:k`.
type body struct {
	l       *library
	name    string
	f       wire.Function
	args    handles
	results handles
	changed bool

	nodes   []wire.Node
	readers map[string][]int // nodes that read each tensor
	flows   map[string]int32 // tensors that are handles
	todo    []string
	edits   map[int]*scope.Edit
	after   map[int][]*scope.NewNode
	renamed map[string]string // renamed outputs, from `node:output` to `node:output`
	callers map[int]bool
	updates []string // nodes that updated a variable, as FUNCTION/NODE
}

// analyze determines the changes to a function.
func (l *library) analyze(name string, f wire.Function, args handles) *body {
	b := &body{l: l, name: name, f: f, args: args, results: make(handles), readers: make(map[string][]int), flows: make(map[string]int32),
		edits: make(map[int]*scope.Edit), after: make(map[int][]*scope.NewNode), renamed: make(map[string]string), callers: make(map[int]bool)}
	for n, err := range f.Nodes() {
		if err != nil {
			return nil
		}
		var own wire.Node
		if own.Parse(n.Raw) != nil {
			return nil
		}
		for _, input := range own.Inputs {
			spelled := spelled(input)
			b.readers[spelled] = append(b.readers[spelled], len(b.nodes))
		}
		b.nodes = append(b.nodes, own)
	}
	for k, arg := range f.Arguments() {
		if dtype, ok := args[k]; ok {
			b.flow(string(arg), dtype)
			b.flow(string(arg)+":0:0", dtype) // the spelling with a number
		}
	}
	for len(b.todo) > 0 {
		b.follow()
		for _, i := range slices.Sorted(maps.Keys(b.callers)) {
			c, _ := l.callOf(&b.nodes[i])
			for k, dtype := range l.results(&b.nodes[i], c, b.arguments(i, c)) {
				b.flow(b.output(i, c, k), dtype)
			}
		}
	}
	returned := f.Returns()
	for k, result := range f.Results() {
		if dtype, ok := b.flows[spelled(returned[string(result)])]; ok {
			b.results[k] = dtype
		}
	}
	b.changed = len(b.edits)+len(b.callers) > 0
	return b
}

// spelled returns the canonical spelling of a tensor in a function body.
func spelled(input []byte) string {
	name := string(input)
	if strings.Count(name, ":") == 1 {
		return name + ":0"
	}
	return name
}

func (b *body) flow(t string, dtype int32) {
	if _, known := b.flows[t]; !known {
		b.flows[t] = dtype
		b.todo = append(b.todo, t)
	}
}

func (b *body) follow() {
	for len(b.todo) > 0 {
		t := b.todo[len(b.todo)-1]
		b.todo = b.todo[:len(b.todo)-1]
		for _, i := range b.readers[t] {
			b.read(i, b.flows[t])
		}
	}
}

// read converts a node that reads a handle.
func (b *body) read(i int, dtype int32) {
	n := &b.nodes[i]
	if b.callers[i] || b.edits[i] != nil {
		return
	}
	if c, ok := reader(n, dtype); ok {
		b.convert(i, n, c)
		return
	}
	outputs, known := b.l.facts.CountOutputs(n)
	switch {
	case b.l.calls(n):
		b.callers[i] = true
	case forwards(n.Op):
		b.edits[i] = &scope.Edit{Attrs: map[string]*wire.Rope{"T": draft.TypeAttr(dtype), "_output_shapes": nil}}
		def := b.l.facts.Def(n.Op)
		for _, arg := range def.Outputs {
			if arg.TypeAttr >= 0 && def.Attrs[arg.TypeAttr].Name == "T" {
				b.flow(string(n.Name)+":"+arg.Name+":0", dtype)
			}
		}
	case known && outputs == 0:
		b.edits[i] = &scope.Edit{Op: "NoOp", Inputs: wire.ControlInputs(n.Inputs), Alone: true}
		b.updates = append(b.updates, b.name+"/"+string(n.Name))
	default:
		b.l.problems.Of(ErrNotConstant, "cannot freeze: node %q (%s) of function %q uses a variable in a way that constants do not support", n.Name, n.Op, b.name)
	}
}

// convert applies a conversion to a node.
func (b *body) convert(i int, n *wire.Node, c conversion) {
	e := &scope.Edit{Op: c.op, Attrs: c.attrs, Alone: c.op == "Const"}
	b.edits[i] = e
	if c.inputs != all {
		e.Inputs = wire.InputNames(n.Inputs[:min(c.inputs, len(n.Inputs))])
	}
	if c.axis != nil {
		axis := scope.Unique(string(n.Name)+"/axis", func(name string) bool {
			return slices.ContainsFunc(b.nodes, func(n wire.Node) bool { return string(n.Name) == name })
		})
		b.after[i] = append(b.after[i], &scope.NewNode{Name: axis, Op: "Const", Attrs: map[string]*wire.Rope{
			"dtype": draft.TypeAttr(c.indices), "value": draft.TensorAttr(draft.IntTensor(c.indices, *c.axis))}})
		e.Inputs = insertInput(n.Inputs, 2, axis+":output:0")
	}
	if c.from != c.to {
		b.renamed[string(n.Name)+":"+c.from] = string(n.Name) + ":" + c.to
	}
}

// arguments returns which arguments of a call are handles.
func (b *body) arguments(i int, c call) handles {
	args := make(handles)
	for k, input := range b.nodes[i].Inputs {
		if dtype, ok := b.flows[spelled(input)]; ok && k >= c.First {
			args[k-c.First] = dtype
		}
	}
	return args
}

// output returns the name of result k of a call.
func (b *body) output(i int, c call, k int) string {
	name := string(b.nodes[i].Name)
	if c.direct {
		if f, ok := b.l.functions.Find(string(b.nodes[i].Op)); ok {
			if results := f.Results(); k < len(results) {
				return name + ":" + string(results[k]) + ":0"
			}
		}
	}
	return name + ":output:" + strconv.Itoa(k)
}

// rename returns the name of a tensor after the outputs of converted nodes were renamed.
func (b *body) rename(input string) string {
	if len(b.renamed) == 0 || strings.HasPrefix(input, "^") {
		return input
	}
	node, rest, _ := strings.Cut(input, ":")
	output, port, _ := strings.Cut(rest, ":")
	if to, ok := b.renamed[node+":"+output]; ok && rest != "" {
		if port == "" {
			return to
		}
		return to + ":" + port
	}
	return input
}

// rope returns the FunctionDef under a new name.
func (b *body) rope(name string) *wire.Rope {
	b.l.updates = append(b.l.updates, b.updates...)
	for _, i := range slices.Sorted(maps.Keys(b.callers)) {
		c, _ := b.l.callOf(&b.nodes[i])
		args := b.arguments(i, c)
		op, attrs := b.l.edits(&b.nodes[i], c, args, b.l.results(&b.nodes[i], c, args))
		b.edits[i] = &scope.Edit{Op: op, Attrs: attrs}
	}
	for i := range b.nodes {
		b.renameInputs(i)
	}
	rewriter := &scope.NodeRewriter{Plan: new(scope.Plan), Edits: b.edits, After: b.after}
	var out wire.Builder
	number := 0
	signed := false
	for s := wire.Scan(b.f); s.Next(); {
		switch {
		case s.Is(fieldnum.FunctionDef_Signature):
			if !signed {
				out.Bytes(s.Num, b.signature(b.f.Signature(), name))
			}
			signed = true
		case s.Is(fieldnum.FunctionDef_NodeDef):
			_ = rewriter.FunctionNode(&out, s.Field, number) // the nodes have been parsed before
			number++
		case s.Is(fieldnum.FunctionDef_Ret):
			key, value := wire.MapEntry(s.Data)
			out.Message(s.Num, func() {
				out.Bytes(fieldnum.MapEntry_Key, key)
				out.String(fieldnum.MapEntry_Value, b.rename(string(value)))
			})
		case s.Is(fieldnum.FunctionDef_Attr):
			if key, _ := wire.MapEntry(s.Data); string(key) != "_input_shapes" {
				out.Window(s.Raw)
			}
		case s.Is(fieldnum.FunctionDef_ArgAttr):
			if _, is := b.args[int(wire.LastUint(s.Data, fieldnum.MapEntry_Key))]; !is {
				out.Window(s.Raw)
			}
		case s.Num == fieldnum.FunctionDef_ResourceArgUniqueId:
			// It tells handles apart.
		default:
			out.Window(s.Raw)
		}
	}
	return out.Build()
}

// renameInputs changes the inputs of a node that read renamed outputs.
func (b *body) renameInputs(i int) {
	if len(b.renamed) == 0 {
		return
	}
	inputs := wire.InputNames(b.nodes[i].Inputs)
	e := b.edits[i]
	if e != nil && e.Inputs != nil {
		inputs = e.Inputs
	}
	changed := false
	for k, input := range inputs {
		if to := b.rename(input); to != input {
			inputs[k], changed = to, true
		}
	}
	if !changed {
		return
	}
	if e == nil {
		e = new(scope.Edit)
		b.edits[i] = e
	}
	e.Inputs = inputs
}

// signature returns the function's OpDef with its new name and with the types of its arguments and results.
func (b *body) signature(old []byte, name string) []byte {
	var out wire.Builder
	in, result := 0, 0
	for s := wire.Scan(old); s.Next(); {
		switch {
		case s.Is(fieldnum.OpDef_Name):
			out.String(fieldnum.OpDef_Name, name)
		case s.Is(fieldnum.OpDef_InputArg):
			out.Bytes(s.Num, retyped(s.Data, b.args, in))
			in++
		case s.Is(fieldnum.OpDef_OutputArg):
			out.Bytes(s.Num, retyped(s.Data, b.results, result))
			result++
		default:
			out.Window(s.Raw)
		}
	}
	return out.Build().Bytes()
}

// retyped returns an ArgDef. If argument or result k is a handle, its type becomes that of the value.
func retyped(arg []byte, is handles, k int) []byte {
	dtype, ok := is[k]
	if !ok {
		return arg
	}
	var out []byte
	for s := wire.Scan(arg); s.Next(); {
		switch s.Num {
		case fieldnum.OpDef_ArgDef_Type, fieldnum.OpDef_ArgDef_HandleData, fieldnum.OpDef_ArgDef_ExperimentalFullType:
		default:
			out = append(out, s.Raw...)
		}
	}
	return protowire.AppendVarint(protowire.AppendTag(out, fieldnum.OpDef_ArgDef_Type, protowire.VarintType), uint64(dtype))
}
