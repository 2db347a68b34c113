package checkpoint

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"

	"github.com/metagraph/metagraph/internal/tensor"
)

// A Damage is a tensor whose values TensorFlow cannot restore.
type Damage struct {
	Name string `json:"name"` // name of the tensor
	What string `json:"what"` // what is wrong with it
}

// Check returns the tensors that cannot be restored according to the index alone: a size that contradicts dtype and shape, or
// slices that are missing or do not fit. It reads no data. The result has one Damage per tensor, sorted by name.
func (c *Checkpoint) Check() []Damage {
	var damaged []Damage
	for i := range c.Tensors {
		if what := c.checkTensor(&c.Tensors[i]); what != "" {
			damaged = append(damaged, Damage{c.Tensors[i].Name, what})
		}
	}
	return damaged
}

// A FileDamage is a data file that does not have what the index describes.
type FileDamage struct {
	Path string `json:"path"` // path of the file
	What string `json:"what"` // what is wrong with it
}

// CheckFiles returns the data files that are missing, or shorter than the index needs. It reads no data.
func (c *Checkpoint) CheckFiles() []FileDamage {
	if c.Version == V1 {
		return nil // its files are open
	}
	var damaged []FileDamage
	ends := c.dataEnds()
	for _, shard := range slices.Sorted(maps.Keys(ends)) {
		path := DataPath(c.Prefix, int(shard), c.Shards)
		stat, err := os.Stat(path)
		switch end := ends[shard]; {
		case err != nil:
			damaged = append(damaged, FileDamage{path, "the data file is missing"})
		case stat.Size() < end:
			damaged = append(damaged, FileDamage{path, fmt.Sprintf("has %d bytes, but the index needs %d: it is cut short, or belongs to another step", stat.Size(), end)})
		}
	}
	return damaged
}

// dataEnds returns the least size of each data file that the index uses, by shard.
func (c *Checkpoint) dataEnds() map[int32]int64 {
	ends := make(map[int32]int64)
	for i := range c.Tensors {
		for _, p := range c.Tensors[i].pieces {
			if p.size > 0 && p.offset >= 0 && p.offset <= math.MaxInt64-p.size && p.shard >= 0 && int(p.shard) < c.Shards {
				ends[p.shard] = max(ends[p.shard], p.offset+p.size)
			}
		}
	}
	return ends
}

// checkTensor returns what is wrong with a tensor according to the index, or "".
func (c *Checkpoint) checkTensor(t *Tensor) string {
	total, ok := elements(t.Shape)
	encoding := tensor.EncodingOf(t.DType)
	switch {
	case !ok:
		return fmt.Sprintf("the shape %v is invalid", t.Shape)
	case encoding.Kind == tensor.Opaque && encoding.Size == 0, tensor.BaseType(t.DType) != t.DType:
		return fmt.Sprintf("no checkpoint can have values of dtype %d", t.DType)
	}
	stored := int64(0)
	for i := range t.pieces {
		p := &t.pieces[i]
		count, err := pieceElements(t, p)
		if d, ok := errors.AsType[*dataError](err); ok {
			return d.reason
		}
		stored += count
		if c.Version == V1 {
			continue
		}
		switch w := tensor.DTypeSize(t.DType); {
		case p.size < 0 && t.slices != nil:
			return fmt.Sprintf("the index lacks the slice %v", p.slice)
		case p.size < 0:
			return fmt.Sprintf("the size %d is invalid", p.size)
		case w > 0 && p.size != count*w:
			return fmt.Sprintf("%d bytes are stored, but %d elements take %d", p.size, count, count*w)
		case p.shard < 0 || int(p.shard) >= c.Shards:
			return fmt.Sprintf("shard %d does not exist: there are %d", p.shard, c.Shards)
		}
	}
	if stored < total {
		return fmt.Sprintf("the slices have %d of %d elements", stored, total)
	}
	return ""
}
