package inspect

import (
	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

// An opDefs finds the op definitions that a file brings along (meta_info_def.stripped_op_list), decoding those asked for.
type opDefs struct {
	raw     map[string][]byte
	decoded map[string]*tfpb.OpDef
}

// opListOp is the field of OpList that holds the definitions, opName the name in one (tensorflow/core/framework/op_def.proto).
const (
	opListOp = 1
	opName   = 1
)

// newOpDefs returns the op definitions of m.
func newOpDefs(m *wire.MetaGraph) *opDefs {
	d := &opDefs{raw: make(map[string][]byte), decoded: make(map[string]*tfpb.OpDef)}
	info, _ := m.Message(wire.MetaInfoDef)
	list, _ := wire.Merged(info, wire.InfoStrippedOpList)
	for s := wire.Scan(list); s.Next(); {
		if s.Is(opListOp) {
			d.raw[string(wire.Last(s.Data, opName))] = s.Data
		}
	}
	return d
}

// find returns the definition of an op, nil where the file has none that can be read.
func (d *opDefs) find(op []byte) *tfpb.OpDef {
	if def, ok := d.decoded[string(op)]; ok {
		return def
	}
	raw, ok := d.raw[string(op)]
	if !ok {
		return nil
	}
	def := new(tfpb.OpDef)
	if err := proto.Unmarshal(raw, def); err != nil {
		def = nil // a list that cannot be read tells nothing
	}
	d.decoded[string(op)] = def
	return def
}
