package checkpoint

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"sort"

	"github.com/golang/snappy"

	"github.com/metagraph/metagraph/internal/metafile"
)

// The table format (tensorflow/core/lib/io/format.cc, the same as LevelDB's): blocks of sorted keys and values, an index block, and
// a footer that locates the index block.
const (
	trailerSize = 5 // after each block: its type, and a masked CRC-32C of contents and type
	footerSize  = metafile.TableFooter

	blockRaw    = 0
	blockSnappy = 1

	// maxExpansion is above the best compression ratio of snappy: its longest copy produces 64 bytes from 3.
	maxExpansion = 32
	// maxSharing limits the total size of all keys, in multiples of the size of the table. A writer repeats the full key at least
	// every 16 entries, so the keys of a real table have at most 16 times its size.
	maxSharing = 32
)

// A damageError reports where and how a table is damaged.
type damageError struct {
	At     int64 // the position in the file
	Reason string
}

func (e *damageError) Error() string { return fmt.Sprintf("at byte %d: %s", e.At, e.Reason) }

func damagedAt(at int64, format string, args ...any) error {
	return &damageError{at, fmt.Sprintf(format, args...)}
}

// A handle locates a block: its contents without the trailer.
type handle struct{ offset, size int64 }

// A table gives access to the blocks of a table.
type table struct {
	raw    []byte
	blocks []handle
	bounds [][]byte // an upper bound for the keys of each block
	budget int64    // number of bytes of keys that may still be decoded
}

// openTable reads the footer and the index block. It reads no other block.
func openTable(raw []byte) (*table, error) {
	if len(raw) < footerSize {
		return nil, damagedAt(0, "the file has %d bytes, too few for a checkpoint's table", len(raw))
	}
	at := int64(len(raw) - footerSize)
	footer := raw[at:]
	if !metafile.IsTable(raw) {
		return nil, damagedAt(at+footerSize-8, "the table's magic number is missing; the file is truncated or not a checkpoint")
	}
	t := &table{raw: raw, budget: maxSharing*int64(len(raw)) + 1<<16}
	_, n, err := t.handle(footer[:footerSize-8], at)
	if err != nil {
		return nil, err
	}
	index, _, err := t.handle(footer[n:footerSize-8], at)
	if err != nil {
		return nil, err
	}
	contents, err := t.block(index)
	if err != nil {
		return nil, err
	}
	b, err := t.entries(index, contents)
	if err != nil {
		return nil, err
	}
	end := int64(0)
	for b.next() {
		h, _, err := t.handle(b.value, index.offset)
		if err != nil {
			return nil, err
		}
		// Blocks must not overlap. Otherwise a small file could refer to a large block many times.
		if h.offset < end {
			return nil, damagedAt(index.offset, "the blocks of the table overlap")
		}
		end = h.offset + h.size + trailerSize
		t.blocks = append(t.blocks, h)
		t.bounds = append(t.bounds, bytes.Clone(b.key))
	}
	return t, b.err
}

// handle decodes the handle at the start of p. Errors refer to position at. It also returns the size of the handle.
func (t *table) handle(p []byte, at int64) (handle, int, error) {
	offset, n := binary.Uvarint(p)
	if n <= 0 {
		return handle{}, 0, damagedAt(at, "a block's position is not readable")
	}
	size, m := binary.Uvarint(p[n:])
	if m <= 0 {
		return handle{}, 0, damagedAt(at, "a block's size is not readable")
	}
	room := uint64(len(t.raw) - footerSize)
	if offset > room || size > room-offset || room-offset-size < trailerSize {
		return handle{}, 0, damagedAt(at, "a block of %d bytes at %d does not fit into the file", size, offset)
	}
	return handle{int64(offset), int64(size)}, n + m, nil
}

// block returns the decompressed and verified contents of a block. Uncompressed contents are a window on the file.
func (t *table) block(h handle) ([]byte, error) {
	contents := t.raw[h.offset : h.offset+h.size]
	trailer := t.raw[h.offset+h.size:][:trailerSize]
	sum := crc32.Update(crc32.Checksum(contents, castagnoli), castagnoli, trailer[:1])
	if mask(sum) != binary.LittleEndian.Uint32(trailer[1:]) {
		return nil, damagedAt(h.offset, "the checksum of a block does not match its contents")
	}
	switch trailer[0] {
	case blockRaw:
		return contents, nil
	case blockSnappy:
		n, err := snappy.DecodedLen(contents)
		if err != nil || int64(n) > maxExpansion*h.size {
			return nil, damagedAt(h.offset, "a compressed block has an impossible length")
		}
		plain, err := snappy.Decode(nil, contents)
		if err != nil {
			return nil, damagedAt(h.offset, "a block cannot be decompressed: %v", err)
		}
		return plain, nil
	}
	return nil, damagedAt(h.offset, "a block has unknown compression type %d", trailer[0])
}

// A blockReader reads the entries of a block in order.
type blockReader struct {
	table    *table
	at       int64 // the block's position, for errors
	size     int   // of all entries
	rest     []byte
	restarts []byte // positions of the remaining entries with a full key, by which TensorFlow searches
	key      []byte // key of the current entry; overwritten by next
	value    []byte // value of the current entry
	err      error
}

// entries returns a reader for the given contents of the block at h.
func (t *table) entries(h handle, contents []byte) (blockReader, error) {
	if len(contents) < 4 {
		return blockReader{}, damagedAt(h.offset, "a block of %d bytes is too short", len(contents))
	}
	room := len(contents) - 4
	restarts := int64(binary.LittleEndian.Uint32(contents[room:]))
	if restarts == 0 || restarts > int64(room/4) {
		return blockReader{}, damagedAt(h.offset, "a block of %d bytes cannot have %d restart points", len(contents), restarts)
	}
	size := room - 4*int(restarts)
	b := blockReader{table: t, at: h.offset, size: size, rest: contents[:size], restarts: contents[size:room]}
	if first := binary.LittleEndian.Uint32(b.restarts); first != 0 {
		return b, damagedAt(h.offset, "the first restart point of a block is %d, not 0", first)
	}
	return b, nil
}

// next reads the next entry. It reports false at the end and at the first error.
func (b *blockReader) next() bool {
	if b.err != nil {
		return false
	}
	if len(b.rest) == 0 {
		if b.size > 0 && len(b.restarts) > 0 {
			b.fail("a restart point of a block is not the position of an entry")
		}
		return false
	}
	restart := len(b.restarts) > 0 && int64(binary.LittleEndian.Uint32(b.restarts)) == int64(b.size-len(b.rest))
	var lengths [3]uint64 // the part shared with the previous key, the rest of the key, the value
	p := b.rest
	for i := range lengths {
		v, n := binary.Uvarint(p)
		if n <= 0 {
			return b.fail("the lengths of an entry are not readable")
		}
		lengths[i], p = v, p[n:]
	}
	shared, unshared, size := lengths[0], lengths[1], lengths[2]
	switch {
	case restart && shared > 0:
		return b.fail("the key at a restart point of a block is not whole")
	case shared > uint64(len(b.key)):
		return b.fail("a key shares %d bytes with a key of %d bytes", shared, len(b.key))
	case unshared > uint64(len(p)) || size > uint64(len(p))-unshared:
		return b.fail("an entry of %d bytes does not fit into its block", unshared+size)
	}
	b.key = append(b.key[:shared], p[:unshared]...)
	b.value, b.rest = p[unshared:unshared+size:unshared+size], p[unshared+size:]
	if restart {
		b.restarts = b.restarts[4:]
	}
	if b.table.budget -= int64(len(b.key)); b.table.budget < 0 {
		return b.fail("the keys are much larger than the table")
	}
	return true
}

func (b *blockReader) fail(format string, args ...any) bool {
	b.err = damagedAt(b.at, format, args...)
	return false
}

// all calls yield with each entry in order. The key is valid only during the call. Keys out of order are an error, because
// TensorFlow would not find them.
func (t *table) all(yield func(key, value []byte) error) error {
	var last []byte
	first := true
	for i, h := range t.blocks {
		contents, err := t.block(h)
		if err != nil {
			return err
		}
		b, err := t.entries(h, contents)
		if err != nil {
			return err
		}
		for b.next() {
			if !first && bytes.Compare(last, b.key) >= 0 {
				return damagedAt(h.offset, "key %q follows key %q, but keys must be unique and in order", b.key, last)
			}
			if t.blockOf(b.key) != i {
				return damagedAt(h.offset, "the index of the table does not lead to the key %q", b.key)
			}
			first = false
			last = append(last[:0], b.key...)
			if err := yield(b.key, b.value); err != nil {
				return err
			}
		}
		if b.err != nil {
			return b.err
		}
	}
	return nil
}

// blockOf returns the only block that can contain the key, or len(t.blocks) if none can.
func (t *table) blockOf(key []byte) int {
	return sort.Search(len(t.bounds), func(i int) bool { return bytes.Compare(t.bounds[i], key) >= 0 })
}

// find returns the value of a key, or false if the table does not have it.
func (t *table) find(key []byte) ([]byte, bool, error) {
	i := t.blockOf(key)
	if i == len(t.blocks) {
		return nil, false, nil
	}
	contents, err := t.block(t.blocks[i])
	if err != nil {
		return nil, false, err
	}
	reader := table{raw: t.raw, budget: maxSharing*int64(len(contents)) + 1<<16}
	b, err := reader.entries(t.blocks[i], contents)
	if err != nil {
		return nil, false, err
	}
	for b.next() {
		if bytes.Equal(b.key, key) {
			return b.value, true, nil
		}
	}
	return nil, false, b.err
}
