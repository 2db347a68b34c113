package wire_test

import (
	"bytes"
	"testing"

	"github.com/metagraph/metagraph/internal/wire"
)

// TestCursorReadsAnywhere holds what a Cursor reads to the message in one piece: from every position, forward and back.
func TestCursorReadsAnywhere(t *testing.T) {
	var b wire.Builder
	for i := range 20000 {
		// Windows on arrays of their own, so that the rope keeps them apart, in several chunks.
		b.Window(bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 16+i%7))
	}
	rope := b.Build()
	whole := rope.Bytes()
	c := rope.Cursor()
	check := func(pos, n int) {
		t.Helper()
		c.MoveTo(int64(pos))
		if window := c.Window(); !bytes.HasPrefix(whole[pos:], window) || len(window) == 0 && pos < len(whole) {
			t.Fatalf("window at %d is %d other bytes", pos, len(window))
		}
		if got := c.Append(nil, int64(n)); !bytes.Equal(got, whole[pos:pos+n]) {
			t.Fatalf("%d bytes from %d differ", n, pos)
		}
	}
	for pos := 0; pos < len(whole)-300; pos += 97 {
		check(pos, pos%300)
	}
	for pos := len(whole); pos >= 0; pos -= 9973 {
		check(pos, min(pos%100, len(whole)-pos))
	}
	check(0, len(whole))
	c.MoveTo(0)
	for i := range 5000 {
		if got := c.Append(nil, 37); !bytes.Equal(got, whole[i*37:(i+1)*37]) {
			t.Fatalf("read %d differs", i)
		}
	}
}

// TestCursorOnNothing reads an empty message.
func TestCursorOnNothing(t *testing.T) {
	c := new(wire.Rope).Cursor()
	c.MoveTo(0)
	if got := c.Window(); len(got) != 0 {
		t.Errorf("window of an empty message: %d bytes", len(got))
	}
	if got := c.Append(nil, 0); len(got) != 0 {
		t.Errorf("read %d bytes from an empty message", len(got))
	}
}
