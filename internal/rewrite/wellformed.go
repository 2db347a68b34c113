package rewrite

import (
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/wire"
)

// A rewrite rejects a damaged file even if the damage is in a part that it copies unread. TensorFlow and some sections of
// show cannot read such a file, and metagraph must be able to read everything that it writes. Nodes of the graph make up
// most of a large file, so only their structure is checked: neither the content of attrs nor the encoding of names.

// checkOutsideGraph checks everything outside the graph of a MetaGraphDef for damage. The error is a *wire.SyntaxError.
func checkOutsideGraph(m *wire.MetaGraph) error {
	d := (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor()
	for _, f := range m.Fields {
		if f.Is(fieldnum.MetaGraphDef_GraphDef) {
			continue
		}
		if err := schema.CheckField(f, d); err != nil {
			return err
		}
	}
	return nil
}

// checkOtherField checks a field of a GraphDef for damage. It is not for nodes, which every walk parses anyway.
func checkOtherField(f wire.Field) error {
	return schema.CheckField(f, (*tfpb.GraphDef)(nil).ProtoReflect().Descriptor())
}
