package checkpoint

import (
	"bytes"
	"cmp"
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

// TestSignedOrder checks that encodings sort like numbers.
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
		if i > 0 && numbers[i-1] < v && bytes.Compare(last, code) >= 0 {
			t.Errorf("%d sorts before %d", v, numbers[i-1])
		}
		last = code
	}
}

// FuzzSliceKey checks that keys sort like the names and extents that they encode. So different slices have different keys.
func FuzzSliceKey(f *testing.F) {
	f.Add("a\x00\xff/b", int64(0), int64(-1), "a\x00", int64(1<<40), int64(8192))
	f.Add("w", int64(63), int64(64), "w", int64(64), int64(63))
	f.Add("", int64(math.MinInt64), int64(math.MaxInt64), "\xff", int64(-64), int64(-65))
	f.Fuzz(func(t *testing.T, nameA string, startA, lengthA int64, nameB string, startB, lengthB int64) {
		a := sliceKey(nameA, Slice{Start: []int64{startA}, Length: []int64{lengthA}})
		b := sliceKey(nameB, Slice{Start: []int64{startB}, Length: []int64{lengthB}})
		want := cmp.Or(cmp.Compare(nameA, nameB), cmp.Compare(startA, startB), cmp.Compare(lengthA, lengthB))
		if got := bytes.Compare(a, b); got != want {
			t.Errorf("%q and %q compare as %d, want %d", a, b, got, want)
		}
	})
}
