package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// readVarying verifies a piece whose elements have no fixed width: strings, variants and unknown dtypes.
func (v *verifier) readVarying(tensor int, p *piece) error {
	t := &v.checkpoint.Tensors[tensor]
	stored, err := v.checkpoint.stored(t, p)
	if err != nil {
		return err
	}
	count, err := pieceElements(t, p)
	if err != nil {
		return err
	}
	var sum uint32
	switch tfpb.DataType(t.DType) {
	case tfpb.DataType_DT_STRING:
		sum, err = stringChecksum(stored, count)
	case tfpb.DataType_DT_VARIANT:
		sum, err = variantChecksum(stored, count)
	default:
		sum = crc32.Checksum(stored, castagnoli)
	}
	if err != nil {
		v.fail(tensor, "%v", err)
		return nil
	}
	v.compare(tensor, p, sum)
	return nil
}

// stringChecksum returns the checksum of stored strings: of the lengths as 32-bit numbers, or 64-bit ones if necessary, of the
// checksum of the lengths, and of the bytes.
func stringChecksum(stored []byte, count int64) (uint32, error) {
	sum := uint32(0)
	at, err := eachLength(stored, count, func(length uint64) { sum = addLength(sum, length) })
	if err != nil {
		return 0, err
	}
	if !isMasked(stored[at:], sum) {
		return 0, fmt.Errorf("the checksum of the strings' lengths does not match")
	}
	return crc32.Update(sum, castagnoli, stored[at:]), nil
}

// isMasked reports whether stored bytes begin with a masked checksum, in either byte order.
func isMasked(stored []byte, sum uint32) bool {
	masked := mask(sum)
	return binary.LittleEndian.Uint32(stored) == masked || binary.BigEndian.Uint32(stored) == masked
}

// addLength updates a checksum with the length of a string: a 32-bit number, or a 64-bit one if necessary.
func addLength(sum uint32, length uint64) uint32 {
	var number [8]byte
	width := 4
	if length > 1<<32-1 {
		width = 8
	}
	binary.LittleEndian.PutUint64(number[:], length)
	return crc32.Update(sum, castagnoli, number[:width])
}

// variantChecksum returns the checksum of stored variants. It covers, for each one, the length as a 64-bit number, the bytes, and
// the masked checksum of everything before (WriteVariantTensor in tensorflow/core/util/tensor_bundle/tensor_bundle.cc).
func variantChecksum(stored []byte, count int64) (uint32, error) {
	if count > int64(len(stored)) {
		return 0, fmt.Errorf("%d bytes are too few for %d variants", len(stored), count)
	}
	sum := uint32(0)
	var number [8]byte
	for i := range count {
		length, n := binary.Uvarint(stored)
		if n <= 0 || length > uint64(len(stored)-n) || uint64(len(stored)-n)-length < 4 {
			return 0, fmt.Errorf("variant %d is not readable", i)
		}
		binary.LittleEndian.PutUint64(number[:], length)
		sum = crc32.Update(crc32.Update(sum, castagnoli, number[:]), castagnoli, stored[n:n+int(length)])
		end := stored[n+int(length):]
		if !isMasked(end, sum) {
			return 0, fmt.Errorf("the checksum of variant %d does not match", i)
		}
		sum, stored = crc32.Update(sum, castagnoli, end[:4]), end[4:]
	}
	if len(stored) > 0 {
		return 0, fmt.Errorf("%d bytes follow the last variant", len(stored))
	}
	return sum, nil
}

// v1Jobs returns one job per block of each file, and records the tensors with incomplete values.
func (v *verifier) v1Jobs() []job {
	var jobs []job
	for k := range v.checkpoint.tables {
		f := &v.checkpoint.tables[k]
		f.index.once.Do(func() { f.index.index(f.table) })
		for i, h := range f.table.blocks {
			jobs = append(jobs, func([]byte) error {
				_ = f.index.check(f.table, i) // v1Values reports the tensors in the block
				v.progress(h.size)
				return nil
			})
		}
	}
	return jobs
}

// v1Values records the tensors whose values are in a damaged block, missing, or too few.
func (v *verifier) v1Values() error {
	c := v.checkpoint
	for i := range c.Tensors {
		t := &c.Tensors[i]
		if !v.verifies(i) {
			continue
		}
		for k := range t.pieces {
			var err error
			if t.IsString() {
				_, err = c.pieceStrings(t, &t.pieces[k])
			} else {
				_, err = c.pieceWindows(t, &t.pieces[k])
			}
			if d, ok := errors.AsType[*dataError](err); ok {
				v.fail(i, "%s", d.reason)
			} else if err != nil {
				return err
			}
		}
	}
	return nil
}
