package problems

import (
	"bytes"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/parallel"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// This file sorts the nodes of a graph into kinds, on all processors. What a check says about attrs depends only on their bytes, so
// one node of each kind is checked.

// noKind is the kind of nodes that must be checked one by one: their name or colocation group may be wrong, they are encoded in a rare
// way, or there are too many kinds.
const noKind = 0

// Limits on the nodes that have a kind.
const (
	maxKinds     = 1 << 15
	maxKindAttrs = 256 // bytes of attrs
)

// A nodeKind is what the nodes of one kind have in common: the op, and the bytes of the attrs without _class.
type nodeKind struct {
	op    int32
	attrs []byte
}

// A kindTable numbers the kinds of nodes, from 1. It is safe for concurrent use. Readers need no lock: a kind is stored before its
// slot.
type kindTable struct {
	slots []atomic.Uint64 // half of a hash, then the number of a kind; 0 if the slot is empty
	kinds []nodeKind      // by number
	lock  sync.Mutex      // for adding a kind
	used  atomic.Int32    // the largest number
}

// newKindTable returns a table for the nodes of a graph with count nodes.
func newKindTable(count int) *kindTable {
	most, size := min(count, maxKinds), 2
	for size < 2*most {
		size *= 2
	}
	return &kindTable{slots: make([]atomic.Uint64, size), kinds: make([]nodeKind, most+1)}
}

// hashSeed differs between runs of the program, so that no file can make the hashes of many kinds equal.
var hashSeed = maphash.MakeSeed()

// number returns the number of a kind. It copies the attrs of a new kind if they are in a buffer. It returns noKind if protobuf rejects
// the attrs or the table is full.
func (t *kindTable) number(kind nodeKind, buffered bool) int32 {
	hash := maphash.Bytes(hashSeed, kind.attrs) + uint64(kind.op)*0x9e3779b97f4a7c15
	number, _ := t.find(kind, hash)
	if number != noKind || int(t.used.Load()) == len(t.kinds)-1 || !schema.ValidNode(kind.attrs) {
		return number
	}
	if buffered {
		kind.attrs = bytes.Clone(kind.attrs)
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	number, slot := t.find(kind, hash) // another worker may have added it
	if number == noKind && int(t.used.Load()) < len(t.kinds)-1 {
		number = t.used.Load() + 1
		t.kinds[number] = kind
		t.used.Store(number)
		slot.Store(hash>>32<<32 | uint64(number))
	}
	return number
}

// find returns the number of a kind with the given hash, or noKind and the slot for it.
func (t *kindTable) find(kind nodeKind, hash uint64) (int32, *atomic.Uint64) {
	for i := hash; ; i++ {
		slot := &t.slots[i&uint64(len(t.slots)-1)]
		entry := slot.Load()
		if entry == 0 {
			return noKind, slot
		}
		if entry>>32 == hash>>32 {
			number := int32(uint32(entry))
			if other := &t.kinds[number]; other.op == kind.op && bytes.Equal(other.attrs, kind.attrs) {
				return number, slot
			}
		}
	}
}

// sortNodes finds the kind of each node, and whether protobuf accepts the file.
func (f *problemFinder) sortNodes() {
	table := newKindTable(f.g.Len())
	var size atomic.Int64
	var damaged atomic.Bool
	_ = parallel.Each(parallel.Runs(f.g.Len()), func(run parallel.Run) error {
		s := nodeSorter{g: f.g, kinds: table}
		bytes := 0
		for i := run.First; i < run.End; i++ {
			raw := f.g.Raw(i)
			bytes += protowire.SizeTag(fieldnum.GraphDef_Node) + protowire.SizeBytes(len(raw))
			if f.factsOf[i] = s.kind(i, raw); f.factsOf[i] == noKind && !schema.ValidNode(raw) {
				damaged.Store(true)
			}
		}
		size.Add(int64(bytes))
		return nil
	})
	f.kinds = table.used.Load()
	f.sound = !damaged.Load() && schema.ValidExceptNodes(f.m, f.g.Rest(), size.Load())
}

// A nodeSorter sorts nodes on one processor.
type nodeSorter struct {
	g     *graph.Graph
	kinds *kindTable
	class []byte // the latest entry of _class without a problem
	attrs []byte // buffer for attrs without _class
}

// kind returns the kind of node i, whose NodeDef is raw.
func (s *nodeSorter) kind(i int, raw []byte) int32 {
	attrs, ok := schema.SplitNode(raw)
	if !ok || len(attrs) > maxKindAttrs || !scope.ValidName(s.g.Name(i)) {
		return noKind
	}
	rest, class := s.cutClass(attrs)
	if len(class) > 0 && !bytes.Equal(class, s.class) {
		if !s.validClass(class) {
			return noKind
		}
		s.class = class
	}
	return s.kinds.number(nodeKind{s.g.Op(i), rest}, len(class) > 0)
}

// cutClass returns attrs without the attr _class, and the bytes of _class. The result is valid until the next call. cutClass finds the
// attr only if all lengths up to it have one byte.
func (s *nodeSorter) cutClass(attrs []byte) (rest, class []byte) {
	const (
		attrTag = byte(fieldnum.NodeDef_Attr)<<3 | byte(protowire.BytesType)
		key     = "\x0a\x06_class"
	)
	for at := 0; at+1 < len(attrs) && attrs[at] == attrTag; {
		end := at + 2 + int(attrs[at+1])
		if attrs[at+1] >= 0x80 || end > len(attrs) {
			break
		}
		if entry := attrs[at+2 : end]; len(entry) > len(key) && string(entry[:len(key)]) == key {
			s.attrs = append(append(s.attrs[:0], attrs[:at]...), attrs[end:]...)
			return s.attrs, attrs[at:end]
		}
		at = end
	}
	return attrs, nil
}

// validClass reports whether an attr _class is a list of colocation groups that exist.
func (s *nodeSorter) validClass(attr []byte) bool {
	if !schema.ValidNode(attr) {
		return false
	}
	_, value := wire.MapEntry(attr[2:])
	list, ok := wire.AttrBytes(value, fieldnum.AttrValue_List)
	for l := wire.Scan(list); ok && l.Next(); {
		group, isGroup := bytes.CutPrefix(l.Data, []byte("loc:@"))
		ok = isGroup && l.Is(fieldnum.AttrValue_ListValue_S) && utf8.Valid(group)
		if ok {
			_, ok = s.g.Find(group)
		}
	}
	return ok
}
