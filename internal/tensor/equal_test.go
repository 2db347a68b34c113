package tensor

import (
	"math"
	"testing"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
)

func TestAttrsEqual(t *testing.T) {
	tensorAttr := func(p *tfpb.TensorProto) *tfpb.AttrValue {
		return &tfpb.AttrValue{Value: &tfpb.AttrValue_Tensor{Tensor: p}}
	}
	float := func(f float32) *tfpb.AttrValue { return &tfpb.AttrValue{Value: &tfpb.AttrValue_F{F: f}} }
	list := func(l *tfpb.AttrValue_ListValue) *tfpb.AttrValue {
		return &tfpb.AttrValue{Value: &tfpb.AttrValue_List{List: l}}
	}
	function := func(name string, value *tfpb.AttrValue) *tfpb.NameAttrList {
		return &tfpb.NameAttrList{Name: name, Attr: map[string]*tfpb.AttrValue{"a": value}}
	}
	vector := testfiles.ShapeProto(2)
	int16Typed := &tfpb.TensorProto{Dtype: tfpb.DataType_DT_INT16, TensorShape: vector, IntVal: []int32{-1}}
	int16Content := &tfpb.TensorProto{Dtype: tfpb.DataType_DT_INT16, TensorShape: vector, TensorContent: []byte{255, 255, 255, 255}}
	tests := []struct {
		name string
		a, b *tfpb.AttrValue
		want bool
	}{
		{"equal floats", float(0.5), float(0.5), true},
		{"zero and minus zero", float(0), float(float32(math.Copysign(0, -1))), false},
		{"a float and an int", float(0), &tfpb.AttrValue{Value: &tfpb.AttrValue_I{}}, false},
		{"lists of zero and minus zero", list(&tfpb.AttrValue_ListValue{F: []float32{0}}),
			list(&tfpb.AttrValue_ListValue{F: []float32{float32(math.Copysign(0, -1))}}), false},
		{"lists of different ints", list(&tfpb.AttrValue_ListValue{I: []int64{1}}), list(&tfpb.AttrValue_ListValue{I: []int64{2}}), false},
		{"a repeated element and tensor_content", tensorAttr(int16Typed), tensorAttr(int16Content), true},
		{"the same in a list", list(&tfpb.AttrValue_ListValue{Tensor: []*tfpb.TensorProto{int16Typed}}),
			list(&tfpb.AttrValue_ListValue{Tensor: []*tfpb.TensorProto{int16Content}}), true},
		{"the same in an attr of a function", &tfpb.AttrValue{Value: &tfpb.AttrValue_Func{Func: function("f", tensorAttr(int16Typed))}},
			&tfpb.AttrValue{Value: &tfpb.AttrValue_Func{Func: function("f", tensorAttr(int16Content))}}, true},
		{"the same in a list of functions", list(&tfpb.AttrValue_ListValue{Func: []*tfpb.NameAttrList{function("f", tensorAttr(int16Typed))}}),
			list(&tfpb.AttrValue_ListValue{Func: []*tfpb.NameAttrList{function("f", tensorAttr(int16Content))}}), true},
		{"different functions", list(&tfpb.AttrValue_ListValue{Func: []*tfpb.NameAttrList{function("f", float(1))}}),
			list(&tfpb.AttrValue_ListValue{Func: []*tfpb.NameAttrList{function("g", float(1))}}), false},
		{"no values and zeros", tensorAttr(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: vector}),
			tensorAttr(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: vector, FloatVal: []float32{0, 0}}), true},
		{"different last element", tensorAttr(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: vector, FloatVal: []float32{1}}),
			tensorAttr(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: vector, FloatVal: []float32{1, 2}}), false},
		{"no shape", tensorAttr(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_BOOL, BoolVal: []bool{true}}),
			tensorAttr(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_BOOL, TensorContent: []byte{1}}), true},
		{"eight-bit floats", tensorAttr(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_FLOAT8_E5M2, TensorShape: vector, Float8Val: []byte{7}}),
			tensorAttr(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_FLOAT8_E5M2, TensorShape: vector, TensorContent: []byte{7, 7}}), true},
		{"strings", tensorAttr(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_STRING, TensorShape: vector, StringVal: [][]byte{{'x'}}}),
			tensorAttr(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_STRING, TensorShape: vector, StringVal: [][]byte{{'x'}, {'x'}}}), true},
		{"content that does not fit the shape", tensorAttr(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_INT8, TensorShape: vector, IntVal: []int32{1}}),
			tensorAttr(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_INT8, TensorShape: vector, TensorContent: []byte{1}}), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := encode(t, tt.a), encode(t, tt.b)
			if got := AttrsEqual(a, b); got != tt.want {
				t.Errorf("AttrsEqual(a, b) = %v, want %v", got, tt.want)
			}
			if got := AttrsEqual(b, a); got != tt.want {
				t.Errorf("AttrsEqual(b, a) = %v, want %v", got, tt.want)
			}
		})
	}
	if damaged := []byte{0xff}; !AttrsEqual(damaged, damaged) || AttrsEqual(damaged, nil) {
		t.Error("a damaged value must equal its own bytes and nothing else")
	}
}

func encode(t *testing.T, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
