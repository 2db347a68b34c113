package diff

import (
	"bytes"
	"iter"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// A graphIndex holds the fields of a GraphDef.
type graphIndex struct {
	nodes     [][]byte // NodeDefs in file order
	libraries [][]byte // more than one if the field occurs several times
	versions  []byte   // the VersionDef, with all occurrences joined
	old       int32    // GraphDef.version, which VersionDef replaced
	debugInfo []byte
	unknown   []byte // fields that are not in the schema
}

// indexGraph finds the fields of a graph in one pass. It skips nodes unless nodes is true.
func indexGraph(g wire.Graph, nodes bool) (*graphIndex, error) {
	x := new(graphIndex)
	var versions, debugInfo pieces
	s := wire.Scan(g)
	for s.Next() {
		switch {
		case s.Is(fieldnum.GraphDef_Node):
			if nodes {
				x.nodes = append(x.nodes, s.Data)
			}
		case s.Is(fieldnum.GraphDef_Library):
			x.libraries = append(x.libraries, s.Data)
		case s.Is(fieldnum.GraphDef_Versions):
			versions.add(s.Data)
		case s.Is(fieldnum.GraphDef_DebugInfo):
			debugInfo.add(s.Data)
		case s.Num == fieldnum.GraphDef_Version && s.Type == protowire.VarintType:
			x.old = int32(s.Uint())
		default:
			x.unknown = append(x.unknown, s.Raw...)
		}
	}
	x.versions, x.debugInfo = versions.message, debugInfo.message
	return x, s.Err()
}

// pieces joins the occurrences of a singular message, as protobuf merges them. A single piece is not copied.
type pieces struct {
	message []byte
	copied  bool
}

func (p *pieces) add(piece []byte) {
	switch {
	case p.copied:
		p.message = append(p.message, piece...)
	case p.message == nil:
		p.message = piece
	default:
		p.message, p.copied = slices.Concat(p.message, piece), true
	}
}

// functionNodes returns the NodeDefs of a function's body in file order.
func functionNodes(f wire.Function) ([][]byte, error) {
	var out [][]byte
	s := wire.Scan(f)
	for s.Next() {
		if s.Is(fieldnum.FunctionDef_NodeDef) {
			out = append(out, s.Data)
		}
	}
	return out, s.Err()
}

// readString returns a string field of a NodeDef, or an error if the bytes are not a NodeDef. For a NodeDef that was read before, use
// wire.Last.
func readString(node []byte, num protowire.Number) ([]byte, error) {
	var last []byte
	s := wire.Scan(node)
	for s.Next() {
		if s.Is(num) {
			last = s.Data
		}
	}
	return last, s.Err()
}

// nameOf returns the name of a NodeDef that was read before.
func nameOf(node []byte) []byte { return wire.Last(node, fieldnum.NodeDef_Name) }

// opOf returns the op of a NodeDef that was read before.
func opOf(node []byte) []byte { return wire.Last(node, fieldnum.NodeDef_Op) }

// A nodeView holds the fields of one NodeDef as slices of its bytes. It can be reused for another NodeDef.
type nodeView struct {
	raw              []byte // the NodeDef
	name, op, device []byte
	inputs           int         // number of inputs; a slice of them could take more memory than the node
	inputsAt         []byte      // the NodeDef from the first input on
	attrs            []attrEntry // the last entry of each key, sorted by key
	others           bool        // the NodeDef has other fields
}

type attrEntry struct{ key, value []byte }

// read sets v to the view of a NodeDef. It returns false if the bytes are not a NodeDef.
func (v *nodeView) read(raw []byte) bool {
	*v = nodeView{raw: raw, attrs: v.attrs[:0]}
	s := wire.Scan(raw)
	for at := raw; s.Next(); at = at[len(s.Raw):] {
		if s.Type != protowire.BytesType {
			v.others = true
			continue
		}
		switch s.Num {
		case fieldnum.NodeDef_Name:
			v.name = s.Data
		case fieldnum.NodeDef_Op:
			v.op = s.Data
		case fieldnum.NodeDef_Input:
			if v.inputs++; v.inputs == 1 {
				v.inputsAt = at
			}
		case fieldnum.NodeDef_Device:
			v.device = s.Data
		case fieldnum.NodeDef_Attr:
			key, value := wire.MapEntry(s.Data)
			v.attrs = append(v.attrs, attrEntry{key, value})
		default:
			v.others = true
		}
	}
	v.attrs = sortAttrs(v.attrs)
	return s.Err() == nil
}

// eachInput calls use with the inputs in order.
func (v *nodeView) eachInput(use func(input []byte)) {
	left := v.inputs
	for s := wire.Scan(v.inputsAt); left > 0 && s.Next(); {
		if s.Is(fieldnum.NodeDef_Input) {
			left--
			use(s.Data)
		}
	}
}

// sameInputs reports whether two nodes have the same inputs in the same spelling and order.
func (v *nodeView) sameInputs(other *nodeView) bool {
	if v.inputs != other.inputs {
		return false
	}
	s, t := wire.Scan(v.inputsAt), wire.Scan(other.inputsAt)
	for range v.inputs {
		for s.Next() && !s.Is(fieldnum.NodeDef_Input) {
		}
		for t.Next() && !t.Is(fieldnum.NodeDef_Input) {
		}
		if !bytes.Equal(s.Data, t.Data) {
			return false
		}
	}
	return true
}

// sortAttrs sorts attrs by key and keeps the last entry of each key. It changes the list in place.
func sortAttrs(attrs []attrEntry) []attrEntry {
	slices.SortStableFunc(attrs, byKey)
	kept := attrs[:0]
	for i, e := range attrs {
		if i+1 == len(attrs) || !bytes.Equal(e.key, attrs[i+1].key) {
			kept = append(kept, e)
		}
	}
	return kept
}

// attr returns the value of a key.
func (v *nodeView) attr(key string) ([]byte, bool) {
	i, found := slices.BinarySearchFunc(v.attrs, key, func(e attrEntry, key string) int { return strings.Compare(unsafeString(e.key), key) })
	if !found {
		return nil, false
	}
	return v.attrs[i].value, true
}

// byKey orders attrs.
func byKey(x, y attrEntry) int { return bytes.Compare(x.key, y.key) }

// merged merges two lists that are sorted and have no repeated elements. It yields each element with the equal one of the other list,
// or with nil if the other list lacks it.
func merged[T any](a, b []T, compare func(x, y T) int) iter.Seq2[*T, *T] {
	return func(yield func(x, y *T) bool) {
		for len(a)+len(b) > 0 {
			var order int
			switch {
			case len(a) == 0:
				order = 1
			case len(b) == 0:
				order = -1
			default:
				order = compare(a[0], b[0])
			}
			var x, y *T
			if order <= 0 {
				x, a = &a[0], a[1:]
			}
			if order >= 0 {
				y, b = &b[0], b[1:]
			}
			if !yield(x, y) {
				return
			}
		}
	}
}
