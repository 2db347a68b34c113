package checkpoint

import (
	"hash/crc32"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// SetSize makes a tensor refer to the first size bytes of its data file.
func SetSize(t *Tensor, size int64) {
	t.DType, t.Shape = int32(tfpb.DataType_DT_UINT8), []int64{size}
	t.pieces[0].offset, t.pieces[0].size = 0, size
}

// checksumOf returns the CRC-32C of bytes.
func checksumOf(p []byte) uint32 { return crc32.Checksum(p, castagnoli) }
