package diff

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

func shapeOf(dims ...int64) *tfpb.TensorShapeProto {
	s := new(tfpb.TensorShapeProto)
	for _, d := range dims {
		s.Dim = append(s.Dim, &tfpb.TensorShapeProto_Dim{Size: d})
	}
	return s
}

// TestTensorEqual: each entry is one tensor in several encodings.
func TestTensorEqual(t *testing.T) {
	nan := float32(math.NaN())
	otherNaN := math.Float32frombits(0x7fc00001)
	tests := map[string][]*tfpb.TensorProto{
		"float32": {
			{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: shapeOf(3), FloatVal: []float32{1, 2, 2}},
			{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: shapeOf(3), FloatVal: []float32{1, 2}},
			{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: shapeOf(3), TensorContent: []byte("\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x00\x40")},
		},
		"zeros": {
			{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: shapeOf(2, 1)},
			{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: shapeOf(2, 1), FloatVal: []float32{0}},
			{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: shapeOf(2, 1), TensorContent: make([]byte, 8)},
		},
		"splat of a billion": {
			{Dtype: tfpb.DataType_DT_INT64, TensorShape: shapeOf(1000, 1000, 1000), Int64Val: []int64{7}},
			{Dtype: tfpb.DataType_DT_INT64, TensorShape: shapeOf(1000, 1000, 1000), Int64Val: []int64{7, 7, 7}},
		},
		"half": {
			{Dtype: tfpb.DataType_DT_HALF, HalfVal: []int32{0x3c00}},
			{Dtype: tfpb.DataType_DT_HALF, TensorShape: shapeOf(), TensorContent: []byte("\x00\x3c")},
		},
		"bfloat16": {
			{Dtype: tfpb.DataType_DT_BFLOAT16, HalfVal: []int32{0x3f80}},
			{Dtype: tfpb.DataType_DT_BFLOAT16, TensorContent: []byte("\x80\x3f")},
		},
		"int8": {
			{Dtype: tfpb.DataType_DT_INT8, TensorShape: shapeOf(2), IntVal: []int32{-1, 5}},
			{Dtype: tfpb.DataType_DT_INT8, TensorShape: shapeOf(2), TensorContent: []byte("\xff\x05")},
		},
		"uint16": {
			{Dtype: tfpb.DataType_DT_UINT16, IntVal: []int32{0xffff}},
			{Dtype: tfpb.DataType_DT_UINT16, TensorContent: []byte("\xff\xff")},
		},
		"uint32": {
			{Dtype: tfpb.DataType_DT_UINT32, Uint32Val: []uint32{1 << 31}},
			{Dtype: tfpb.DataType_DT_UINT32, TensorContent: []byte("\x00\x00\x00\x80")},
		},
		"uint64": {
			{Dtype: tfpb.DataType_DT_UINT64, Uint64Val: []uint64{1 << 63}},
			{Dtype: tfpb.DataType_DT_UINT64, TensorContent: []byte("\x00\x00\x00\x00\x00\x00\x00\x80")},
		},
		"bool": {
			{Dtype: tfpb.DataType_DT_BOOL, TensorShape: shapeOf(2), BoolVal: []bool{false, true}},
			{Dtype: tfpb.DataType_DT_BOOL, TensorShape: shapeOf(2), TensorContent: []byte{0, 1}},
		},
		"complex64": {
			{Dtype: tfpb.DataType_DT_COMPLEX64, TensorShape: shapeOf(2), ScomplexVal: []float32{1, 2}},
			{Dtype: tfpb.DataType_DT_COMPLEX64, TensorShape: shapeOf(2), ScomplexVal: []float32{1, 2, 1, 2}},
			{Dtype: tfpb.DataType_DT_COMPLEX64, TensorShape: shapeOf(2),
				TensorContent: []byte("\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x80\x3f\x00\x00\x00\x40")},
		},
		"complex128": {
			{Dtype: tfpb.DataType_DT_COMPLEX128, DcomplexVal: []float64{0, 1}},
			{Dtype: tfpb.DataType_DT_COMPLEX128, TensorContent: []byte("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0\x3f")},
		},
		"string": {
			{Dtype: tfpb.DataType_DT_STRING, TensorShape: shapeOf(3), StringVal: [][]byte{[]byte("a"), []byte("bc")}},
			{Dtype: tfpb.DataType_DT_STRING, TensorShape: shapeOf(3), StringVal: [][]byte{[]byte("a"), []byte("bc"), []byte("bc")}},
			{Dtype: tfpb.DataType_DT_STRING, TensorShape: shapeOf(3), TensorContent: []byte("\x01\x02\x02abcbc")},
		},
		"float8": {
			{Dtype: tfpb.DataType_DT_FLOAT8_E5M2, TensorShape: shapeOf(2), Float8Val: []byte{1, 2}},
			{Dtype: tfpb.DataType_DT_FLOAT8_E5M2, TensorShape: shapeOf(2), TensorContent: []byte{1, 2}},
		},
		"NaN": {
			{Dtype: tfpb.DataType_DT_FLOAT, FloatVal: []float32{nan}},
			{Dtype: tfpb.DataType_DT_FLOAT, FloatVal: []float32{otherNaN}},
		},
		"nothing": {
			{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: shapeOf(0, 5)},
			{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: shapeOf(0, 5), FloatVal: []float32{1}},
		},
	}
	for name, forms := range tests {
		t.Run(name, func(t *testing.T) {
			for _, a := range forms {
				for _, b := range forms {
					if f, same := compareTensors(t, a, b); !same {
						t.Errorf("%v and %v differ: %s", a, b, tellField(f))
					}
				}
			}
		})
	}
	for name, forms := range tests {
		for other, others := range tests {
			if name != other {
				if _, same := compareTensors(t, forms[0], others[0]); same {
					t.Errorf("%s and %s are the same", name, other)
				}
			}
		}
	}
}

func compareTensors(t *testing.T, a, b *tfpb.TensorProto) (Field, bool) {
	t.Helper()
	var raw [2][]byte
	for i, x := range []*tfpb.TensorProto{a, b} {
		var err error
		if raw[i], err = proto.Marshal(&tfpb.AttrValue{Value: &tfpb.AttrValue_Tensor{Tensor: x}}); err != nil {
			t.Fatal(err)
		}
	}
	c := &comparer{sel: new(selection)}
	return c.attr("value", raw[0], raw[1])
}

func TestTensorDifference(t *testing.T) {
	number := func(f float64) *float64 { return &f }
	a := &tfpb.TensorProto{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: shapeOf(2, 3), FloatVal: []float32{1, 2, 3, 4, 5, 6}}
	tests := []struct {
		name string
		b    *tfpb.TensorProto
		want *Tensor
	}{
		{"two values", &tfpb.TensorProto{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: shapeOf(2, 3), FloatVal: []float32{1, 2.5, 3, 4, 5, 4}},
			&Tensor{DType: "float32", Shape: []int64{2, 3}, Values: 6, Differ: 2, Largest: number(2), FirstIndex: 1, FirstA: "2", FirstB: "2.5"}},
		{"last value repeated", &tfpb.TensorProto{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: shapeOf(2, 3), FloatVal: []float32{1, 2, 3}},
			&Tensor{DType: "float32", Shape: []int64{2, 3}, Values: 6, Differ: 3, Largest: number(3), FirstIndex: 3, FirstA: "4", FirstB: "3"}},
		{"different shape", &tfpb.TensorProto{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: shapeOf(6), FloatVal: a.FloatVal}, nil},
		{"infinite", &tfpb.TensorProto{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: shapeOf(2, 3), FloatVal: []float32{1, 2, 3, 4, 5, float32(math.Inf(1))}},
			&Tensor{DType: "float32", Shape: []int64{2, 3}, Values: 6, Differ: 1, FirstIndex: 5, FirstA: "6", FirstB: "+Inf"}},
		{"NaN", &tfpb.TensorProto{Dtype: tfpb.DataType_DT_FLOAT, TensorShape: shapeOf(2, 3), FloatVal: []float32{1, 5, float32(math.NaN()), 4, 5, 6}},
			&Tensor{DType: "float32", Shape: []int64{2, 3}, Values: 6, Differ: 2, FirstIndex: 1, FirstA: "2", FirstB: "5"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, same := compareTensors(t, a, test.b)
			if d := cmp.Diff(test.want, f.Tensor); d != "" || same {
				t.Errorf("same: %t (-want +got):\n%s", same, d)
			}
		})
	}
	f, _ := compareTensors(t, &tfpb.TensorProto{Dtype: tfpb.DataType_DT_INT32, TensorShape: shapeOf(1 << 20), IntVal: []int32{1}},
		&tfpb.TensorProto{Dtype: tfpb.DataType_DT_INT32, TensorShape: shapeOf(1 << 20), IntVal: []int32{3}})
	want := &Tensor{DType: "int32", Shape: []int64{1 << 20}, Values: 1 << 20, Differ: 1 << 20, Largest: number(2), FirstA: "1", FirstB: "3"}
	if d := cmp.Diff(want, f.Tensor); d != "" {
		t.Errorf("splats (-want +got):\n%s", d)
	}
}

// TestAttrEncoding: an attr value equals itself in another encoding, but not an absent one.
func TestAttrEncoding(t *testing.T) {
	list := func(fields ...byte) []byte { return protowire.AppendBytes([]byte{0x0a}, fields) }
	tests := []struct {
		name string
		a, b []byte
		same bool
	}{
		{"packed and unpacked", list(0x1a, 2, 1, 2), list(0x18, 1, 0x18, 2), true},
		{"list reordered", list(0x1a, 2, 1, 2), list(0x1a, 2, 2, 1), false},
		{"overlong varint", []byte{0x18, 5}, []byte{0x18, 0x85, 0}, true},
		{"set twice", []byte{0x18, 5}, []byte{0x30, 1, 0x18, 5}, true},
		{"zero and absent", []byte{0x18, 0}, nil, false},
		{"string and placeholder", []byte{0x12, 1, 'a'}, []byte{0x4a, 1, 'a'}, false},
		{"NaN", []byte{0x25, 0, 0, 0xc0, 0x7f}, []byte{0x25, 1, 0, 0xc0, 0x7f}, true},
		{"shape with explicit default", []byte{0x3a, 2, 0x12, 0}, []byte{0x3a, 6, 0x12, 4, 0x08, 0, 0x12, 0}, true},
		{"unknown field", []byte{0x18, 5}, []byte{0x18, 5, 0xa0, 6, 1}, false},
		{"equal damaged bytes", []byte{0x3a, 9}, []byte{0x3a, 9}, true},
		{"damaged", []byte{0x3a, 9}, []byte{0x3a, 8}, false},
	}
	for _, test := range tests {
		c := &comparer{sel: new(selection)}
		if f, same := c.attr("x", test.a, test.b); same != test.same {
			t.Errorf("%s: same %t, want %t: %s", test.name, same, test.same, tellField(f))
		}
	}
}
