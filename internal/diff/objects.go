package diff

import (
	"bytes"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
)

// compareObjectGraph compares the object graph of a SavedModel.
func (c *comparison) compareObjectGraph() *Part {
	a, _ := c.a.Message(fieldnum.MetaGraphDef_ObjectGraphDef)
	b, _ := c.b.Message(fieldnum.MetaGraphDef_ObjectGraphDef)
	return c.single(a, b, new(tfpb.SavedObjectGraph), new(tfpb.SavedObjectGraph), func(m proto.Message) int {
		return len(m.(*tfpb.SavedObjectGraph).GetNodes())
	})
}

// compareDebugInfo compares the debug info, which maps nodes to source code.
func (c *comparison) compareDebugInfo() *Part {
	return c.single(c.graphs[0].debugInfo, c.graphs[1].debugInfo, new(tfpb.GraphDebugInfo), new(tfpb.GraphDebugInfo), func(m proto.Message) int {
		return len(m.(*tfpb.GraphDebugInfo).GetTraces()) + len(m.(*tfpb.GraphDebugInfo).GetNameToTraceId())
	})
}

// single compares two messages, each of which is a whole part. size returns the number of items in a message.
func (c *comparison) single(a, b []byte, x, y proto.Message, size func(proto.Message) int) *Part {
	p := new(Part)
	if bytes.Equal(a, b) {
		return p
	}
	m, n := decode(a, x), decode(b, y)
	if m.decoded != nil {
		p.A = size(x)
	}
	if n.decoded != nil {
		p.B = size(y)
	}
	p.Fields = m.compare(n, c.renames)
	return p
}
