package prune

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// CutCalls removes results that nobody reads from the loops, conditionals and calls of functions that stay, and reports whether it did.
// With the results goes what only they need: in the functions, and in front of the call. Most often these are values that were collected
// for a gradient (tensorflow/python/ops/while_v2.py, cond_v2.py). The call gets copies of its functions, which are added to library.
//
// A conditional or call keeps the results that are read, and the inputs that they need. It stays as it is if no result is read, because it
// runs for its side effects then. A loop keeps the variables that are read after the loop, that its condition needs, or that the next
// value of a kept variable needs. Ops with side effects stay in all functions, with what they need.
//
// The kept results get new numbers. A result that a collection, a signature, a saver or an output names keeps its number, as do all
// results before it. Everything that stays, apart from savers, must have been added to Reach. After a change, call Again and CutCalls
// once more, because other calls may have computed what is no longer needed. The error is draft.Conflicts.
func (c *Cut) CutCalls(m *wire.MetaGraph, r *scope.Registry, library *draft.Library) (changed bool, err error) {
	if library.Len() == 0 {
		return false, nil
	}
	read, err := c.readResults(m, r)
	if err != nil {
		return false, err
	}
	l := &calls{library: library, facts: c.facts, parts: make(map[partKey]*part), bodies: make(map[string]*body), names: make(map[copyKey]string), budget: budget}
	for _, i := range slices.Sorted(maps.Keys(read)) {
		if c.cutCall(i, *read[i], l) {
			changed = true
		}
	}
	return changed, nil
}

// readResults returns, for each caller that stays, which of its results are read. A result that has to keep its number is read, with all
// before it.
func (c *Cut) readResults(m *wire.MetaGraph, r *scope.Registry) (map[int]*use, error) {
	read := make(map[int]*use)
	var n wire.Node
	for i, kept := range c.Reach.Has {
		if kept && i < c.g.Files() {
			c.g.Node(i, &n)
			if _, ok := opdef.CallOf(string(n.Op)); ok {
				read[i] = new(use)
			}
		}
	}
	for k := range c.made { // a placeholder replaces some of the results
		i, _ := c.g.Original([]byte(c.Inputs[k].Node))
		delete(read, i)
	}
	if len(read) == 0 {
		return nil, nil
	}
	saver, err := c.saverReach(m)
	if err != nil {
		return nil, err
	}
	for i := range max(len(saver), len(c.Reach.Has)) {
		if i < len(saver) && saver[i] || i < len(c.Reach.Has) && c.Reach.Has[i] {
			err := c.g.Inputs(i, func(source int, port int32) error {
				if u := read[source]; u != nil && port != graph.Control {
					u.numbers = append(u.numbers, int(port))
				}
				return nil
			})
			if err != nil {
				return nil, broken(err)
			}
		}
	}
	fixed := NamedOutputs(m, r)
	for _, output := range c.Outputs {
		if !output.Control {
			fixed[output.Node] = max(fixed[output.Node], output.Port+1)
		}
	}
	for name, count := range fixed {
		if i, ok := c.g.Original([]byte(name)); ok && read[i] != nil {
			read[i].first = count
		}
	}
	return read, nil
}

// saverReach returns what the saver of the file needs, which may be kept.
func (c *Cut) saverReach(m *wire.MetaGraph) ([]bool, error) {
	reach := c.g.NewReach()
	saver, _ := m.Message(fieldnum.MetaGraphDef_SaverDef)
	for _, num := range []protowire.Number{fieldnum.SaverDef_SaveTensorName, fieldnum.SaverDef_RestoreOpName} {
		if i, ok := c.g.Source(wire.Last(saver, num)); ok {
			if err := reach.Add(i); err != nil {
				return nil, broken(err)
			}
		}
	}
	return reach.Has, nil
}

// cutCall removes what is not needed from caller i, of which some results are read, and reports whether it did.
func (c *Cut) cutCall(i int, read use, l *calls) bool {
	var n wire.Node
	c.g.Node(i, &n)
	attrs := attrMap(c.g.Attrs(i, &n))
	s, ok := l.shorten(&n, attrs, read)
	if !ok {
		return false
	}
	e := c.g.Edit(i)
	e.Inputs = s.inputs(n.Inputs)
	maps.Copy(e.Attrs, l.cutAttrs(attrs, s))
	c.renumber(i, s.results)
	return true
}

// renumber lets all nodes read the kept results of node i by their new numbers.
func (c *Cut) renumber(i int, kept set) {
	numbers := kept.numbers()
	seen := make(map[int32]bool)
	var n wire.Node
	for _, reader := range c.g.Consumers(i) {
		if seen[reader.Node] || reader.Port == graph.Control || len(numbers) == 0 {
			continue
		}
		seen[reader.Node] = true
		c.g.Node(int(reader.Node), &n)
		inputs := []string{}
		for _, input := range n.Inputs {
			in := wire.ParseInput(input)
			port, _ := in.Output()
			if to, ok := numbers[port]; ok && !in.Control && string(in.Node) == c.g.Name(i) {
				input = scope.Spelling(fmt.Appendf(nil, "%s:%d", in.Node, to))
			}
			inputs = append(inputs, string(input))
		}
		c.g.Edit(int(reader.Node)).Inputs = inputs
	}
}

// attrMap returns attrs as a map.
func attrMap(attrs iter.Seq2[[]byte, []byte]) map[string][]byte {
	all := make(map[string][]byte)
	for key, value := range attrs {
		all[string(key)] = value
	}
	return all
}

// NamedOutputs returns how many outputs of each node are named in collections and signatures: the highest number, plus one. It leaves out
// the collection of savers.
func NamedOutputs(m *wire.MetaGraph, r *scope.Registry) map[string]int {
	named := make(map[string]int)
	add := func(name []byte, _ scope.Kind) {
		in := wire.ParseInput(name)
		if port, ok := in.Output(); ok && !in.Control {
			named[string(in.Node)] = max(named[string(in.Node)], port+1)
		}
	}
	for key, value := range m.Entries(fieldnum.MetaGraphDef_CollectionDef) {
		if string(key) == scope.SaversKey {
			continue
		}
		for name := range scope.Entries(value, fieldnum.CollectionDef_NodeList) {
			add(name, scope.NodeName)
		}
		if t, known := r.Lookup(string(key)); known {
			for entry := range scope.Entries(value, fieldnum.CollectionDef_BytesList) {
				_ = t.Names.Each(entry, add) // a damaged entry is reported when the collection is written
			}
		}
	}
	for _, signature := range m.Entries(fieldnum.MetaGraphDef_SignatureDef) {
		_ = r.NamesOf("tensorflow.SignatureDef").Each(signature, add)
	}
	return named
}

// calls finds what functions need for some of their results, and makes the copies of functions that shorter calls call.
type calls struct {
	library *draft.Library
	facts   *opdef.Tensors
	bodies  map[string]*body // by function; nil for one that cannot be read
	parts   map[partKey]*part
	names   map[copyKey]string
	budget  int // how many nodes and results may still be visited
}

// budget bounds the nodes and results that are visited in functions, because a hostile file can make each of many variables need the next one.
const budget = 20_000_000

// A partKey is a function and the results that are needed.
type partKey struct{ function, results string }

// A copyKey is a function, and the results and arguments that its copy has.
type copyKey struct{ function, results, args string }

// A shorter describes a caller that keeps some results and arguments.
type shorter struct {
	call          opdef.Call
	results, args set
}

// inputs returns the inputs that stay: those before the arguments, the kept arguments, and the control inputs.
func (s *shorter) inputs(inputs [][]byte) []string {
	kept := []string{}
	k := -s.call.First
	for _, input := range inputs {
		control := wire.IsControl(input)
		if control || k < 0 || k < len(s.args) && s.args[k] {
			kept = append(kept, string(input))
		}
		if !control {
			k++
		}
	}
	return kept
}

// shorten returns what a caller keeps if some of its results are read, and whether that is less than it has. The attrs are those of node
// n.
func (l *calls) shorten(n *wire.Node, attrs map[string][]byte, read use) (*shorter, bool) {
	call, ok := opdef.CallOf(string(n.Op))
	in, out := len(tensor.TypesIn(attrs[call.In])), len(tensor.TypesIn(attrs[call.Out]))
	results, valid := read.of(out)
	if !ok || !valid || countData(n.Inputs) != call.First+in {
		return nil, false
	}
	s := &shorter{call: call, results: results, args: make(set, in)}
	if call.Loops() {
		return s, l.closeLoop(s, functionIn(attrs["cond"]), functionIn(attrs["body"])) && !s.results.all()
	}
	if s.results.all() || !slices.Contains(s.results, true) {
		return nil, false
	}
	for _, key := range call.Attrs {
		for _, function := range opdef.Called(attrs[key]) {
			part, whole := l.part(function, s.results)
			if part == nil || whole.args != in || whole.count() != out {
				return nil, false
			}
			s.args.unite(part.args)
		}
	}
	return s, true
}

// closeLoop adds to the results of a loop what its condition needs, and what the next values of its kept variables need. It reports false
// for a loop that it cannot read.
func (l *calls) closeLoop(s *shorter, cond, body string) bool {
	part, whole := l.part(cond, first(1))
	if part == nil || whole.args != len(s.args) || whole.count() != 1 {
		return false
	}
	s.results.unite(part.args)
	for {
		// The gradient of a loop takes its first two variables for the number of iterations and its limit.
		for k := range min(2, len(s.results)) {
			s.results[k] = s.results[k] || slices.Contains(s.results[k:], true)
		}
		part, whole := l.part(body, s.results)
		if part == nil || whole.args != len(s.args) || whole.count() != len(s.results) {
			return false
		}
		if !s.results.unite(part.args) {
			s.args = s.results
			return true
		}
	}
}

// countData returns how many inputs are no control inputs.
func countData(inputs [][]byte) int {
	count := 0
	for _, input := range inputs {
		if len(input) > 0 && !wire.IsControl(input) {
			count++
		}
	}
	return count
}

// cutAttrs returns the attrs of a shorter call, as far as they change.
func (l *calls) cutAttrs(attrs map[string][]byte, s *shorter) map[string]*wire.Rope {
	cut := map[string]*wire.Rope{"_output_shapes": nil, "_read_only_resource_inputs": nil}
	for key, kept := range map[string]set{s.call.In: s.args, s.call.Out: s.results} {
		cut[key] = draft.TypeListAttr(chosen(tensor.TypesIn(attrs[key]), kept))
	}
	for _, key := range s.call.Attrs {
		results := s.results
		if key == "cond" {
			results = first(1)
		}
		cut[key] = draft.RenameFunctions(attrs[key], func(name string) string { return l.copied(name, results, s.args) })
	}
	if shapes, ok := attrs["output_shapes"]; ok {
		cut["output_shapes"] = draft.KeepShapes(shapes, s.results)
	}
	if value, ok := attrs["_num_original_outputs"]; ok {
		original := min(wire.LastUint(value, fieldnum.AttrValue_I), uint64(len(s.results)))
		cut["_num_original_outputs"] = draft.IntAttr(int64(len(chosen(s.results[:original], s.results))))
	}
	return cut
}

// copied returns the name of a copy of a function with only some of its results and arguments.
func (l *calls) copied(name string, results, args set) string {
	key := copyKey{name, results.String(), args.String()}
	if made, ok := l.names[key]; ok {
		return made
	}
	made := l.library.Reserve(name + "_cut")
	l.names[key] = made
	part, whole := l.part(name, results)
	l.library.Add(made, whole.write(made, part, results, args))
	return made
}

// functionIn returns the name of the function in an AttrValue.
func functionIn(value []byte) string {
	function, _ := wire.AttrBytes(value, fieldnum.AttrValue_Func)
	return string(wire.Last(function, fieldnum.NameAttrList_Name))
}

// part returns what some results of a function need, and the whole function. It returns nil if the function is unknown or has another
// number of results.
func (l *calls) part(function string, results set) (*part, *body) {
	key := partKey{function, results.String()}
	if p, ok := l.parts[key]; ok {
		return p, l.bodies[function]
	}
	b := l.body(function)
	if b == nil || len(results) != b.count() || b.busy || l.budget < 0 {
		return nil, nil
	}
	b.busy = true
	p := b.find(l, results)
	b.busy = false
	l.parts[key] = p
	return p, b
}
