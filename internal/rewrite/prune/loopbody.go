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

// A body is a function of the library that is the condition or the body of a loop.
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

// parse reads a function. It returns nil if the library does not have it, or if it is not well-formed.
func (l *loops) parse(name string) *body {
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
		if def := l.facts.Def(own.Op); def == nil || def.Stateful {
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

// A part is what the first results of a function need.
type part struct {
	needs int                 // the number of the last argument that is needed, plus one
	has   []bool              // the nodes that are needed
	edits map[int]*scope.Edit // loops in the function that are shortened too
}

// maxRounds is how often a function is searched for loops to shorten. Each round can free the loops that compute initial values of the
// last.
const maxRounds = 8

// find returns what the first results need. It is nil if a tensor does not exist.
func (b *body) find(l *loops, results int) *part {
	p := &part{edits: make(map[int]*scope.Edit)}
	for range maxRounds {
		if l.budget -= len(b.nodes) + 1; !b.reach(p, results) {
			return nil
		}
		if !b.cutLoops(l, p, results) {
			break
		}
	}
	return p
}

// reach finds the needed nodes and arguments, given the edits. It reports false if a tensor does not exist.
func (b *body) reach(p *part, results int) bool {
	p.has, p.needs = make([]bool, len(b.nodes)), 0
	todo := slices.Clone(b.roots)
	read := func(tensor string) bool {
		name, _, _ := strings.Cut(strings.TrimPrefix(tensor, "^"), ":")
		if k, ok := b.argument[name]; ok {
			p.needs = max(p.needs, k+1)
			return true
		}
		i, ok := b.numbers[name]
		todo = append(todo, i)
		return ok
	}
	for _, tensor := range b.results[:results] {
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
		return e.Inputs
	}
	inputs := make([]string, len(b.nodes[i].Inputs))
	for k, input := range b.nodes[i].Inputs {
		inputs[k] = string(input)
	}
	return inputs
}

// cutLoops shortens the loops in the function, and reports whether it did.
func (b *body) cutLoops(l *loops, p *part, results int) bool {
	read := make(map[string]int) // of each loop, how many outputs are read
	for i, has := range p.has {
		if has && opdef.IsWhile(string(b.nodes[i].Op)) && p.edits[i] == nil {
			read[string(b.nodes[i].Name)] = 0
		}
	}
	if len(read) == 0 {
		return false
	}
	note := func(tensor string) {
		name, rest, _ := strings.Cut(tensor, ":")
		if count, ok := read[name]; ok {
			port, err := strconv.Atoi(rest[strings.LastIndexByte(rest, ':')+1:])
			if err != nil {
				port = 0 // `name:output` is the first
			}
			read[name] = max(count, port+1)
		}
	}
	for _, tensor := range b.results[:results] {
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
		n := &b.nodes[b.numbers[name]]
		attrs := attrMap(n.Attrs)
		if keep, ok := l.shorten(n, attrs, read[name]); ok {
			p.edits[b.numbers[name]] = &scope.Edit{Inputs: cutInputs(n.Inputs, keep), Attrs: l.cutAttrs(attrs, keep)}
			changed = true
		}
	}
	return changed
}

// write returns the FunctionDef under another name, with only its first results and arguments and what they need.
func (b *body) write(name string, p *part, results, args int) *wire.Rope {
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
		case s.Is(fieldnum.FunctionDef_Ret) && !slices.Contains(b.names[:results], string(key)):
		case s.Is(fieldnum.FunctionDef_Attr) && string(key) == "_input_shapes":
			// It lists the shapes of all arguments.
		case s.Is(fieldnum.FunctionDef_ArgAttr) && wire.LastUint(s.Data, fieldnum.MapEntry_Key) >= uint64(args):
		case s.Is(fieldnum.FunctionDef_ResourceArgUniqueId) && wire.LastUint(s.Data, fieldnum.MapEntry_Key) >= uint64(args):
		default:
			out.Window(s.Raw)
		}
	}
	return out.Build()
}

// signature returns the function's OpDef under another name, with its first results and arguments.
func (b *body) signature(name string, results, args int) []byte {
	old, _ := wire.Merged(b.function, fieldnum.FunctionDef_Signature)
	var out []byte
	for s := wire.Scan(old); s.Next(); {
		switch {
		case s.Is(fieldnum.OpDef_Name):
			out = protowire.AppendString(protowire.AppendTag(out, s.Num, s.Type), name)
			continue
		case s.Is(fieldnum.OpDef_InputArg):
			if args--; args < 0 {
				continue
			}
		case s.Is(fieldnum.OpDef_OutputArg):
			if results--; results < 0 {
				continue
			}
		}
		out = append(out, s.Raw...)
	}
	return out
}
