package render

import (
	"bufio"
	"io"
)

// A printer is a buffered writer that records the first error, so that callers need to check for errors only now and then.
type printer struct {
	buffer  *bufio.Writer
	written int // bytes so far
	err     error
}

func newPrinter(w io.Writer) *printer { return &printer{buffer: bufio.NewWriterSize(w, 64<<10)} }

// write writes several strings.
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

// flush writes the rest of the buffer. It returns the first error of all writes.
func (p *printer) flush() error {
	if err := p.buffer.Flush(); p.err == nil {
		p.err = err
	}
	return p.err
}
