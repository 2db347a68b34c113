package render

import (
	"bufio"
	"io"
)

// A printer writes to a buffer and keeps the first error of what is behind it, so that one look after a line is enough.
type printer struct {
	buffer  *bufio.Writer
	written int // bytes so far
	err     error
}

func newPrinter(w io.Writer) *printer { return &printer{buffer: bufio.NewWriterSize(w, 64<<10)} }

// write writes strings one after the other.
func (p *printer) write(texts ...string) {
	for _, text := range texts {
		if p.err == nil {
			_, p.err = p.buffer.WriteString(text)
			p.written += len(text)
		}
	}
}

// writeBytes writes bytes.
func (p *printer) writeBytes(b []byte) {
	if p.err == nil {
		_, p.err = p.buffer.Write(b)
		p.written += len(b)
	}
}

// flush writes what is left in the buffer. It returns the first error of all.
func (p *printer) flush() error {
	if err := p.buffer.Flush(); p.err == nil {
		p.err = err
	}
	return p.err
}
