package wiretest

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"
)

// Message returns the message field num with the given fields as its content.
func Message(num protowire.Number, fields ...[]byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), bytes.Join(fields, nil))
}

// String returns the string field num.
func String(num protowire.Number, s string) []byte { return Message(num, []byte(s)) }

// Varint returns the number field num.
func Varint(num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), v)
}

// Group returns group num with the given fields. TensorFlow's messages have no groups.
func Group(num protowire.Number, fields ...[]byte) []byte {
	out := append(protowire.AppendTag(nil, num, protowire.StartGroupType), bytes.Join(fields, nil)...)
	return protowire.AppendTag(out, num, protowire.EndGroupType)
}

// Join concatenates fields into a message.
func Join(fields ...[]byte) []byte { return bytes.Join(fields, nil) }

// HasLongVarint reports whether nine consecutive bytes have the continuation bit, as in a varint of ten bytes. Go's protobuf rejects bits
// beyond the 64th in its last byte; C++'s and package wire drop them.
func HasLongVarint(message []byte) bool {
	n := 0
	for _, c := range message {
		if n++; c < 0x80 {
			n = 0
		}
		if n == 9 {
			return true
		}
	}
	return false
}
