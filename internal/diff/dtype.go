package diff

import (
	tfpb "github.com/metagraph/metagraph/internal/proto"
	dtypes "github.com/metagraph/metagraph/internal/tensor"
)

// dtypeName returns TensorFlow's short name of a DataType, as tensor.DTypeName does, and "no dtype" for DT_INVALID.
func dtypeName(dtype tfpb.DataType) string {
	if dtype == tfpb.DataType_DT_INVALID {
		return "no dtype"
	}
	return dtypes.DTypeName(int32(dtype))
}

// An element describes how the values of a DataType are stored.
type element struct {
	width int // bytes of one value in tensor_content; 0 if values have no fixed size
	kind  elementKind
}

type elementKind int

const (
	opaque elementKind = iota // compared as bytes
	boolean
	signed
	unsigned
	float      // of 2, 4 or 8 bytes
	brainFloat // the upper half of a float32
	complexes
	stringKind
	messageKind // resource handles and variants
)

// elementOf returns how the values of a DataType are stored (tensorflow/core/framework/types.cc, DataTypeSize).
func elementOf(dtype tfpb.DataType) element {
	if dtype > dtypes.RefOffset {
		dtype -= dtypes.RefOffset
	}
	switch dtype {
	case tfpb.DataType_DT_BOOL:
		return element{1, boolean}
	case tfpb.DataType_DT_INT8, tfpb.DataType_DT_QINT8, tfpb.DataType_DT_INT4, tfpb.DataType_DT_INT2:
		return element{1, signed}
	case tfpb.DataType_DT_UINT8, tfpb.DataType_DT_QUINT8, tfpb.DataType_DT_UINT4, tfpb.DataType_DT_UINT2:
		return element{1, unsigned}
	case tfpb.DataType_DT_INT16, tfpb.DataType_DT_QINT16:
		return element{2, signed}
	case tfpb.DataType_DT_UINT16, tfpb.DataType_DT_QUINT16:
		return element{2, unsigned}
	case tfpb.DataType_DT_INT32, tfpb.DataType_DT_QINT32:
		return element{4, signed}
	case tfpb.DataType_DT_UINT32:
		return element{4, unsigned}
	case tfpb.DataType_DT_INT64:
		return element{8, signed}
	case tfpb.DataType_DT_UINT64:
		return element{8, unsigned}
	case tfpb.DataType_DT_HALF:
		return element{2, float}
	case tfpb.DataType_DT_BFLOAT16:
		return element{2, brainFloat}
	case tfpb.DataType_DT_FLOAT:
		return element{4, float}
	case tfpb.DataType_DT_DOUBLE:
		return element{8, float}
	case tfpb.DataType_DT_COMPLEX64:
		return element{8, complexes}
	case tfpb.DataType_DT_COMPLEX128:
		return element{16, complexes}
	case tfpb.DataType_DT_STRING:
		return element{0, stringKind}
	case tfpb.DataType_DT_RESOURCE, tfpb.DataType_DT_VARIANT:
		return element{0, messageKind}
	}
	return element{1, opaque} // the eight-bit and four-bit floats
}
