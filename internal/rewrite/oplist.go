package rewrite

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// Field numbers of OpList and OpDef (tensorflow/core/framework/op_def.proto).
const (
	opListOp  protowire.Number = 1
	opDefName protowire.Number = 1
	opDefAttr protowire.Number = 4
)

// An opList indexes the op definitions of a file (meta_info_def.stripped_op_list) by name.
type opList struct {
	raw   map[string][]byte
	order []string
}

// opsOf returns the op definitions of a MetaGraphDef. The error is a *wire.SyntaxError.
func opsOf(m *wire.MetaGraph) (*opList, error) {
	l := &opList{raw: make(map[string][]byte)}
	if m == nil {
		return l, nil
	}
	info, _ := m.Message(wire.MetaInfoDef)
	list, _ := wire.Merged(info, wire.InfoStrippedOpList)
	s := wire.Scan(list)
	for s.Next() {
		if !s.Is(opListOp) {
			continue
		}
		name := string(wire.Last(s.Data, opDefName))
		if _, ok := l.raw[name]; !ok {
			l.order = append(l.order, name)
		}
		l.raw[name] = s.Data
	}
	return l, s.Err()
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
		if s.Is(opListOp) && !used[string(wire.Last(s.Data, opDefName))] {
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
func uniteOpLists(base, in *opList) *wire.Rope {
	var b wire.Builder
	for _, name := range base.order {
		def := base.raw[name]
		if other, ok := in.raw[name]; ok && !bytes.Equal(def, other) && countAttrs(other) > countAttrs(def) {
			def = other
		}
		b.Bytes(opListOp, def)
	}
	for _, name := range in.order {
		if _, ok := base.raw[name]; !ok {
			b.Bytes(opListOp, in.raw[name])
		}
	}
	return b.Build()
}

// countAttrs returns the number of attrs of an OpDef.
func countAttrs(def []byte) int {
	n := 0
	for s := wire.Scan(def); s.Next(); {
		if s.Is(opDefAttr) {
			n++
		}
	}
	return n
}
