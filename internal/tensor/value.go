package tensor

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
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

// ParseValue summarizes an AttrValue. It omits parts that cannot be decoded.
func ParseValue(value []byte) Value {
	var v Value
	var merged protowire.Number // the message field that was set last; 0 if another field was
	for s := wire.Scan(value); s.Next(); {
		if wire.SetsAttr(s.Field) {
			merged = 0
		}
		switch {
		case s.Num == fieldnum.AttrValue_I && s.Type == protowire.VarintType:
			v = Value{Kind: ValueInt, Int: int64(s.Uint())}
		case s.Num == fieldnum.AttrValue_F && s.Type == protowire.Fixed32Type:
			v = floatValue(s.Data)
		case s.Num == fieldnum.AttrValue_B && s.Type == protowire.VarintType:
			v = boolValue(s.Uint())
		case s.Num == fieldnum.AttrValue_Type && s.Type == protowire.VarintType:
			v = typeValue(s.Uint())
		case s.Type != protowire.BytesType:
		case s.Num == fieldnum.AttrValue_S:
			v = Value{Kind: ValueString, Text: s.Data}
		case s.Num == fieldnum.AttrValue_Placeholder:
			v = Value{Kind: ValuePlaceholder, Text: s.Data}
		case s.Num == fieldnum.AttrValue_List, s.Num == fieldnum.AttrValue_Shape, s.Num == fieldnum.AttrValue_Tensor, s.Num == fieldnum.AttrValue_Func:
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
	case fieldnum.AttrValue_Shape:
		return Value{Kind: ValueShape, Shape: ParseShape(payload)}
	case fieldnum.AttrValue_Tensor:
		return Value{Kind: ValueTensor, Tensor: ParseTensor(payload)}
	case fieldnum.AttrValue_Func:
		return Value{Kind: ValueFunc, Text: wire.Last(payload, fieldnum.NameAttrList_Name)}
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
		case fieldnum.AttrValue_ListValue_I:
			s.EachVarint(func(n uint64) { add(func() Value { return Value{Kind: ValueInt, Int: int64(n)} }) })
		case fieldnum.AttrValue_ListValue_B:
			s.EachVarint(func(n uint64) { add(func() Value { return boolValue(n) }) })
		case fieldnum.AttrValue_ListValue_Type:
			s.EachVarint(func(n uint64) { add(func() Value { return typeValue(n) }) })
		case fieldnum.AttrValue_ListValue_F:
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
		case fieldnum.AttrValue_ListValue_S:
			add(func() Value { return Value{Kind: ValueString, Text: data} })
		case fieldnum.AttrValue_ListValue_Shape:
			add(func() Value { return Value{Kind: ValueShape, Shape: ParseShape(data)} })
		case fieldnum.AttrValue_ListValue_Tensor:
			add(func() Value { return Value{Kind: ValueTensor, Tensor: ParseTensor(data)} })
		case fieldnum.AttrValue_ListValue_Func:
			add(func() Value { return Value{Kind: ValueFunc, Text: wire.Last(data, fieldnum.NameAttrList_Name)} })
		}
	}
	return v
}

// ParseTensor summarizes a TensorProto. It reads only the elements that it keeps.
func ParseTensor(tensor []byte) *Tensor {
	t := &Tensor{Bytes: len(tensor)}
	dtype := int32(wire.LastUint(tensor, fieldnum.TensorProto_Dtype))
	t.DType = DTypeName(dtype)
	shape, _ := wire.Merged(tensor, fieldnum.TensorProto_TensorShape)
	t.Shape = ParseShape(shape)
	if content := wire.Last(tensor, fieldnum.TensorProto_TensorContent); len(content) > 0 {
		t.Values = contentValues(content, dtype)
		return t
	}
	for s := wire.Scan(tensor); s.Next() && len(t.Values) < maxTensorValues; {
		t.Values = append(t.Values, fieldValues(s.Field, dtype, maxTensorValues-len(t.Values))...)
	}
	return t
}

// fieldValues returns the first elements of a repeated field of TensorProto, at most most of them.
func fieldValues(f wire.Field, dtype int32, most int) []Value {
	var values []Value
	add := func(v Value) {
		if len(values) < most {
			values = append(values, v)
		}
	}
	data := f.Data // of floats
	if f.Type == protowire.BytesType && f.Num != fieldnum.TensorProto_StringVal {
		f.Data = data[:min(len(data), most*binary.MaxVarintLen64)]
	}
	switch f.Num {
	case fieldnum.TensorProto_IntVal, fieldnum.TensorProto_Int64Val, fieldnum.TensorProto_Uint32Val, fieldnum.TensorProto_Uint64Val:
		f.EachVarint(func(n uint64) { add(Value{Kind: ValueInt, Int: int64(n)}) })
	case fieldnum.TensorProto_BoolVal:
		f.EachVarint(func(n uint64) { add(boolValue(n)) })
	case fieldnum.TensorProto_HalfVal:
		f.EachVarint(func(n uint64) { add(halfValue(uint16(n), dtype)) })
	case fieldnum.TensorProto_FloatVal, fieldnum.TensorProto_ScomplexVal:
		return elementValues(Encoding{Kind: Float, Size: 4}, data, most)
	case fieldnum.TensorProto_DoubleVal, fieldnum.TensorProto_DcomplexVal:
		return elementValues(Encoding{Kind: Float, Size: 8}, data, most)
	case fieldnum.TensorProto_StringVal:
		if f.Type == protowire.BytesType {
			add(Value{Kind: ValueString, Text: f.Data})
		}
	}
	return values
}

// halfValue converts 16 bits to a float16 or bfloat16. For other types in half_val, it returns the bits.
func halfValue(bits uint16, dtype int32) Value {
	if e := EncodingOf(dtype); e.Size == 2 {
		return e.value(binary.LittleEndian.AppendUint16(nil, bits))
	}
	return Value{Kind: ValueInt, Int: int64(bits)}
}

// contentValues returns the first elements of tensor_content. The parts of a complex number count as two elements.
func contentValues(content []byte, dtype int32) []Value {
	e := EncodingOf(dtype).Part()
	if e.Kind == Opaque || e.Size == 0 {
		return nil
	}
	return elementValues(e, content, maxTensorValues)
}

// elementValues returns the first elements of data, at most most of them.
func elementValues(e Encoding, data []byte, most int) []Value {
	var values []Value
	for ; len(data) >= e.Size && len(values) < most; data = data[e.Size:] {
		values = append(values, e.value(data[:e.Size]))
	}
	return values
}

// value returns an element of a number or a bool.
func (e Encoding) value(element []byte) Value {
	switch {
	case e.Kind == Boolean:
		return boolValue(uint64(e.Int(element)))
	case e.Kind == Signed, e.Kind == Unsigned:
		return Value{Kind: ValueInt, Int: e.Int(element)}
	case e.Size == 8:
		return Value{Kind: ValueDouble, Float: e.Float(element)}
	}
	return Value{Kind: ValueFloat, Float: e.Float(element)}
}
