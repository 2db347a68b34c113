package graph

import (
	"hash/maphash"
	"slices"

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

// A nameTable finds nodes by name. It is a hash table with open addressing. Each slot holds 32 bits of the name's hash next
// to the node, so that nearly every lookup compares one name. The upper bits of a hash choose one of several shards of
// equal size, which are filled in parallel.
type nameTable struct {
	slots []uint64 // hash<<32 | node number + 1; 0 if the slot is empty
	mask  uint32   // size of a shard - 1
	shift uint32   // hash>>shift is the number of the shard
}

// oneShard returns an empty table with room for n names.
func oneShard(n int) nameTable {
	size := shardSize(n)
	return nameTable{slots: make([]uint64, size), mask: uint32(size - 1), shift: 32}
}

// shardSize returns the size of a shard for n names. At most five eighths of it are used.
func shardSize(n int) int {
	size := 8
	for 5*size < 8*n {
		size *= 2
	}
	return size
}

// newNameTable returns the table for all nodes, whose names have the given hashes, and the nodes with the same name as an
// earlier one, in file order.
func newNameTable(x *Nodes, hashes []uint32) (t nameTable, duplicates []int32) {
	t.shift = 32
	for n := len(hashes); n >= smallShard && t.shift > 32-maxShardBits; n /= 2 {
		t.shift--
	}
	counts := make([]int, 1<<(32-t.shift))
	for _, hash := range hashes {
		counts[t.shard(hash)]++
	}
	size := shardSize(slices.Max(counts))
	t.mask, t.slots = uint32(size-1), make([]uint64, len(counts)*size)
	nodes := make([]int32, len(hashes)) // those of the first shard, then those of the next
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
func (t *nameTable) shard(hash uint32) int { return int(uint64(hash) >> t.shift) }

// add adds node i. It returns false if an earlier node has the same name.
func (t *nameTable) add(x *Nodes, hash uint32, i int) bool {
	first := t.shard(hash) * int(t.mask+1)
	shard := t.slots[first : first+int(t.mask+1)]
	for h := hash & t.mask; ; h = (h + 1) & t.mask {
		switch entry := shard[h]; {
		case entry == 0:
			shard[h] = uint64(hash)<<32 | uint64(i+1)
			return true
		case entry>>32 == uint64(hash) && string(x.Name(int(uint32(entry)-1))) == string(x.Name(i)):
			return false
		}
	}
}

// find returns the first node called name, which has the given hash.
func (t *nameTable) find(x *Nodes, hash uint32, name []byte) (int, bool) {
	first := t.shard(hash) * int(t.mask+1)
	for h := hash & t.mask; ; h = (h + 1) & t.mask {
		entry := t.slots[first+int(h)]
		if entry == 0 {
			return 0, false
		}
		if i := int(uint32(entry) - 1); entry>>32 == uint64(hash) && string(x.Name(i)) == string(name) {
			return i, true
		}
	}
}

// hashOf returns the hash of a name, which is another one in each run of the program.
func hashOf(name []byte) uint32 { return uint32(maphash.Bytes(seed, name) >> 32) }

var seed = maphash.MakeSeed()
