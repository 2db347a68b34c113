package wire

import (
	"io"
	"sort"
	"unsafe"
)

// A Rope is a message made of pieces: windows on bytes that lie elsewhere and new bytes between them. The zero value is an
// empty message. The bytes behind the windows must stay as they are while the rope is in use.
type Rope struct {
	chunks [][][]byte // in chunks, so that a million pieces are never copied to make room for more
	size   int64
	starts []int64 // the position of the first byte of each chunk, nil until somebody asks
}

// chunkPieces is how many pieces a chunk holds: 96 KiB of slice headers.
const chunkPieces = 4096

// NewRope returns the rope of one piece.
func NewRope(message []byte) *Rope {
	r := new(Rope)
	r.add(message)
	return r
}

// Size returns the number of bytes of the message.
func (r *Rope) Size() int64 { return r.size }

// add puts p at the end. A window that lies in memory right behind the last piece, in the same array, makes that longer.
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

// push puts p at the end as a piece of its own and returns where the piece is kept.
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

// adjoin reports whether b begins where a ends, inside what a's array has room for.
func adjoin(a, b []byte) bool {
	return cap(a)-len(a) >= len(b) &&
		unsafe.Add(unsafe.Pointer(unsafe.SliceData(a)), len(a)) == unsafe.Pointer(unsafe.SliceData(b))
}

// Pieces calls yield with each piece in order until it reports false. It fits a range statement.
func (r *Rope) Pieces(yield func([]byte) bool) {
	for _, chunk := range r.chunks {
		for _, p := range chunk {
			if !yield(p) {
				return
			}
		}
	}
}

// writeSize is how many small pieces are gathered for one write. Pieces from directWrite on are written as they are.
const (
	writeSize   = 256 << 10
	directWrite = 64 << 10
)

// WriteTo writes the message to w, small pieces gathered, large ones straight from where they lie.
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

// Slice returns the n bytes from position off on: a window where they lie in one piece, else a copy. It panics where the
// message is shorter.
func (r *Rope) Slice(off, n int64) []byte {
	if n == 0 {
		return []byte{}
	}
	var out []byte
	r.span(off, n, func(p []byte) {
		if int64(len(p)) == n {
			out = p[:n:n] // so that nobody who appends to it writes on what stands behind
			return
		}
		if out == nil {
			out = make([]byte, 0, n)
		}
		out = append(out, p...)
	})
	return out
}

// Cut returns the n bytes from position off on as a rope of the same pieces. It panics where the message is shorter.
func (r *Rope) Cut(off, n int64) *Rope {
	cut := new(Rope)
	r.span(off, n, cut.add)
	return cut
}

// Bytes returns the whole message: the one piece that it is, else a copy.
func (r *Rope) Bytes() []byte { return r.Slice(0, r.size) }

// span calls use with the parts of the pieces that make up n bytes from off on.
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
