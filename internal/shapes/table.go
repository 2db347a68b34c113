package shapes

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/tensor"
)

// A table numbers lists of the output shapes of one node. Number 0 is the list of which nothing is known.
type table struct {
	lists   [][]tensor.Shape
	numbers map[string]int32
	key     []byte
}

func newTable() table { return table{lists: [][]tensor.Shape{nil}, numbers: map[string]int32{"": 0}} }

// maxLists is the maximum number of distinct lists. Further lists count as unknown.
const maxLists = 1 << 17

// number returns the number of a list.
func (t *table) number(list []tensor.Shape) int32 {
	for len(list) > 0 && list[len(list)-1] == nil {
		list = list[:len(list)-1]
	}
	key := t.key[:0]
	for _, s := range list {
		key = appendShape(key, s)
	}
	t.key = key
	n, known := t.numbers[string(key)]
	if known {
		return n
	}
	if len(t.numbers) == maxLists {
		return 0
	}
	n = t.add(list)
	t.numbers[string(key)] = n
	return n
}

// add returns a new number for a list.
func (t *table) add(list []tensor.Shape) int32 {
	t.lists = append(t.lists, slices.Clone(list))
	return int32(len(t.lists) - 1)
}

// appendShape appends a unique encoding of a shape.
func appendShape(b []byte, s tensor.Shape) []byte {
	if s == nil {
		return append(b, 0)
	}
	b = protowire.AppendVarint(b, uint64(len(s))+1)
	for _, dim := range s {
		b = protowire.AppendVarint(b, uint64(dim+1))
	}
	return b
}
