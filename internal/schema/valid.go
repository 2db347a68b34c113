package schema

import (
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// This file has tests for the parts of a MetaGraphDef, so that a caller can test equal parts once. They never accept what
// protobuf rejects. They may reject rare encodings that protobuf accepts; CheckMetaGraph decides about these.

// Valid reports whether protobuf accepts a message of type md.
func Valid(message []byte, md protoreflect.MessageDescriptor) bool {
	return valid(message, tableOf(md), 0)
}

// nodeDepth is how deep the nodes of a graph are nested in a MetaGraphDef.
const nodeDepth = 2

var nodeTable = sync.OnceValue(func() *table { return tableOf(nodeDef) })

// ValidNode reports whether protobuf accepts fields of a NodeDef.
func ValidNode(fields []byte) bool { return valid(fields, nodeTable(), nodeDepth) }

func valid(fields []byte, t *table, depth int) bool {
	w := walk{limit: 1}
	w.message(fields, t, depth)
	return len(w.found) == 0
}

// ValidExceptNodes reports whether protobuf accepts m, apart from the nodes of the graph, whose tags and lengths must have their shortest
// encoding. rest holds the other fields of the graph.
func ValidExceptNodes(m *wire.MetaGraph, rest wire.Graph) bool {
	meta := tableOf((*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor())
	graph, graphs := tableOf((*tfpb.GraphDef)(nil).ProtoReflect().Descriptor()), 0
	for i := range m.Fields {
		f := &m.Fields[i]
		if !f.Is(fieldnum.MetaGraphDef_GraphDef) {
			if !valid(f.Raw, meta, 0) {
				return false
			}
			continue
		}
		graphs++
		shortest := int64(protowire.SizeTag(f.Num) + protowire.SizeBytes(len(f.Data)))
		if graphs > 1 || f.Size() != shortest || !valid(rest, graph, nodeDepth-1) {
			return false
		}
	}
	return true
}

// SplitNode splits a NodeDef before its first attr. It returns false if the fields before the attr are encoded in a way that no
// protobuf library writes, or if protobuf rejects them.
func SplitNode(node []byte) (attrs []byte, ok bool) {
	// Fast path: nearly all names are short and ASCII.
	at := 0
	for at+1 < len(node) && isText[node[at]] && node[at+1] < 0x80 {
		at += 2 + int(node[at+1])
	}
	if (at == len(node) || at < len(node) && !isText[node[at]]) && isASCII(node[:at]) {
		return node[at:], true
	}
	for at = 0; at < len(node) && isText[node[at]]; {
		size, n, reason := readLength(node[at+1:])
		end := at + 1 + n + size
		if reason != "" || !isUTF8(node[end-size:end]) {
			return nil, false
		}
		at = end
	}
	return node[at:], true
}

// isText tells which bytes are tags of the fields of a NodeDef that SplitNode splits off.
var isText = [256]bool{
	byte(fieldnum.NodeDef_Name)<<3 | byte(protowire.BytesType):   true,
	byte(fieldnum.NodeDef_Op)<<3 | byte(protowire.BytesType):     true,
	byte(fieldnum.NodeDef_Input)<<3 | byte(protowire.BytesType):  true,
	byte(fieldnum.NodeDef_Device)<<3 | byte(protowire.BytesType): true,
}
