package checkpoint

import (
	"encoding/binary"
	"math/bits"
)

// Keys of slices have an encoding whose byte order is the order of the values (tensorflow/core/lib/strings/ordered_code.cc).

// appendNumber appends an unsigned number: its number of bytes, then the bytes in big-endian order.
func appendNumber(dst []byte, v uint64) []byte {
	var buf [8]byte
	binary.BigEndian.PutUint64(buf[:], v)
	n := (bits.Len64(v) + 7) / 8
	return append(append(dst, byte(n)), buf[8-n:]...)
}

// takeNumber decodes the output of appendNumber and returns the remaining bytes.
func takeNumber(p []byte) (v uint64, rest []byte, ok bool) {
	if len(p) == 0 || p[0] > 8 || int(p[0]) > len(p)-1 || p[0] > 0 && p[1] == 0 {
		return 0, nil, false // too short, or not the canonical encoding
	}
	n := int(p[0])
	for _, b := range p[1 : 1+n] {
		v = v<<8 | uint64(b)
	}
	return v, p[1+n:], true
}

// The escapes of a string in order-preserving code.
const (
	escape0 = 0x00 // followed by escape0Rest for itself, by 1 for the end
	escapeF = 0xff // followed by 0 for itself
)

// appendString appends a string: 00 as 00 FF, FF as FF 00, and 00 01 at the end.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		dst = append(dst, s[i])
		switch s[i] {
		case escape0:
			dst = append(dst, 0xff)
		case escapeF:
			dst = append(dst, 0x00)
		}
	}
	return append(dst, escape0, 1)
}

// takeString decodes the output of appendString and returns the remaining bytes.
func takeString(p []byte) (s string, rest []byte, ok bool) {
	out := make([]byte, 0, min(len(p), 128))
	for i := 0; i+1 < len(p); i++ {
		switch b, follow := p[i], p[i+1]; {
		case b != escape0 && b != escapeF:
			out = append(out, b)
		case b == escape0 && follow == 1:
			return string(out), p[i+2:], true
		case b == escape0 && follow == 0xff, b == escapeF && follow == 0:
			out = append(out, b)
			i++
		default:
			return "", nil, false
		}
	}
	return "", nil, false
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

// takeSigned decodes the output of appendSigned and returns the remaining bytes.
func takeSigned(p []byte) (v int64, rest []byte, ok bool) {
	if len(p) == 0 {
		return 0, nil, false
	}
	flip := byte(0)
	if p[0]&0x80 == 0 {
		flip = 0xff
	}
	n := bits.LeadingZeros8(^(p[0] ^ flip))
	if n == 8 {
		if len(p) < 2 {
			return 0, nil, false
		}
		n += bits.LeadingZeros8(^(p[1] ^ flip))
	}
	if n == 0 || n > 10 || n > len(p) {
		return 0, nil, false
	}
	var buf [10]byte
	if flip != 0 {
		for i := range buf {
			buf[i] = 0xff
		}
	}
	copy(buf[10-n:], p[:n])
	out := buf[10-n:]
	out[0] ^= headers[n][0]
	if n > 1 {
		out[1] ^= headers[n][1]
	}
	v = int64(binary.BigEndian.Uint64(buf[2:]))
	if string(appendSigned(nil, v)) != string(p[:n]) {
		return 0, nil, false // not the canonical encoding of v
	}
	return v, p[n:], true
}
