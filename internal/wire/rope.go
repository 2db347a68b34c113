package wire

import (
	"encoding/binary"
	"io"
	"math"
	"sort"

	"github.com/metagraph/metagraph/internal/parallel"
)

// A Rope is a message made of pieces: windows on existing bytes and new bytes between them. The zero value is an
// empty message. The bytes that the windows cover must not change while the rope is in use. Several goroutines may read
// one rope.
type Rope struct {
	chunks []chunk // in chunks, so that growth never copies a million pieces
	size   int64
}

// A chunk holds consecutive pieces as steps. A step is new bytes followed by a window; either may be missing. The rope of
// a large graph has ten million pieces, so a step takes a few bytes and not two slices.
type chunk struct {
	code    []byte   // for each step, the number of new bytes, a move, and the size of the window, see appendStep
	news    []byte   // the new bytes of all steps
	sources [][]byte // what windows cover that do not follow the one before, from the first window on
	start   int64    // position of the first byte in the rope
	size    int64
}

// A move says where the window of a step begins.
const (
	header     = iota // there is no window: the size counts new bytes, which have headerRoom bytes
	nextSource        // at the beginning of the next source
	ahead             // in the source of the last window, move-ahead bytes after that window
)

// A step takes four bytes of code: one for the number of new bytes, one for the move, and two for the size of the window.
// If a number is too large, longStep is the first of these bytes, and three numbers of eight bytes follow.
const longStep = math.MaxUint8

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
		for p := range r.chunks[i].pieces {
			if !yield(p) {
				return
			}
		}
	}
}

// pieces is Pieces for one chunk.
func (c *chunk) pieces(yield func([]byte) bool) {
	at := c.first()
	for len(at.code) > 0 {
		news, window := at.step()
		if len(news) > 0 && !yield(news) || len(window) > 0 && !yield(window) {
			return
		}
	}
}

// A cursor is a position in a chunk.
type cursor struct {
	code, news []byte
	sources    [][]byte
	behind     []byte // what follows the last window: an empty slice with the capacity of the rest of its source
}

// first returns the position of the first step.
func (c *chunk) first() cursor { return cursor{code: c.code, news: c.news, sources: c.sources} }

// step moves to the next step and returns the bytes of this one.
func (c *cursor) step() (news, window []byte) {
	step := binary.LittleEndian.Uint32(c.code)
	count, move, size := int(step&math.MaxUint8), int(step>>8&math.MaxUint8), int(step>>16)
	c.code = c.code[4:]
	if count == longStep {
		count, move, size = int(binary.LittleEndian.Uint64(c.code)), int(binary.LittleEndian.Uint64(c.code[8:])), int(binary.LittleEndian.Uint64(c.code[16:]))
		c.code = c.code[24:]
	}
	switch move {
	case header:
		news, c.news = c.news[:size], c.news[headerRoom:]
		return news, nil
	case nextSource:
		window, c.sources = c.sources[0][:size], c.sources[1:]
	default:
		window = c.behind[move-ahead : move-ahead+size]
	}
	news, c.news, c.behind = c.news[:count], c.news[count:], window[size:]
	return news, window
}

// WriteTo implements io.WriterTo. It gathers small pieces on other processors while it writes.
func (r *Rope) WriteTo(w io.Writer) (int64, error) {
	var size int64
	chunks := func(yield func(*chunk) bool) {
		for i := 0; i < len(r.chunks) && yield(&r.chunks[i]); i++ {
		}
	}
	err := parallel.Ordered(chunks, func(c *chunk) (*Gathered, error) { return c.gather(), nil }, func(g *Gathered) error {
		n, err := g.WriteTo(w)
		size += n
		return err
	})
	return size, err
}

// gather joins runs of small pieces.
func (c *chunk) gather() *Gathered {
	g := NewGathered(int(c.size))
	at := c.first() // not in the for statement, which would copy it in each iteration
	for len(at.code) > 0 {
		news, window := at.step()
		g.Window(news)
		g.Window(window)
	}
	return g
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
		for p := range r.chunks[i].pieces {
			if end := at + int64(len(p)); end > off {
				part := p[off-at:]
				if int64(len(part)) > n {
					part = part[:n]
				}
				use(part)
				off, n = off+int64(len(part)), n-int64(len(part))
			}
			if at += int64(len(p)); n == 0 {
				return
			}
		}
	}
}
