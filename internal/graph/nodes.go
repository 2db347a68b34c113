package graph

import (
	"errors"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// Nodes holds the nodes of one GraphDef by name and by number. Numbers count from 0 in file order. It uses about 15
// bytes per node; names and NodeDefs stay in the file's bytes.
type Nodes struct {
	bytes      wire.Graph
	starts     []uint32         // offset of each NodeDef's length in bytes
	nameAt     []uint8          // offset of the name's length in the NodeDef; noOffset if it does not fit
	names      map[int32][]byte // names of the nodes whose nameAt is noOffset
	byName     nameTable
	duplicates []int32
}

// ErrTooLarge reports a graph whose offsets do not fit in 32 bits. Protobuf itself is limited to half that size.
var ErrTooLarge = errors.New("the graph is larger than 4 GiB, and TensorFlow cannot read it")

// noOffset marks a name that does not begin within the first bytes of its NodeDef.
const noOffset = math.MaxUint8

// NewNodes indexes the nodes of g without their edges. The error wraps a *wire.SyntaxError or is ErrTooLarge.
func NewNodes(g wire.Graph) (*Nodes, error) {
	count, _ := estimate(g)
	x, err := emptyNodes(g, count)
	if err != nil {
		return nil, err
	}
	s := wire.Scan(g)
	for s.Next() {
		if !s.Is(fieldnum.GraphDef_Node) {
			continue
		}
		var name []byte
		n := wire.Scan(s.Data)
		for n.Next() {
			if n.Is(fieldnum.NodeDef_Name) {
				name = n.Data
			}
		}
		if err := n.Err(); err != nil {
			return nil, err
		}
		x.add(s.Raw, s.Data, name)
	}
	return &x, s.Err()
}

// emptyNodes returns an empty Nodes for g with capacity for count nodes.
func emptyNodes(g wire.Graph, count int) (Nodes, error) {
	if uint64(len(g)) > math.MaxUint32 {
		return Nodes{}, ErrTooLarge
	}
	return Nodes{bytes: g, starts: make([]uint32, 0, count), nameAt: make([]uint8, 0, count), byName: newNameTable(count)}, nil
}

// add adds a node and returns its number. field is its complete field and raw its NodeDef. name is a window on raw, or
// nil.
func (x *Nodes) add(field, raw, name []byte) int {
	i := len(x.starts)
	start, _ := wire.Offset(x.bytes, field)
	_, tag := protowire.ConsumeVarint(field)
	x.starts = append(x.starts, uint32(start+tag))
	at := nameOffset(raw, name)
	x.nameAt = append(x.nameAt, at)
	if at == noOffset && name != nil {
		// Store the name. Finding it again would be slow for a node that has many fields and many consumers.
		if x.names == nil {
			x.names = make(map[int32][]byte)
		}
		x.names[int32(i)] = name
	}
	if !x.byName.add(x, name, i) {
		x.duplicates = append(x.duplicates, int32(i))
	}
	return i
}

// nameOffset returns the offset of the name's length in a NodeDef.
func nameOffset(raw, name []byte) uint8 {
	at, ok := wire.Offset(raw, name)
	size := protowire.SizeVarint(uint64(len(name)))
	if !ok || name == nil || at-size < 0 || at-size >= noOffset {
		return noOffset
	}
	// A length that is not encoded in its shortest form begins elsewhere.
	if length, m := protowire.ConsumeVarint(raw[at-size:]); m != size || length != uint64(len(name)) {
		return noOffset
	}
	return uint8(at - size)
}

// Len returns the number of nodes.
func (x *Nodes) Len() int { return len(x.starts) }

// Raw returns the NodeDef of node i, a window on the file's bytes.
func (x *Nodes) Raw(i int) []byte {
	raw, _ := protowire.ConsumeBytes(x.bytes[x.starts[i]:])
	return raw
}

// Name returns the name of node i, a window on the file's bytes, or nil if it has none.
func (x *Nodes) Name(i int) []byte {
	start := x.starts[i]
	if x.nameAt[i] == noOffset {
		return x.names[int32(i)]
	}
	for x.bytes[start] >= 0x80 { // skip the NodeDef's length
		start++
	}
	at := start + 1 + uint32(x.nameAt[i])
	if length := x.bytes[at]; length < 0x80 {
		return x.bytes[at+1 : at+1+uint32(length)]
	}
	name, _ := protowire.ConsumeBytes(x.bytes[at:])
	return name
}

// Find returns the number of the first node called name, and false if there is none.
func (x *Nodes) Find(name []byte) (int, bool) { return x.byName.find(x, name) }

// Duplicates returns the numbers of the nodes that have the same name as an earlier node, in file order. The caller
// must not change the slice.
func (x *Nodes) Duplicates() []int32 { return x.duplicates }
