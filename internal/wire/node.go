package wire

import (
	"bytes"
	"iter"
	"slices"
	"sort"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
)

// A Node holds windows on the bytes of one NodeDef. If a string field occurs several times, the last one wins, as in
// protobuf.
type Node struct {
	Raw    []byte   // the NodeDef itself
	Name   []byte   // node name
	Op     []byte   // op, or name of a function
	Device []byte   // nil if there is none
	Inputs [][]byte // in order
	attrs  [][]byte // the map entries in file order
	byKey  []uint32 // the indices of attrs, sorted by key and then by index; nil until many attrs were asked for
	asked  int      // number of calls of Attr, of a node with many attrs
	shared bool     // whether other Nodes use the slices
}

// Parse sets n to the node encoded in raw and reuses its slices. The error is a *SyntaxError.
func (n *Node) Parse(raw []byte) error {
	if n.shared {
		n.Inputs, n.attrs = nil, nil
	}
	*n = Node{Raw: raw, Inputs: n.Inputs[:0], attrs: n.attrs[:0]}
	for rest := raw; len(rest) > 0; {
		// Fast path without a Scanner: nearly every field has a tag of one byte and a length of one or two. This loop dominates
		// the time to read a large graph.
		if start, end := Payload(rest); end <= len(rest) {
			n.set(protowire.Number(rest[0]>>3), rest[start:end])
			rest = rest[end:]
			continue
		}
		f, err := First(rest)
		if err != nil {
			return err
		}
		if f.Type == protowire.BytesType {
			n.set(f.Num, f.Data)
		}
		rest = rest[len(f.Raw):]
	}
	return nil
}

// set stores one field.
func (n *Node) set(num protowire.Number, data []byte) {
	switch num {
	case fieldnum.NodeDef_Name:
		n.Name = data
	case fieldnum.NodeDef_Op:
		n.Op = data
	case fieldnum.NodeDef_Input:
		n.Inputs = append(n.Inputs, data)
	case fieldnum.NodeDef_Device:
		n.Device = data
	case fieldnum.NodeDef_Attr:
		n.attrs = append(n.attrs, data)
	}
}

// Shared returns a Node that can be copied by assignment: parsing a copy does not change its slices.
func Shared(n *Node) Node {
	n.sortAttrs()
	shared := *n
	shared.shared = true
	return shared
}

// sortAttrs fills byKey if the node has many attrs.
func (n *Node) sortAttrs() {
	if len(n.attrs) <= manyEntries {
		return
	}
	n.byKey = make([]uint32, len(n.attrs))
	for i := range n.byKey {
		n.byKey[i] = uint32(i)
	}
	slices.SortStableFunc(n.byKey, func(a, b uint32) int { return bytes.Compare(n.attrKey(a), n.attrKey(b)) })
}

// attrKey returns the key of an entry of attrs.
func (n *Node) attrKey(i uint32) []byte {
	key, _ := MapEntry(n.attrs[i])
	return key
}

// Attr returns the AttrValue of the attr key and reports whether it exists. The AttrValue is nil for an attr without
// a value.
func (n *Node) Attr(key string) ([]byte, bool) {
	if n.byKey == nil && len(n.attrs) > manyEntries {
		if n.asked++; n.asked == manyEntries {
			n.sortAttrs()
		}
	}
	if n.byKey != nil {
		after := sort.Search(len(n.byKey), func(k int) bool { return string(n.attrKey(n.byKey[k])) > key })
		if after > 0 {
			if k, v := MapEntry(n.attrs[n.byKey[after-1]]); string(k) == key {
				return v, true
			}
		}
		return nil, false
	}
	for i := len(n.attrs) - 1; i >= 0; i-- {
		if k, v := MapEntry(n.attrs[i]); string(k) == key {
			return v, true
		}
	}
	return nil, false
}

// Attrs calls yield with the key and AttrValue of each attr in file order, until yield returns false. Use it in a
// range statement. If a key occurs several times, Attrs yields only its last entry.
func (n *Node) Attrs(yield func(key, value []byte) bool) {
	entries(n.attrs, yield)
}

// manyEntries is the number of entries from which repeated keys are found with a table. For fewer entries, comparing
// them all is faster.
const manyEntries = 24

// entries calls yield with the key and value of each entry of one map. If a key occurs several times, it yields only
// the last entry.
func entries(all [][]byte, yield func(key, value []byte) bool) {
	var last map[string]int
	if len(all) > manyEntries {
		last = make(map[string]int, len(all))
		for i, entry := range all {
			key, _ := MapEntry(entry)
			last[string(key)] = i
		}
	}
	for i, entry := range all {
		key, value := MapEntry(entry)
		if last != nil && last[string(key)] != i || last == nil && repeated(all[i+1:], key) {
			continue
		}
		if !yield(key, value) {
			return
		}
	}
}

// repeated reports whether key is the key of one of entries.
func repeated(entries [][]byte, key []byte) bool {
	for _, entry := range entries {
		if k, _ := MapEntry(entry); string(k) == string(key) {
			return true
		}
	}
	return false
}

// AttrBytes returns the payload of the length-delimited field num of an AttrValue, such as fieldnum.AttrValue_S, and reports whether the
// value is of that kind. If the value is set several times, the last one wins.
func AttrBytes(value []byte, num protowire.Number) ([]byte, bool) {
	var kind protowire.Number
	var merged []byte
	window := false // merged is a window on value
	// Fast path: nearly every value is this one field.
	if start, end := Payload(value); end == len(value) && value[0]>>3 == byte(num) {
		return value[start:], true
	}
	for s := Scan(value); s.Next(); {
		switch {
		case !SetsAttr(s.Field):
		case s.Num != kind || s.Num == fieldnum.AttrValue_S || s.Num == fieldnum.AttrValue_Placeholder:
			kind, merged, window = s.Num, s.Data, true // it replaces what was set before
		default:
			if window {
				merged, window = slices.Clip(merged), false // append must not write into value
			}
			merged = append(merged, s.Data...)
		}
	}
	if kind != num {
		return nil, false
	}
	return merged, true
}

// AttrList yields the elements in field num of the list in an AttrValue: its strings, shapes or functions.
func AttrList(value []byte, num protowire.Number) iter.Seq[[]byte] {
	list, _ := AttrBytes(value, fieldnum.AttrValue_List)
	return All(list, num)
}

// SetsAttr reports whether f, a field of an AttrValue, sets its value. All fields in the schema do; only unknown
// fields do not.
func SetsAttr(f Field) bool {
	switch f.Num {
	case fieldnum.AttrValue_I, fieldnum.AttrValue_B, fieldnum.AttrValue_Type:
		return f.Type == protowire.VarintType
	case fieldnum.AttrValue_F:
		return f.Type == protowire.Fixed32Type
	}
	return f.Num <= fieldnum.AttrValue_Func && f.Type == protowire.BytesType
}

// AttrTypeOf returns the DataType of an AttrValue, or 0 (DT_INVALID) if it holds none. If the value is set several
// times, the last one wins.
func AttrTypeOf(value []byte) int32 {
	var last uint64
	for s := Scan(value); s.Next(); {
		switch {
		case !SetsAttr(s.Field):
		case s.Num == fieldnum.AttrValue_Type:
			last = s.Uint()
		default:
			last = 0
		}
	}
	return int32(last)
}
