package diff

import (
	"bytes"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/wire"
)

// compareObjectGraph compares the object graph of a SavedModel. Objects can be many and small, so each is decoded when it is compared.
func (c *comparison) compareObjectGraph() *Part {
	a, _ := c.a.Message(fieldnum.MetaGraphDef_ObjectGraphDef)
	b, _ := c.b.Message(fieldnum.MetaGraphDef_ObjectGraphDef)
	graph := new(tfpb.SavedObjectGraph).ProtoReflect().Descriptor()
	if bytes.Equal(a, b) || !schema.Valid(a, graph) || !schema.Valid(b, graph) {
		return c.single(a, b, new(tfpb.SavedObjectGraph), new(tfpb.SavedObjectGraph), func(m proto.Message) int {
			return len(m.(*tfpb.SavedObjectGraph).GetNodes())
		})
	}
	nodesA, restA := newObjects(a)
	nodesB, restB := newObjects(b)
	d := messages{renames: c.renames}
	d.lists("nodes", graph.Fields().ByNumber(fieldnum.SavedObjectGraph_Nodes), nodesA, nodesB, 0)
	m, n := decode(restA, new(tfpb.SavedObjectGraph)), decode(restB, new(tfpb.SavedObjectGraph))
	return &Part{A: nodesA.Len(), B: nodesB.Len(), Fields: append(d.fields, m.compare(n, c.renames)...)}
}

// objects are the nodes of an object graph. Each is decoded when it is needed.
type objects struct {
	protoreflect.List // for the methods that comparing does not need
	encoded           [][]byte
}

// newObjects returns the nodes of an object graph, and the graph without them.
func newObjects(graph []byte) (nodes objects, rest []byte) {
	nodes.encoded = slices.Collect(wire.All(graph, fieldnum.SavedObjectGraph_Nodes))
	return nodes, unknownFields(graph, messageFields(fieldnum.SavedObjectGraph_Nodes))
}

// Len implements protoreflect.List.
func (o objects) Len() int { return len(o.encoded) }

// Get implements protoreflect.List.
func (o objects) Get(i int) protoreflect.Value {
	object := new(tfpb.SavedObject)
	_ = schema.Unmarshal(o.encoded[i], object) // the graph is valid
	return protoreflect.ValueOfMessage(object.ProtoReflect())
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
