package checkpoint

import (
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/tensor"
)

// maxElements bounds the elements of a tensor so that their bytes fit into an int64, whatever the dtype.
const maxElements = 1 << 58

// elements returns the number of elements of a shape. It reports false if a dimension is negative or the product is too large.
func elements(shape tensor.Shape) (int64, bool) {
	n, ok := shape.Elements()
	return n, ok && n <= maxElements
}

// swapWidth returns the bytes that change places between big and little endian: those of one part of a complex number.
func swapWidth(dtype int32) int {
	switch tfpb.DataType(dtype) {
	case tfpb.DataType_DT_COMPLEX64, tfpb.DataType_DT_COMPLEX128:
		return int(tensor.DTypeSize(dtype) / 2)
	}
	return int(tensor.DTypeSize(dtype))
}
