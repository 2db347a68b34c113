package graph

import (
	"hash/maphash"
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

// A nameTable finds nodes by name. It is a hash table with open addressing. Each slot stores 32 bits of the name's
// hash next to the node, so that nearly every lookup compares one name and growing needs no rehash.
type nameTable struct {
	slots []uint64 // hash<<32 | node number + 1; 0 if the slot is empty
	used  int
	seed  maphash.Seed
}

func newNameTable(count int) nameTable {
	size := 8
	for !roomy(size, count) {
		size *= 2
	}
	return nameTable{slots: make([]uint64, size), seed: maphash.MakeSeed()}
}

// roomy reports whether a table of size slots can hold count names. A table is at most five eighths full.
func roomy(size, count int) bool { return 5*size >= 8*count }

// add inserts node i of x under its name. It returns false if an earlier node has the same name.
func (t *nameTable) add(x *Nodes, name []byte, i int) bool {
	if !roomy(len(t.slots), t.used+1) {
		t.grow()
	}
	hash := t.hash(name)
	at, found := t.slot(x, hash, name)
	if found {
		return false
	}
	t.slots[at] = hash<<32 | uint64(i+1)
	t.used++
	return true
}

// hash returns a 32-bit hash.
func (t *nameTable) hash(name []byte) uint64 { return maphash.Bytes(t.seed, name) >> 32 }

// grow doubles the table.
func (t *nameTable) grow() {
	old := t.slots
	t.slots = make([]uint64, 2*len(old))
	mask := uint64(len(t.slots) - 1)
	for _, entry := range old {
		if entry == 0 {
			continue
		}
		h := entry >> 32 & mask
		for t.slots[h] != 0 {
			h = (h + 1) & mask
		}
		t.slots[h] = entry
	}
}

// slot returns the slot of name and true, or the empty slot where it belongs and false.
func (t *nameTable) slot(x *Nodes, hash uint64, name []byte) (at int, found bool) {
	mask := uint64(len(t.slots) - 1)
	for h := hash & mask; ; h = (h + 1) & mask {
		entry := t.slots[h]
		if entry == 0 {
			return int(h), false
		}
		if entry>>32 == hash && string(x.Name(int(uint32(entry)-1))) == string(name) {
			return int(h), true
		}
	}
}

// find returns the first node called name.
func (t *nameTable) find(x *Nodes, name []byte) (int, bool) {
	at, found := t.slot(x, t.hash(name), name)
	if !found {
		return 0, false
	}
	return int(uint32(t.slots[at]) - 1), true
}
