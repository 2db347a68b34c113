package diff

import (
	"bytes"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/wire"
)

// A side holds the nodes of one graph that have no partner of the same name. The other fields are indexed by the place in left.
type side struct {
	nodes   [][]byte
	left    []int32 // node numbers in file order
	names   []string
	at      map[string]int32 // place by name
	prints  []uint64         // fingerprints
	partner []int32          // place in the other side, or noPartner
	scoped  []bool           // paired because their scope was renamed
	readers [][]reader       // readers of each node
}

// A reader is an input of a node that reads another node.
type reader struct {
	node int32 // node number
	slot int32 // number of the input, including control inputs
}

// take sets s to the nodes without a partner.
func (s *side) take(nodes [][]byte, partner []int32) {
	s.nodes = nodes
	for i, p := range partner {
		if p == noPartner {
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
	for k, i := range s.left {
		s.prints[k] = f.of(s.nodes[i])
		s.partner[k] = noPartner
	}
}

// manyReaders is the largest number of readers that are recorded for a node.
const manyReaders = 64

func (s *side) findReaders() {
	s.readers = make([][]reader, len(s.left))
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

// place returns the place of a node in left.
func (s *side) place(node int32) (int32, bool) {
	k, ok := slices.BinarySearch(s.left, node)
	return int32(k), ok
}

// lastPart returns the part of a name after the last slash.
func lastPart(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// compareNatural compares names by natural order: conv2 is before conv10.
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

// digits returns the number of digits at the start of s.
func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}
