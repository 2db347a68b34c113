package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/tensor"
)

// A dataError reports that the values of a tensor cannot be read.
type dataError struct {
	tensor string
	reason string
	err    error // may be nil
}

func (e *dataError) Error() string { return fmt.Sprintf("tensor %q: %s", e.tensor, e.reason) }

// Unwrap returns the cause.
func (e *dataError) Unwrap() error { return e.err }

// errorf returns an error about the values of the tensor.
func (t *Tensor) errorf(format string, args ...any) error {
	return &dataError{tensor: t.Name, reason: fmt.Sprintf(format, args...)}
}

// IsString reports whether the tensor contains strings. Use Strings instead of Windows to read those.
func (t *Tensor) IsString() bool { return t.DType == tensor.String }

// isOnePiece reports whether the checkpoint stores the tensor in one piece.
func (t *Tensor) isOnePiece() bool { return len(t.pieces) == 1 && t.pieces[0].slice.isFull(t.Shape) }

// Windows returns the elements of a slice of t in row-major order and little-endian, as byte strings to be concatenated. The zero
// Slice is the whole tensor. Where possible, they are windows on the mapped files, valid until Close: a tensor that is stored whole
// is one window. Windows copies big-endian data, integers of V1 checkpoints, and rows of less than 64 bytes. It does not verify
// checksums.
//
// An error is about the tensor: an invalid slice, data that is missing or too short, or a dtype without fixed width (see Strings).
func (c *Checkpoint) Windows(t *Tensor, slice Slice) ([][]byte, error) {
	w := tensor.DTypeSize(t.DType)
	if _, ok := t.elements(); !ok || w == 0 {
		return nil, t.errorf("dtype %d and shape %v have no fixed size", t.DType, t.Shape)
	}
	want, ok := slice.Within(t.Shape)
	if !ok {
		return nil, t.errorf("the slice %v does not fit the shape %v", slice, t.Shape)
	}
	if n, _ := elements(want.Length); n == 0 {
		return nil, nil
	}
	if t.isOnePiece() && slices.Equal(want.Length, t.Shape) {
		return c.pieceWindows(t, &t.pieces[0])
	}
	return c.assemble(t, want, w, func(p *piece) ([]byte, error) {
		windows, err := c.pieceWindows(t, p)
		return joined(windows), err
	})
}

// Strings returns the elements of a slice of a string tensor in row-major order, as windows on the files that are valid until
// Close. The zero Slice is the whole tensor. An error is about the tensor.
func (c *Checkpoint) Strings(t *Tensor, slice Slice) ([][]byte, error) {
	want, ok := slice.Within(t.Shape)
	if _, valid := t.elements(); !ok || !valid || !t.IsString() {
		return nil, t.errorf("the slice %v does not fit the shape %v", slice, t.Shape)
	}
	count, _ := elements(want.Length)
	if count == 0 {
		return nil, nil
	}
	if t.isOnePiece() && slices.Equal(want.Length, t.Shape) {
		return c.pieceStrings(t, &t.pieces[0])
	}
	// Assemble the indexes of strings instead of the strings.
	var all [][]byte
	windows, err := c.assemble(t, want, 8, func(p *piece) ([]byte, error) {
		texts, err := c.pieceStrings(t, p)
		numbers := make([]byte, 0, 8*len(texts))
		for k := range texts {
			numbers = binary.LittleEndian.AppendUint64(numbers, uint64(len(all)+k))
		}
		all = append(all, texts...)
		return numbers, err
	})
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for _, window := range windows {
		for ; len(window) > 0; window = window[8:] {
			out = append(out, all[binary.LittleEndian.Uint64(window)])
		}
	}
	return out, nil
}

// assemble returns the elements of slice want, of width bytes each. read returns the elements of a piece.
func (c *Checkpoint) assemble(t *Tensor, want Slice, width int64, read func(*piece) ([]byte, error)) ([][]byte, error) {
	index, err := c.pieceIndex(t)
	if err != nil {
		return nil, err
	}
	a := assembly{width: width}
	for _, i := range index.overlapping(want) {
		elements, err := read(&t.pieces[i])
		if err != nil {
			return nil, err
		}
		a.sources = append(a.sources, source{index.within[i], elements})
	}
	if !a.region(want, 0, a.sources) {
		return nil, t.errorf("the checkpoint lacks a part of the slice %v", want)
	}
	return a.out, nil
}

// pieceIndex returns the index of the pieces of t.
func (c *Checkpoint) pieceIndex(t *Tensor) (_ *pieceIndex, err error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if t.index == nil {
		t.index, err = newPieceIndex(t)
	}
	return t.index, err
}

// within returns the slice of a piece with explicit lengths.
func (t *Tensor) within(p *piece) (Slice, error) {
	within, ok := p.slice.Within(t.Shape)
	if !ok {
		return within, t.errorf("the stored slice %v does not fit the shape %v", p.slice, t.Shape)
	}
	return within, nil
}

// pieceElements returns the number of elements of a piece.
func pieceElements(t *Tensor, p *piece) (int64, error) {
	within, err := t.within(p)
	if err != nil {
		return 0, err
	}
	n, ok := elements(within.Length)
	if !ok {
		return 0, t.errorf("the shape %v is invalid", t.Shape)
	}
	return n, nil
}

// pieceWindows returns the values of a piece in little-endian.
func (c *Checkpoint) pieceWindows(t *Tensor, p *piece) ([][]byte, error) {
	count, err := pieceElements(t, p)
	if err != nil {
		return nil, err
	}
	windows, err := c.pieceValues(t, p, func(message []byte) ([][]byte, error) {
		return plainValues(message, t.DType)
	}, func(stored []byte) ([][]byte, error) {
		if c.bigEndian {
			stored = swapped(stored, tensor.EncodingOf(t.DType).Part().Size)
		}
		return [][]byte{stored}, nil
	})
	if err != nil {
		return nil, err
	}
	size := int64(0)
	for _, window := range windows {
		size += int64(len(window))
	}
	if size != count*tensor.DTypeSize(t.DType) {
		return nil, t.errorf("%d bytes are stored, but %d elements need %d", size, count, count*tensor.DTypeSize(t.DType))
	}
	return windows, nil
}

// pieceValues returns the values of a piece. fromV1 reads them from the TensorProto of a V1 checkpoint, and fromV2 from the
// bytes in the data file of a V2 checkpoint.
func (c *Checkpoint) pieceValues(t *Tensor, p *piece, fromV1, fromV2 func([]byte) ([][]byte, error)) ([][]byte, error) {
	var values [][]byte
	if c.Version == V1 {
		message, err := c.v1Values(t, p)
		if err == nil {
			values, err = fromV1(message)
		}
		if err != nil {
			return nil, &dataError{tensor: t.Name, reason: err.Error(), err: err}
		}
		return values, nil
	}
	stored, err := c.stored(t, p)
	if err != nil {
		return nil, err
	}
	if values, err = fromV2(stored); err != nil {
		return nil, &dataError{tensor: t.Name, reason: err.Error(), err: err}
	}
	return values, nil
}

// pieceStrings returns the values of a piece of a string tensor.
func (c *Checkpoint) pieceStrings(t *Tensor, p *piece) ([][]byte, error) {
	count, err := pieceElements(t, p)
	if err != nil {
		return nil, err
	}
	texts, err := c.pieceValues(t, p, stringValues, func(stored []byte) ([][]byte, error) { return splitStrings(stored, count) })
	if err != nil {
		return nil, err
	}
	if int64(len(texts)) != count {
		return nil, t.errorf("%d strings are stored, but the shape needs %d", len(texts), count)
	}
	return texts, nil
}

// stored returns the bytes of a piece of a V2 checkpoint from the data file.
func (c *Checkpoint) stored(t *Tensor, p *piece) ([]byte, error) {
	if p.size < 0 {
		return nil, t.errorf("the index lacks the slice %v", p.slice)
	}
	if p.size == 0 {
		return nil, nil
	}
	f, err := c.place(t, p)
	if err != nil {
		return nil, err
	}
	raw, err := f.Bytes()
	if err != nil {
		return nil, err
	}
	return raw[p.offset : p.offset+p.size : p.offset+p.size], nil
}

// place returns the data file of a piece. It checks that the file is large enough.
func (c *Checkpoint) place(t *Tensor, p *piece) (*metafile.Raw, error) {
	if p.shard < 0 || int(p.shard) >= c.Shards {
		return nil, t.errorf("shard %d does not exist (the checkpoint has %d)", p.shard, c.Shards)
	}
	f, err := c.dataFile(p.shard)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &dataError{tensor: t.Name, reason: fmt.Sprintf("the data file %s is missing", DataPath(c.Prefix, int(p.shard), c.Shards)), err: err}
	}
	if err != nil {
		return nil, err
	}
	if p.offset < 0 || p.offset > f.Size || p.size > f.Size-p.offset {
		return nil, t.errorf("%s has %d bytes, but the %d bytes of the tensor start at byte %d", f.Path, f.Size, p.size, p.offset)
	}
	return f, nil
}

// swapped returns a copy of p in which the bytes of each element are in the opposite order.
func swapped(p []byte, width int) []byte {
	out := make([]byte, len(p))
	for at := 0; at+width <= len(p); at += width {
		for i := range width {
			out[at+i] = p[at+width-1-i]
		}
	}
	return out
}

// joined returns the concatenation of byte strings.
func joined(windows [][]byte) []byte {
	if len(windows) == 1 {
		return windows[0]
	}
	return slices.Concat(windows...)
}

// splitStrings returns the strings in the stored form of a tensor: the lengths as varints, the masked checksum of the lengths, the
// bytes (WriteStringTensor in tensorflow/core/util/tensor_bundle/tensor_bundle.cc).
func splitStrings(stored []byte, count int64) ([][]byte, error) {
	if count > int64(len(stored)) {
		return nil, fmt.Errorf("%d bytes are too few for %d strings", len(stored), count)
	}
	lengths := make([]uint64, 0, count)
	at, err := eachLength(stored, count, func(n uint64) { lengths = append(lengths, n) })
	if err != nil {
		return nil, err
	}
	texts, rest := make([][]byte, count), stored[at+4:]
	for i, n := range lengths {
		texts[i], rest = rest[:n:n], rest[n:]
	}
	return texts, nil
}

// eachLength calls use with the lengths of stored strings. It returns the position of their checksum, and an error unless the strings have
// these lengths.
func eachLength(stored []byte, count int64, use func(length uint64)) (checksumAt int, err error) {
	at, sum := 0, uint64(0)
	for i := range count {
		length, n := binary.Uvarint(stored[at:])
		if n <= 0 || length > uint64(len(stored)) {
			return 0, fmt.Errorf("the length of string %d is not readable", i)
		}
		use(length)
		at, sum = at+n, sum+length
	}
	if len(stored)-at < 4 || sum != uint64(len(stored)-at-4) {
		return 0, fmt.Errorf("the strings need %d bytes, but %d are stored", sum, len(stored)-at-4)
	}
	return at, nil
}
