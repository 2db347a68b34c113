package wire

import (
	"hash/maphash"

	"google.golang.org/protobuf/encoding/protowire"
)

// An Index finds the nodes of a graph by name and by number, the number being their place in file order from 0 on. It
// costs about 25 bytes a node.
type Index struct {
	graph      []byte
	starts     []int    // where in graph the length of each NodeDef stands
	names      []uint32 // how far behind that the length of the node's name stands, 0 where it has none
	table      []uint32 // open addressing: node number + 1, 0 where nothing is
	duplicates []int
	seed       maphash.Seed
}

// IndexNodes indexes the nodes of a graph. The error is a *SyntaxError.
func IndexNodes(g Graph) (*Index, error) {
	x := &Index{graph: g, seed: maphash.MakeSeed()}
	s := Scan(g)
	for s.Next() {
		if s.Is(GraphNode) {
			start, _ := Offset(g, s.Raw)
			_, n := protowire.ConsumeVarint(s.Raw)
			x.starts = append(x.starts, start+n)
		}
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	size := 8
	for size < 2*len(x.starts) {
		size *= 2
	}
	x.table = make([]uint32, size)
	x.names = make([]uint32, len(x.starts))
	for i := range x.starts {
		if err := x.findName(i); err != nil {
			return nil, err
		}
		slot, found := x.slot(x.Name(i))
		if found {
			x.duplicates = append(x.duplicates, i)
			continue
		}
		x.table[slot] = uint32(i + 1)
	}
	return x, nil
}

// Len returns the number of nodes.
func (x *Index) Len() int { return len(x.starts) }

// Raw returns the NodeDef of node i.
func (x *Index) Raw(i int) []byte {
	raw, _ := protowire.ConsumeBytes(x.graph[x.starts[i]:])
	return raw
}

// findName notes where in node i its name stands: the last, as protobuf reads it. It is noted, not looked for each time,
// because a node of many fields that many others read would cost the one times the other.
func (x *Index) findName(i int) error {
	s := Scan(x.Raw(i))
	for s.Next() {
		if s.Is(NodeName) {
			start, _ := Offset(x.graph, s.Raw)
			_, n := protowire.ConsumeVarint(s.Raw)
			x.names[i] = uint32(start + n - x.starts[i])
		}
	}
	return s.Err()
}

// Name returns the name of node i, nil where it has none.
func (x *Index) Name(i int) []byte {
	if x.names[i] == 0 {
		return nil
	}
	name, _ := protowire.ConsumeBytes(x.graph[x.starts[i]+int(x.names[i]):])
	return name
}

// Find returns the number of the node called name, the first where several are, and whether there is one.
func (x *Index) Find(name []byte) (int, bool) {
	slot, found := x.slot(name)
	if !found {
		return 0, false
	}
	return int(x.table[slot]) - 1, true
}

// Duplicates returns the numbers of the nodes whose name an earlier node has, in file order.
func (x *Index) Duplicates() []int { return x.duplicates }

// slot returns where in the table name stands, or would.
func (x *Index) slot(name []byte) (int, bool) {
	mask := uint64(len(x.table) - 1)
	for h := maphash.Bytes(x.seed, name) & mask; ; h = (h + 1) & mask {
		entry := x.table[h]
		if entry == 0 {
			return int(h), false
		}
		if string(x.Name(int(entry-1))) == string(name) {
			return int(h), true
		}
	}
}
