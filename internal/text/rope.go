package text

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/wire"
)

// A view is the bytes of a message: data, or where data is nil n bytes of the rope from position off on, which are too
// many to be copied and lie in several pieces.
type view struct {
	data   []byte
	off, n int
}

// copySize is up to which size a message that lies in several pieces is copied into one. A larger one is walked as it lies.
const copySize = 1 << 20

// view writes the fields of a message.
func (p *printer) view(v view, t *table, indent int) error {
	if v.data == nil && v.n > 0 {
		return p.pieces(v, t, indent)
	}
	return p.message(v.data, t, indent)
}

// slice returns n bytes of the rope from position off on: a window, a copy, or where that would be large neither.
func (p *printer) slice(off, n int) view {
	p.cursor.MoveTo(int64(off))
	if window := p.cursor.Window(); len(window) >= n {
		return view{data: window[:n:n]}
	}
	if n > copySize {
		return view{off: off, n: n}
	}
	return view{data: p.cursor.Append(make([]byte, 0, n), int64(n))}
}

// bytes returns the bytes of a view, copied where there is no other way.
func (p *printer) bytes(v view) []byte {
	if v.data == nil && v.n > 0 {
		p.cursor.MoveTo(int64(v.off))
		return p.cursor.Append(make([]byte, 0, v.n), int64(v.n))
	}
	return v.data
}

// A piecewise is a field of a message that lies in several pieces.
type piecewise struct {
	num        protowire.Number
	typ        protowire.Type
	start, end int  // the whole field, tag included
	payload    view // as wire.Field.Data
}

// next finds the field at position pos of a message that ends at end.
func (p *printer) next(pos, end int) (piecewise, error) {
	p.cursor.MoveTo(int64(pos))
	head := p.cursor.Window()
	if size := min(len(p.head), end-pos); len(head) >= size {
		head = head[:size:size]
	} else {
		head = p.cursor.Append(p.head[:0], int64(size))
	}
	num, typ, n := protowire.ConsumeTag(head)
	f := piecewise{num: num, typ: typ, start: pos}
	if n > 0 && typ == protowire.BytesType {
		size, m := protowire.ConsumeVarint(head[n:])
		if m > 0 && size <= uint64(end-pos-n-m) {
			f.end = pos + n + m + int(size)
			f.payload = p.slice(pos+n+m, int(size))
			return f, nil
		}
	}
	if n > 0 && typ == protowire.StartGroupType {
		head = p.group(pos, end, n)
	}
	// Everything else is in head, which is used again: its bytes have to be kept. The scanner also words the errors.
	s := wire.Scan(bytes.Clone(head))
	if s.Next() {
		f.end = pos + len(s.Raw)
		f.payload = view{data: s.Data}
		return f, nil
	}
	err := s.Err()
	if n > 0 && typ == protowire.BytesType {
		err = &wire.SyntaxError{At: head, Truncated: true, Reason: fmt.Sprintf("field %d is cut off", num)}
	}
	return f, p.failed(err)
}

// group returns bytes from pos on that hold the whole group that begins there with a tag of n bytes. Its end is found
// nowhere but in it, so more and more is looked at.
func (p *printer) group(pos, end, n int) []byte {
	for size := 256; ; size *= 2 {
		head := p.bytes(view{off: pos, n: min(size, end-pos)})
		num, typ, _ := protowire.ConsumeTag(head)
		length := protowire.ConsumeFieldValue(num, typ, head[n:])
		if size >= end-pos || length >= 0 || !errors.Is(protowire.ParseError(length), io.ErrUnexpectedEOF) {
			return head
		}
	}
}

// knownPiece is known, for a field of a message that lies in several pieces.
func (p *printer) knownPiece(f *field, w *piecewise) (bool, error) {
	if w.payload.data != nil || w.payload.n == 0 || w.typ != f.wire || !f.isMap {
		return p.known(f, &wire.Field{Num: w.num, Type: w.typ, Data: w.payload.data}), nil
	}
	t := p.subTable(f)
	end := w.payload.off + w.payload.n
	for pos := w.payload.off; pos < end; {
		inner, err := p.next(pos, end)
		if err != nil {
			return false, err
		}
		i := t.index(inner.num)
		if i < 0 || !p.known(&t.fields[i], &wire.Field{Num: inner.num, Type: inner.typ, Data: inner.payload.data}) {
			return false, nil
		}
		pos = inner.end
	}
	return true, nil
}

// pieces is message, for one whose bytes lie in several pieces. Each of its fields is written like those of any other as
// soon as it lies in one piece, by nature or by a copy that is small.
func (p *printer) pieces(v view, t *table, indent int) error {
	if len(p.path) > maxDepth {
		return p.message(nil, t, indent) // for its error
	}
	if t.any {
		return p.message(p.bytes(v), t, indent) // what is packed in it is not walked in pieces
	}
	base := p.push(t)
	defer func() { p.spans = p.spans[:base] }()
	unknown := false
	end := v.off + v.n
	for pos := v.off; pos < end; {
		w, err := p.next(pos, end)
		if err != nil {
			return err
		}
		pos = w.end
		i := t.index(w.num)
		if i < 0 {
			unknown = true
			continue
		}
		if ok, err := p.knownPiece(&t.fields[i], &w); err != nil {
			return err
		} else if !ok {
			unknown = true
			continue
		}
		if f := &t.fields[i]; f.enum != nil && f.packs {
			unknown = unknown || hides(f, &wire.Field{Num: w.num, Type: w.typ, Data: p.bytes(w.payload)})
		}
		if d := p.note(t, base, i, w.start, w.end); d.field != nil {
			if err := p.checkDropped(p.bytes(view{off: d.first, n: d.end - d.first}), d.field); err != nil {
				return err
			}
		}
	}
	for i := range t.fields {
		f := &t.fields[i]
		sp := p.spans[base+i]
		var err error
		switch {
		case sp.count == 0:
			p.absent(f, indent)
		case f.isMap:
			err = p.mapPieces(f, sp, indent)
		default:
			err = p.severalPieces(f, sp, indent)
		}
		if err != nil {
			return err
		}
	}
	if unknown {
		return p.unknownPieces(v, t, indent)
	}
	return nil
}

// each calls use with the occurrences of f in a span of a message that lies in several pieces.
func (p *printer) each(f *field, sp span, use func(w *piecewise) error) error {
	for pos := sp.first; pos < sp.end; {
		w, err := p.next(pos, sp.end)
		if err != nil {
			return err
		}
		pos = w.end
		if w.num != f.num {
			continue
		}
		ok, err := p.knownPiece(f, &w)
		if err == nil && ok {
			err = use(&w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// severalPieces is several, for a message that lies in several pieces.
func (p *printer) severalPieces(f *field, sp span, indent int) error {
	if f.message && !f.repeated && sp.count > 1 {
		return p.several(p.bytes(view{off: sp.first, n: sp.end - sp.first}), f, span{end: sp.end - sp.first, count: sp.count}, indent)
	}
	n := 0
	return p.each(f, sp, func(w *piecewise) error {
		n++
		index := -1
		if f.repeated {
			index = n - 1
		}
		if f.message && f.kind != protoreflect.GroupKind {
			return p.messageField(w.payload, f, indent, index)
		}
		data := p.bytes(w.payload)
		if !f.repeated && n < sp.count {
			return p.checkString(data, f)
		}
		return p.value(&wire.Field{Num: w.num, Type: w.typ, Data: data}, f, indent, index)
	})
}

// A pieceEntry is an entry of a map that lies in several pieces.
type pieceEntry struct {
	key  []byte // an entry that holds nothing but the key
	at   int    // of a string key, where in key it begins
	bits uint64 // as entryKey returns it
	view view
}

// mapPieces is mapField, for a message that lies in several pieces.
func (p *printer) mapPieces(f *field, sp span, indent int) error {
	t := p.subTable(f)
	key := &t.fields[0]
	var all []pieceEntry
	err := p.each(f, sp, func(w *piecewise) error {
		raw, err := p.keyField(w.payload, key)
		if err != nil {
			return err
		}
		e := pieceEntry{key: raw, view: view{off: w.end - w.payload.size(), n: w.payload.size()}}
		e.at, e.bits = entryKey(raw, key)
		all = append(all, e)
		return nil
	})
	if err != nil {
		return err
	}
	compare := func(a, b pieceEntry) int { return cmp.Compare(a.bits, b.bits) }
	if key.kind == protoreflect.StringKind {
		compare = func(a, b pieceEntry) int {
			return bytes.Compare(a.key[a.at:a.at+int(a.bits)], b.key[b.at:b.at+int(b.bits)])
		}
	}
	sortStable(all, compare)
	for i, e := range all {
		write := func() error {
			return p.entry(p.slice(e.view.off, e.view.n), t, step{field: f, index: -1, key: e.key}, indent)
		}
		if i+1 < len(all) && compare(e, all[i+1]) == 0 {
			err = p.muted(write)
		} else {
			err = write()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// size returns the number of bytes of a view.
func (v view) size() int {
	if v.data != nil {
		return len(v.data)
	}
	return v.n
}

// keyField returns the last field of a map's entry that is its key, whole, nil where there is none.
func (p *printer) keyField(entry view, key *field) ([]byte, error) {
	var raw []byte
	if entry.data != nil || entry.n == 0 {
		for s := wire.Scan(entry.data); s.Next(); {
			if s.Num == key.num && s.Type == key.wire {
				raw = s.Raw
			}
		}
		return bytes.Clone(raw), nil // the entry may be a copy, which should not stay
	}
	end := entry.off + entry.n
	for pos := entry.off; pos < end; {
		w, err := p.next(pos, end)
		if err != nil {
			return nil, err
		}
		if w.num == key.num && w.typ == key.wire {
			raw = p.bytes(view{off: w.start, n: w.end - w.start})
		}
		pos = w.end
	}
	return raw, nil
}
