package tensor

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
)

// AttrsEqual reports whether two encoded AttrValues have the same value, as AreAttrValuesEqual in
// tensorflow/core/framework/attr_value_util.cc decides: tensors are compared by their elements, whichever field holds them, and floats by
// their bits. A value that cannot be decoded equals only its own bytes.
func AttrsEqual(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y tfpb.AttrValue
	if schema.Unmarshal(a, &x) != nil || schema.Unmarshal(b, &y) != nil {
		return false
	}
	return attrsEqual(&x, &y, 0)
}

// maxFuncDepth bounds how deep function attrs may be nested in the attrs of function attrs.
const maxFuncDepth = 100

func attrsEqual(x, y *tfpb.AttrValue, depth int) bool {
	switch v := x.GetValue().(type) {
	case *tfpb.AttrValue_F:
		w, ok := y.GetValue().(*tfpb.AttrValue_F)
		return ok && floatsEqual([]float32{v.F}, []float32{w.F})
	case *tfpb.AttrValue_Tensor:
		w, ok := y.GetValue().(*tfpb.AttrValue_Tensor)
		return ok && tensorsEqual(v.Tensor, w.Tensor)
	case *tfpb.AttrValue_List:
		w, ok := y.GetValue().(*tfpb.AttrValue_List)
		return ok && listsEqual(v.List, w.List, depth)
	case *tfpb.AttrValue_Func:
		w, ok := y.GetValue().(*tfpb.AttrValue_Func)
		return ok && funcsEqual(v.Func, w.Func, depth)
	}
	return proto.Equal(x, y)
}

func listsEqual(x, y *tfpb.AttrValue_ListValue, depth int) bool {
	if !floatsEqual(x.GetF(), y.GetF()) || !slices.EqualFunc(x.GetTensor(), y.GetTensor(), tensorsEqual) {
		return false
	}
	if !slices.EqualFunc(x.GetFunc(), y.GetFunc(), func(f, g *tfpb.NameAttrList) bool { return funcsEqual(f, g, depth) }) {
		return false
	}
	return proto.Equal(plainLists(x), plainLists(y))
}

// plainLists returns the lists of l whose elements proto.Equal compares correctly, and its unknown fields.
func plainLists(l *tfpb.AttrValue_ListValue) *tfpb.AttrValue_ListValue {
	plain := &tfpb.AttrValue_ListValue{S: l.GetS(), I: l.GetI(), B: l.GetB(), Type: l.GetType(), Shape: l.GetShape()}
	plain.ProtoReflect().SetUnknown(l.ProtoReflect().GetUnknown())
	return plain
}

// funcsEqual reports whether two function attrs name the same function with the same attrs.
func funcsEqual(x, y *tfpb.NameAttrList, depth int) bool {
	if x.GetName() != y.GetName() || len(x.GetAttr()) != len(y.GetAttr()) || depth > maxFuncDepth {
		return false
	}
	for key, v := range x.GetAttr() {
		w, ok := y.GetAttr()[key]
		if !ok || !attrsEqual(v, w, depth+1) {
			return false
		}
	}
	return true
}

func floatsEqual(x, y []float32) bool {
	return slices.EqualFunc(x, y, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })
}

// tensorsEqual reports whether two tensors have the same dtype, shape and elements (AreTensorProtosEqual). Tensors that TensorFlow
// cannot read, and tensors of resources and variants, are equal if their fields are.
func tensorsEqual(x, y *tfpb.TensorProto) bool {
	if x.GetDtype() != y.GetDtype() || !proto.Equal(x.GetTensorShape(), y.GetTensorShape()) {
		return false
	}
	n, ok := ShapeOf(x.GetTensorShape()).Elements()
	if x.GetTensorShape() == nil {
		n, ok = 1, true // no shape is that of a scalar
	}
	a, okA := elementsOf(x, n)
	b, okB := elementsOf(y, n)
	if !ok || !okA || !okB {
		return proto.Equal(x, y)
	}
	// From where both only repeat their last element, all elements are like the first of them.
	for i := range min(n, max(a.count, b.count, 1)) {
		if !bytes.Equal(a.at(i), b.at(i)) {
			return false
		}
	}
	return true
}

// elements are the elements that a TensorProto holds. The last one stands for all that are missing, zero if there is none
// (Tensor::FromProto in tensorflow/core/framework/tensor.cc).
type elements struct {
	count   int64
	strings [][]byte // of DT_STRING
	content []byte   // of other dtypes: size bytes for each element
	size    int64
}

// elementsOf returns the elements of a TensorProto of n elements. It returns false if tensor_content does not fit, and for strings in
// tensor_content, resources and variants.
func elementsOf(p *tfpb.TensorProto, n int64) (elements, bool) {
	content := p.GetTensorContent()
	if p.GetDtype() == tfpb.DataType_DT_STRING {
		return elements{count: int64(len(p.GetStringVal())), strings: p.GetStringVal()}, len(content) == 0
	}
	size := DTypeSize(int32(p.GetDtype()))
	if size == 0 {
		return elements{}, false
	}
	if len(content) == 0 {
		content = TypedValues(p)
	} else if int64(len(content))%size != 0 || int64(len(content))/size != n {
		return elements{}, false
	}
	return elements{count: int64(len(content)) / size, content: content, size: size}, true
}

// at returns the bytes of element i.
func (e elements) at(i int64) []byte {
	if e.count == 0 {
		return make([]byte, e.size)
	}
	i = min(i, e.count-1)
	if e.size == 0 {
		return e.strings[i]
	}
	return e.content[i*e.size : (i+1)*e.size]
}

// TypedValues returns the elements in the field of a TensorProto that belongs to its dtype (int_val, float_val and so on), in the form of
// tensor_content: little-endian, DTypeSize bytes each. An incomplete complex number at the end is left out. For a dtype that the schema
// does not know, it returns float8_val; strings, resources and variants have no such form.
func TypedValues(p *tfpb.TensorProto) []byte {
	dtype := int32(p.GetDtype())
	size := int(DTypeSize(dtype))
	switch ValueField(dtype) {
	case fieldnum.TensorProto_StringVal, fieldnum.TensorProto_ResourceHandleVal, fieldnum.TensorProto_VariantVal:
		return nil
	case fieldnum.TensorProto_FloatVal:
		return littleEndian(p.GetFloatVal(), size, floatBits)
	case fieldnum.TensorProto_ScomplexVal:
		out := littleEndian(p.GetScomplexVal(), size/2, floatBits)
		return out[:len(out)/size*size]
	case fieldnum.TensorProto_DoubleVal:
		return littleEndian(p.GetDoubleVal(), size, math.Float64bits)
	case fieldnum.TensorProto_DcomplexVal:
		out := littleEndian(p.GetDcomplexVal(), size/2, math.Float64bits)
		return out[:len(out)/size*size]
	case fieldnum.TensorProto_Int64Val:
		return littleEndian(p.GetInt64Val(), size, func(v int64) uint64 { return uint64(v) })
	case fieldnum.TensorProto_Uint64Val:
		return littleEndian(p.GetUint64Val(), size, func(v uint64) uint64 { return v })
	case fieldnum.TensorProto_Uint32Val:
		return littleEndian(p.GetUint32Val(), size, func(v uint32) uint64 { return uint64(v) })
	case fieldnum.TensorProto_BoolVal:
		return littleEndian(p.GetBoolVal(), size, boolBits)
	case fieldnum.TensorProto_HalfVal:
		return littleEndian(p.GetHalfVal(), size, intBits)
	case fieldnum.TensorProto_IntVal:
		return littleEndian(p.GetIntVal(), size, intBits)
	}
	return p.GetFloat8Val()
}

func floatBits(v float32) uint64 { return uint64(math.Float32bits(v)) }

func intBits(v int32) uint64 { return uint64(v) }

func boolBits(v bool) uint64 {
	if v {
		return 1
	}
	return 0
}

// littleEndian returns the low size bytes of the bits of each value.
func littleEndian[T any](values []T, size int, bits func(T) uint64) []byte {
	out := make([]byte, 0, len(values)*size)
	var b [8]byte
	for _, v := range values {
		binary.LittleEndian.PutUint64(b[:], bits(v))
		out = append(out, b[:size]...)
	}
	return out
}
