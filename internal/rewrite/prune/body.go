package prune

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A body is a function of the library that a loop, a conditional or a call runs.
type body struct {
	function wire.Function
	nodes    []wire.Node
	numbers  map[string]int // of the nodes, by name
	argument map[string]int // of the arguments, by name
	args     int
	results  []string // the tensors that are returned, as nodes spell them
	names    []string // of the results
	roots    []int    // nodes that run in any case: those with side effects
	busy     bool     // find is at work: the function contains itself
}

// count returns the number of results.
func (b *body) count() int { return len(b.results) }

// body returns a function, or nil if the library does not have it, it is not well-formed, or it is being read: it contains itself.
func (l *calls) body(name string) *body {
	b, ok := l.bodies[name]
	if !ok {
		l.bodies[name] = nil
		b = l.parse(name)
		l.bodies[name] = b
	}
	return b
}

// parse reads a function. It returns nil if the library does not have it, or if it is not well-formed.
func (l *calls) parse(name string) *body {
	f, ok := l.library.Find(name)
	if !ok {
		return nil
	}
	b := &body{function: f, numbers: make(map[string]int), argument: make(map[string]int)}
	for n, err := range f.Nodes() {
		var own wire.Node
		if err != nil || own.Parse(n.Raw) != nil {
			return nil
		}
		if l.hasEffects(&own) {
			b.roots = append(b.roots, len(b.nodes))
		}
		b.numbers[string(own.Name)] = len(b.nodes)
		b.nodes = append(b.nodes, own)
	}
	returned := make(map[string]string)
	for s := wire.Scan(f); s.Next(); {
		key, value := wire.MapEntry(s.Data)
		switch {
		case s.Is(fieldnum.FunctionDef_Ret):
			returned[string(key)] = string(value)
		case s.Is(fieldnum.FunctionDef_ControlRet):
			i, ok := b.numbers[string(value)]
			if !ok {
				return nil
			}
			b.roots = append(b.roots, i)
		}
	}
	signature, _ := wire.Merged(f, fieldnum.FunctionDef_Signature)
	for s := wire.Scan(signature); s.Next(); {
		switch name := string(wire.Last(s.Data, fieldnum.OpDef_ArgDef_Name)); {
		case s.Is(fieldnum.OpDef_InputArg):
			b.argument[name] = b.args
			b.args++
		case s.Is(fieldnum.OpDef_OutputArg):
			b.names = append(b.names, name)
			b.results = append(b.results, returned[name])
		}
	}
	if len(b.argument) != b.args || len(b.numbers) != len(b.nodes) {
		return nil // two of them have the same name
	}
	return b
}

// hasEffects reports whether a node of a function can have side effects. A call has those of its functions.
func (l *calls) hasEffects(n *wire.Node) bool {
	if call, ok := opdef.CallOf(string(n.Op)); ok {
		for _, key := range call.Attrs {
			value, _ := n.Attr(key)
			for _, name := range opdef.Called(value) {
				if b := l.body(name); b == nil || len(b.roots) > 0 {
					return true
				}
			}
		}
		return false
	}
	def := l.facts.Def(n.Op)
	return def == nil || def.Stateful && !opdef.OnlyReads(n.Op)
}

// A part is what some results of a function need.
type part struct {
	args    set                 // the arguments that are needed
	has     []bool              // the nodes that are needed
	results []string            // the tensors that are returned, like those of the body
	edits   map[int]*scope.Edit // callers that are shortened too, and what reads them
	cut     map[string]bool     // the callers that are shortened
}

// maxRounds is how often a function is searched for callers to shorten. Each round can free the callers that compute inputs of the last.
const maxRounds = 8

// find returns what some results need. It is nil if a tensor does not exist.
func (b *body) find(l *calls, results set) *part {
	p := &part{results: slices.Clone(b.results), edits: make(map[int]*scope.Edit), cut: make(map[string]bool)}
	for range maxRounds {
		if l.budget -= len(b.nodes) + len(results) + 1; !b.reach(p, results) {
			return nil
		}
		if !b.cutCalls(l, p, results) {
			break
		}
	}
	return p
}

// reach finds the needed nodes and arguments, given the edits. It reports false if a tensor does not exist.
func (b *body) reach(p *part, results set) bool {
	p.has, p.args = make([]bool, len(b.nodes)), make(set, b.args)
	todo := slices.Clone(b.roots)
	read := func(tensor string) bool {
		name, _, _ := strings.Cut(strings.TrimPrefix(tensor, "^"), ":")
		if k, ok := b.argument[name]; ok {
			p.args[k] = true
			return true
		}
		i, ok := b.numbers[name]
		todo = append(todo, i)
		return ok
	}
	for _, tensor := range chosen(p.results, results) {
		if !read(tensor) {
			return false
		}
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if p.has[i] {
			continue
		}
		p.has[i] = true
		for _, input := range b.inputs(p, i) {
			if !read(input) {
				return false
			}
		}
	}
	return true
}

// inputs returns the inputs of node i with the edits.
func (b *body) inputs(p *part, i int) []string {
	if e := p.edits[i]; e != nil {
		return slices.Clone(e.Inputs)
	}
	return wire.InputNames(b.nodes[i].Inputs)
}

// cutCalls shortens the callers in the function, and reports whether it did.
func (b *body) cutCalls(l *calls, p *part, results set) bool {
	read := make(map[string]*use) // of each caller, which results are read
	for i, has := range p.has {
		if _, ok := opdef.CallOf(string(b.nodes[i].Op)); ok && has && !p.cut[string(b.nodes[i].Name)] {
			read[string(b.nodes[i].Name)] = new(use)
		}
	}
	if len(read) == 0 {
		return false
	}
	note := func(tensor string) {
		name, _, number := splitTensor(tensor)
		if u := read[name]; u != nil {
			u.numbers = append(u.numbers, number)
		}
	}
	for _, tensor := range chosen(p.results, results) {
		note(tensor)
	}
	for i, has := range p.has {
		for _, input := range b.inputs(p, i) {
			if has {
				note(input)
			}
		}
	}
	changed := false
	for _, name := range slices.Sorted(maps.Keys(read)) {
		i := b.numbers[name]
		n := wire.Node{Op: b.nodes[i].Op}
		for _, input := range b.inputs(p, i) {
			n.Inputs = append(n.Inputs, []byte(input))
		}
		attrs := attrMap(b.nodes[i].Attrs)
		if s, ok := l.shorten(&n, attrs, *read[name]); ok {
			p.edits[i] = &scope.Edit{Inputs: s.inputs(n.Inputs), Attrs: l.cutAttrs(attrs, s)}
			p.cut[name], changed = true, true
			b.renumber(p, name, s.results.numbers())
		}
	}
	return changed
}

// splitTensor splits the name of a tensor in a function, `node:output:k`, into the node, everything before the number, and the number. The
// number of `node:output` is 0.
func splitTensor(tensor string) (node, output string, number int) {
	node, _, _ = strings.Cut(tensor, ":")
	at := strings.LastIndexByte(tensor, ':')
	if k, err := strconv.Atoi(tensor[at+1:]); at >= 0 && err == nil && k >= 0 {
		return node, tensor[:at], k
	}
	return node, tensor, 0
}

// renumber lets the needed nodes and the results read the results of a node by their new numbers.
func (b *body) renumber(p *part, name string, numbers map[int]int) {
	rename := func(tensors []string) (changed bool) {
		for k, tensor := range tensors {
			node, output, number := splitTensor(tensor)
			if to, ok := numbers[number]; ok && node == name {
				tensors[k], changed = output+":"+strconv.Itoa(to), true
			}
		}
		return changed
	}
	rename(p.results)
	for i, has := range p.has {
		if inputs := b.inputs(p, i); has && rename(inputs) {
			if p.edits[i] == nil {
				p.edits[i] = new(scope.Edit)
			}
			p.edits[i].Inputs = inputs
		}
	}
}

// write returns the FunctionDef under another name, with only some of its results and arguments and what they need.
func (b *body) write(name string, p *part, results, args set) *wire.Rope {
	rewriter := &scope.NodeRewriter{Plan: new(scope.Plan), Edits: p.edits}
	var out wire.Builder
	number, signed := 0, false
	for s := wire.Scan(b.function); s.Next(); {
		key, _ := wire.MapEntry(s.Data)
		switch {
		case s.Is(fieldnum.FunctionDef_Signature):
			if !signed {
				out.Bytes(s.Num, b.signature(name, results, args))
			}
			signed = true
		case s.Is(fieldnum.FunctionDef_NodeDef):
			if p.has[number] {
				_ = rewriter.FunctionNode(&out, s.Field, number) // the nodes have been parsed before
			}
			number++
		case s.Is(fieldnum.FunctionDef_Ret):
			if k := slices.Index(b.names, string(key)); k >= 0 && results[k] {
				out.Message(s.Num, func() {
					out.Bytes(fieldnum.MapEntry_Key, key)
					out.String(fieldnum.MapEntry_Value, p.results[k])
				})
			}
		case s.Is(fieldnum.FunctionDef_Attr) && string(key) == "_input_shapes":
			// It lists the shapes of all arguments.
		case s.Is(fieldnum.FunctionDef_ArgAttr), s.Is(fieldnum.FunctionDef_ResourceArgUniqueId):
			if k := wire.LastUint(s.Data, fieldnum.MapEntry_Key); k < uint64(len(args)) && args[k] {
				writeNumbered(&out, s.Field, len(chosen(args[:k], args)))
			}
		default:
			out.Window(s.Raw)
		}
	}
	return out.Build()
}

// writeNumbered appends an entry of a map from numbers under another number.
func writeNumbered(b *wire.Builder, entry wire.Field, number int) {
	b.Message(entry.Num, func() {
		b.Varint(fieldnum.MapEntry_Key, uint64(number))
		for s := wire.Scan(entry.Data); s.Next(); {
			if s.Num != fieldnum.MapEntry_Key {
				b.Window(s.Raw)
			}
		}
	})
}

// signature returns the function's OpDef under another name, with some of its results and arguments.
func (b *body) signature(name string, results, args set) []byte {
	old, _ := wire.Merged(b.function, fieldnum.FunctionDef_Signature)
	var out []byte
	arg, result := 0, 0
	for s := wire.Scan(old); s.Next(); {
		kept := true
		switch {
		case s.Is(fieldnum.OpDef_Name):
			out = protowire.AppendString(protowire.AppendTag(out, s.Num, s.Type), name)
			kept = false
		case s.Is(fieldnum.OpDef_InputArg):
			kept = args[arg]
			arg++
		case s.Is(fieldnum.OpDef_OutputArg):
			kept = results[result]
			result++
		}
		if kept {
			out = append(out, s.Raw...)
		}
	}
	return out
}
