package wire_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/wire"
)

// FuzzBuilder: a Builder produces the same bytes as appending to slices, for any appended data and any nesting, and all ways to
// read a Rope agree. The input is a program with two bytes per instruction: the operation and a size.
func FuzzBuilder(f *testing.F) {
	f.Add([]byte{0, 10, 1, 200, 5, 0, 2, 3, 6, 0, 3, 3, 4, 77})
	f.Add([]byte{5, 0, 5, 0, 5, 0, 6, 0, 6, 0, 6, 0, 4, 1})
	f.Add([]byte{7, 40, 7, 40, 7, 3, 7, 3, 7, 200, 5, 0, 7, 40, 6, 0, 7, 40})
	f.Add(bytes.Repeat([]byte{5, 0, 2, 9, 7, 33, 6, 0}, 60))
	f.Add(bytes.Repeat([]byte{5, 1}, 300))
	f.Add(bytes.Repeat([]byte{1, 255, 0, 255}, 300))
	f.Add([]byte{9, 3, 9, 4, 7, 20, 9, 200, 5, 0, 9, 90, 6, 0})
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 4096 {
			return
		}
		p := machine{program: program, base: sequence(64 << 10)}
		want := p.run(nil)
		if len(p.program) != 0 {
			t.Fatal("the program did not run to its end")
		}
		got := p.built.Build()
		checkRope(t, got, want)
	})
}

// sequence returns n bytes in which all windows differ.
func sequence(n int) []byte {
	out := make([]byte, n)
	r := rand.New(rand.NewPCG(7, 7))
	for i := range out {
		out[i] = byte(r.Uint32())
	}
	return out
}

// A machine runs a program on a Builder and on plain bytes.
type machine struct {
	program []byte
	base    []byte
	at      int // start of the next adjacent window in base
	depth   int
	built   wire.Builder
}

// run runs the program to the end of the current message. It returns want with the bytes that should be appended.
func (m *machine) run(want []byte) []byte {
	for len(m.program) > 1 {
		what, size := m.program[0]%10, int(m.program[1])
		m.program = m.program[2:]
		num := protowire.Number(1 + size%20)
		switch what {
		case 0: // a window on a separate array
			p := bytes.Clone(m.base[size : 2*size])
			m.built.Window(p)
			want = append(want, p...)
		case 1: // a window somewhere
			p := m.base[size*100 : size*101]
			m.built.Window(p)
			want = append(want, p...)
		case 2:
			p := bytes.Clone(m.base[:size*3])
			m.built.Copy(p)
			want = append(want, p...)
			clear(p) // the Builder must have copied p
		case 3:
			s := string(m.base[size : 2*size])
			m.built.String(num, s)
			want = protowire.AppendString(protowire.AppendTag(want, num, protowire.BytesType), s)
		case 4:
			v := uint64(size) << (size % 60)
			m.built.Varint(num, v)
			want = protowire.AppendVarint(protowire.AppendTag(want, num, protowire.VarintType), v)
		case 5:
			if m.depth == 200 {
				continue
			}
			m.depth++
			var inner []byte
			m.built.Message(num, func() { inner = m.run(nil) })
			m.depth--
			want = protowire.AppendBytes(protowire.AppendTag(want, num, protowire.BytesType), inner)
		case 6:
			if m.depth > 0 {
				return want
			}
		case 7: // a window right after the previous one
			if m.at+size > len(m.base) {
				m.at = 0
			}
			p := m.base[m.at : m.at+size]
			m.at += size
			m.built.Window(p)
			want = append(want, p...)
		case 8: // the pieces of another rope
			var other wire.Builder
			other.Window(m.base[size : 3*size])
			other.Bytes(num, m.base[:size])
			other.Varint(num, uint64(size))
			rope := other.Build()
			want = append(want, rope.Bytes()...)
			m.built.Append(rope)
		case 9: // a field with a removed, a replaced and an inserted part
			old := m.base[size*50 : size*51+30]
			p := bytes.Clone(m.base[:size%7])
			news := slices.Concat(p, p)
			m.built.Edited(num, old, []wire.Edit{{At: size % 10, Size: 4}, {At: 15, Size: 5, New: len(p)}, {At: 20, New: len(p)}}, news)
			want = protowire.AppendBytes(protowire.AppendTag(want, num, protowire.BytesType),
				slices.Concat(old[:size%10], old[size%10+4:15], news, old[20:]))
			clear(news) // a copy was asked for
		}
	}
	m.program = nil
	return want
}

// checkRope compares everything that a Rope returns with the bytes.
func checkRope(t *testing.T, rope *wire.Rope, want []byte) {
	t.Helper()
	if rope.Size() != int64(len(want)) {
		t.Fatalf("size %d, want %d", rope.Size(), len(want))
	}
	if !bytes.Equal(rope.Bytes(), want) {
		t.Fatal("Bytes differ")
	}
	var pieces []byte
	for p := range rope.Pieces {
		if len(p) == 0 {
			t.Error("a piece is empty")
		}
		pieces = append(pieces, p...)
	}
	if !bytes.Equal(pieces, want) {
		t.Error("Pieces differ")
	}
	var out bytes.Buffer
	if n, err := rope.WriteTo(&out); err != nil || n != int64(len(want)) || !bytes.Equal(out.Bytes(), want) {
		t.Errorf("WriteTo: %d bytes, %v", n, err)
	}
	r := rand.New(rand.NewPCG(uint64(len(want)), 1))
	for range 20 {
		off := r.IntN(len(want) + 1)
		n := r.IntN(len(want) - off + 1)
		if got := rope.Slice(int64(off), int64(n)); !bytes.Equal(got, want[off:off+n]) {
			t.Errorf("Slice(%d, %d) differs", off, n)
		}
		cut := rope.Cut(int64(off), int64(n))
		if cut.Size() != int64(n) || !bytes.Equal(cut.Bytes(), want[off:off+n]) {
			t.Errorf("Cut(%d, %d) differs", off, n)
		}
	}
}

// TestWindowsAreMerged: adjacent windows become one piece, so that a message of a million nodes with one change does not have a
// million pieces.
func TestWindowsAreMerged(t *testing.T) {
	base := sequence(10_000)
	var b wire.Builder
	for i := 0; i < len(base); i += 50 {
		b.Window(base[i : i+50])
	}
	if n := pieces(b.Build()); n != 1 {
		t.Errorf("adjacent windows: %d pieces", n)
	}

	// Small windows are merged too. They are copied if they are not adjacent.
	b = wire.Builder{}
	b.Window(base[:40])
	for i := 40; i < 1000; i += 3 {
		b.Window(base[i : i+3])
	}
	rope := b.Build()
	if n := pieces(rope); n != 1 || !bytes.Equal(rope.Bytes(), base[:1000]) {
		t.Errorf("small adjacent windows: %d pieces", n)
	}

	// Windows that are adjacent in memory, but outside the capacity of the first one.
	b = wire.Builder{}
	b.Window(base[0:50:50])
	b.Window(base[50:100:100])
	rope = b.Build()
	if n := pieces(rope); n != 2 || !bytes.Equal(rope.Bytes(), base[:100]) {
		t.Errorf("windows without capacity: %d pieces", n)
	}

	// An unchanged message is a header and a window.
	b = wire.Builder{}
	b.Message(2, func() { b.Window(base[:5000]) })
	b.Message(2, func() { b.Message(3, func() {}) })
	rope = b.Build()
	want := protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), base[:5000])
	want = append(want, 0x12, 0x02, 0x1a, 0x00)
	if n := pieces(rope); n > 4 || !bytes.Equal(rope.Bytes(), want) {
		t.Errorf("two messages: %d pieces", n)
	}
}

func pieces(r *wire.Rope) int {
	n := 0
	for range r.Pieces {
		n++
	}
	return n
}

// TestArenas nests messages so that arenas fill up at every byte while a header waits for its length.
func TestArenas(t *testing.T) {
	base := sequence(1 << 10)
	for first := 900; first < 1100; first += 7 {
		var b wire.Builder
		var want []byte
		b.Copy(base[:min(first, 1000)])
		want = append(want, base[:min(first, 1000)]...)
		for size := range 40 {
			var inner []byte
			b.Message(7, func() {
				b.Copy(base[:size])
				inner = append(inner, base[:size]...)
				b.Message(8, func() {})
				inner = append(inner, 0x42, 0)
				b.String(9, string(base[:size*3]))
				inner = protowire.AppendBytes(protowire.AppendTag(inner, 9, protowire.BytesType), base[:size*3])
			})
			want = protowire.AppendBytes(protowire.AppendTag(want, 7, protowire.BytesType), inner)
		}
		if !bytes.Equal(b.Build().Bytes(), want) {
			t.Fatalf("first arena filled with %d bytes: the message differs", first)
		}
	}
}

// TestSliceCapacity: appending to a Slice does not overwrite the bytes after it, which may be in a file that is mapped read-only.
func TestSliceCapacity(t *testing.T) {
	base := sequence(100)
	want := bytes.Clone(base)
	rope := wire.NewRope(base)
	_ = append(rope.Slice(10, 20), "overwritten"...)
	_ = append(rope.Bytes(), "overwritten"...)
	if !bytes.Equal(base, want) {
		t.Error("appending to a Slice changed the message")
	}
}

// TestEmptyRopes: ropes without bytes.
func TestEmptyRopes(t *testing.T) {
	for name, rope := range map[string]*wire.Rope{
		"zero value":  new(wire.Rope),
		"nil":         wire.NewRope(nil),
		"empty":       wire.NewRope([]byte{}),
		"cut to zero": wire.NewRope([]byte("abc")).Cut(3, 0),
		"built":       new(wire.Builder).Build(),
	} {
		t.Run(name, func(t *testing.T) { checkRope(t, rope, nil) })
	}
}

// TestOutsideTheRope: requesting bytes outside the rope panics, because it is a bug of the program.
func TestOutsideTheRope(t *testing.T) {
	rope := wire.NewRope([]byte("abc"))
	for name, use := range map[string]func(){
		"Slice":         func() { rope.Slice(1, 3) },
		"Slice from -1": func() { rope.Slice(-1, 2) },
		"Cut":           func() { rope.Cut(4, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			use()
		})
	}
}

// A brokenWriter accepts some bytes and then fails.
type brokenWriter struct{ room int }

var errBroken = errors.New("no space left")

func (w *brokenWriter) Write(p []byte) (int, error) {
	if len(p) > w.room {
		n := w.room
		w.room = 0
		return n, errBroken
	}
	w.room -= len(p)
	return len(p), nil
}

// TestWriteToFails: WriteTo returns the number of written bytes when a writer fails, at any position.
func TestWriteToFails(t *testing.T) {
	base := sequence(300 << 10)
	var b wire.Builder
	for i := range 100 {
		b.Window(bytes.Clone(base[i*100 : i*200]))
	}
	b.Window(base)
	b.Window(bytes.Clone(base[:70<<10]))
	rope := b.Build()
	for room := int64(0); room < rope.Size(); room += 50_000 {
		n, err := rope.WriteTo(&brokenWriter{room: int(room)})
		if !errors.Is(err, errBroken) || n != room {
			t.Errorf("room for %d: %d bytes, %v", room, n, err)
		}
	}
	if n, err := rope.WriteTo(io.Discard); err != nil || n != rope.Size() {
		t.Errorf("%d bytes, %v", n, err)
	}
}
