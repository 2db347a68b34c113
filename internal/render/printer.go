package render

import (
	"bufio"
	"io"
	"sync"
)

// A printer is a buffered writer that records the first error, so that callers need to check for errors only now and then.
type printer struct {
	buffer  *bufio.Writer
	written int // bytes so far
	err     error
}

func newPrinter(w io.Writer) *printer {
	buffer := buffers.Get().(*bufio.Writer)
	buffer.Reset(w)
	return &printer{buffer: buffer}
}

// buffers holds the buffers of printers that were released.
var buffers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 64<<10) }}

// release lets another printer reuse the memory of p.
func (p *printer) release() {
	p.buffer.Reset(nil)
	buffers.Put(p.buffer)
}

// write writes several strings.
func (p *printer) write(texts ...string) {
	for _, text := range texts {
		if p.err == nil {
			_, p.err = p.buffer.WriteString(text)
			p.written += len(text)
		}
	}
}

// Write implements io.Writer.
func (p *printer) Write(b []byte) (int, error) {
	p.writeBytes(b)
	return len(b), p.err
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
