package tensor

import (
	"math"
	"testing"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// TestEncode encodes texts and reads the elements back.
func TestEncode(t *testing.T) {
	for _, test := range []struct {
		dtype tfpb.DataType
		text  string
		want  float64
	}{
		{tfpb.DataType_DT_BOOL, "true", 1},
		{tfpb.DataType_DT_BOOL, "False", 0},
		{tfpb.DataType_DT_INT8, "-128", -128},
		{tfpb.DataType_DT_INT32, "-7", -7},
		{tfpb.DataType_DT_INT64, "9007199254740991", 1<<53 - 1},
		{tfpb.DataType_DT_UINT8, "255", 255},
		{tfpb.DataType_DT_FLOAT, "0.1", float64(float32(0.1))},
		{tfpb.DataType_DT_DOUBLE, "0.1", 0.1},
		{tfpb.DataType_DT_HALF, "0.1", 0.0999755859375},
		{tfpb.DataType_DT_HALF, "-1", -1},
		{tfpb.DataType_DT_HALF, "1e9", math.Inf(1)},
		{tfpb.DataType_DT_BFLOAT16, "0.1", 0.10009765625},
	} {
		e := EncodingOf(int32(test.dtype))
		element, err := e.Encode(test.text)
		if err != nil || len(element) != e.Size {
			t.Fatalf("%v %q: %d bytes, %v", test.dtype, test.text, len(element), err)
		}
		if got := e.Float(element); got != test.want {
			t.Errorf("%v %q = %v, want %v", test.dtype, test.text, got, test.want)
		}
	}
	for dtype, text := range map[tfpb.DataType]string{tfpb.DataType_DT_BOOL: "maybe", tfpb.DataType_DT_UINT8: "256", tfpb.DataType_DT_INT32: "0.5", tfpb.DataType_DT_FLOAT: ""} {
		if element, err := EncodingOf(int32(dtype)).Encode(text); err == nil {
			t.Errorf("%v %q = %v, want an error", dtype, text, element)
		}
	}
	if element, err := EncodingOf(String).Encode("x"); element != nil || err != nil {
		t.Errorf("string = %v, %v, want neither bytes nor an error", element, err)
	}
}

// TestToFloat16 converts every half-precision number back to its own bits.
func TestToFloat16(t *testing.T) {
	for bits := range 0x7C01 {
		for _, signed := range []uint16{uint16(bits), uint16(bits) | 0x8000} {
			if got := toFloat16(float16(signed)); got != signed {
				t.Fatalf("%#04x became %#04x", signed, got)
			}
		}
	}
}
