package wiretest

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"
)

// Message returns the message field num whose content is the given fields, one behind the other.
func Message(num protowire.Number, fields ...[]byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), bytes.Join(fields, nil))
}

// String returns the string field num.
func String(num protowire.Number, s string) []byte { return Message(num, []byte(s)) }

// Varint returns the number field num.
func Varint(num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), v)
}

// Group returns the group num, which no field of TensorFlow's is, around the given fields.
func Group(num protowire.Number, fields ...[]byte) []byte {
	out := append(protowire.AppendTag(nil, num, protowire.StartGroupType), bytes.Join(fields, nil)...)
	return protowire.AppendTag(out, num, protowire.EndGroupType)
}

// Join returns fields one behind the other: a message.
func Join(fields ...[]byte) []byte { return bytes.Join(fields, nil) }
