package diff

import (
	"bytes"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
)

// An alignment pairs the nodes of A and B that have the same name, or that were renamed.
type alignment struct {
	a, b  [][]byte // NodeDefs in file order
	toB   []int32  // the number in B of each node of A, or noPartner
	toA   []int32
	equal []bool // whether each node of A has the same bytes as its partner
}

// noPartner marks a node without a partner.
const noPartner = -1

const (
	// lookAhead is how many nodes walk searches ahead for a position from which both files continue with the same node.
	lookAhead = 48
	// patience is the number of failed searches after which walk gives up: the files have different orders.
	patience = 256
)

// align pairs nodes by name. Files of one model mostly have their nodes in the same order, with a few insertions and deletions. So
// align walks both lists in parallel, and uses a table for the nodes that remain.
func align(a, b [][]byte) (*alignment, error) {
	al := &alignment{a: a, b: b, toB: make([]int32, len(a)), toA: make([]int32, len(b)), equal: make([]bool, len(a))}
	for i := range al.toB {
		al.toB[i] = noPartner
	}
	for j := range al.toA {
		al.toA[j] = noPartner
	}
	if err := al.walk(); err != nil {
		return nil, err
	}
	al.pairRemaining()
	return al, nil
}

// walk pairs nodes at corresponding positions, and reads every node once.
func (al *alignment) walk() error {
	failed, paired := 0, 0
	i, j := 0, 0
	for i < len(al.a) && j < len(al.b) {
		a, b := al.a[i], al.b[j]
		equal := bytes.Equal(a, b)
		nameA, err := readString(a, fieldnum.NodeDef_Name)
		if err != nil {
			return err
		}
		nameB := nameA
		if !equal {
			if nameB, err = readString(b, fieldnum.NodeDef_Name); err != nil {
				return err
			}
		}
		if equal || bytes.Equal(nameA, nameB) {
			al.pair(i, j, equal)
			i, j = i+1, j+1
			paired++
			continue
		}
		skipA, skipB := 1, 1
		if failed < patience+paired/lookAhead {
			var found bool
			if skipA, skipB, found = al.resume(i, j); !found {
				failed++
			}
		}
		// Read the skipped nodes now: the walk does not return to them.
		if err := readAll(al.a[i:i+skipA], al.b[j:j+skipB]); err != nil {
			return err
		}
		i, j = i+skipA, j+skipB
	}
	return readAll(al.a[i:], al.b[j:])
}

// readAll reads the given nodes and returns the first error.
func readAll(lists ...[][]byte) error {
	for _, list := range lists {
		for _, node := range list {
			if _, err := readString(node, fieldnum.NodeDef_Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// resume returns the numbers of nodes to skip on each side so that both continue with the same name.
func (al *alignment) resume(i, j int) (skipA, skipB int, found bool) {
	a, b := nameOf(al.a[i]), nameOf(al.b[j])
	for k := 1; k <= lookAhead; k++ {
		if j+k < len(al.b) && bytes.Equal(a, nameOf(al.b[j+k])) {
			return 0, k, true
		}
		if i+k < len(al.a) && bytes.Equal(nameOf(al.a[i+k]), b) {
			return k, 0, true
		}
		if i+k < len(al.a) && j+k < len(al.b) && bytes.Equal(nameOf(al.a[i+k]), nameOf(al.b[j+k])) {
			return k, k, true
		}
	}
	return 1, 1, false
}

func (al *alignment) pair(i, j int, equal bool) {
	al.toB[i], al.toA[j], al.equal[i] = int32(j), int32(i), equal
}

// countUnpaired returns the number of nodes without a partner.
func countUnpaired[T int | int32](partner []T) int {
	n := 0
	for _, p := range partner {
		n += count(p == noPartner)
	}
	return n
}

// pairRemaining pairs the nodes that walk did not pair. If several nodes have the same name, it pairs those with equal bytes first.
func (al *alignment) pairRemaining() {
	left := countUnpaired(al.toB)
	if left == 0 || countUnpaired(al.toA) == 0 {
		return
	}
	// The first node of each name, and for each node the next one of the same name.
	first := make(map[string]int32, left)
	next := make(map[int32]int32)
	for i := len(al.a) - 1; i >= 0; i-- {
		if al.toB[i] != noPartner {
			continue
		}
		name := unsafeString(nameOf(al.a[i]))
		if later, repeated := first[name]; repeated {
			next[int32(i)] = later
		}
		first[name] = int32(i)
	}
	for _, exact := range []bool{true, false} {
		if exact && len(next) == 0 {
			continue
		}
		for j, node := range al.b {
			if al.toA[j] == noPartner {
				al.pairByName(j, node, first, next, exact)
			}
		}
	}
}

// pairByName pairs node j of B with the first free node of its name in A. If exact is true, the bytes must also be equal.
func (al *alignment) pairByName(j int, node []byte, first map[string]int32, next map[int32]int32, exact bool) {
	name := unsafeString(nameOf(node))
	i, ok := first[name]
	for looked := 0; ok && (looked < lookAhead || !exact); looked++ {
		if al.toB[i] == noPartner {
			if equal := bytes.Equal(al.a[i], node); equal || !exact {
				al.pair(int(i), j, equal)
				return
			}
		}
		later, more := next[i]
		if more && !exact {
			first[name] = later // skip this node in the next search
		}
		i, ok = later, more
	}
}
