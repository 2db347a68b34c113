package tensor

import (
	"math"
	"testing"
)

func TestDTypeName(t *testing.T) {
	tests := map[int32]string{
		0: "", 1: "float32", 2: "float64", 7: "string", 19: "float16", 101: "float32_ref", 100: "dtype 100", 199: "dtype 199",
		-1: "dtype -1", math.MaxInt32: "dtype 2147483647", math.MinInt32: "dtype -2147483648",
	}
	for dtype, want := range tests {
		if got := DTypeName(dtype); got != want {
			t.Errorf("DTypeName(%d) = %q, want %q", dtype, got, want)
		}
	}
}
