package checkpoint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"

	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/parallel"
	"github.com/metagraph/metagraph/internal/tensor"
)

const (
	// readSize is the number of bytes that are read from a data file at once.
	readSize = 1 << 20
	// jobSize is the number of bytes of a data file in one job.
	jobSize = 16 << 20
)

// Verify reads the data of the tensors with the given names, or of all if names is nil. It returns the tensors with a wrong checksum or
// missing data, including those that Check returns: one Damage per tensor, sorted by name. It works in parallel, and its memory does not
// depend on the size of the data. It calls progress, which may be nil, from several goroutines with the number of bytes read. The error
// is for files that cannot be read, or that of ctx.
func (c *Checkpoint) Verify(ctx context.Context, names map[string]bool, progress func(bytes int64)) ([]Damage, error) {
	v := &verifier{checkpoint: c, progress: progress, names: names, what: make([]string, len(c.Tensors))}
	if progress == nil {
		v.progress = func(int64) {}
	}
	for i := range c.Tensors {
		v.what[i] = c.checkTensor(&c.Tensors[i])
	}
	err := v.run(ctx, v.jobs())
	if err == nil {
		err = c.Changed()
	}
	if err != nil {
		return nil, err
	}
	v.join()
	if c.Version == V1 {
		if err := metafile.Guard(v.v1Values); err != nil {
			return nil, err
		}
	}
	var damaged []Damage
	for i, what := range v.what {
		if what != "" && v.verifies(i) {
			damaged = append(damaged, Damage{c.Tensors[i].Name, what})
		}
	}
	return damaged, nil
}

// VerifySize returns the number of bytes that Verify reads, for a progress bar.
func (c *Checkpoint) VerifySize() int64 {
	sum := int64(0)
	if c.Version == V1 {
		for _, f := range c.tables {
			sum += f.file.Size
		}
		return sum
	}
	for i := range c.Tensors {
		sum += c.Tensors[i].Bytes
	}
	return sum
}

// A verifier compares the checksums of all tensors.
type verifier struct {
	checkpoint *Checkpoint
	progress   func(int64)
	names      map[string]bool // the tensors to verify; nil for all
	parts      [][]part        // by tensor: checksums of the parts that different workers read
	lock       sync.Mutex
	what       []string // by tensor: the damage, or ""
}

// verifies reports whether to verify tensor i.
func (v *verifier) verifies(i int) bool {
	return v.names == nil || v.names[v.checkpoint.Tensors[i].Name]
}

// A part is the checksum of a range of a piece's bytes.
type part struct {
	piece  int
	offset int64 // position in the piece
	size   int64
	sum    uint32
}

// A job is a task of a worker.
type job func(buffer []byte) error

func (v *verifier) fail(at int, format string, args ...any) {
	v.lock.Lock()
	defer v.lock.Unlock()
	if v.what[at] == "" {
		v.what[at] = fmt.Sprintf(format, args...)
	}
}

// run does the jobs on all processors.
func (v *verifier) run(ctx context.Context, jobs []job) error {
	buffers := sync.Pool{New: func() any { return new([readSize]byte) }}
	return metafile.Guard(func() error {
		return parallel.Each(slices.Values(jobs), func(j job) error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			buffer := buffers.Get().(*[readSize]byte)
			defer buffers.Put(buffer)
			return j(buffer[:])
		})
	})
}

// A fragment is a piece to read, or a part of one.
type fragment struct {
	tensor, piece int
	start, end    int64 // range in the piece
}

// jobs returns the jobs to run. Each covers adjacent bytes of one data file, so that files are read from front to back.
func (v *verifier) jobs() []job {
	if v.checkpoint.Version == V1 {
		return v.v1Jobs()
	}
	var all []fragment
	for i := range v.checkpoint.Tensors {
		t := &v.checkpoint.Tensors[i]
		for k := range t.pieces {
			p := &t.pieces[k]
			if !v.verifies(i) || v.what[i] != "" || p.size == 0 && p.sum == 0 {
				continue
			}
			if _, err := v.checkpoint.place(t, p); p.size > 0 && err != nil {
				if d, ok := errors.AsType[*dataError](err); ok {
					v.fail(i, "%s", d.reason)
				} else {
					v.fail(i, "%v", err)
				}
				continue
			}
			if tensor.DTypeSize(t.DType) == 0 {
				all = append(all, fragment{i, k, 0, p.size})
				continue
			}
			for start := int64(0); start == 0 || start < p.size; start += jobSize {
				all = append(all, fragment{i, k, start, min(start+jobSize, p.size)})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b fragment) int {
		p, q := v.pieceOf(a), v.pieceOf(b)
		return cmp.Or(cmp.Compare(p.shard, q.shard), cmp.Compare(p.offset+a.start, q.offset+b.start))
	})
	v.parts = make([][]part, len(v.checkpoint.Tensors))
	var jobs []job
	for len(all) > 0 {
		n, size := 0, int64(0)
		for n < len(all) && (n == 0 || size < jobSize && n < 4096) {
			size += all[n].end - all[n].start
			n++
		}
		some := all[:n]
		all = all[n:]
		jobs = append(jobs, func(buffer []byte) error {
			reader := window{buffer: buffer}
			for _, f := range some {
				if err := v.read(&reader, f); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return jobs
}

func (v *verifier) pieceOf(f fragment) *piece { return &v.checkpoint.Tensors[f.tensor].pieces[f.piece] }

// A window is the part of a data file that a worker read last.
type window struct {
	buffer []byte
	shard  int32
	start  int64
	have   []byte // the valid part of buffer, which starts at start
}

// read computes and records the checksum of a fragment.
func (v *verifier) read(w *window, f fragment) error {
	c, t, p := v.checkpoint, &v.checkpoint.Tensors[f.tensor], v.pieceOf(f)
	defer v.progress(f.end - f.start)
	if p.size == 0 {
		v.compare(f.tensor, p, 0)
		return nil
	}
	if tensor.DTypeSize(t.DType) == 0 {
		return v.readVarying(f.tensor, p)
	}
	file, err := c.dataFile(p.shard)
	if err != nil {
		return err
	}
	sum := uint32(0)
	for at, end := p.offset+f.start, p.offset+f.end; at < end; {
		have, err := w.at(file, p.shard, at)
		if err != nil {
			return err
		}
		have = have[:min(int64(len(have)), end-at)]
		sum = crc32.Update(sum, castagnoli, have)
		at += int64(len(have))
	}
	if f.start == 0 && f.end == p.size {
		v.compare(f.tensor, p, sum)
		return nil
	}
	v.lock.Lock()
	defer v.lock.Unlock()
	v.parts[f.tensor] = append(v.parts[f.tensor], part{f.piece, f.start, f.end - f.start, sum})
	return nil
}

// at returns bytes of a data file from a position on: at least one.
func (w *window) at(file *metafile.Raw, shard int32, at int64) ([]byte, error) {
	if shard != w.shard || at < w.start || at >= w.start+int64(len(w.have)) {
		n, err := file.ReadAt(w.buffer, at)
		if n == 0 {
			if changed := file.Changed(); changed != nil {
				return nil, changed
			}
			return nil, fmt.Errorf("read %s: %w", file.Path, err)
		}
		w.shard, w.start, w.have = shard, at, w.buffer[:n]
	}
	return w.have[at-w.start:], nil
}

// compare compares a checksum with the one in the index.
func (v *verifier) compare(at int, p *piece, sum uint32) {
	if mask(sum) == p.sum {
		return
	}
	part := ""
	if v.checkpoint.Tensors[at].slices != nil {
		part = fmt.Sprintf(" of the slice %v", p.slice)
	}
	v.fail(at, "the checksum%s does not match: the index has %08x, the data %08x", part, unmask(p.sum), sum)
}

// join combines the checksums of parts and compares them.
func (v *verifier) join() {
	for tensor, parts := range v.parts {
		slices.SortFunc(parts, func(a, b part) int { return cmp.Or(a.piece-b.piece, cmp.Compare(a.offset, b.offset)) })
		sum := uint32(0)
		for i, p := range parts {
			if p.offset == 0 {
				sum = 0
			}
			sum = joinChecksums(sum, p.sum, p.size)
			if i+1 == len(parts) || parts[i+1].piece != p.piece {
				v.compare(tensor, &v.checkpoint.Tensors[tensor].pieces[p.piece], sum)
			}
		}
	}
}
