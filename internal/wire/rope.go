package wire

import (
	"io"
	"sort"
	"unsafe"
)

// A Rope is a message made of pieces: windows on existing bytes and new bytes between them. The zero value is an
// empty message. The bytes behind the windows must not change while the rope is in use.
type Rope struct {
	chunks [][][]byte // in chunks, so that growth never copies a million pieces
	size   int64
	starts []int64 // the position of the first byte of each chunk; nil until needed
}

// chunkPieces is the number of pieces in a chunk, which take 96 KiB of slice headers.
const chunkPieces = 4096

// NewRope returns a rope with one piece.
func NewRope(message []byte) *Rope {
	r := new(Rope)
	r.add(message)
	return r
}

// Size returns the size of the message in bytes.
func (r *Rope) Size() int64 { return r.size }

// add appends p. If p directly follows the last piece in the same array, add extends that piece.
func (r *Rope) add(p []byte) {
	if len(p) == 0 {
		return
	}
	last := len(r.chunks) - 1
	if last >= 0 {
		chunk := r.chunks[last]
		if tail := &chunk[len(chunk)-1]; adjoin(*tail, p) {
			*tail = (*tail)[:len(*tail)+len(p)]
			r.size += int64(len(p))
			r.starts = nil
			return
		}
	}
	r.push(p)
}

// push appends p as a separate piece and returns a pointer to it.
func (r *Rope) push(p []byte) *[]byte {
	last := len(r.chunks) - 1
	if last < 0 || len(r.chunks[last]) == cap(r.chunks[last]) {
		size := chunkPieces
		if last < 0 {
			size = 16 // most ropes are a few pieces
		}
		r.chunks = append(r.chunks, make([][]byte, 0, size))
		last++
	}
	r.starts = nil
	r.chunks[last] = append(r.chunks[last], p)
	r.size += int64(len(p))
	return &r.chunks[last][len(r.chunks[last])-1]
}

// adjoin reports whether b begins where a ends, within the capacity of a.
func adjoin(a, b []byte) bool {
	return cap(a)-len(a) >= len(b) &&
		unsafe.Add(unsafe.Pointer(unsafe.SliceData(a)), len(a)) == unsafe.Pointer(unsafe.SliceData(b))
}

// Pieces calls yield with each piece in order until yield returns false. Use it in a range statement.
func (r *Rope) Pieces(yield func([]byte) bool) {
	for _, chunk := range r.chunks {
		for _, p := range chunk {
			if !yield(p) {
				return
			}
		}
	}
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
	cut := new(Rope)
	r.span(off, n, cut.add)
	return cut
}

// Bytes returns the whole message: its only piece, or a copy if there are several.
func (r *Rope) Bytes() []byte { return r.Slice(0, r.size) }

// span calls use with the parts of pieces that make up the n bytes at position off.
func (r *Rope) span(off, n int64, use func([]byte)) {
	if off < 0 || n < 0 || off+n > r.size {
		panic("wire: span outside the rope")
	}
	r.index()
	first := max(sort.Search(len(r.starts), func(i int) bool { return r.starts[i] > off })-1, 0)
	for i := first; i < len(r.chunks) && n > 0; i++ {
		at := r.starts[i]
		for _, p := range r.chunks[i] {
			if end := at + int64(len(p)); end > off {
				part := p[off-at:]
				if int64(len(part)) > n {
					part = part[:n]
				}
				use(part)
				off, n = off+int64(len(part)), n-int64(len(part))
				if n == 0 {
					return
				}
			}
			at += int64(len(p))
		}
	}
}

// index fills starts.
func (r *Rope) index() {
	if r.starts != nil {
		return
	}
	r.starts = make([]int64, len(r.chunks))
	var at int64
	for i, chunk := range r.chunks {
		r.starts[i] = at
		for _, p := range chunk {
			at += int64(len(p))
		}
	}
}
