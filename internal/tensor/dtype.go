// Package tensor represents TensorFlow's values: dtypes, shapes, TensorProtos and attr values. It decodes them from
// the bytes of a file, without copying where possible, and formats them as TensorFlow users know them.
package tensor

import (
	"strconv"
	"strings"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// RefOffset is the difference between the DataType of a reference and that of its value
// (tensorflow/core/framework/types.proto).
const RefOffset = 100

// DTypeName returns the short name of a DataType, as tf.DType.name spells it: "float32", "string", "float32_ref"
// (tensorflow/python/framework/dtypes.py). It returns "" for DT_INVALID and "dtype 999" for a number that the schema
// does not define.
func DTypeName(dtype int32) string {
	if dtype > RefOffset && dtype < 2*RefOffset {
		if name := DTypeName(dtype - RefOffset); name != "" && !strings.HasPrefix(name, "dtype ") {
			return name + "_ref"
		}
	}
	switch tfpb.DataType(dtype) {
	case tfpb.DataType_DT_INVALID:
		return ""
	case tfpb.DataType_DT_FLOAT:
		return "float32"
	case tfpb.DataType_DT_DOUBLE:
		return "float64"
	case tfpb.DataType_DT_HALF:
		return "float16"
	}
	if name, ok := tfpb.DataType_name[dtype]; ok {
		return strings.ToLower(strings.TrimPrefix(name, "DT_"))
	}
	return "dtype " + strconv.Itoa(int(dtype))
}

// DTypeSize returns the size in bytes of one element of a DataType, or 0 if its elements have no fixed size.
func DTypeSize(dtype int32) int64 {
	if dtype > RefOffset && dtype < 2*RefOffset {
		dtype -= RefOffset
	}
	switch tfpb.DataType(dtype) {
	case tfpb.DataType_DT_INT2, tfpb.DataType_DT_UINT2, tfpb.DataType_DT_INT4, tfpb.DataType_DT_UINT4,
		tfpb.DataType_DT_FLOAT4_E2M1FN:
		return 1 // TensorFlow stores each of these in a byte
	case tfpb.DataType_DT_BOOL, tfpb.DataType_DT_INT8, tfpb.DataType_DT_UINT8, tfpb.DataType_DT_QINT8,
		tfpb.DataType_DT_QUINT8, tfpb.DataType_DT_FLOAT8_E5M2, tfpb.DataType_DT_FLOAT8_E4M3FN,
		tfpb.DataType_DT_FLOAT8_E4M3FNUZ, tfpb.DataType_DT_FLOAT8_E4M3B11FNUZ, tfpb.DataType_DT_FLOAT8_E5M2FNUZ:
		return 1
	case tfpb.DataType_DT_INT16, tfpb.DataType_DT_UINT16, tfpb.DataType_DT_QINT16, tfpb.DataType_DT_QUINT16,
		tfpb.DataType_DT_HALF, tfpb.DataType_DT_BFLOAT16:
		return 2
	case tfpb.DataType_DT_FLOAT, tfpb.DataType_DT_INT32, tfpb.DataType_DT_UINT32, tfpb.DataType_DT_QINT32:
		return 4
	case tfpb.DataType_DT_DOUBLE, tfpb.DataType_DT_INT64, tfpb.DataType_DT_UINT64, tfpb.DataType_DT_COMPLEX64:
		return 8
	case tfpb.DataType_DT_COMPLEX128:
		return 16
	}
	return 0
}
