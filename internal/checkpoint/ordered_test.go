package checkpoint

import (
	"bytes"
	"math"
	"testing"
)

// TestSliceKey compares a key with the one that TensorFlow writes.
func TestSliceKey(t *testing.T) {
	slice := Slice{Start: []int64{4, 0}, Length: []int64{3, 4}}
	want := "\x00emb/table\x00\x01\x01\x02\x84\x83\x80\x84"
	if got := sliceKey("emb/table", slice); string(got) != want {
		t.Errorf("key %q, want %q", got, want)
	}
	if got := sliceKey("s", Slice{}); string(got) != "\x00s\x00\x01\x00" {
		t.Errorf("key of a scalar %q", got)
	}
}

// TestSignedOrder checks that encodings decode to their number, and sort like numbers.
func TestSignedOrder(t *testing.T) {
	numbers := []int64{math.MinInt64, math.MinInt64 + 1}
	for shift := 62; shift >= 0; shift-- {
		numbers = append(numbers, -(1 << shift), -(1<<shift)+1)
	}
	numbers = append(numbers, 0)
	for shift := range 63 {
		numbers = append(numbers, 1<<shift-1, 1<<shift)
	}
	numbers = append(numbers, math.MaxInt64)
	var last []byte
	for i, v := range numbers {
		code := appendSigned(nil, v)
		if got, rest, ok := takeSigned(code); !ok || got != v || len(rest) > 0 {
			t.Errorf("%d decodes to %d, %v", v, got, ok)
		}
		if i > 0 && numbers[i-1] < v && bytes.Compare(last, code) >= 0 {
			t.Errorf("%d sorts before %d", v, numbers[i-1])
		}
		last = code
	}
}

// FuzzSliceKey checks that what decodes as the key of a slice encodes to the same bytes.
func FuzzSliceKey(f *testing.F) {
	f.Add(sliceKey("a\x00\xff/b", Slice{Start: []int64{0, 1 << 40, 63}, Length: []int64{-1, 64, 8192}}))
	f.Add([]byte("\x00\x01"))
	f.Fuzz(func(t *testing.T, key []byte) {
		name, slice, ok := parseSliceKey(key)
		if !ok {
			return
		}
		if got := sliceKey(name, slice); !bytes.Equal(got, key) {
			t.Errorf("%q decodes to %q %v, which encodes to %q", key, name, slice, got)
		}
	})
}
