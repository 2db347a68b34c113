// Package opdef provides op definitions from three sources: the file, its function library, and TensorFlow's registry.
// It uses them to find the outputs of a node and their dtypes, and infers shapes from the surrounding graph. It also
// classifies ops by their role in the data flow.
package opdef

import (
	"sync"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/wire"
)

// A List finds the op definitions that a file contains (meta_info_def.stripped_op_list). It keeps them as bytes and decodes each on
// demand, once. A List is safe for concurrent use.
type List struct {
	names []string // in the order of the file
	ops   map[string]*listed
	err   error
}

// A listed is one definition of a List.
type listed struct {
	raw    []byte
	decode sync.Once
	op     *Op // set by decode; nil if protobuf does not accept raw
}

// NewList returns the op definitions of m. If m defines an op twice, the last definition counts.
func NewList(m *wire.MetaGraph) *List {
	d := &List{ops: make(map[string]*listed)}
	info, _ := m.Message(fieldnum.MetaGraphDef_MetaInfoDef)
	list, _ := wire.Merged(info, fieldnum.MetaGraphDef_MetaInfoDef_StrippedOpList)
	s := wire.Scan(list)
	for s.Next() {
		if !s.Is(fieldnum.OpList_Op) {
			continue
		}
		name := string(wire.Last(s.Data, fieldnum.OpDef_Name))
		if !d.Has(name) {
			d.names = append(d.names, name)
		}
		d.ops[name] = &listed{raw: s.Data}
	}
	d.err = s.Err()
	return d
}

// Err returns the *wire.SyntaxError at which the list breaks off, or nil. The definitions before it are in the list.
func (d *List) Err() error { return d.err }

// Names returns the ops that the file defines, in the file's order. The caller must not change the slice.
func (d *List) Names() []string { return d.names }

// Raw returns the bytes of an op's OpDef as they are in the file. It returns false if the file does not define the op.
func (d *List) Raw(op string) ([]byte, bool) {
	if l := d.ops[op]; l != nil {
		return l.raw, true
	}
	return nil, false
}

// Op returns the definition of an op. It returns nil if the file does not define the op or protobuf does not accept the definition.
func (d *List) Op(name string) *Op {
	l := d.ops[name]
	if l == nil {
		return nil
	}
	l.decode.Do(func() {
		if schema.Valid(l.raw, opDef) {
			l.op = decodeOp(name, InList, l.raw)
		}
	})
	return l.op
}

// Has reports whether the file defines an op.
func (d *List) Has(op string) bool {
	_, ok := d.ops[op]
	return ok
}

// Len returns the number of ops that the file defines.
func (d *List) Len() int { return len(d.ops) }
