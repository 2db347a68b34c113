package diff

import (
	"bytes"

	"github.com/metagraph/metagraph/internal/wire"
)

// nodeList returns the NodeDefs of a graph or function in file order.
func nodeList(message []byte, isNode func(wire.Field) bool) ([][]byte, error) {
	var out [][]byte
	s := wire.Scan(message)
	for s.Next() {
		if isNode(s.Field) {
			out = append(out, s.Data)
		}
	}
	return out, s.Err()
}

// check returns the error at which a NodeDef stops being one.
func check(node []byte) error {
	s := wire.Scan(node)
	for s.Next() {
	}
	return s.Err()
}

func nameOf(node []byte) []byte { return wire.Last(node, wire.NodeName) }

// An alignment pairs the nodes of A and B that have the same name, or, after renames are found, were it.
type alignment struct {
	a, b  [][]byte // NodeDefs in file order
	toB   []int32  // for each node of A its number in B, alone where there is none
	toA   []int32
	equal []bool // for each node of A: its bytes are those of its partner
}

// alone stands for a node without a partner.
const alone = -1

const (
	// lookAhead is how far ahead the place is searched from where both files go on with the same node.
	lookAhead = 48
	// patience is how many searches may fail before the files count as being in different order.
	patience = 256
)

// align pairs nodes by name. Files of one model mostly have their nodes in the same order, with a few put in or left out
// here and there, so both lists are walked side by side; a table finds the partners of the nodes that this leaves over.
func align(a, b [][]byte) (*alignment, error) {
	al := &alignment{a: a, b: b, toB: make([]int32, len(a)), toA: make([]int32, len(b)), equal: make([]bool, len(a))}
	for i := range al.toB {
		al.toB[i] = alone
	}
	for j := range al.toA {
		al.toA[j] = alone
	}
	if err := al.walk(); err != nil {
		return nil, err
	}
	al.lookUp()
	return al, nil
}

// walk pairs what stands side by side, and reads every node once.
func (al *alignment) walk() error {
	failed := 0
	i, j := 0, 0
	for i < len(al.a) && j < len(al.b) {
		a, b := al.a[i], al.b[j]
		if bytes.Equal(a, b) {
			if err := check(a); err != nil {
				return err
			}
			al.pair(i, j, true)
			i, j = i+1, j+1
			continue
		}
		if err := check(a); err != nil {
			return err
		}
		if err := check(b); err != nil {
			return err
		}
		if bytes.Equal(nameOf(a), nameOf(b)) {
			al.pair(i, j, false)
			i, j = i+1, j+1
			continue
		}
		skipA, skipB := 1, 1
		if failed < patience {
			var found bool
			if skipA, skipB, found = al.resume(i, j); !found {
				failed++
			}
		}
		// What is skipped is read now, for nobody comes back to it here.
		for range skipA {
			if err := check(al.a[i]); err != nil {
				return err
			}
			i++
		}
		for range skipB {
			if err := check(al.b[j]); err != nil {
				return err
			}
			j++
		}
	}
	for _, rest := range [][][]byte{al.a[i:], al.b[j:]} {
		for _, node := range rest {
			if err := check(node); err != nil {
				return err
			}
		}
	}
	return nil
}

// resume returns how many nodes of either side to skip so that both go on with the same name.
func (al *alignment) resume(i, j int) (skipA, skipB int, found bool) {
	a, b := nameOf(al.a[i]), nameOf(al.b[j])
	for k := 1; k <= lookAhead; k++ {
		if j+k < len(al.b) && bytes.Equal(a, nameOf(al.b[j+k])) {
			return 0, k, true
		}
		if i+k < len(al.a) && bytes.Equal(nameOf(al.a[i+k]), b) {
			return k, 0, true
		}
		if i+k < len(al.a) && j+k < len(al.b) && bytes.Equal(al.a[i+k], al.b[j+k]) {
			return k, k, true
		}
	}
	return 1, 1, false
}

func (al *alignment) pair(i, j int, equal bool) {
	al.toB[i], al.toA[j], al.equal[i] = int32(j), int32(i), equal
}

// lookUp pairs the nodes that are left over. Where several have one name, those with the same bytes come first.
func (al *alignment) lookUp() {
	table := make(map[string][]int32)
	for i, node := range al.a {
		if al.toB[i] == alone {
			name := view(nameOf(node))
			table[name] = append(table[name], int32(i))
		}
	}
	if len(table) == 0 {
		return
	}
	al.lookUpEqual(table)
	for j, node := range al.b {
		if al.toA[j] != alone {
			continue
		}
		name := view(nameOf(node))
		same := table[name]
		for len(same) > 0 && al.toB[same[0]] != alone {
			same = same[1:]
		}
		if len(same) > 0 {
			al.pair(int(same[0]), j, bytes.Equal(al.a[same[0]], node))
			same = same[1:]
		}
		if table[name] != nil {
			table[name] = same
		}
	}
}

// lookUpEqual pairs the nodes with the same bytes where several have one name, as no file should have.
func (al *alignment) lookUpEqual(table map[string][]int32) {
	repeated := make(map[string]bool)
	for name, same := range table {
		if len(same) > 1 {
			repeated[name] = true
		}
	}
	if len(repeated) == 0 {
		return
	}
	for j, node := range al.b {
		name := view(nameOf(node))
		if al.toA[j] != alone || !repeated[name] {
			continue
		}
		same := table[name]
		for _, i := range same[:min(len(same), lookAhead)] {
			if al.toB[i] == alone && bytes.Equal(al.a[i], node) {
				al.pair(int(i), j, true)
				break
			}
		}
	}
}
