package tensor

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
)

func ints(values ...int64) []Value {
	var list []Value
	for _, v := range values {
		list = append(list, Value{Kind: ValueInt, Int: v})
	}
	return list
}

func floats(kind ValueKind, values ...float64) []Value {
	var list []Value
	for _, v := range values {
		list = append(list, Value{Kind: kind, Float: v})
	}
	return list
}

func TestParseValue(t *testing.T) {
	tensor := func(p *tfpb.TensorProto) *tfpb.AttrValue {
		return &tfpb.AttrValue{Value: &tfpb.AttrValue_Tensor{Tensor: p}}
	}
	list := func(l *tfpb.AttrValue_ListValue) *tfpb.AttrValue {
		return &tfpb.AttrValue{Value: &tfpb.AttrValue_List{List: l}}
	}
	manyInts := make([]int64, 100)
	tests := []struct {
		name  string
		value *tfpb.AttrValue
		want  Value
	}{
		{"nothing", &tfpb.AttrValue{}, Value{}},
		{"string", &tfpb.AttrValue{Value: &tfpb.AttrValue_S{S: []byte("\xff")}}, Value{Kind: ValueString, Text: []byte("\xff")}},
		{"int", &tfpb.AttrValue{Value: &tfpb.AttrValue_I{I: -1}}, Value{Kind: ValueInt, Int: -1}},
		{"zero", &tfpb.AttrValue{Value: &tfpb.AttrValue_I{}}, Value{Kind: ValueInt}},
		{"float", &tfpb.AttrValue{Value: &tfpb.AttrValue_F{F: 0.5}}, Value{Kind: ValueFloat, Float: 0.5}},
		{"false", &tfpb.AttrValue{Value: &tfpb.AttrValue_B{}}, Value{Kind: ValueBool}},
		{"type", &tfpb.AttrValue{Value: &tfpb.AttrValue_Type{Type: tfpb.DataType_DT_FLOAT_REF}}, Value{Kind: ValueType, Text: []byte("float32_ref")}},
		{"shape", &tfpb.AttrValue{Value: &tfpb.AttrValue_Shape{Shape: testfiles.ShapeProto(-1, 3)}}, Value{Kind: ValueShape, Shape: Shape{-1, 3}}},
		{"unknown rank", &tfpb.AttrValue{Value: &tfpb.AttrValue_Shape{Shape: &tfpb.TensorShapeProto{UnknownRank: true}}}, Value{Kind: ValueShape}},
		{"function", &tfpb.AttrValue{Value: &tfpb.AttrValue_Func{Func: &tfpb.NameAttrList{Name: "f"}}}, Value{Kind: ValueFunc, Text: []byte("f")}},
		{"placeholder", &tfpb.AttrValue{Value: &tfpb.AttrValue_Placeholder{Placeholder: "T"}}, Value{Kind: ValuePlaceholder, Text: []byte("T")}},
		{"empty list", list(&tfpb.AttrValue_ListValue{}), Value{Kind: ValueList}},
		{"ints", list(&tfpb.AttrValue_ListValue{I: []int64{1, -2}}), Value{Kind: ValueList, List: ints(1, -2), Length: 2}},
		{"many ints", list(&tfpb.AttrValue_ListValue{I: manyInts}), Value{Kind: ValueList, List: ints(manyInts[:maxListed]...), Length: 100}},
		{"floats", list(&tfpb.AttrValue_ListValue{F: []float32{1, 2}}), Value{Kind: ValueList, List: floats(ValueFloat, 1, 2), Length: 2}},
		{"bools and types and shapes and functions", list(&tfpb.AttrValue_ListValue{
			B: []bool{true}, Type: []tfpb.DataType{tfpb.DataType_DT_STRING}, Shape: []*tfpb.TensorShapeProto{testfiles.ShapeProto()},
			Func: []*tfpb.NameAttrList{{Name: "g"}}, S: [][]byte{[]byte("s")},
		}), Value{Kind: ValueList, Length: 5, List: []Value{
			{Kind: ValueString, Text: []byte("s")}, {Kind: ValueBool, Int: 1}, {Kind: ValueType, Text: []byte("string")},
			{Kind: ValueShape, Shape: Shape{}}, {Kind: ValueFunc, Text: []byte("g")},
		}}},
		{"float content", tensor(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: testfiles.ShapeProto(2), TensorContent: []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0x40}}),
			Value{Kind: ValueTensor, Tensor: &Tensor{DType: "float32", Shape: Shape{2}, Values: floats(ValueFloat, 1, 2)}}},
		{"half", tensor(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_HALF, HalfVal: []int32{0x3C00, 0xC000, 0x0001}}),
			Value{Kind: ValueTensor, Tensor: &Tensor{DType: "float16", Values: floats(ValueFloat, 1, -2, math.Ldexp(1, -24))}}},
		{"bfloat16", tensor(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_BFLOAT16, HalfVal: []int32{0x3F80}}),
			Value{Kind: ValueTensor, Tensor: &Tensor{DType: "bfloat16", Values: floats(ValueFloat, 1)}}},
		{"doubles", tensor(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_DOUBLE, DoubleVal: []float64{0.1}}),
			Value{Kind: ValueTensor, Tensor: &Tensor{DType: "float64", Values: floats(ValueDouble, 0.1)}}},
		{"many int64s", tensor(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_INT64, Int64Val: []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 1 << 60}}),
			Value{Kind: ValueTensor, Tensor: &Tensor{DType: "int64", Values: ints(1, 2, 3, 4, 5, 6, 7, 8)}}},
		{"negative int32", tensor(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_INT32, IntVal: []int32{-1}}),
			Value{Kind: ValueTensor, Tensor: &Tensor{DType: "int32", Values: ints(-1)}}},
		{"bytes", tensor(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_UINT8, TensorContent: []byte{1, 255}}),
			Value{Kind: ValueTensor, Tensor: &Tensor{DType: "uint8", Values: ints(1, 255)}}},
		{"strings", tensor(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_STRING, StringVal: [][]byte{[]byte("a"), nil}}),
			Value{Kind: ValueTensor, Tensor: &Tensor{DType: "string", Values: []Value{{Kind: ValueString, Text: []byte("a")}, {Kind: ValueString}}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ParseValue(testfiles.Encode(t, test.value))
			if got.Tensor != nil {
				got.Tensor.Bytes = 0
				if test.want.Tensor.Shape == nil {
					test.want.Tensor.Shape = got.Tensor.Shape
				}
			}
			if diff := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestFloat16(t *testing.T) {
	tests := map[uint16]float64{
		0: 0, 0x3C00: 1, 0xBC00: -1, 0x7BFF: 65504, 0x0400: math.Ldexp(1, -14), 0x0001: math.Ldexp(1, -24), 0x7C00: math.Inf(1), 0xFC00: math.Inf(-1),
	}
	for bits, want := range tests {
		if got := float16(bits); got != want {
			t.Errorf("float16(%#04x) = %v, want %v", bits, got, want)
		}
	}
	if !math.IsNaN(float16(0x7E00)) {
		t.Error("float16(0x7e00) is a number")
	}
}
