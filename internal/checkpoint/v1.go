package checkpoint

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// sliceVersion is the newest version of the V1 format (TF_CHECKPOINT_VERSION in tensorflow/core/public/version.h).
const sliceVersion = 1

// A v1Reader merges the lists of tensors of all files of a V1 checkpoint.
type v1Reader struct {
	tensors []Tensor
	place   map[string]int // index in tensors, by name
}

func newV1Reader() *v1Reader { return &v1Reader{place: make(map[string]int)} }

// read adds the list of file number file: the SavedTensorSlices of the empty key.
func (r *v1Reader) read(header []byte, file int32) error {
	meta, _ := wire.Merged(header, fieldnum.SavedTensorSlices_Meta)
	s := wire.Scan(meta)
	for s.Next() {
		switch {
		case s.Is(fieldnum.SavedTensorSliceMeta_Versions):
			if consumer := int32(wire.LastUint(s.Data, fieldnum.VersionDef_MinConsumer)); consumer > sliceVersion {
				return damagedAt(0, "the format version is %d, but this program reads version %d", consumer, sliceVersion)
			}
		case s.Is(fieldnum.SavedTensorSliceMeta_Tensor):
			if err := r.tensor(s.Data, file); err != nil {
				return err
			}
		}
	}
	if s.Err() != nil {
		return damagedAt(0, "the list of tensors is not readable: %v", s.Err())
	}
	return nil
}

// tensor adds a SavedSliceMeta.
func (r *v1Reader) tensor(raw []byte, file int32) error {
	t := Tensor{Shape: tensor.Shape{}}
	s := wire.Scan(raw)
	for s.Next() {
		var err error
		switch {
		case s.Is(fieldnum.SavedSliceMeta_Name):
			t.Name = string(s.Data)
		case s.Is(fieldnum.SavedSliceMeta_Shape):
			t.Shape, err = parseShape(s.Data)
		case s.Num == fieldnum.SavedSliceMeta_Type && s.Type == protowire.VarintType:
			t.DType = int32(s.Uint())
		case s.Is(fieldnum.SavedSliceMeta_Slice):
			p := piece{shard: file}
			p.slice, err = parseSlice(s.Data)
			t.pieces = append(t.pieces, p)
		}
		if err != nil {
			return damagedAt(0, "the tensor %q is not readable: %v", t.Name, err)
		}
	}
	if s.Err() != nil {
		return damagedAt(0, "the list of tensors is not readable: %v", s.Err())
	}
	at, seen := r.place[t.Name]
	if !seen {
		r.place[t.Name] = len(r.tensors)
		r.tensors = append(r.tensors, t)
		return nil
	}
	r.tensors[at].pieces = append(r.tensors[at].pieces, t.pieces...)
	return nil
}

// finishV1 sets the tensors from the reader.
func (c *Checkpoint) finishV1(r *v1Reader) {
	c.Tensors = r.tensors
	slices.SortFunc(c.Tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	for i := range c.Tensors {
		t := &c.Tensors[i]
		if !t.isOnePiece() {
			for _, p := range t.pieces {
				t.slices = append(t.slices, p.slice)
			}
		}
		if n, ok := t.elements(); ok && tensor.DTypeSize(t.DType) > 0 && n <= maxElements {
			t.Bytes = n * tensor.DTypeSize(t.DType)
		}
		if t.IsString() {
			t.Bytes = c.stringBytes(t)
		}
	}
}

// stringBytes returns the size of a V1 string tensor, as far as its data is readable.
func (c *Checkpoint) stringBytes(t *Tensor) int64 {
	sum := int64(0)
	for i := range t.pieces {
		message, err := c.v1Values(t, &t.pieces[i])
		if err != nil {
			continue // Verify reports it
		}
		for value := range wire.All(message, fieldnum.TensorProto_StringVal) {
			sum += int64(len(value))
		}
	}
	return sum
}
