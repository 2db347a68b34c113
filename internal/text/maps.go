package text

import (
	"bytes"
	"cmp"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/wire"
)

// An entry is the position of a map's entry in the message that holds the map, and its key. A message has less than
// 2 GiB, so 16 bytes are enough.
type entry struct {
	start, end uint32
	// The position of a string key. For other keys, the upper and lower half of a number that sorts like the key.
	keyStart, keyEnd uint32
}

// number returns the number by which a key that is not a string sorts.
func (e entry) number() uint64 { return uint64(e.keyStart)<<32 | uint64(e.keyEnd) }

// mapField writes a map in Python's order of keys: strings by code points, numbers by value. Of several entries with
// the same key, it writes the last.
func (p *printer) mapField(data []byte, f *field, sp span, indent int) error {
	t := p.subTable(f)
	key := &t.fields[0]
	base := len(p.entries)
	defer func() { p.entries = p.entries[:base] }()
	pos := sp.first
	s := wire.Scan(data[sp.first:sp.end])
	for s.Next() {
		pos += len(s.Raw)
		if s.Num != f.num || !p.known(f, &s.Field) {
			continue
		}
		e := entry{start: uint32(pos - len(s.Data)), end: uint32(pos)}
		at, bits := entryKey(s.Data, key)
		if key.kind == protoreflect.StringKind {
			e.keyStart = e.start + uint32(at)
			e.keyEnd = e.keyStart + uint32(bits)
		} else {
			e.keyStart, e.keyEnd = uint32(bits>>32), uint32(bits)
		}
		p.entries = append(p.entries, e)
	}
	all := p.entries[base:]
	compare := func(a, b entry) int { return cmp.Compare(a.number(), b.number()) }
	if key.kind == protoreflect.StringKind {
		compare = func(a, b entry) int {
			return bytes.Compare(data[a.keyStart:a.keyEnd], data[b.keyStart:b.keyEnd])
		}
	}
	slices.SortStableFunc(all, compare)
	for i := range all {
		// Maps nest, so the slice may move while the entry is written.
		e := p.entries[base+i]
		at := step{field: f, index: -1, key: data[e.start:e.end]}
		var err error
		if base+i+1 < len(p.entries) && compare(e, p.entries[base+i+1]) == 0 {
			err = p.muted(func() error { return p.entry(data[e.start:e.end], t, at, indent) })
		} else {
			err = p.entry(data[e.start:e.end], t, at, indent)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// entry writes one entry of a map.
func (p *printer) entry(data []byte, t *table, at step, indent int) error {
	if !p.quiet {
		p.line(indent, at.field.label)
	}
	p.path = append(p.path, at)
	err := p.message(data, t, indent+2)
	p.path = p.path[:len(p.path)-1]
	if err != nil || p.quiet {
		return err
	}
	p.close(indent)
	return p.filled()
}

// entryKey finds the key of a map's entry, or the last key if there are several. For a string, it returns the key's
// position in the entry and its length. For other keys, it returns a number that sorts as Python sorts the key.
func entryKey(data []byte, key *field) (at int, bits uint64) {
	if key.wire == protowire.BytesType {
		pos := 0
		s := wire.Scan(data)
		for s.Next() {
			pos += len(s.Raw)
			if s.Is(key.num) {
				at, bits = pos-len(s.Data), uint64(len(s.Data))
			}
		}
		return at, bits
	}
	raw := keyBits(data, key)
	const sign = 1 << 63
	switch key.kind {
	case protoreflect.BoolKind:
		if raw != 0 {
			raw = 1
		}
		return 0, raw
	case protoreflect.Int32Kind, protoreflect.Sfixed32Kind:
		return 0, uint64(int64(int32(raw))) ^ sign
	case protoreflect.Int64Kind, protoreflect.Sfixed64Kind:
		return 0, raw ^ sign
	case protoreflect.Sint32Kind:
		return 0, uint64(protowire.DecodeZigZag(raw&0xffffffff)) ^ sign
	case protoreflect.Sint64Kind:
		return 0, uint64(protowire.DecodeZigZag(raw)) ^ sign
	case protoreflect.Uint32Kind:
		return 0, raw & 0xffffffff
	default:
		return 0, raw
	}
}

// keyBits returns the bits on the wire of the key of a map's entry, which is not a string.
func keyBits(entry []byte, key *field) (bits uint64) {
	for s := wire.Scan(entry); s.Next(); {
		if s.Num == key.num && s.Type == key.wire {
			bits, _ = scalar(s.Data, s.Type)
		}
	}
	return bits
}

// keyText returns the key of a map's entry as text.
func keyText(entry []byte, key *field) string {
	if key.kind == protoreflect.StringKind {
		return string(wire.Last(entry, key.num))
	}
	return string(appendScalar(nil, key, keyBits(entry, key)))
}
