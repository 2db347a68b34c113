package diff

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/wire"
)

// A graphIndex is the fields of a GraphDef, found in one pass.
type graphIndex struct {
	nodes     [][]byte // NodeDefs in file order
	libraries [][]byte // more than one where the library stands in pieces
	versions  []byte   // the VersionDef, pieces put together
	old       int32    // GraphDef.version, from before there was a VersionDef
	debugInfo []byte
	unknown   []byte // fields that the schema does not have
}

// indexGraph finds the fields of a graph. With nodes false, nodes are passed over.
func indexGraph(g wire.Graph, nodes bool) (*graphIndex, error) {
	x := new(graphIndex)
	s := wire.Scan(g)
	for s.Next() {
		switch {
		case s.Is(wire.GraphNode):
			if nodes {
				x.nodes = append(x.nodes, s.Data)
			}
		case s.Is(wire.GraphLibrary):
			x.libraries = append(x.libraries, s.Data)
		case s.Is(wire.GraphVersions):
			x.versions = appendPiece(x.versions, s.Data)
		case s.Is(wire.GraphDebugInfo):
			x.debugInfo = appendPiece(x.debugInfo, s.Data)
		case s.Num == wire.GraphOldVersion && s.Type == protowire.VarintType:
			x.old = int32(s.Uint())
		default:
			x.unknown = append(x.unknown, s.Raw...)
		}
	}
	return x, s.Err()
}

// appendPiece puts the pieces of a message together. A single piece stays where it is.
func appendPiece(message, piece []byte) []byte {
	if message == nil {
		return piece
	}
	return append(message[:len(message):len(message)], piece...)
}

// functionNodes returns the NodeDefs of a function's body in file order.
func functionNodes(f wire.Function) ([][]byte, error) {
	var out [][]byte
	s := wire.Scan(f)
	for s.Next() {
		if s.Is(wire.FunctionNode) {
			out = append(out, s.Data)
		}
	}
	return out, s.Err()
}

// readName returns the name in a NodeDef, and the error at which it stops being one.
func readName(node []byte) ([]byte, error) {
	var name []byte
	s := wire.Scan(node)
	for s.Next() {
		if s.Is(wire.NodeName) {
			name = s.Data
		}
	}
	return name, s.Err()
}

// nameOf returns the name in a NodeDef that was read before.
func nameOf(node []byte) []byte {
	name, _ := readName(node)
	return name
}

// readOp returns the op in a NodeDef, and the error at which it stops being one.
func readOp(node []byte) ([]byte, error) {
	var op []byte
	s := wire.Scan(node)
	for s.Next() {
		if s.Is(wire.NodeOp) {
			op = s.Data
		}
	}
	return op, s.Err()
}

// opOf returns the op in a NodeDef that was read before.
func opOf(node []byte) []byte {
	op, _ := readOp(node)
	return op
}

// A nodeView is windows on one NodeDef, as a comparison wants them. Its room is used again.
type nodeView struct {
	name, op, device []byte
	inputs           [][]byte
	attrs            []attrEntry // of entries with the same key the last
	others           bool        // there are further fields
}

type attrEntry struct{ key, value []byte }

// read makes v the view of a NodeDef. It reports false for bytes that are none.
func (v *nodeView) read(raw []byte) bool {
	*v = nodeView{inputs: v.inputs[:0], attrs: v.attrs[:0]}
	s := wire.Scan(raw)
	for s.Next() {
		if s.Type != protowire.BytesType {
			v.others = true
			continue
		}
		switch s.Num {
		case wire.NodeName:
			v.name = s.Data
		case wire.NodeOp:
			v.op = s.Data
		case wire.NodeInput:
			v.inputs = append(v.inputs, s.Data)
		case wire.NodeDevice:
			v.device = s.Data
		case wire.NodeAttr:
			key, value := wire.MapEntry(s.Data)
			v.attrs = append(v.attrs, attrEntry{key, value})
		default:
			v.others = true
		}
	}
	v.dropRepeated()
	return s.Err() == nil
}

// manyAttrs is from how many attrs on they are found with a table.
const manyAttrs = 24

// dropRepeated keeps the last of the entries with one key.
func (v *nodeView) dropRepeated() {
	if len(v.attrs) > manyAttrs {
		last := make(map[string]int, len(v.attrs))
		for i, e := range v.attrs {
			last[string(e.key)] = i
		}
		kept := v.attrs[:0]
		for i, e := range v.attrs {
			if last[string(e.key)] == i {
				kept = append(kept, e)
			}
		}
		v.attrs = kept
		return
	}
	for i := 0; i < len(v.attrs); i++ {
		for _, later := range v.attrs[i+1:] {
			if string(later.key) == string(v.attrs[i].key) {
				v.attrs = append(v.attrs[:i], v.attrs[i+1:]...)
				i--
				break
			}
		}
	}
}

// find returns a function that finds the value of a key.
func (v *nodeView) find() func(key []byte) ([]byte, bool) {
	if len(v.attrs) <= manyAttrs {
		return v.findAttr
	}
	table := make(map[string][]byte, len(v.attrs))
	for _, e := range v.attrs {
		table[string(e.key)] = e.value
	}
	return func(key []byte) ([]byte, bool) {
		value, ok := table[string(key)]
		return value, ok
	}
}

// findAttr returns the value of a key, looking at each.
func (v *nodeView) findAttr(key []byte) ([]byte, bool) {
	for i := range v.attrs {
		if string(v.attrs[i].key) == string(key) {
			return v.attrs[i].value, true
		}
	}
	return nil, false
}
