package parallel

import (
	"errors"
	"io"
	"iter"
	"sync"
)

const (
	// chunkSize is the number of bytes that work hands over at once.
	chunkSize = 32 << 10
	// chunksAhead is the number of chunks that work can hand over before the parts ahead are written.
	chunksAhead = 16
)

// Write is Ordered for work that writes. What work writes for a part goes to w on the goroutine of the caller, after
// what it wrote for the parts before. Memory is bounded: work waits while half a megabyte of its output waits for w.
//
// Write returns the first error in the order of the parts, of w, work or join. The output before it has then been
// written.
func Write[P, R any](w io.Writer, parts iter.Seq[P], work func(io.Writer, P) (R, error), join func(R) error) error {
	return ordered(parts, func(t *task[P, R]) (R, error) {
		defer t.output.close()
		return work(&t.output, t.part)
	}, func(t *task[P, R]) error {
		if err := t.output.writeTo(w); err != nil {
			return err
		}
		if err := t.wait(); err != nil {
			return err
		}
		return join(t.result)
	})
}

// An output passes what a task writes to the goroutine that joins the tasks.
type output struct {
	chunks chan *[]byte
	chunk  *[]byte
	stop   <-chan struct{} // closed when the output is not needed any more
}

// errStopped is the error of a write after the joining goroutine has failed. Nobody sees it.
var errStopped = errors.New("stopped")

// freeChunks holds chunks that were written.
var freeChunks = sync.Pool{New: func() any {
	chunk := make([]byte, 0, chunkSize)
	return &chunk
}}

func newOutput(stop <-chan struct{}) output {
	return output{chunks: make(chan *[]byte, chunksAhead), stop: stop}
}

// Write implements io.Writer. It keeps a copy of p.
func (o *output) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		if o.chunk == nil {
			o.chunk = freeChunks.Get().(*[]byte)
		}
		c := *o.chunk
		n := copy(c[len(c):cap(c)], p[written:])
		*o.chunk = c[:len(c)+n]
		written += n
		if len(*o.chunk) == cap(c) && !o.send() {
			return written, errStopped
		}
	}
	return written, nil
}

// send hands over the chunk. It returns false if nobody needs it.
func (o *output) send() bool {
	select {
	case o.chunks <- o.chunk:
		o.chunk = nil
		return true
	case <-o.stop:
		return false
	}
}

// close hands over the rest.
func (o *output) close() {
	if o.chunk != nil {
		o.send()
	}
	close(o.chunks)
}

// writeTo writes everything that the task writes, until it is done.
func (o *output) writeTo(w io.Writer) error {
	for chunk := range o.chunks {
		if _, err := w.Write(*chunk); err != nil {
			return err
		}
		*chunk = (*chunk)[:0]
		freeChunks.Put(chunk)
	}
	return nil
}
