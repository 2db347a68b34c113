package rewrite

import (
	"bytes"

	"github.com/metagraph/metagraph/internal/opdef"
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
	for n, err := range g.Nodes() {
		if err != nil {
			return nil, err
		}
		if !used[string(n.Op)] && p.Keeps(n.Name) {
			used[string(n.Op)] = true
		}
	}
	for f, err := range g.Functions() {
		if err != nil {
			return nil, err
		}
		for n, err := range f.Nodes() {
			if err != nil {
				return nil, err
			}
			if !used[string(n.Op)] {
				used[string(n.Op)] = true
			}
		}
	}
	return used, nil
}

// cutOpList appends a stripped_op_list with only the definitions of used ops. It returns the number of removed
// definitions.
func cutOpList(b *wire.Builder, list wire.Field, used map[string]bool) (int, error) {
	gone := 0
	var inner wire.Builder
	s := wire.Scan(list.Data)
	for s.Next() {
		if s.Is(opdef.OpListOp) && !used[string(wire.Last(s.Data, opdef.OpName))] {
			gone++
			continue
		}
		inner.Window(s.Raw)
	}
	if gone == 0 {
		b.Window(list.Raw)
	} else {
		b.Message(list.Num, func() { b.Append(inner.Build()) })
	}
	return gone, s.Err()
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
		b.Bytes(opdef.OpListOp, def)
	}
	for _, name := range in.Names() {
		if !base.Has(name) {
			def, _ := in.Raw(name)
			b.Bytes(opdef.OpListOp, def)
		}
	}
	return b.Build()
}

// countAttrs returns the number of attrs of an OpDef.
func countAttrs(def []byte) int {
	n := 0
	for s := wire.Scan(def); s.Next(); {
		if s.Is(opdef.OpAttr) {
			n++
		}
	}
	return n
}
