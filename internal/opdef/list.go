// Package opdef knows op definitions: those that a file carries, those of its functions, and those that TensorFlow registers. From
// them follow how many outputs a node has and of which dtype; from the graph around a node, the shapes of its outputs. The
// package also sorts ops into classes by the role that they play in the flow of data.
package opdef

import (
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/wire"
)

// A List finds the op definitions that a file brings along (meta_info_def.stripped_op_list), decoding those asked for.
type List struct {
	raw     map[string][]byte
	decoded map[string]*tfpb.OpDef
}

// OpListOp is the field of OpList that holds the definitions, opName the name in one (tensorflow/core/framework/op_def.proto).
const (
	OpListOp = 1
	opName   = 1
)

// NewList returns the op definitions of m.
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

// Find returns the definition of an op, nil where the file has none that can be read.
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
		def = nil // a list that cannot be read tells nothing
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
