// Package opdef provides op definitions from three sources: the file, its function library, and TensorFlow's registry.
// It uses them to find the outputs of a node and their dtypes, and infers shapes from the surrounding graph. It also
// classifies ops by their role in the data flow.
package opdef

import (
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/wire"
)

// A List finds the op definitions that a file contains (meta_info_def.stripped_op_list). It decodes them on demand.
type List struct {
	raw     map[string][]byte
	decoded map[string]*tfpb.OpDef
}

// OpListOp is the field of OpList that holds the definitions. opName is the field of OpDef that holds the name
// (tensorflow/core/framework/op_def.proto).
const (
	OpListOp = 1
	opName   = 1
)

// NewList returns the List of m.
func NewList(m *wire.MetaGraph) *List {
	d := &List{raw: make(map[string][]byte), decoded: make(map[string]*tfpb.OpDef)}
	info, _ := m.Message(wire.MetaInfoDef)
	list, _ := wire.Merged(info, wire.InfoStrippedOpList)
	for s := wire.Scan(list); s.Next(); {
		if s.Is(OpListOp) {
			d.raw[string(wire.Last(s.Data, opName))] = s.Data
		}
	}
	return d
}

// Find returns the definition of an op, or nil if the file has no readable one.
func (d *List) Find(op []byte) *tfpb.OpDef {
	if def, ok := d.decoded[string(op)]; ok {
		return def
	}
	raw, ok := d.raw[string(op)]
	if !ok {
		return nil
	}
	def := new(tfpb.OpDef)
	if err := schema.Unmarshal(raw, def); err != nil {
		def = nil // ignore a definition that cannot be decoded
	}
	d.decoded[string(op)] = def
	return def
}

// Has reports whether the file defines an op.
func (d *List) Has(op string) bool {
	_, ok := d.raw[op]
	return ok
}

// Len returns the number of ops that the file defines.
func (d *List) Len() int { return len(d.raw) }
