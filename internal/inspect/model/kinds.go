package model

import (
	"bytes"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// NoKind is the kind of a node that has no kind: its name or attrs may be wrong or are encoded in a rare way, or there are too many
// kinds.
const NoKind = 0

// Limits on the nodes that have a kind.
const (
	maxKinds     = 1 << 15 // a graph.NodeNumber has 16 bits
	maxKindAttrs = 256     // bytes of attrs
)

// A nodeKind is what the nodes of one kind have in common: the op, and the bytes of the attrs without _class.
type nodeKind struct {
	op, attrs []byte
}

// A kindTable numbers the kinds of nodes, from 1. It is safe for concurrent use. Readers need no lock: a kind is stored before its
// slot.
type kindTable struct {
	slots  []atomic.Uint64                              // half of a hash, then the number of a kind; 0 if the slot is empty
	most   int32                                        // the largest number that a kind may have
	chunks [maxKinds/kindChunk + 1]*[kindChunk]nodeKind // kinds by number, without those not yet used
	lock   sync.Mutex                                   // for adding a kind
	used   atomic.Int32                                 // the largest number
}

// kindChunk is how many kinds get memory at once.
const kindChunk = 1 << 8

// newKindTable returns a table for the nodes of a graph.
func newKindTable(g wire.Graph) *kindTable {
	const smallNode = 16 // bytes
	most, size := min(len(g)/smallNode, maxKinds), 2
	for size < 2*most {
		size *= 2
	}
	return &kindTable{slots: make([]atomic.Uint64, size), most: int32(most)}
}

// hashSeed differs between runs of the program, so that no file can make the hashes of many kinds equal.
var hashSeed = maphash.MakeSeed()

// number returns the number of a kind. It copies the attrs of a new kind if they are in a buffer. It returns NoKind if protobuf rejects
// the attrs or the table is full.
func (t *kindTable) number(kind nodeKind, buffered bool) int32 {
	hash := maphash.Bytes(hashSeed, kind.attrs) + maphash.Bytes(hashSeed, kind.op)*0x9e3779b97f4a7c15
	number, _ := t.find(kind, hash)
	if number != NoKind || t.used.Load() == t.most || !schema.ValidNode(kind.attrs) {
		return number
	}
	if buffered {
		kind.attrs = bytes.Clone(kind.attrs)
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	number, slot := t.find(kind, hash) // another worker may have added it
	if number == NoKind && t.used.Load() < t.most {
		number = t.used.Load() + 1
		chunk := &t.chunks[number/kindChunk]
		if *chunk == nil {
			*chunk = new([kindChunk]nodeKind)
		}
		(*chunk)[number%kindChunk] = kind
		t.used.Store(number)
		slot.Store(hash>>32<<32 | uint64(number))
	}
	return number
}

// find returns the number of a kind with the given hash, or NoKind and the slot for it.
func (t *kindTable) find(kind nodeKind, hash uint64) (int32, *atomic.Uint64) {
	for i := hash; ; i++ {
		slot := &t.slots[i&uint64(len(t.slots)-1)]
		entry := slot.Load()
		if entry == 0 {
			return NoKind, slot
		}
		if entry>>32 == hash>>32 {
			if number := int32(uint32(entry)); t.is(number, kind) {
				return number, slot
			}
		}
	}
}

// is reports whether a kind has the given number, which a kind has.
func (t *kindTable) is(number int32, kind nodeKind) bool {
	other := &t.chunks[number/kindChunk][number%kindChunk]
	return bytes.Equal(other.op, kind.op) && bytes.Equal(other.attrs, kind.attrs)
}

// open returns the function that finds the kinds of the nodes of one part of a graph.
func (t *kindTable) open() graph.NodeNumber { return (&kindSorter{kinds: t}).number }

// A kindSorter finds the kinds of the nodes of one part of a graph.
type kindSorter struct {
	kinds  *kindTable
	attrs  []byte     // buffer for attrs without _class
	recent [256]int32 // the last kinds, by a mix of the lengths of op and attrs
}

// number returns the kind of node n, whose attr _class is in the field class. It is a graph.NodeNumber.
func (s *kindSorter) number(n *wire.Node, class []byte) uint16 {
	attrs, ok := schema.SplitNode(n.Raw)
	if !ok || len(attrs) > maxKindAttrs || !scope.ValidName(n.Name) {
		return NoKind
	}
	if at, ok := wire.Offset(attrs, class); ok && class != nil {
		s.attrs = append(append(s.attrs[:0], attrs[:at]...), attrs[at+len(class):]...)
		attrs = s.attrs
	}
	kind := nodeKind{n.Op, attrs}
	recent := &s.recent[uint8(len(kind.op)+31*len(attrs))] // comparing takes less time than hashing
	if *recent == NoKind || !s.kinds.is(*recent, kind) {
		*recent = s.kinds.number(kind, class != nil)
	}
	return uint16(*recent)
}
