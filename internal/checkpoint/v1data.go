package checkpoint

import (
	"fmt"
	"slices"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A v1Index finds the values in one V1 file. It is built for the first value.
type v1Index struct {
	once   sync.Once
	values map[string]v1Value
	blocks []v1Block
}

// A v1Value is the location of a key's value.
type v1Value struct {
	block int
	bytes []byte
}

// A v1Block caches whether a block is intact.
type v1Block struct {
	once sync.Once
	err  error
}

// index reads the keys of all blocks. It does not verify uncompressed blocks, which would read their values. If the keys of a block
// are not readable, it records the block as damaged, and its values are missing.
func (x *v1Index) index(t *table) {
	x.blocks = make([]v1Block, len(t.blocks))
	x.values = make(map[string]v1Value)
	budget := maxSharing*int64(len(t.raw)) + 1<<16
	for i, h := range t.blocks {
		contents, block := t.raw[h.offset:h.offset+h.size], &x.blocks[i]
		if t.raw[h.offset+h.size] != blockRaw {
			block.once.Do(func() { contents, block.err = t.block(h) })
		}
		if block.err != nil {
			continue
		}
		walker := table{budget: budget}
		b, err := walker.entries(h, contents)
		for err == nil && b.next() {
			if _, seen := x.values[string(b.key)]; !seen {
				x.values[string(b.key)] = v1Value{i, b.value}
			}
		}
		budget = walker.budget
		if err == nil {
			err = b.err
		}
		if err != nil {
			block.once.Do(func() { block.err = err })
		}
	}
}

// check returns the error of block i. The first call reads the block.
func (x *v1Index) check(t *table, i int) error {
	block := &x.blocks[i]
	block.once.Do(func() { _, block.err = t.block(t.blocks[i]) })
	return block.err
}

// value returns the value of a key. The error is for a missing value or a damaged block.
func (x *v1Index) value(t *table, key []byte) ([]byte, error) {
	x.once.Do(func() { x.index(t) })
	v, found := x.values[string(key)]
	i := v.block
	if !found {
		i = t.blockOf(key)
	}
	if i < len(t.blocks) {
		if err := x.check(t, i); err != nil {
			return nil, err
		}
	}
	if !found {
		return nil, fmt.Errorf("the tensor is listed, but its values are missing")
	}
	return v.bytes, nil
}

// v1Values returns the TensorProto with the values of a piece.
func (c *Checkpoint) v1Values(t *Tensor, p *piece) ([]byte, error) {
	f := &c.tables[p.shard]
	value, err := f.index.value(f.table, sliceKey(t.Name, p.slice))
	if err != nil {
		return nil, err
	}
	data, _ := wire.Merged(value, fieldnum.SavedTensorSlices_Data)
	message, ok := wire.Merged(data, fieldnum.SavedSlice_Data)
	if !ok || wire.Check(message) != nil {
		return nil, fmt.Errorf("the values are not readable")
	}
	return message, nil
}

// plainValues returns the elements of a TensorProto without dtype as little-endian bytes. They are windows on the message if
// possible, and copies for integers, which are stored as varints.
func plainValues(message []byte, dtype int32) ([][]byte, error) {
	field, size := tensor.ValueField(dtype), int(tensor.DTypeSize(dtype))
	if size == 0 {
		return nil, fmt.Errorf("values of dtype %d cannot be read from a V1 checkpoint", dtype)
	}
	var out [][]byte
	s := wire.Scan(message)
	for s.Next() {
		switch {
		case s.Is(fieldnum.TensorProto_TensorContent):
			out = append(out, s.Data)
		case s.Num != field:
		case s.Type == protowire.Fixed32Type, s.Type == protowire.Fixed64Type:
			out = append(out, s.Data)
		case s.Type != protowire.BytesType && s.Type != protowire.VarintType:
			return nil, fmt.Errorf("the values have an unexpected wire type")
		case field == fieldnum.TensorProto_FloatVal, field == fieldnum.TensorProto_DoubleVal, field == fieldnum.TensorProto_ScomplexVal,
			field == fieldnum.TensorProto_DcomplexVal, field == fieldnum.TensorProto_Float8Val:
			out = append(out, s.Data)
		default:
			fixed, err := unpack(&s.Field, size)
			if err != nil {
				return nil, err
			}
			out = append(out, fixed)
		}
	}
	return out, s.Err()
}

// unpack decodes varints, packed or not, into little-endian integers of the given width.
func unpack(f *wire.Field, width int) ([]byte, error) {
	count := len(f.Data) // a varint ends with a byte below 0x80
	for _, b := range f.Data {
		count -= int(b >> 7)
	}
	out := make([]byte, 0, count*width)
	f.EachVarint(func(v uint64) { out = appendFixed(out, v, width) })
	if len(out) < count*width || len(f.Data) > 0 && f.Data[len(f.Data)-1] >= 0x80 {
		return nil, fmt.Errorf("the values are not readable")
	}
	return out, nil
}

// appendFixed appends the lowest width bytes of v in little-endian.
func appendFixed(dst []byte, v uint64, width int) []byte {
	for range width {
		dst, v = append(dst, byte(v)), v>>8
	}
	return dst
}

// stringValues returns the elements of a TensorProto of strings.
func stringValues(message []byte) ([][]byte, error) {
	var out [][]byte
	s := wire.Scan(message)
	for s.Next() {
		if s.Is(fieldnum.TensorProto_StringVal) {
			out = append(out, slices.Clip(s.Data))
		}
	}
	return out, s.Err()
}
