// Package tensor represents TensorFlow's values: dtypes, shapes, TensorProtos and attr values. It decodes them from
// the bytes of a file, without copying where possible, and formats them as TensorFlow users know them.
package tensor

import (
	"maps"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
)

// RefOffset is the difference between the DataType of a reference and that of its value
// (tensorflow/core/framework/types.proto).
const RefOffset = 100

// DataTypes of the constants that rewrites create.
const (
	Int32  = int32(tfpb.DataType_DT_INT32)
	String = int32(tfpb.DataType_DT_STRING)
	Int64  = int32(tfpb.DataType_DT_INT64)
	Bool   = int32(tfpb.DataType_DT_BOOL)
)

// BaseType returns the DataType of the value that a reference refers to. Other DataTypes are returned unchanged.
func BaseType(dtype int32) int32 {
	if dtype > RefOffset {
		return dtype - RefOffset
	}
	return dtype
}

// DTypeName returns the short name of a DataType, as tf.DType.name spells it: "float32", "string", "float32_ref"
// (tensorflow/python/framework/dtypes.py). It returns "" for DT_INVALID and "dtype 999" for a number that the schema
// does not define.
func DTypeName(dtype int32) string {
	if name, ok := dtypeNames[dtype]; ok {
		return name
	}
	return "dtype " + strconv.Itoa(int(dtype))
}

// dtypeNames holds the names of the DataTypes and of references to them.
var dtypeNames = func() map[int32]string {
	names := map[int32]string{
		int32(tfpb.DataType_DT_INVALID): "",
		int32(tfpb.DataType_DT_FLOAT):   "float32",
		int32(tfpb.DataType_DT_DOUBLE):  "float64",
		int32(tfpb.DataType_DT_HALF):    "float16",
	}
	for dtype, name := range tfpb.DataType_name {
		if _, ok := names[dtype]; !ok && dtype < RefOffset {
			names[dtype] = strings.ToLower(strings.TrimPrefix(name, "DT_"))
		}
	}
	for dtype, name := range maps.Clone(names) {
		if name != "" {
			names[dtype+RefOffset] = name + "_ref"
		}
	}
	return names
}()

// DTypeSize returns the size in bytes of one element of a DataType, or 0 if its elements have no fixed size.
func DTypeSize(dtype int32) int64 {
	switch tfpb.DataType(BaseType(dtype)) {
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

// ValueField returns the field of TensorProto with the values of a DataType that are not in tensor_content, such as
// int_val. It is float8_val for a DataType that the schema does not define.
func ValueField(dtype int32) protowire.Number {
	switch tfpb.DataType(BaseType(dtype)) {
	case tfpb.DataType_DT_FLOAT:
		return fieldnum.TensorProto_FloatVal
	case tfpb.DataType_DT_DOUBLE:
		return fieldnum.TensorProto_DoubleVal
	case tfpb.DataType_DT_COMPLEX64:
		return fieldnum.TensorProto_ScomplexVal
	case tfpb.DataType_DT_COMPLEX128:
		return fieldnum.TensorProto_DcomplexVal
	case tfpb.DataType_DT_INT32, tfpb.DataType_DT_QINT32, tfpb.DataType_DT_INT16, tfpb.DataType_DT_QINT16, tfpb.DataType_DT_UINT16,
		tfpb.DataType_DT_QUINT16, tfpb.DataType_DT_INT8, tfpb.DataType_DT_QINT8, tfpb.DataType_DT_UINT8, tfpb.DataType_DT_QUINT8,
		tfpb.DataType_DT_INT4, tfpb.DataType_DT_UINT4, tfpb.DataType_DT_INT2, tfpb.DataType_DT_UINT2:
		return fieldnum.TensorProto_IntVal
	case tfpb.DataType_DT_INT64:
		return fieldnum.TensorProto_Int64Val
	case tfpb.DataType_DT_UINT32:
		return fieldnum.TensorProto_Uint32Val
	case tfpb.DataType_DT_UINT64:
		return fieldnum.TensorProto_Uint64Val
	case tfpb.DataType_DT_BOOL:
		return fieldnum.TensorProto_BoolVal
	case tfpb.DataType_DT_HALF, tfpb.DataType_DT_BFLOAT16:
		return fieldnum.TensorProto_HalfVal
	case tfpb.DataType_DT_STRING:
		return fieldnum.TensorProto_StringVal
	case tfpb.DataType_DT_RESOURCE:
		return fieldnum.TensorProto_ResourceHandleVal
	case tfpb.DataType_DT_VARIANT:
		return fieldnum.TensorProto_VariantVal
	}
	return fieldnum.TensorProto_Float8Val
}
