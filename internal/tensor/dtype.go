// Package tensor represents TensorFlow's values: dtypes, shapes, TensorProtos and attr values. It decodes them from
// the bytes of a file, without copying where possible, and formats them as TensorFlow users know them.
package tensor

import (
	"encoding/binary"
	"maps"
	"math"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
)

// RefOffset is the difference between the DataType of a reference and that of its value
// (tensorflow/core/framework/types.proto).
const RefOffset = 100

// The DataTypes that other packages treat specially.
const (
	Int32    = int32(tfpb.DataType_DT_INT32)
	String   = int32(tfpb.DataType_DT_STRING)
	Int64    = int32(tfpb.DataType_DT_INT64)
	Bool     = int32(tfpb.DataType_DT_BOOL)
	Resource = int32(tfpb.DataType_DT_RESOURCE)
	Variant  = int32(tfpb.DataType_DT_VARIANT)
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

// A Kind is how the bytes of an element are interpreted.
type Kind uint8

// The kinds of elements.
const (
	Opaque     Kind = iota // eight-bit and four-bit floats, and DataTypes that the schema does not define
	Boolean                // zero is false
	Signed                 // an integer in two's complement
	Unsigned               // an integer
	Float                  // IEEE 754, of 2, 4 or 8 bytes
	BrainFloat             // the upper half of a float32
	Complex                // two Floats: real part, imaginary part
	Bytes                  // a string
	Message                // a resource handle or a variant
)

// An Encoding is the form in which tensor_content holds the elements of a DataType, in little-endian.
type Encoding struct {
	Kind  Kind
	Size  int              // size of an element in bytes; 0 if elements have no fixed size
	field protowire.Number // the field of TensorProto with the elements that are not in tensor_content
}

// encodings holds the encodings by DataType. TensorFlow stores each element of two or four bits in a byte.
var encodings = [...]Encoding{
	tfpb.DataType_DT_FLOAT:      {Float, 4, fieldnum.TensorProto_FloatVal},
	tfpb.DataType_DT_DOUBLE:     {Float, 8, fieldnum.TensorProto_DoubleVal},
	tfpb.DataType_DT_HALF:       {Float, 2, fieldnum.TensorProto_HalfVal},
	tfpb.DataType_DT_BFLOAT16:   {BrainFloat, 2, fieldnum.TensorProto_HalfVal},
	tfpb.DataType_DT_COMPLEX64:  {Complex, 8, fieldnum.TensorProto_ScomplexVal},
	tfpb.DataType_DT_COMPLEX128: {Complex, 16, fieldnum.TensorProto_DcomplexVal},
	tfpb.DataType_DT_BOOL:       {Boolean, 1, fieldnum.TensorProto_BoolVal},
	tfpb.DataType_DT_STRING:     {Bytes, 0, fieldnum.TensorProto_StringVal},
	tfpb.DataType_DT_RESOURCE:   {Message, 0, fieldnum.TensorProto_ResourceHandleVal},
	tfpb.DataType_DT_VARIANT:    {Message, 0, fieldnum.TensorProto_VariantVal},

	tfpb.DataType_DT_INT2:    {Signed, 1, fieldnum.TensorProto_IntVal},
	tfpb.DataType_DT_INT4:    {Signed, 1, fieldnum.TensorProto_IntVal},
	tfpb.DataType_DT_INT8:    {Signed, 1, fieldnum.TensorProto_IntVal},
	tfpb.DataType_DT_INT16:   {Signed, 2, fieldnum.TensorProto_IntVal},
	tfpb.DataType_DT_INT32:   {Signed, 4, fieldnum.TensorProto_IntVal},
	tfpb.DataType_DT_INT64:   {Signed, 8, fieldnum.TensorProto_Int64Val},
	tfpb.DataType_DT_UINT2:   {Unsigned, 1, fieldnum.TensorProto_IntVal},
	tfpb.DataType_DT_UINT4:   {Unsigned, 1, fieldnum.TensorProto_IntVal},
	tfpb.DataType_DT_UINT8:   {Unsigned, 1, fieldnum.TensorProto_IntVal},
	tfpb.DataType_DT_UINT16:  {Unsigned, 2, fieldnum.TensorProto_IntVal},
	tfpb.DataType_DT_UINT32:  {Unsigned, 4, fieldnum.TensorProto_Uint32Val},
	tfpb.DataType_DT_UINT64:  {Unsigned, 8, fieldnum.TensorProto_Uint64Val},
	tfpb.DataType_DT_QINT8:   {Signed, 1, fieldnum.TensorProto_IntVal},
	tfpb.DataType_DT_QINT16:  {Signed, 2, fieldnum.TensorProto_IntVal},
	tfpb.DataType_DT_QINT32:  {Signed, 4, fieldnum.TensorProto_IntVal},
	tfpb.DataType_DT_QUINT8:  {Unsigned, 1, fieldnum.TensorProto_IntVal},
	tfpb.DataType_DT_QUINT16: {Unsigned, 2, fieldnum.TensorProto_IntVal},

	tfpb.DataType_DT_FLOAT4_E2M1FN:      {Opaque, 1, fieldnum.TensorProto_Float8Val},
	tfpb.DataType_DT_FLOAT8_E5M2:        {Opaque, 1, fieldnum.TensorProto_Float8Val},
	tfpb.DataType_DT_FLOAT8_E4M3FN:      {Opaque, 1, fieldnum.TensorProto_Float8Val},
	tfpb.DataType_DT_FLOAT8_E4M3FNUZ:    {Opaque, 1, fieldnum.TensorProto_Float8Val},
	tfpb.DataType_DT_FLOAT8_E4M3B11FNUZ: {Opaque, 1, fieldnum.TensorProto_Float8Val},
	tfpb.DataType_DT_FLOAT8_E5M2FNUZ:    {Opaque, 1, fieldnum.TensorProto_Float8Val},
}

// EncodingOf returns the encoding of a DataType, or of the values that a reference refers to. A DataType that the schema does not define
// is Opaque and has no fixed size.
func EncodingOf(dtype int32) Encoding {
	if base := BaseType(dtype); base > 0 && int(base) < len(encodings) {
		return encodings[base]
	}
	return Encoding{field: fieldnum.TensorProto_Float8Val}
}

// DTypeSize returns the size in bytes of one element of a DataType, or 0 if its elements have no fixed size.
func DTypeSize(dtype int32) int64 { return int64(EncodingOf(dtype).Size) }

// ValueField returns the field of TensorProto with the values of a DataType that are not in tensor_content, such as
// int_val. It is float8_val for a DataType that the schema does not define.
func ValueField(dtype int32) protowire.Number { return EncodingOf(dtype).field }

// Part returns the encoding of the parts of a complex number, and e itself for other kinds.
func (e Encoding) Part() Encoding {
	if e.Kind == Complex {
		return Encoding{Kind: Float, Size: e.Size / 2}
	}
	return e
}

// Int returns an element of a Boolean, Signed or Unsigned kind. An Unsigned element over the largest int64 is negative. Missing bytes are
// zero.
func (e Encoding) Int(element []byte) int64 {
	var padded [8]byte
	copy(padded[:], element)
	bits := binary.LittleEndian.Uint64(padded[:])
	if e.Kind == Signed {
		shift := 64 - 8*e.Size
		return int64(bits<<shift) >> shift
	}
	return int64(bits)
}

// Float returns an element of a kind other than Complex, Bytes and Message as a number. Missing bytes are zero.
func (e Encoding) Float(element []byte) float64 {
	number := e.Int(element)
	switch {
	case e.Kind == Signed:
		return float64(number)
	case e.Kind == BrainFloat:
		return float64(math.Float32frombits(uint32(number) << 16))
	case e.Kind != Float:
		return float64(uint64(number))
	case e.Size == 2:
		return float16(uint16(number))
	case e.Size == 4:
		return float64(math.Float32frombits(uint32(number)))
	}
	return math.Float64frombits(uint64(number))
}

// Complex returns an element of the kind Complex, or zero for no bytes.
func (e Encoding) Complex(element []byte) complex128 {
	if len(element) == 0 {
		return 0
	}
	part := e.Part()
	return complex(part.Float(element[:part.Size]), part.Float(element[part.Size:]))
}

// float16 converts an IEEE 754 half-precision number.
func float16(bits uint16) float64 {
	exponent, fraction := int(bits>>10&0x1F), float64(bits&0x3FF)
	var f float64
	switch exponent {
	case 0:
		f = math.Ldexp(fraction, -24)
	case 0x1F:
		f = math.Inf(1)
		if fraction != 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(1024+fraction, exponent-25)
	}
	if bits&0x8000 != 0 {
		f = -f
	}
	return f
}
