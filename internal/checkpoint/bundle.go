package checkpoint

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// bundleVersion is the newest and so far only version of the bundle format (kTensorBundleVersion in
// tensorflow/core/util/tensor_bundle/tensor_bundle.h).
const bundleVersion = 1

// usualEntry is the approximate size of an index entry in bytes.
const usualEntry = 30

// readBundle reads the index of a V2 checkpoint with the given header.
func (c *Checkpoint) readBundle(header []byte, t *table) error {
	var h tfpb.BundleHeaderProto
	if err := schema.Unmarshal(header, &h); err != nil {
		return damagedAt(0, "the header is not readable")
	}
	switch v := h.GetVersion(); {
	case v.GetMinConsumer() > bundleVersion:
		return damagedAt(0, "the format version is %d, but this program reads version %d", v.GetMinConsumer(), bundleVersion)
	case v.GetProducer() < 0:
		return damagedAt(0, "the format version %d is invalid", v.GetProducer())
	case h.GetNumShards() <= 0:
		return damagedAt(0, "the header declares %d data files", h.GetNumShards())
	}
	c.Shards, c.bigEndian = int(h.GetNumShards()), h.GetEndianness() == tfpb.BundleHeaderProto_BIG
	r := bundleReader{checkpoint: c, stored: make(map[string]piece)}
	c.Tensors = make([]Tensor, 0, min(len(t.raw)/usualEntry, 1<<20))
	if err := t.all(r.entry); err != nil {
		return err
	}
	r.finish()
	return nil
}

// A bundleReader collects the tensors of an index.
type bundleReader struct {
	checkpoint *Checkpoint
	stored     map[string]piece // slices by key; they precede the tensors
}

// entry adds one entry of the index.
func (r *bundleReader) entry(key, value []byte) error {
	if len(key) == 0 {
		return nil // the header
	}
	t, p, err := r.parse(value)
	if err != nil {
		return fmt.Errorf("entry %q: %w", key, err)
	}
	if key[0] == 0 {
		r.stored[string(key)] = p
		return nil
	}
	t.Name = string(key)
	if t.slices == nil {
		t.Bytes = max(p.size, 0)
		t.pieces = []piece{p}
	}
	r.checkpoint.Tensors = append(r.checkpoint.Tensors, t)
	return nil
}

// parse decodes a BundleEntryProto.
func (r *bundleReader) parse(value []byte) (t Tensor, p piece, err error) {
	t.Shape = tensor.Shape{}
	s := wire.Scan(value)
	for s.Next() {
		switch {
		case s.Num == fieldnum.BundleEntryProto_Dtype && s.Type == protowire.VarintType:
			t.DType = int32(s.Uint())
		case s.Is(fieldnum.BundleEntryProto_Shape):
			if t.Shape, err = parseShape(s.Data); err != nil {
				return t, p, err
			}
		case s.Num == fieldnum.BundleEntryProto_ShardId && s.Type == protowire.VarintType:
			p.shard = int32(s.Uint())
		case s.Num == fieldnum.BundleEntryProto_Offset && s.Type == protowire.VarintType:
			p.offset = int64(s.Uint())
		case s.Num == fieldnum.BundleEntryProto_Size && s.Type == protowire.VarintType:
			p.size = int64(s.Uint())
		case s.Num == fieldnum.BundleEntryProto_Crc32C && s.Type == protowire.Fixed32Type:
			p.sum, _ = protowire.ConsumeFixed32(s.Data)
		case s.Is(fieldnum.BundleEntryProto_Slices):
			slice, err := parseSlice(s.Data)
			if err != nil {
				return t, p, err
			}
			t.slices = append(t.slices, slice)
		}
	}
	return t, p, s.Err()
}

// finish assigns the pieces of partitioned tensors.
func (r *bundleReader) finish() {
	for i := range r.checkpoint.Tensors {
		t := &r.checkpoint.Tensors[i]
		for _, slice := range t.slices {
			p, ok := r.stored[string(sliceKey(t.Name, slice))]
			if !ok {
				p.size = -1
			}
			p.slice = slice
			t.Bytes += max(p.size, 0)
			t.pieces = append(t.pieces, p)
		}
	}
}

// parseShape decodes a TensorShapeProto. A shape of unknown rank, which no stored tensor has, is an error.
func parseShape(raw []byte) (tensor.Shape, error) {
	if err := wire.Check(raw); err != nil {
		return nil, err
	}
	shape := tensor.ParseShape(raw)
	if shape == nil {
		return nil, errors.New("the shape is unknown or has too many dimensions")
	}
	return shape, nil
}
