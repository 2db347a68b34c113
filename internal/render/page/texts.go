package page

import (
	"encoding/binary"
)

// texts is a table of distinct strings. Number 0 stands for "no text".
type texts struct {
	ids     map[string]int32
	bytes   []byte
	lengths []byte // a varint for each text
	count   int32
}

func newTexts() texts { return texts{ids: make(map[string]int32)} }

// id returns the number of s, a new one if s is not in the table.
func (t *texts) id(s []byte) int32 {
	if id, found := t.ids[string(s)]; found {
		return id
	}
	t.count++
	t.ids[string(s)] = t.count
	t.bytes = append(t.bytes, s...)
	t.lengths = binary.AppendUvarint(t.lengths, uint64(len(s)))
	return t.count
}

// A column is one property of all nodes, as varints in the order of the nodes.
type column []byte

// add appends a number that is not negative.
func (c *column) add(v int) { *c = binary.AppendUvarint(*c, uint64(v)) }

// addSigned appends any number: 0, -1, 1, -2, ... become 0, 1, 2, 3, ...
func (c *column) addSigned(v int) { *c = binary.AppendVarint(*c, int64(v)) }
