package wire

import (
	"encoding/binary"
	"io"
	"sort"
)

// A Rope is a message made of pieces: windows on existing bytes and new bytes between them. The zero value is an
// empty message. The bytes behind the windows must not change while the rope is in use. Several goroutines may read
// one rope.
type Rope struct {
	chunks []chunk // in chunks, so that growth never copies a million pieces
	size   int64
}

// A chunk holds consecutive pieces. The rope of a large graph has ten million, so a piece is not a slice of 24 bytes
// but a few bytes of code: its kind and size as a varint, followed by what pieceKind says.
type chunk struct {
	code    []byte
	sources [][]byte // the bytes that windows lie on, from the first window on
	start   int64    // position of the first byte in the rope
	size    int64
}

// A pieceKind says where the bytes of a piece are.
type pieceKind uint64

const (
	literal      pieceKind = iota // in the code, after the size
	header                        // in the code too, at the beginning of headerRoom bytes
	nextWindow                    // in the source of the last window; a varint says how many bytes lie between the two
	sourceWindow                  // at the beginning of the next source
	kindBits     = 2
)

// NewRope returns a rope with one piece.
func NewRope(message []byte) *Rope {
	var b Builder
	b.Window(message)
	return b.Build()
}

// Size returns the size of the message in bytes.
func (r *Rope) Size() int64 { return r.size }

// Pieces calls yield with each piece in order until yield returns false. Use it in a range statement.
func (r *Rope) Pieces(yield func([]byte) bool) {
	for i := range r.chunks {
		if !r.chunks[i].pieces(yield) {
			return
		}
	}
}

// pieces is Pieces for one chunk. It reports whether yield asked for more.
func (c *chunk) pieces(yield func([]byte) bool) bool {
	sources := c.sources
	var behind []byte // what follows the last window: an empty slice with the capacity of the rest of its source
	for code := c.code; len(code) > 0; {
		tag, n := uint64(code[0]), 1
		if tag >= 0x80 {
			tag, n = binary.Uvarint(code)
		}
		size := int(tag >> kindBits)
		var p []byte
		switch pieceKind(tag & (1<<kindBits - 1)) {
		case literal:
			p, n = code[n:n+size], n+size
		case header:
			p, n = code[n:n+size], n+headerRoom
		case nextWindow:
			gap, m := binary.Uvarint(code[n:])
			p, n = behind[gap:int(gap)+size], n+m
			behind = p[size:]
		case sourceWindow:
			p, sources = sources[0][:size], sources[1:]
			behind = p[size:]
		}
		code = code[n:]
		if len(p) > 0 && !yield(p) {
			return false
		}
	}
	return true
}

// writeSize is the number of bytes of small pieces that are gathered for one write. Pieces of directWrite bytes or more are
// written directly.
const (
	writeSize   = 256 << 10
	directWrite = 64 << 10
)

// WriteTo implements io.WriterTo. It gathers small pieces and writes large ones directly.
func (r *Rope) WriteTo(w io.Writer) (int64, error) {
	var written int64
	buffer := make([]byte, 0, min(writeSize, r.size))
	write := func(p []byte) error {
		n, err := w.Write(p)
		written += int64(n)
		return err
	}
	for p := range r.Pieces {
		if len(p) <= cap(buffer)-len(buffer) {
			buffer = append(buffer, p...)
			continue
		}
		if len(buffer) > 0 {
			if err := write(buffer); err != nil {
				return written, err
			}
			buffer = buffer[:0]
		}
		if len(p) < directWrite && len(p) <= cap(buffer) {
			buffer = append(buffer, p...)
		} else if err := write(p); err != nil {
			return written, err
		}
	}
	if len(buffer) == 0 {
		return written, nil
	}
	return written, write(buffer)
}

// Slice returns the n bytes at position off: a window if they are in one piece, otherwise a copy. It panics if the
// message is shorter.
func (r *Rope) Slice(off, n int64) []byte {
	if n == 0 {
		return []byte{}
	}
	var out []byte
	r.span(off, n, func(p []byte) {
		if int64(len(p)) == n {
			out = p[:n:n] // limit the capacity, so that an append does not overwrite the following bytes
			return
		}
		if out == nil {
			out = make([]byte, 0, n)
		}
		out = append(out, p...)
	})
	return out
}

// Cut returns the n bytes at position off as a rope of the same pieces. It panics if the message is shorter.
func (r *Rope) Cut(off, n int64) *Rope {
	var b Builder
	r.span(off, n, b.Window)
	return b.Build()
}

// Bytes returns the whole message: its only piece, or a copy if there are several.
func (r *Rope) Bytes() []byte { return r.Slice(0, r.size) }

// span calls use with the parts of pieces that make up the n bytes at position off.
func (r *Rope) span(off, n int64, use func([]byte)) {
	if off < 0 || n < 0 || off+n > r.size {
		panic("wire: span outside the rope")
	}
	first := max(sort.Search(len(r.chunks), func(i int) bool { return r.chunks[i].start > off })-1, 0)
	for i := first; i < len(r.chunks) && n > 0; i++ {
		at := r.chunks[i].start
		r.chunks[i].pieces(func(p []byte) bool {
			if end := at + int64(len(p)); end > off {
				part := p[off-at:]
				if int64(len(part)) > n {
					part = part[:n]
				}
				use(part)
				off, n = off+int64(len(part)), n-int64(len(part))
			}
			at += int64(len(p))
			return n > 0
		})
	}
}
