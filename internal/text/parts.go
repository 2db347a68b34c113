package text

import (
	"io"
	"iter"
	"sync"

	"github.com/metagraph/metagraph/internal/parallel"
	"github.com/metagraph/metagraph/internal/wire"
)

// partSize is the size from which the elements of a repeated field are written on several goroutines, and the size of
// their parts.
const partSize = 128 << 10

// A stretch is a range of a message that holds consecutive elements of a repeated field.
type stretch struct {
	data  []byte
	index int // of the first element
}

// stretches divides the occurrences of f in data.
func (p *printer) stretches(data []byte, f *field) iter.Seq[stretch] {
	return func(yield func(stretch) bool) {
		start, at, first, n := 0, 0, 0, 0
		for s := wire.Scan(data); s.Next(); at += len(s.Raw) {
			if at-start >= partSize {
				if !yield(stretch{data[start:at], first}) {
					return
				}
				start, first = at, n
			}
			if s.Num == f.num && p.known(f, &s.Field) {
				n++
			}
		}
		yield(stretch{data[start:], first})
	}
}

// inParts calls write with printers for parts of a repeated message field, whose occurrences are in data. Each printer
// has the state of p and its own field. Their output follows that of p in order.
func (p *printer) inParts(data []byte, f *field, write func(*printer, *field, stretch) error) error {
	if err := p.flush(); err != nil {
		return err
	}
	out := p.out
	if out == nil {
		out = io.Discard
	}
	quiet := p.quiet // join may set it
	pool := sync.Pool{New: func() any { return newPrinter(p.options) }}
	return parallel.Write(out, p.stretches(data, f), func(w io.Writer, r stretch) (UnknownFieldsError, error) {
		q := pool.Get().(*printer)
		defer pool.Put(q)
		q.out, q.quiet, q.mute, q.part, q.unknown, q.path = w, quiet, p.mute, true, UnknownFieldsError{}, append(q.path[:0], p.path...)
		table := q.of(f.desc.ContainingMessage())
		err := write(q, &table.fields[table.index(f.num)], r)
		if full := q.flush(); err == nil {
			err = full
		}
		return q.unknown, err
	}, func(found UnknownFieldsError) error {
		p.unknown.Count += found.Count
		p.unknown.Places = append(p.unknown.Places, found.Places[:min(len(found.Places), maxPlaces-len(p.unknown.Places))]...)
		p.quiet = p.quiet || len(p.unknown.Places) > 0
		return nil
	})
}
