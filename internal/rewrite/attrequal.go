package rewrite

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/schema"
)

// sameAttr reports whether two AttrValues are equal by value, as AreAttrValuesEqual in
// tensorflow/core/framework/attr_value_util.cc defines it. It compares tensors by their elements, regardless of
// encoding, and floats by their bits. A value that cannot be decoded equals only itself.
func sameAttr(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y tfpb.AttrValue
	if schema.Unmarshal(a, &x) != nil || schema.Unmarshal(b, &y) != nil {
		return false
	}
	return sameAttrValue(&x, &y, 0)
}

// maxFuncDepth is the maximum nesting depth of functions in attrs.
const maxFuncDepth = 100

func sameAttrValue(x, y *tfpb.AttrValue, depth int) bool {
	switch v := x.GetValue().(type) {
	case *tfpb.AttrValue_F:
		w, ok := y.GetValue().(*tfpb.AttrValue_F)
		return ok && math.Float32bits(v.F) == math.Float32bits(w.F)
	case *tfpb.AttrValue_Tensor:
		w, ok := y.GetValue().(*tfpb.AttrValue_Tensor)
		return ok && sameTensor(v.Tensor, w.Tensor)
	case *tfpb.AttrValue_List:
		w, ok := y.GetValue().(*tfpb.AttrValue_List)
		return ok && sameFloats(v.List.GetF(), w.List.GetF()) && proto.Equal(v.List, w.List)
	case *tfpb.AttrValue_Func:
		w, ok := y.GetValue().(*tfpb.AttrValue_Func)
		return ok && sameFunc(v.Func, w.Func, depth)
	}
	return proto.Equal(x, y)
}

// sameFunc reports whether two function attrs name the same function with the same attrs.
func sameFunc(x, y *tfpb.NameAttrList, depth int) bool {
	if x.GetName() != y.GetName() || len(x.GetAttr()) != len(y.GetAttr()) || depth > maxFuncDepth {
		return false
	}
	for key, v := range x.GetAttr() {
		w, ok := y.GetAttr()[key]
		if !ok || !sameAttrValue(v, w, depth+1) {
			return false
		}
	}
	return true
}

func sameFloats(x, y []float32) bool {
	return slices.EqualFunc(x, y, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })
}

// sameTensor reports whether two tensors have the same dtype, shape and elements (AreTensorProtosEqual).
func sameTensor(x, y *tfpb.TensorProto) bool {
	if x.GetDtype() != y.GetDtype() || !proto.Equal(x.GetTensorShape(), y.GetTensorShape()) {
		return false
	}
	n, ok := elements(x.GetTensorShape())
	if !ok {
		return false
	}
	if x.GetDtype() == tfpb.DataType_DT_STRING {
		return sameElements(x.GetStringVal(), y.GetStringVal(), n, nil)
	}
	a, size, ok := values(x)
	b, _, ok2 := values(y)
	if !ok || !ok2 {
		return proto.Equal(x, y)
	}
	return sameElements(slices.Collect(slices.Chunk(a, size)), slices.Collect(slices.Chunk(b, size)), n, make([]byte, size))
}

// elements returns the number of elements of a shape. It returns false for an invalid or partially unknown shape.
func elements(shape *tfpb.TensorShapeProto) (int64, bool) {
	n := int64(1)
	for _, d := range shape.GetDim() {
		if d.GetSize() < 0 || d.GetSize() > 0 && n > math.MaxInt64/d.GetSize() {
			return 0, false
		}
		n *= d.GetSize()
	}
	return n, !shape.GetUnknownRank()
}

// sameElements reports whether two lists represent the same n elements. The last element of a list is repeated as often
// as needed; an empty list represents zeros.
func sameElements(a, b [][]byte, n int64, zero []byte) bool {
	at := func(list [][]byte, i int) []byte {
		if len(list) == 0 {
			return zero
		}
		return list[min(i, len(list)-1)]
	}
	for i := range int(min(n, int64(max(len(a), len(b), 1)))) {
		if !bytes.Equal(at(a, i), at(b, i)) {
			return false
		}
	}
	return true
}

// values returns the elements that a tensor lists, encoded as in tensor_content, and the size of one element. It returns
// false for a dtype that is not numeric.
func values(t *tfpb.TensorProto) (content []byte, size int, ok bool) {
	le := binary.LittleEndian
	// The low bytes of an int32 are the value in a smaller type.
	ints := func(size int) ([]byte, int, bool) {
		var out []byte
		for _, v := range t.GetIntVal() {
			out = append(out, le.AppendUint32(nil, uint32(v))[:size]...)
		}
		return pick(t, out), size, true
	}
	var out []byte
	switch t.GetDtype() {
	case tfpb.DataType_DT_FLOAT:
		for _, v := range t.GetFloatVal() {
			out = le.AppendUint32(out, math.Float32bits(v))
		}
		return pick(t, out), 4, true
	case tfpb.DataType_DT_DOUBLE:
		for _, v := range t.GetDoubleVal() {
			out = le.AppendUint64(out, math.Float64bits(v))
		}
		return pick(t, out), 8, true
	case tfpb.DataType_DT_COMPLEX64:
		for _, v := range t.GetScomplexVal() {
			out = le.AppendUint32(out, math.Float32bits(v))
		}
		return pick(t, out[:len(out)/8*8]), 8, true
	case tfpb.DataType_DT_COMPLEX128:
		for _, v := range t.GetDcomplexVal() {
			out = le.AppendUint64(out, math.Float64bits(v))
		}
		return pick(t, out[:len(out)/16*16]), 16, true
	case tfpb.DataType_DT_INT64:
		for _, v := range t.GetInt64Val() {
			out = le.AppendUint64(out, uint64(v))
		}
		return pick(t, out), 8, true
	case tfpb.DataType_DT_UINT64:
		for _, v := range t.GetUint64Val() {
			out = le.AppendUint64(out, v)
		}
		return pick(t, out), 8, true
	case tfpb.DataType_DT_UINT32:
		for _, v := range t.GetUint32Val() {
			out = le.AppendUint32(out, v)
		}
		return pick(t, out), 4, true
	case tfpb.DataType_DT_BOOL:
		for _, v := range t.GetBoolVal() {
			b := byte(0)
			if v {
				b = 1
			}
			out = append(out, b)
		}
		return pick(t, out), 1, true
	case tfpb.DataType_DT_HALF, tfpb.DataType_DT_BFLOAT16:
		for _, v := range t.GetHalfVal() {
			out = le.AppendUint16(out, uint16(v))
		}
		return pick(t, out), 2, true
	case tfpb.DataType_DT_INT32, tfpb.DataType_DT_QINT32:
		return ints(4)
	case tfpb.DataType_DT_INT16, tfpb.DataType_DT_UINT16, tfpb.DataType_DT_QINT16, tfpb.DataType_DT_QUINT16:
		return ints(2)
	case tfpb.DataType_DT_INT8, tfpb.DataType_DT_UINT8, tfpb.DataType_DT_QINT8, tfpb.DataType_DT_QUINT8:
		return ints(1)
	}
	return nil, 0, false
}

// pick returns tensor_content if it is set, or else values.
func pick(t *tfpb.TensorProto, values []byte) []byte {
	if content := t.GetTensorContent(); len(content) > 0 {
		return content
	}
	return values
}
