package prune

import (
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

// CutLoops shortens the functional loops that stay, and reports whether it did. It removes their last variables if nothing needs them.
// These are most often the lists in which a loop collects values for its gradient (tensorflow/python/ops/while_v2.py). A loop keeps every
// variable up to the last one that is read after the loop, that its condition needs, or that the next value of a kept variable needs. Ops
// with side effects in the body stay, with what they need. The loop gets copies of its functions, which are added to library.
//
// No kept variable changes its number, so that everything that reads the loop stays the same. Everything that stays, apart from savers,
// must have been added to Reach. Names in collections, signatures and savers count as reads. After a change, call Again and CutLoops once
// more, because other loops may have computed what is no longer needed. The error is draft.Conflicts.
func (c *Cut) CutLoops(m *wire.MetaGraph, r *scope.Registry, library *draft.Library) (changed bool, err error) {
	if library.Len() == 0 {
		return false, nil
	}
	read, err := c.readOutputs(m)
	if err != nil || len(read) == 0 {
		return false, err
	}
	for name, count := range NamedOutputs(m, r) {
		if i, ok := c.g.Original([]byte(name)); ok && has(read, i) {
			read[i] = max(read[i], count)
		}
	}
	l := &loops{library: library, facts: c.facts, parts: make(map[partKey]*part), bodies: make(map[string]*body), names: make(map[partKey]string), budget: budget}
	for _, i := range slices.Sorted(maps.Keys(read)) {
		if c.cutLoop(i, read[i], l) {
			changed = true
		}
	}
	return changed, nil
}

// has reports whether a map has a key.
func has(m map[int]int, key int) bool {
	_, ok := m[key]
	return ok
}

// readOutputs returns, for each loop that stays, how many of its outputs are read: the highest number, plus one.
func (c *Cut) readOutputs(m *wire.MetaGraph) (map[int]int, error) {
	read := make(map[int]int)
	var n wire.Node
	for i, kept := range c.Reach.Has {
		if kept && i < c.g.Files() {
			if c.g.Node(i, &n); opdef.IsWhile(string(n.Op)) {
				read[i] = 0
			}
		}
	}
	if len(read) == 0 {
		return nil, nil
	}
	note := func(i int, port int32) error {
		if has(read, i) && port != graph.Control {
			read[i] = max(read[i], int(port)+1)
		}
		return nil
	}
	for _, output := range c.Outputs {
		if i, ok := c.g.Source([]byte(output.Tensor())); ok && !output.Control {
			_ = note(i, int32(output.Port))
		}
	}
	saver, err := c.saverReach(m)
	if err != nil {
		return nil, err
	}
	for i := range max(len(saver), len(c.Reach.Has)) {
		if i < len(saver) && saver[i] || i < len(c.Reach.Has) && c.Reach.Has[i] {
			if err := c.g.Inputs(i, note); err != nil {
				return nil, broken(err)
			}
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

// cutLoop shortens loop i, of which the first read outputs are read, and reports whether it did.
func (c *Cut) cutLoop(i, read int, l *loops) bool {
	var n wire.Node
	c.g.Node(i, &n)
	attrs := attrMap(c.g.Attrs(i, &n))
	keep, ok := l.shorten(&n, attrs, read)
	if !ok {
		return false
	}
	e := c.g.Edit(i)
	e.Inputs = cutInputs(n.Inputs, keep)
	maps.Copy(e.Attrs, l.cutAttrs(attrs, keep))
	return true
}

// attrMap returns attrs as a map.
func attrMap(attrs iter.Seq2[[]byte, []byte]) map[string][]byte {
	all := make(map[string][]byte)
	for key, value := range attrs {
		all[string(key)] = value
	}
	return all
}

// cutInputs returns the first keep data inputs, and all control inputs.
func cutInputs(inputs [][]byte, keep int) []string {
	kept := []string{}
	for _, input := range inputs {
		if wire.IsControl(input) || keep > 0 {
			kept = append(kept, string(input))
		}
		if len(input) > 0 && !wire.IsControl(input) {
			keep--
		}
	}
	return kept
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
		if string(key) == "savers" {
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

// loops finds the variables that loops need, and makes the functions of shortened loops.
type loops struct {
	library *draft.Library
	facts   *opdef.Tensors
	bodies  map[string]*body // by function; nil for one that cannot be read
	parts   map[partKey]*part
	names   map[partKey]string // of the functions made
	budget  int                // how many nodes may still be visited
}

// budget bounds the nodes that are visited in functions, because a hostile file can make each of many variables need the next one.
const budget = 20_000_000

// A partKey is a function and the number of variables that it still has.
type partKey struct {
	function string
	keep     int
}

// shorten returns how many variables a loop keeps if the first read of its outputs are read, and whether that is fewer than it has. The
// attrs are those of node n.
func (l *loops) shorten(n *wire.Node, attrs map[string][]byte, read int) (keep int, ok bool) {
	count := 0
	for _, input := range n.Inputs {
		if len(input) > 0 && !wire.IsControl(input) {
			count++
		}
	}
	if len(tensor.TypesIn(attrs["T"])) != count || read > count {
		return 0, false
	}
	cond, whole := l.part(functionIn(attrs["cond"]), 1)
	if cond == nil || whole.args != count {
		return 0, false
	}
	keep = max(read, cond.needs)
	for range count {
		body, whole := l.part(functionIn(attrs["body"]), keep)
		if body == nil || whole.args != count || whole.count() != count {
			return 0, false
		}
		if body.needs <= keep {
			return keep, keep < count
		}
		keep = body.needs
	}
	return 0, false
}

// cutAttrs returns the attrs of a loop that keeps its first variables, as far as they change.
func (l *loops) cutAttrs(attrs map[string][]byte, keep int) map[string]*wire.Rope {
	cut := map[string]*wire.Rope{
		"T": draft.TypeListAttr(tensor.TypesIn(attrs["T"])[:keep]), "_output_shapes": nil, "_read_only_resource_inputs": nil,
		"cond": draft.RenameFunctions(attrs["cond"], func(name string) string { return l.shortened(name, 1, keep) }),
		"body": draft.RenameFunctions(attrs["body"], func(name string) string { return l.shortened(name, keep, keep) }),
	}
	if shapes, ok := attrs["output_shapes"]; ok {
		cut["output_shapes"] = draft.FirstShapes(shapes, keep)
	}
	if value, ok := attrs["_num_original_outputs"]; ok {
		cut["_num_original_outputs"] = draft.IntAttr(min(int64(wire.LastUint(value, fieldnum.AttrValue_I)), int64(keep)))
	}
	return cut
}

// shortened returns the name of a copy of a function with only its first arguments and results.
func (l *loops) shortened(name string, results, args int) string {
	key := partKey{name + "\x00" + itoa(results), args}
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

// part returns what the first results of a function need, and the whole function. It returns nil if the function is unknown or has
// fewer results.
func (l *loops) part(function string, results int) (*part, *body) {
	key := partKey{function, results}
	if p, ok := l.parts[key]; ok {
		return p, l.bodies[function]
	}
	b, ok := l.bodies[function]
	if !ok {
		b = l.parse(function)
		l.bodies[function] = b
	}
	if b == nil || results > b.count() || b.busy || l.budget < 0 {
		return nil, nil
	}
	b.busy = true
	p := b.find(l, results)
	b.busy = false
	l.parts[key] = p
	return p, b
}
