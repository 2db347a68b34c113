package checkpoint

import (
	"testing"
)

// TestJoinChecksums compares the joined checksum of two parts with that of the whole.
func TestJoinChecksums(t *testing.T) {
	data := make([]byte, 70_000)
	for i := range data {
		data[i] = byte(i*7 ^ i>>5)
	}
	for _, cut := range []int{0, 1, 7, 255, 4096, 65_537, len(data)} {
		if got, want := joinChecksums(checksumOf(data[:cut]), checksumOf(data[cut:]), int64(len(data)-cut)), checksumOf(data); got != want {
			t.Errorf("cut at %d: %08x, want %08x", cut, got, want)
		}
	}
	if unmask(mask(0x12345678)) != 0x12345678 {
		t.Error("unmask does not reverse mask")
	}
}
