package rewrite

import (
	"bytes"
	"maps"
	"slices"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/parallel"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// opsOf returns the op definitions of a MetaGraphDef, none if m is nil. The error is a *wire.SyntaxError.
func opsOf(m *wire.MetaGraph) (*opdef.List, error) {
	if m == nil {
		m = new(wire.MetaGraph)
	}
	list := opdef.NewList(m)
	err := list.Err()
	return list, err
}

// usedOps returns the ops of all nodes that a plan keeps and of all function bodies (ops_used_by_graph_def in
// tensorflow/python/framework/meta_graph.py, which omits functions that only an attr names).
func usedOps(g wire.Graph, p *scope.Plan) (map[string]bool, error) {
	used := make(map[string]bool)
	err := parallel.Ordered(g.Parts, func(part wire.Part) (map[string]bool, error) { return usedInPart(wire.Graph(part.Fields), p) }, func(part map[string]bool) error {
		maps.Copy(used, part)
		return nil
	})
	return used, err
}

// usedInPart is usedOps for a part of a graph.
func usedInPart(g wire.Graph, p *scope.Plan) (map[string]bool, error) {
	used := make(map[string]bool)
	for n, err := range g.Nodes() {
		if err != nil {
			return nil, err
		}
		if !used[string(n.Op)] && p.Keeps(n.Name) {
			used[string(n.Op)] = true
		}
	}
	return used, functionOps(g, used)
}

// functionOps adds the ops in the bodies of all functions.
func functionOps(g wire.Graph, used map[string]bool) error {
	for n, err := range g.FunctionNodes() {
		if err != nil {
			return err
		}
		if !used[string(n.Op)] {
			used[string(n.Op)] = true
		}
	}
	return nil
}

// cutOpList appends a stripped_op_list with only the definitions of used ops. Of the ops in added, it inserts those that the list
// lacks, as TensorFlow defines them; the list is sorted. It returns the numbers of removed and of inserted definitions.
func cutOpList(b *wire.Builder, list wire.Field, used, added map[string]bool) (gone, inserted int, err error) {
	lacking := lackingOps(list.Data, added)
	var inner wire.Builder
	s := wire.Scan(list.Data)
	for s.Next() {
		name := string(wire.Last(s.Data, fieldnum.OpDef_Name))
		if !s.Is(fieldnum.OpList_Op) {
			inner.Window(s.Raw)
			continue
		}
		for len(lacking) > 0 && lacking[0].name < name {
			inner.Bytes(fieldnum.OpList_Op, lacking[0].def)
			lacking, inserted = lacking[1:], inserted+1
		}
		if used[name] {
			inner.Window(s.Raw)
		} else {
			gone++
		}
	}
	for _, op := range lacking {
		inner.Bytes(fieldnum.OpList_Op, op.def)
		inserted++
	}
	if gone+inserted == 0 {
		b.Window(list.Raw)
	} else {
		b.Message(list.Num, func() { b.Append(inner.Build()) })
	}
	return gone, inserted, s.Err()
}

// A namedDef is an op and its OpDef.
type namedDef struct {
	name string
	def  []byte
}

// lackingOps returns TensorFlow's definitions of the ops that a stripped_op_list lacks, sorted by name.
func lackingOps(list []byte, ops map[string]bool) []namedDef {
	lacking := maps.Clone(ops)
	for def := range wire.All(list, fieldnum.OpList_Op) {
		delete(lacking, string(wire.Last(def, fieldnum.OpDef_Name)))
	}
	var defs []namedDef
	registered := opdef.NewRegistered()
	for _, name := range slices.Sorted(maps.Keys(lacking)) {
		if def, ok := registered.Raw(name); ok {
			defs = append(defs, namedDef{name, def})
		}
	}
	return defs
}

// uniteOpLists returns a stripped_op_list with the definitions of base, followed by those that only in has. If the
// definitions of an op differ, the one with more attrs is used: it is newer, and TensorFlow removes unknown attrs from
// nodes based on the defaults in it.
func uniteOpLists(base, in *opdef.List) *wire.Rope {
	var b wire.Builder
	for _, name := range base.Names() {
		def, _ := base.Raw(name)
		if other, ok := in.Raw(name); ok && !bytes.Equal(def, other) && countAttrs(other) > countAttrs(def) {
			def = other
		}
		b.Bytes(fieldnum.OpList_Op, def)
	}
	for _, name := range in.Names() {
		if !base.Has(name) {
			def, _ := in.Raw(name)
			b.Bytes(fieldnum.OpList_Op, def)
		}
	}
	return b.Build()
}

// countAttrs returns the number of attrs of an OpDef.
func countAttrs(def []byte) int {
	n := 0
	for range wire.All(def, fieldnum.OpDef_Attr) {
		n++
	}
	return n
}
