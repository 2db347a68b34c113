package checkpoint

import (
	"hash/crc32"
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// SetSize makes a tensor refer to the first size bytes of its data file.
func SetSize(t *Tensor, size int64) {
	t.DType, t.Shape = int32(tfpb.DataType_DT_UINT8), []int64{size}
	t.pieces[0].offset, t.pieces[0].size = 0, size
}

// checksumOf returns the CRC-32C of bytes.
func checksumOf(p []byte) uint32 { return crc32.Checksum(p, castagnoli) }

// MatchKeys matches a checkpoint that has some keys with a saver that wants others.
func MatchKeys(has, wanted []string) *Match {
	c := &Checkpoint{Version: V2}
	for _, key := range slices.Sorted(slices.Values(has)) {
		c.Tensors = append(c.Tensors, Tensor{Name: key})
	}
	restored := make([]Restored, len(wanted))
	for i, key := range wanted {
		restored[i] = Restored{Key: key, Node: graph.Dangling}
	}
	return c.match(restored, nil)
}
