package graph

import (
	"hash/maphash"
)

// UniqueSuffix reports whether what follows a scope's name is nothing or the number that makes it unique.
func UniqueSuffix(suffix []byte) bool {
	if len(suffix) == 0 {
		return true
	}
	if suffix[0] != '_' || len(suffix) == 1 {
		return false
	}
	for _, c := range suffix[1:] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// A nameTable finds nodes by name: a hash table with open addressing. The tags, a byte of
// each hash, spare it most looks at names that lie somewhere else in memory.
//
// While it is filled it waits for memory, and so it is asked in two ways that wait less: names go in by the batch, all places
// touched before the first is used, so that the processor fetches many at once; and as most inputs read a node that came just
// before, the last names are kept in a table that is small enough to stay close by.
type nameTable struct {
	slots  []uint32 // node number + 1, 0 where nothing is
	tags   []uint8
	used   int
	seed   maphash.Seed
	recent *[recentNames]uint32 // node number + 1, by hash; nil when all names are in
	batch  []named
	// touched is the sum of what was touched, kept so that the compiler leaves the touching in.
	touched uint32
}

// A named node is on its way into the table.
type named struct {
	hash uint64
	node uint32
}

const (
	recentNames = 1 << 12
	batchNames  = 64
)

func newNameTable(count int) nameTable {
	size := 8
	for !roomy(size, count) {
		size *= 2
	}
	return nameTable{
		slots:  make([]uint32, size),
		tags:   make([]uint8, size),
		seed:   maphash.MakeSeed(),
		recent: new([recentNames]uint32),
		batch:  make([]named, 0, batchNames),
	}
}

// roomy reports whether a table of size slots can hold count names: it is never more than five eighths full.
func roomy(size, count int) bool { return 5*size >= 8*count }

// add enters node i under its name. It is in the table after the next flush.
func (t *nameTable) add(g *Graph, name []byte, i int) {
	hash := maphash.Bytes(t.seed, name)
	t.recent[hash%recentNames] = uint32(i + 1)
	t.batch = append(t.batch, named{hash, uint32(i)})
	if len(t.batch) == batchNames {
		t.insert(g)
	}
}

// flush ends the filling of the table.
func (t *nameTable) flush(g *Graph) {
	t.insert(g)
	t.recent, t.batch = nil, nil
}

// insert enters the batch. A node whose name is taken becomes one of g's duplicates.
func (t *nameTable) insert(g *Graph) {
	for !roomy(len(t.slots), t.used+len(t.batch)) {
		t.grow(g)
	}
	mask := uint64(len(t.slots) - 1)
	touched := uint32(0)
	for _, n := range t.batch {
		touched += t.slots[n.hash&mask] + uint32(t.tags[n.hash&mask])
	}
	t.touched = touched
	for _, n := range t.batch {
		at, tag, found := t.slot(g, n.hash, g.Name(int(n.node)))
		if found {
			g.duplicates = append(g.duplicates, int32(n.node))
			continue
		}
		t.slots[at], t.tags[at] = n.node+1, tag
		t.used++
	}
	t.batch = t.batch[:0]
}

// grow doubles the table.
func (t *nameTable) grow(g *Graph) {
	old := t.slots
	t.slots, t.tags = make([]uint32, 2*len(old)), make([]uint8, 2*len(old))
	for _, entry := range old {
		if entry == 0 {
			continue
		}
		name := g.Name(int(entry - 1))
		at, tag, _ := t.slot(g, maphash.Bytes(t.seed, name), name)
		t.slots[at], t.tags[at] = entry, tag
	}
}

// slot returns where in the table name stands or would, the tag that goes with it, and whether it stands there.
func (t *nameTable) slot(g *Graph, hash uint64, name []byte) (at int, tag uint8, found bool) {
	tag = uint8(hash >> 56)
	mask := uint64(len(t.slots) - 1)
	for h := hash & mask; ; h = (h + 1) & mask {
		entry := t.slots[h]
		if entry == 0 {
			return int(h), tag, false
		}
		if t.tags[h] == tag && string(g.Name(int(entry-1))) == string(name) {
			return int(h), tag, true
		}
	}
}

// lookUp finds a node while the table is filled. It may find another than the first of that name, and miss one that is there.
func (t *nameTable) lookUp(g *Graph, name []byte) (int, bool) {
	hash := maphash.Bytes(t.seed, name)
	if entry := t.recent[hash%recentNames]; entry != 0 && string(g.Name(int(entry-1))) == string(name) {
		return int(entry - 1), true
	}
	at, _, found := t.slot(g, hash, name)
	if !found {
		return 0, false
	}
	return int(t.slots[at]) - 1, true
}

// find finds a node when the table is filled.
func (t *nameTable) find(g *Graph, name []byte) (int, bool) {
	at, _, found := t.slot(g, maphash.Bytes(t.seed, name), name)
	if !found {
		return 0, false
	}
	return int(t.slots[at]) - 1, true
}
