package tensor

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/wire"
)

// A ValueKind identifies the field of AttrValue.value that is set (tensorflow/core/framework/attr_value.proto).
type ValueKind int

// The kinds of a Value.
const (
	ValueNone        ValueKind = iota // no field is set, or one that the schema does not define
	ValueString                       // Text, which need not be UTF-8
	ValueInt                          // Int
	ValueFloat                        // Float, a float32
	ValueDouble                       // Float, a float64; occurs only inside tensors
	ValueBool                         // Int, 0 or 1
	ValueType                         // Text, TensorFlow's short name
	ValueShape                        // Shape
	ValueTensor                       // Tensor
	ValueFunc                         // Text, the function's name
	ValuePlaceholder                  // Text, the function attr that supplies the value
	ValueList                         // List and Length
)

// A Value summarizes the value of an attr. Long lists and tensors keep only their first elements.
type Value struct {
	Kind   ValueKind
	Text   []byte
	Int    int64
	Float  float64
	Shape  Shape
	Tensor *Tensor
	List   []Value // at most maxListed
	Length int     // length of the whole list
}

// A Tensor summarizes a TensorProto.
type Tensor struct {
	DType  string
	Shape  Shape
	Values []Value // the first few elements; fewer if the last one repeats
	Bytes  int     // size of the TensorProto
}

const (
	// maxListed is how many elements of a list attr are kept.
	maxListed = 64
	// maxTensorValues is how many elements of a tensor are kept.
	maxTensorValues = 8
)

// Fields of AttrValue.ListValue besides ListS and ListFunc, and of NameAttrList.
const (
	attrListI      protowire.Number = 3
	attrListF      protowire.Number = 4
	attrListB      protowire.Number = 5
	AttrListType   protowire.Number = 6
	AttrListShape  protowire.Number = 7
	attrListTensor protowire.Number = 8

	NameAttrListName protowire.Number = 1
	NameAttrListAttr protowire.Number = 2
)

// ParseValue summarizes an AttrValue. It omits parts that cannot be decoded.
func ParseValue(value []byte) Value {
	var v Value
	var merged protowire.Number // the message field that was set last; 0 if another field was
	for s := wire.Scan(value); s.Next(); {
		if wire.SetsAttr(s.Field) {
			merged = 0
		}
		switch {
		case s.Num == wire.AttrI && s.Type == protowire.VarintType:
			v = Value{Kind: ValueInt, Int: int64(s.Uint())}
		case s.Num == wire.AttrF && s.Type == protowire.Fixed32Type:
			v = floatValue(s.Data)
		case s.Num == wire.AttrB && s.Type == protowire.VarintType:
			v = boolValue(s.Uint())
		case s.Num == wire.AttrType && s.Type == protowire.VarintType:
			v = typeValue(s.Uint())
		case s.Type != protowire.BytesType:
		case s.Num == wire.AttrS:
			v = Value{Kind: ValueString, Text: s.Data}
		case s.Num == wire.AttrPlaceholder:
			v = Value{Kind: ValuePlaceholder, Text: s.Data}
		case s.Num == wire.AttrList, s.Num == wire.AttrShape, s.Num == wire.AttrTensor, s.Num == wire.AttrFunc:
			merged = s.Num
		}
	}
	if merged != 0 {
		return messageValue(value, merged)
	}
	return v
}

// messageValue returns the value of an AttrValue whose message field num was set last.
func messageValue(value []byte, num protowire.Number) Value {
	payload, _ := wire.AttrBytes(value, num)
	switch num {
	case wire.AttrShape:
		return Value{Kind: ValueShape, Shape: ParseShape(payload)}
	case wire.AttrTensor:
		return Value{Kind: ValueTensor, Tensor: ParseTensor(payload)}
	case wire.AttrFunc:
		return Value{Kind: ValueFunc, Text: wire.Last(payload, NameAttrListName)}
	}
	return listValue(payload)
}

func floatValue(data []byte) Value {
	bits, _ := protowire.ConsumeFixed32(data)
	return Value{Kind: ValueFloat, Float: float64(math.Float32frombits(bits))}
}

func boolValue(v uint64) Value {
	if v != 0 {
		v = 1
	}
	return Value{Kind: ValueBool, Int: int64(v)}
}

func typeValue(v uint64) Value { return Value{Kind: ValueType, Text: []byte(DTypeName(int32(v)))} }

// listValue returns the value of an AttrValue.ListValue.
func listValue(list []byte) Value {
	v := Value{Kind: ValueList}
	add := func(element func() Value) {
		if v.Length < maxListed {
			v.List = append(v.List, element())
		}
		v.Length++
	}
	for s := wire.Scan(list); s.Next(); {
		data := s.Data
		switch s.Num {
		case attrListI:
			s.EachVarint(func(n uint64) { add(func() Value { return Value{Kind: ValueInt, Int: int64(n)} }) })
		case attrListB:
			s.EachVarint(func(n uint64) { add(func() Value { return boolValue(n) }) })
		case AttrListType:
			s.EachVarint(func(n uint64) { add(func() Value { return typeValue(n) }) })
		case attrListF:
			if s.Type == protowire.Fixed32Type || s.Type == protowire.BytesType {
				for ; len(data) >= 4; data = data[4:] {
					add(func() Value { return floatValue(data) })
				}
			}
		}
		if s.Type != protowire.BytesType {
			continue
		}
		switch s.Num {
		case wire.ListS:
			add(func() Value { return Value{Kind: ValueString, Text: data} })
		case AttrListShape:
			add(func() Value { return Value{Kind: ValueShape, Shape: ParseShape(data)} })
		case attrListTensor:
			add(func() Value { return Value{Kind: ValueTensor, Tensor: ParseTensor(data)} })
		case wire.ListFunc:
			add(func() Value { return Value{Kind: ValueFunc, Text: wire.Last(data, NameAttrListName)} })
		}
	}
	return v
}

// Fields of TensorProto (tensorflow/core/framework/tensor.proto).
const (
	TensorDType       protowire.Number = 1
	TensorShape       protowire.Number = 2
	tensorContent     protowire.Number = 4
	tensorHalfVal     protowire.Number = 13
	tensorFloatVal    protowire.Number = 5
	tensorDoubleVal   protowire.Number = 6
	tensorIntVal      protowire.Number = 7
	tensorStringVal   protowire.Number = 8
	tensorComplexVal  protowire.Number = 9
	tensorInt64Val    protowire.Number = 10
	tensorBoolVal     protowire.Number = 11
	tensorDComplexVal protowire.Number = 12
	tensorUint32Val   protowire.Number = 16
	tensorUint64Val   protowire.Number = 17
)

// ParseTensor summarizes a TensorProto. It reads only the elements that it keeps.
func ParseTensor(tensor []byte) *Tensor {
	t := &Tensor{Bytes: len(tensor)}
	dtype := int32(wire.LastUint(tensor, TensorDType))
	t.DType = DTypeName(dtype)
	shape, _ := wire.Merged(tensor, TensorShape)
	t.Shape = ParseShape(shape)
	if content := wire.Last(tensor, tensorContent); len(content) > 0 {
		t.Values = contentValues(content, t.DType)
		return t
	}
	for s := wire.Scan(tensor); s.Next() && len(t.Values) < maxTensorValues; {
		t.Values = append(t.Values, fieldValues(s.Field, t.DType, maxTensorValues-len(t.Values))...)
	}
	return t
}

// fieldValues returns the first elements of a repeated field of TensorProto, at most most of them.
func fieldValues(f wire.Field, dtype string, most int) []Value {
	var values []Value
	add := func(v Value) {
		if len(values) < most {
			values = append(values, v)
		}
	}
	switch f.Num {
	case tensorIntVal, tensorInt64Val, tensorUint32Val, tensorUint64Val:
		if f.Type == protowire.BytesType {
			f.Data = f.Data[:min(len(f.Data), most*binary.MaxVarintLen64)]
		}
		f.EachVarint(func(n uint64) { add(Value{Kind: ValueInt, Int: int64(n)}) })
	case tensorBoolVal:
		if f.Type == protowire.BytesType {
			f.Data = f.Data[:min(len(f.Data), most*binary.MaxVarintLen64)]
		}
		f.EachVarint(func(n uint64) { add(boolValue(n)) })
	case tensorHalfVal:
		if f.Type == protowire.BytesType {
			f.Data = f.Data[:min(len(f.Data), most*binary.MaxVarintLen64)]
		}
		f.EachVarint(func(n uint64) { add(halfValue(uint16(n), dtype)) })
	case tensorFloatVal, tensorComplexVal:
		for data := f.Data; len(data) >= 4 && len(values) < most; data = data[4:] {
			add(floatValue(data))
		}
	case tensorDoubleVal, tensorDComplexVal:
		for data := f.Data; len(data) >= 8 && len(values) < most; data = data[8:] {
			add(doubleValue(data))
		}
	case tensorStringVal:
		if f.Type == protowire.BytesType {
			add(Value{Kind: ValueString, Text: f.Data})
		}
	}
	return values
}

func doubleValue(data []byte) Value {
	return Value{Kind: ValueDouble, Float: math.Float64frombits(binary.LittleEndian.Uint64(data))}
}

// contentValues returns the first elements of tensor_content, which is little-endian.
func contentValues(content []byte, dtype string) []Value {
	var values []Value
	step := func(size int, read func([]byte) Value) {
		for ; len(content) >= size && len(values) < maxTensorValues; content = content[size:] {
			values = append(values, read(content))
		}
	}
	integer := func(read func([]byte) int64) func([]byte) Value {
		return func(b []byte) Value { return Value{Kind: ValueInt, Int: read(b)} }
	}
	switch dtype {
	case "float32", "complex64":
		step(4, floatValue)
	case "float64", "complex128":
		step(8, doubleValue)
	case "float16", "bfloat16":
		step(2, func(b []byte) Value { return halfValue(binary.LittleEndian.Uint16(b), dtype) })
	case "int64", "uint64":
		step(8, integer(func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) }))
	case "int32", "qint32":
		step(4, integer(func(b []byte) int64 { return int64(int32(binary.LittleEndian.Uint32(b))) }))
	case "uint32":
		step(4, integer(func(b []byte) int64 { return int64(binary.LittleEndian.Uint32(b)) }))
	case "int16", "qint16":
		step(2, integer(func(b []byte) int64 { return int64(int16(binary.LittleEndian.Uint16(b))) }))
	case "uint16", "quint16":
		step(2, integer(func(b []byte) int64 { return int64(binary.LittleEndian.Uint16(b)) }))
	case "int8", "qint8":
		step(1, integer(func(b []byte) int64 { return int64(int8(b[0])) }))
	case "uint8", "quint8":
		step(1, integer(func(b []byte) int64 { return int64(b[0]) }))
	case "bool":
		step(1, func(b []byte) Value { return boolValue(uint64(b[0])) })
	}
	return values
}

// halfValue converts 16 bits to a float16 or bfloat16. For other types in half_val, it returns the bits.
func halfValue(bits uint16, dtype string) Value {
	switch dtype {
	case "bfloat16":
		return Value{Kind: ValueFloat, Float: float64(math.Float32frombits(uint32(bits) << 16))}
	case "float16":
		return Value{Kind: ValueFloat, Float: Float16(bits)}
	}
	return Value{Kind: ValueInt, Int: int64(bits)}
}

// Float16 converts an IEEE 754 half-precision number.
func Float16(bits uint16) float64 {
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
