package diff

import (
	"bytes"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/wire"
)

// A side is the nodes of one graph that have no partner of their name. They are called by their place in left.
type side struct {
	nodes   [][]byte
	left    []int32 // node numbers in file order
	names   []string
	at      map[string]int32 // place by name
	prints  []uint64         // fingerprints
	partner []int32          // place in the other side, or alone
	scoped  []bool           // paired because of a scope that was renamed
	readers [][]reader       // who reads the node
}

// A reader is a node that has another one as an input.
type reader struct {
	node int32 // node number
	slot int32 // which of its inputs, control inputs counted too
}

// take makes s the nodes that have no partner.
func (s *side) take(nodes [][]byte, partner []int32) {
	s.nodes = nodes
	for i, p := range partner {
		if p == alone {
			s.left = append(s.left, int32(i))
		}
	}
	s.names = make([]string, len(s.left))
	s.at = make(map[string]int32, len(s.left))
	for k, i := range s.left {
		name := unsafeString(nameOf(nodes[i]))
		s.names[k] = name
		if _, repeated := s.at[name]; !repeated {
			s.at[name] = int32(k)
		}
	}
}

func (s *side) fingerprint(f *fingerprinter) {
	s.prints = make([]uint64, len(s.left))
	s.partner = make([]int32, len(s.left))
	s.scoped = make([]bool, len(s.left))
	s.readers = make([][]reader, len(s.left))
	for k, i := range s.left {
		s.prints[k] = f.of(s.nodes[i])
		s.partner[k] = alone
	}
}

// manyReaders is how many readers of one node are looked at.
const manyReaders = 64

func (s *side) findReaders() {
	var n wire.Node
	for i, raw := range s.nodes {
		if n.Parse(raw) != nil {
			continue
		}
		for slot, in := range n.Inputs {
			if k, ok := s.at[unsafeString(wire.ParseInput(in).Node)]; ok && len(s.readers[k]) < manyReaders {
				s.readers[k] = append(s.readers[k], reader{int32(i), int32(slot)})
			}
		}
	}
}

// place returns the place of a node without a partner of its name.
func (s *side) place(node int32) (int32, bool) {
	k, ok := slices.BinarySearch(s.left, node)
	return int32(k), ok
}

// lastPart returns what stands behind the last slash of a name.
func lastPart(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// compareNatural orders names so that numbers in them count as numbers: conv2 before conv10.
func compareNatural(a, b string) int {
	for a != "" && b != "" {
		x, y := digits(a), digits(b)
		if x > 0 && y > 0 {
			p, q := strings.TrimLeft(a[:x], "0"), strings.TrimLeft(b[:y], "0")
			if len(p) != len(q) {
				return len(p) - len(q)
			}
			if c := strings.Compare(p, q); c != 0 {
				return c
			}
			a, b = a[x:], b[y:]
			continue
		}
		if a[0] != b[0] {
			return bytes.Compare([]byte{a[0]}, []byte{b[0]})
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

// digits returns how many digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}
