package wire

import (
	"io"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
)

// A Gathered is consecutive fields of a message in few pieces, ready to be written. It copies small pieces next to each
// other. It keeps references to large ones, so they must not change.
type Gathered struct {
	parts  [][]byte
	buffer []byte
	run    int // where the bytes of the buffer begin that are not in parts
}

// directWrite is the size from which a piece is written directly. Smaller pieces are gathered first.
const directWrite = 64 << 10

// written holds values that were written, so that others can use their memory.
var written = sync.Pool{New: func() any { return new(Gathered) }}

// NewGathered returns an empty Gathered with memory for size bytes, or for a chunk if that is less.
func NewGathered(size int) *Gathered {
	g := written.Get().(*Gathered)
	// Only the last piece of a chunk lies behind its first chunkBytes bytes.
	if size = min(size, chunkBytes+directWrite); cap(g.buffer) < size {
		g.buffer = make([]byte, 0, size)
	}
	return g
}

// Window appends whole fields of an old message, or a part of a field.
func (g *Gathered) Window(p []byte) {
	if len(p) < directWrite {
		g.buffer = append(g.buffer, p...)
		return
	}
	g.end()
	g.parts = append(g.parts, p)
}

// end ends the current run of small pieces.
func (g *Gathered) end() {
	if end := len(g.buffer); end > g.run {
		g.parts, g.run = append(g.parts, g.buffer[g.run:end]), end
	}
}

// Edited is Builder.Edited.
func (g *Gathered) Edited(num protowire.Number, p []byte, edits []Edit, news []byte) {
	g.buffer = AppendHeader(g.buffer, num, sizeEdited(p, edits, news))
	kept := 0 // where the bytes after the last edit begin
	for i := range edits {
		e := &edits[i]
		g.Window(p[kept:e.At])
		g.buffer = append(g.buffer, news[:e.New]...)
		kept, news = e.At+e.Size, news[e.New:]
	}
	g.Window(p[kept:])
}

// WriteTo implements io.WriterTo. Do not use g afterwards: its memory is used again.
func (g *Gathered) WriteTo(w io.Writer) (int64, error) {
	g.end()
	var size int64
	for _, p := range g.parts {
		n, err := w.Write(p)
		size += int64(n)
		if err != nil {
			return size, err
		}
	}
	clear(g.parts)
	g.parts, g.buffer, g.run = g.parts[:0], g.buffer[:0], 0
	written.Put(g)
	return size, nil
}
