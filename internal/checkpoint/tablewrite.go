package checkpoint

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"

	"github.com/metagraph/metagraph/internal/metafile"
)

const (
	// blockSize is the target size of a block in bytes (Options::block_size in tensorflow/core/lib/io/table_options.h).
	blockSize = 262144
	// restartInterval is the number of entries of a data block after which the full key is written.
	restartInterval = 16
)

// A tableWriter writes a table with exactly the bytes of table::TableBuilder (tensorflow/core/lib/io/table_builder.cc). Keys must
// be added in order.
type tableWriter struct {
	w       io.Writer
	at      int64
	data    blockWriter
	index   blockWriter
	last    []byte  // the last key of the previous block
	pending *handle // the previous block, which is not in the index yet
	err     error
}

func newTableWriter(w io.Writer) *tableWriter {
	return &tableWriter{w: w, data: blockWriter{interval: restartInterval}, index: blockWriter{interval: 1}}
}

// add adds an entry.
func (t *tableWriter) add(key, value []byte) {
	if t.pending != nil {
		t.index.add(separator(t.last, key), t.pending.append(nil))
		t.pending = nil
	}
	t.last = append(t.last[:0], key...)
	t.data.add(key, value)
	if t.data.size() >= blockSize {
		t.flush()
	}
}

// flush writes the data block.
func (t *tableWriter) flush() {
	if len(t.data.out) > 0 {
		h := t.block(&t.data)
		t.pending = &h
	}
}

// finish writes the remaining blocks. It returns the first error of the writer.
func (t *tableWriter) finish() error {
	t.flush()
	metaindex := t.block(&blockWriter{interval: restartInterval})
	if t.pending != nil {
		t.index.add(successor(t.last), t.pending.append(nil))
	}
	index := t.block(&t.index)
	footer := index.append(metaindex.append(nil))
	footer = append(footer, make([]byte, footerSize-8-len(footer))...)
	t.write(binary.LittleEndian.AppendUint64(footer, metafile.TableMagic))
	return t.err
}

// block writes a block and resets it.
func (t *tableWriter) block(b *blockWriter) handle {
	contents := b.finish()
	h := handle{t.at, int64(len(contents))}
	trailer := []byte{blockRaw}
	sum := crc32.Update(crc32.Checksum(contents, castagnoli), castagnoli, trailer)
	t.write(contents)
	t.write(binary.LittleEndian.AppendUint32(trailer, mask(sum)))
	return h
}

func (t *tableWriter) write(p []byte) {
	if t.err == nil {
		_, t.err = t.w.Write(p)
	}
	t.at += int64(len(p))
}

// append appends the encoded handle.
func (h *handle) append(dst []byte) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(h.offset)), uint64(h.size))
}

// A blockWriter builds the contents of a block.
type blockWriter struct {
	interval int
	out      []byte
	restarts []uint32
	count    int // entries since the last restart
	last     []byte
}

func (b *blockWriter) add(key, value []byte) {
	shared := 0
	if b.count == b.interval || len(b.restarts) == 0 {
		b.restarts, b.count = append(b.restarts, uint32(len(b.out))), 0
	} else {
		for shared < min(len(key), len(b.last)) && key[shared] == b.last[shared] {
			shared++
		}
	}
	b.count++
	for _, n := range [...]int{shared, len(key) - shared, len(value)} {
		b.out = binary.AppendUvarint(b.out, uint64(n))
	}
	b.out = append(append(b.out, key[shared:]...), value...)
	b.last = append(b.last[:0], key...)
}

// size returns the size of the finished block.
func (b *blockWriter) size() int { return len(b.out) + 4*len(b.restarts) + 4 }

// finish returns the contents and resets the writer.
func (b *blockWriter) finish() []byte {
	contents := b.out
	if len(b.restarts) == 0 {
		b.restarts = []uint32{0}
	}
	for _, at := range b.restarts {
		contents = binary.LittleEndian.AppendUint32(contents, at)
	}
	contents = binary.LittleEndian.AppendUint32(contents, uint32(len(b.restarts)))
	*b = blockWriter{interval: b.interval}
	return contents
}

// separator returns a short key k with a <= k < b (FindShortestSeparator).
func separator(a, b []byte) []byte {
	shared := 0
	for shared < min(len(a), len(b)) && a[shared] == b[shared] {
		shared++
	}
	if shared < min(len(a), len(b)) && a[shared] < 0xff && a[shared]+1 < b[shared] {
		short := bytes.Clone(a[:shared+1])
		short[shared]++
		return short
	}
	return a
}

// successor returns a short key k with k >= a (FindShortSuccessor).
func successor(a []byte) []byte {
	for i, c := range a {
		if c != 0xff {
			short := bytes.Clone(a[:i+1])
			short[i]++
			return short
		}
	}
	return a
}
