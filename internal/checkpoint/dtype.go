package checkpoint

import (
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/tensor"
)

// maxElements limits the elements of a tensor so that its size in bytes fits into an int64 for every dtype.
const maxElements = 1 << 58

// elements returns the number of elements of a shape. It reports false if a dimension is negative or the product is too large.
func elements(shape tensor.Shape) (int64, bool) {
	n, ok := shape.Elements()
	return n, ok && n <= maxElements
}

// swapWidth returns the number of bytes to reverse between big-endian and little-endian. For complex numbers this is one part.
func swapWidth(dtype int32) int {
	switch tfpb.DataType(dtype) {
	case tfpb.DataType_DT_COMPLEX64, tfpb.DataType_DT_COMPLEX128:
		return int(tensor.DTypeSize(dtype) / 2)
	}
	return int(tensor.DTypeSize(dtype))
}
