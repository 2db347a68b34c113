package graph

import (
	"errors"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/parallel"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// Nodes holds the nodes of one GraphDef by name and by number. Numbers count from 0 in file order. It uses about 12
// bytes per node; names and NodeDefs stay in the file's bytes.
type Nodes struct {
	bytes      wire.Graph
	starts     []uint32         // offset of each NodeDef's length in bytes
	nameAt     []uint8          // bytes between the lengths of the NodeDef and of its name, or noOffset
	names      map[int32][]byte // names of the nodes whose nameAt is noOffset
	list       [][]byte         // of a part: all names, to find them faster
	byName     nameTable
	duplicates []int32
}

// errTooLarge reports a graph whose offsets do not fit in 32 bits. Protobuf itself is limited to half that size.
var errTooLarge = errors.New("the graph is larger than 4 GiB, and TensorFlow cannot read it")

// noOffset marks a name that is not at the beginning of its NodeDef, or whose length is not of the usual form.
const noOffset = math.MaxUint8

// NewNodes indexes the nodes of g without their edges. The error wraps a *wire.SyntaxError, or says that the graph is too large.
func NewNodes(g wire.Graph) (*Nodes, error) {
	x, err := emptyNodes(g)
	if err != nil {
		return nil, err
	}
	var hashes []uint32
	err = parallel.Ordered(g.Parts, func(p wire.Part) (*nodesPart, error) {
		part := newNodesPart(g, p.Nodes)
		s := wire.Scan(p.Fields)
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
			part.add(s.Raw, s.Data, name)
		}
		return &part, s.Err()
	}, func(part *nodesPart) error {
		hashes = x.join(part, hashes)
		return nil
	})
	if err != nil {
		return nil, err
	}
	x.byName, x.duplicates = newNameTable(&x, hashes)
	return &x, nil
}

// emptyNodes returns an empty Nodes for g.
func emptyNodes(g wire.Graph) (Nodes, error) {
	if uint64(len(g)) > math.MaxUint32 {
		return Nodes{}, errTooLarge
	}
	return Nodes{bytes: g}, nil
}

// A nodesPart holds the nodes of one part of a graph. Their numbers count from the beginning of the part.
type nodesPart struct {
	Nodes
	hashes []uint32 // of the names
}

// newNodesPart returns an empty nodesPart for n nodes of g.
func newNodesPart(g wire.Graph, n int) nodesPart {
	p := nodesPart{Nodes: Nodes{bytes: g}}
	p.reset(n)
	return p
}

// reset removes all nodes and makes room for n.
func (p *nodesPart) reset(n int) {
	p.starts, p.nameAt, p.hashes = slices.Grow(p.starts[:0], n), slices.Grow(p.nameAt[:0], n), slices.Grow(p.hashes[:0], n)
	p.names, p.list = nil, slices.Grow(p.list[:0], n)
}

// add adds a node. field is its complete field and raw its NodeDef. name is a window on raw, or nil.
func (p *nodesPart) add(field, raw, name []byte) {
	start, _ := wire.Offset(p.bytes, field)
	tag, at := 1, noOffset
	if field[0] >= 0x80 {
		_, tag = protowire.ConsumeVarint(field)
	}
	if offset, ok := nameOffset(raw, name); ok {
		at = min(len(field)-tag-len(raw)+offset, noOffset)
	}
	if at == noOffset && name != nil {
		p.keepName(len(p.starts), name)
	}
	p.starts = append(p.starts, uint32(start+tag))
	p.nameAt = append(p.nameAt, uint8(at))
	p.hashes = append(p.hashes, hashOf(name))
	p.list = append(p.list, name)
}

// keepName stores the name of node i, whose nameAt is noOffset. Finding it again would be slow for a node that has many
// fields and many consumers.
func (x *Nodes) keepName(i int, name []byte) {
	if x.names == nil {
		x.names = make(map[int32][]byte)
	}
	x.names[int32(i)] = name
}

// nameOffset returns the offset of the name's length in a NodeDef. It returns false without a name, or if the length is
// not encoded in its shortest form.
func nameOffset(raw, name []byte) (int, bool) {
	end, ok := wire.Offset(raw, name)
	if ok && end == 2 && int(raw[1]) == len(name) && len(name) < 0x80 {
		return 1, true // nearly every NodeDef begins with a short name
	}
	at := end - protowire.SizeVarint(uint64(len(name)))
	if !ok || name == nil || at < 0 {
		return 0, false
	}
	length, n := protowire.ConsumeVarint(raw[at:])
	return at, at+n == end && length == uint64(len(name))
}

// join adds the nodes of the next part. It appends the hashes of their names to hashes, which newNameTable needs.
func (x *Nodes) join(p *nodesPart, hashes []uint32) []uint32 {
	for i, name := range p.names {
		x.keepName(x.Len()+int(i), name)
	}
	x.starts = append(x.starts, p.starts...)
	x.nameAt = append(x.nameAt, p.nameAt...)
	return append(hashes, p.hashes...)
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
	if x.list != nil {
		return x.list[i]
	}
	if x.nameAt[i] == noOffset {
		return x.names[int32(i)]
	}
	at := x.starts[i] + uint32(x.nameAt[i])
	if length := x.bytes[at]; length < 0x80 {
		return x.bytes[at+1 : at+1+uint32(length)]
	}
	name, _ := protowire.ConsumeBytes(x.bytes[at:])
	return name
}

// Find returns the number of the first node with that name, or false.
func (x *Nodes) Find(name []byte) (int, bool) { return x.byName.find(x, hashOf(name), name) }

// Duplicates returns the numbers of the nodes that have the same name as an earlier node, in file order. The caller
// must not change the slice.
func (x *Nodes) Duplicates() []int32 { return x.duplicates }
