package graph

import (
	"hash/maphash"
	"math/bits"
	"slices"

	"github.com/metagraph/metagraph/internal/hugepage"
	"github.com/metagraph/metagraph/internal/parallel"
)

// UniqueSuffix reports whether suffix is empty or "_N", which TensorFlow appends to make a name unique.
func UniqueSuffix[T []byte | string](suffix T) bool {
	if len(suffix) == 0 {
		return true
	}
	if suffix[0] != '_' || len(suffix) == 1 {
		return false
	}
	for i := 1; i < len(suffix); i++ {
		if suffix[i] < '0' || suffix[i] > '9' {
			return false
		}
	}
	return true
}

// A nameTable finds nodes by name. It is a hash table with open addressing. Each slot holds the number of a node plus 1 and, in the
// other bits, the low bits of the name's hash, so that nearly every lookup compares one name. The upper bits of a hash choose one of
// several shards of equal size, which are filled in parallel.
type nameTable struct {
	slots  []uint32 // 0 if the slot is empty
	size   uint32   // of a shard
	shards uint32   // number of bits of a hash that choose a shard
	bits   uint32   // number of bits of a slot that hold the number of a node
}

// reset removes all names and makes room for n in one shard.
func (t *nameTable) reset(n int) {
	size := shardSize(n)
	t.slots = slices.Grow(t.slots[:0], size)[:size]
	clear(t.slots)
	t.size, t.bits = uint32(size), uint32(bits.Len(uint(n)))
}

// shardSize returns the size of a shard for n names. At most five eighths of it are used.
func shardSize(n int) int { return n*8/5 + 8 }

// newNameTable returns the table for all nodes, whose names have the given hashes, and the nodes with the same name as an
// earlier one, in file order.
func newNameTable(x *Nodes, hashes []uint32) (t nameTable, duplicates []int32) {
	for n := len(hashes); n >= smallShard && t.shards < maxShardBits; n /= 2 {
		t.shards++
	}
	counts := make([]int, 1<<t.shards)
	for _, hash := range hashes {
		counts[t.shard(hash)]++
	}
	size := shardSize(slices.Max(counts))
	t.slots, t.size, t.bits = hugepage.Make[uint32](len(counts)*size, len(counts)*size), uint32(size), uint32(bits.Len(uint(len(hashes))))
	nodes := hugepage.Make[int32](len(hashes), len(hashes)) // those of the first shard, then those of the next
	shards := make([][]int32, len(counts))
	at := 0
	for shard, count := range counts {
		shards[shard] = nodes[at : at : at+count]
		at += count
	}
	for i, hash := range hashes {
		shard := &shards[t.shard(hash)]
		*shard = append(*shard, int32(i))
	}
	_ = parallel.Ordered(slices.Values(shards), func(shard []int32) (repeated []int32, _ error) {
		for _, i := range shard {
			if !t.add(x, hashes[i], int(i)) {
				repeated = append(repeated, i)
			}
		}
		return repeated, nil
	}, func(repeated []int32) error {
		duplicates = append(duplicates, repeated...)
		return nil
	})
	slices.Sort(duplicates)
	return t, duplicates
}

const (
	// smallShard is the number of names from which a table is split.
	smallShard = 1 << 10
	// maxShardBits limits the number of shards.
	maxShardBits = 4
)

// shard returns the number of the shard for a hash.
func (t *nameTable) shard(hash uint32) int { return int(uint64(hash) << t.shards >> 32) }

// add adds node i. It returns false if an earlier node has the same name.
func (t *nameTable) add(x *Nodes, hash uint32, i int) bool {
	for at := t.first(hash); ; at = t.next(at) {
		switch slot := t.slots[at]; {
		case slot == 0:
			t.slots[at] = hash<<t.bits | uint32(i+1)
			return true
		case t.similar(slot, hash) && string(x.Name(t.node(slot))) == string(x.Name(i)):
			return false
		}
	}
}

// find returns the first node called name, which has the given hash.
func (t *nameTable) find(x *Nodes, hash uint32, name []byte) (int, bool) {
	for at := t.first(hash); ; at = t.next(at) {
		switch slot := t.slots[at]; {
		case slot == 0:
			return 0, false
		case t.similar(slot, hash) && string(x.Name(t.node(slot))) == string(name):
			return t.node(slot), true
		}
	}
}

// first returns the number of the slot where the search for a name begins, and next the number of the slot after at in the same shard.
func (t *nameTable) first(hash uint32) uint32 {
	return uint32(t.shard(hash))*t.size + uint32(uint64(hash<<t.shards)*uint64(t.size)>>32)
}

func (t *nameTable) next(at uint32) uint32 {
	if at++; at%t.size == 0 {
		at -= t.size
	}
	return at
}

// similar reports whether the name of the node in a slot probably has the given hash.
func (t *nameTable) similar(slot, hash uint32) bool { return (slot^hash<<t.bits)>>t.bits == 0 }

// node returns the number of the node in a slot.
func (t *nameTable) node(slot uint32) int { return int(slot&(1<<t.bits-1)) - 1 }

// hashOf returns the hash of a name, which is another one in each run of the program.
func hashOf(name []byte) uint32 { return uint32(maphash.Bytes(seed, name) >> 32) }

var seed = maphash.MakeSeed()
