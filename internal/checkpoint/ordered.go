package checkpoint

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

// Keys of slices have an encoding whose byte order is the order of the values (tensorflow/core/lib/strings/ordered_code.cc).

// appendNumber appends an unsigned number: its number of bytes, then the bytes in big-endian order.
func appendNumber(dst []byte, v uint64) []byte {
	var buf [8]byte
	binary.BigEndian.PutUint64(buf[:], v)
	n := (bits.Len64(v) + 7) / 8
	return append(append(dst, byte(n)), buf[8-n:]...)
}

// orderedEscapes makes room for the end of a string, 00 01, in its bytes.
var orderedEscapes = strings.NewReplacer("\x00", "\x00\xff", "\xff", "\xff\x00")

// appendString appends a string and its end.
func appendString(dst []byte, s string) []byte {
	return append(append(dst, orderedEscapes.Replace(s)...), 0, 1)
}

// headers[n] has the header bits in the first two bytes of a signed number of n bytes.
var headers = [11][2]byte{{0, 0}, {0x80, 0}, {0xc0, 0}, {0xe0, 0}, {0xf0, 0}, {0xf8, 0}, {0xfc, 0}, {0xfe, 0}, {0xff, 0}, {0xff, 0x80}, {0xff, 0xc0}}

// appendSigned appends a signed number. Its number of leading ones is its number of bytes.
func appendSigned(dst []byte, v int64) []byte {
	magnitude := v
	if v < 0 {
		magnitude = ^v
	}
	n := bits.Len64(uint64(magnitude))/7 + 1 // n bytes have 7n-1 bits without the sign
	var buf [10]byte
	if v < 0 {
		buf[0], buf[1] = 0xff, 0xff
	}
	binary.BigEndian.PutUint64(buf[2:], uint64(v))
	out := buf[len(buf)-n:]
	out[0] ^= headers[n][0]
	if n > 1 {
		out[1] ^= headers[n][1]
	}
	return append(dst, out...)
}
