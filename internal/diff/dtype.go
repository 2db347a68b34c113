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

// elementOf returns how the values of a DataType are stored.
func elementOf(dtype tfpb.DataType) element {
	base := dtypes.BaseType(int32(dtype))
	e := element{width: int(dtypes.DTypeSize(base))}
	switch tfpb.DataType(base) {
	case tfpb.DataType_DT_BOOL:
		e.kind = boolean
	case tfpb.DataType_DT_INT8, tfpb.DataType_DT_QINT8, tfpb.DataType_DT_INT4, tfpb.DataType_DT_INT2,
		tfpb.DataType_DT_INT16, tfpb.DataType_DT_QINT16, tfpb.DataType_DT_INT32, tfpb.DataType_DT_QINT32, tfpb.DataType_DT_INT64:
		e.kind = signed
	case tfpb.DataType_DT_UINT8, tfpb.DataType_DT_QUINT8, tfpb.DataType_DT_UINT4, tfpb.DataType_DT_UINT2,
		tfpb.DataType_DT_UINT16, tfpb.DataType_DT_QUINT16, tfpb.DataType_DT_UINT32, tfpb.DataType_DT_UINT64:
		e.kind = unsigned
	case tfpb.DataType_DT_HALF, tfpb.DataType_DT_FLOAT, tfpb.DataType_DT_DOUBLE:
		e.kind = float
	case tfpb.DataType_DT_BFLOAT16:
		e.kind = brainFloat
	case tfpb.DataType_DT_COMPLEX64, tfpb.DataType_DT_COMPLEX128:
		e.kind = complexes
	case tfpb.DataType_DT_STRING:
		e.kind = stringKind
	case tfpb.DataType_DT_RESOURCE, tfpb.DataType_DT_VARIANT:
		e.kind = messageKind
	default: // eight-bit and four-bit floats, and DataTypes that the schema does not define
		e.width = 1
	}
	return e
}
