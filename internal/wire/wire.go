// Package wire reads and rewrites the protobuf bytes of a MetaGraphDef as they stand, without decoding them into messages.
//
// Reading hands out windows on the bytes: nothing is copied, nothing is interpreted before somebody asks. Rewriting puts a new
// message together from such windows and a few new bytes (Builder), so that what was not asked to change keeps its bytes,
// unknown fields and order included.
//
// The files: wire.go, the scanner over the fields of any message; metagraph.go, graph.go and node.go, the messages that are
// walked; names.go, how an input is spelled; rope.go, builder.go and cursor.go, messages made of pieces.
package wire

import (
	"errors"
	"fmt"
	"io"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// A SyntaxError says where bytes stop being a protobuf message. Where bytes are missing at the end, rather than wrong, it
// wraps io.ErrUnexpectedEOF.
type SyntaxError struct {
	At        []byte // the bytes from the place on; Offset turns it into a position
	Reason    string // what is wrong there, for example "field 5 needs 80 bytes and 12 are left"
	Truncated bool   // whether the message ends too early
}

func (e *SyntaxError) Error() string { return e.Reason }

// Unwrap returns io.ErrUnexpectedEOF for a message that ends too early, else nil.
func (e *SyntaxError) Unwrap() error {
	if e.Truncated {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// Offset returns the position of part inside whole. It reports false where part is no window on whole.
func Offset(whole, part []byte) (int, bool) {
	w, p := uintptr(unsafe.Pointer(unsafe.SliceData(whole))), uintptr(unsafe.Pointer(unsafe.SliceData(part)))
	if p < w || p > w+uintptr(len(whole)) {
		return 0, false
	}
	return int(p - w), true
}

// A Field is one occurrence of a field in a message.
type Field struct {
	Num  protowire.Number
	Type protowire.Type
	Raw  []byte // the whole field, tag included
	Data []byte // the payload: of a bytes field what stands in it, of any other its encoded value
}

// Uint returns the value of a varint field.
func (f *Field) Uint() uint64 {
	v, _ := Varint(f.Data)
	return v
}

// Varint returns the varint at the beginning of data and its size, which is 0 if it is cut off or has more than ten bytes. Bits beyond
// the 64th are dropped, as protobuf's C++ parser drops them; protowire.ConsumeVarint refuses them.
func Varint(data []byte) (v uint64, size int) {
	for i, c := range data {
		if i == maxVarint {
			break
		}
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

// maxVarint is the size of the longest varint.
const maxVarint = 10

// EachVarint calls use with the values of one occurrence of a repeated varint field, packed or not, in order. It stops where
// packed data is malformed.
func (f *Field) EachVarint(use func(uint64)) {
	switch f.Type {
	case protowire.VarintType:
		use(f.Uint())
	case protowire.BytesType:
		for data := f.Data; len(data) > 0; {
			n, size := Varint(data)
			if size == 0 {
				return
			}
			use(n)
			data = data[size:]
		}
	}
}

// Size returns the number of bytes that the field occupies in its message, tag included.
func (f *Field) Size() int64 {
	if f.Raw != nil {
		return int64(len(f.Raw))
	}
	return int64(protowire.SizeTag(f.Num) + protowire.SizeBytes(len(f.Data)))
}

// Is reports whether the field is number num and length-delimited: a string, a message or packed values. A field of
// another wire type is none that the schema knows, and protobuf treats it as unknown.
func (f *Field) Is(num protowire.Number) bool {
	return f.Num == num && f.Type == protowire.BytesType
}

// A Scanner steps through the fields of one message in the order in which they stand.
//
//	s := wire.Scan(message)
//	for s.Next() {
//		use(s.Field)
//	}
//	if err := s.Err(); err != nil { ... }
type Scanner struct {
	Field // the current field, valid after Next reported true
	rest  []byte
	err   error
}

// Scan returns a Scanner over the fields of message.
func Scan(message []byte) Scanner { return Scanner{rest: message} }

// Next steps to the next field. It reports false at the end of the message and at the first error, which Err returns.
func (s *Scanner) Next() bool {
	if len(s.rest) == 0 || s.err != nil {
		return false
	}
	start := s.rest
	// One-byte tags and lengths are nearly all there are, so they are read here.
	tag, n := uint64(start[0]), 1
	if tag >= 0x80 {
		if tag, n = protowire.ConsumeVarint(start); n < 0 {
			return s.fail(start, n, "a field's tag")
		}
	}
	num, typ := protowire.Number(tag>>3), protowire.Type(tag&7)
	if num < protowire.MinValidNumber || tag>>3 > uint64(protowire.MaxValidNumber) {
		s.err = &SyntaxError{At: start, Reason: fmt.Sprintf("%d is no field number", tag>>3)}
		return false
	}
	s.Num, s.Type = num, typ
	body := start[n:]
	if typ != protowire.BytesType {
		size := protowire.ConsumeFieldValue(num, typ, body)
		if size < 0 && typ == protowire.VarintType {
			if _, long := Varint(body); long > 0 {
				size = long
			}
		}
		if size < 0 {
			return s.fail(start, size, fmt.Sprintf("field %d", num))
		}
		s.Raw, s.Data, s.rest = start[:n+size], body[:size], body[size:]
		return true
	}
	var size uint64
	var m int
	if len(body) > 0 && body[0] < 0x80 {
		size, m = uint64(body[0]), 1
	} else if size, m = protowire.ConsumeVarint(body); m < 0 {
		return s.fail(start, m, fmt.Sprintf("the length of field %d", num))
	}
	body = body[m:]
	if size > uint64(len(body)) {
		s.err = &SyntaxError{At: start, Truncated: true,
			Reason: fmt.Sprintf("field %d needs %d bytes and %d are left", num, size, len(body))}
		return false
	}
	s.Raw, s.Data, s.rest = start[:n+m+int(size)], body[:size], body[size:]
	return true
}

// fail keeps the error that protowire reported by the negative length code.
func (s *Scanner) fail(at []byte, code int, what string) bool {
	cut := errors.Is(protowire.ParseError(code), io.ErrUnexpectedEOF)
	reason := what + " is not readable"
	if cut {
		reason = what + " is cut off"
	}
	s.err = &SyntaxError{At: at, Reason: reason, Truncated: cut}
	return false
}

// Err returns the error at which Next stopped, nil at the end of the message. It is a *SyntaxError.
func (s *Scanner) Err() error { return s.err }

// Check returns the error at which message stops being one, nil where it does not. It does not look into the fields.
func Check(message []byte) error {
	s := Scan(message)
	for s.Next() {
	}
	return s.Err()
}

// Last returns the payload of the last length-delimited field num of message: what protobuf reads for a singular string
// or bytes field. It is nil where there is none, not nil but empty where the field is there and empty. Bytes behind a syntax error are not looked at.
func Last(message []byte, num protowire.Number) []byte {
	var last []byte
	for s := Scan(message); s.Next(); {
		if s.Is(num) {
			last = s.Data
		}
	}
	return last
}

// LastUint returns the value of the last varint field num of message, 0 where there is none.
func LastUint(message []byte, num protowire.Number) uint64 {
	var last uint64
	for s := Scan(message); s.Next(); {
		if s.Num == num && s.Type == protowire.VarintType {
			last = s.Uint()
		}
	}
	return last
}

// Merged returns the payload of the singular message field num: where the field occurs several times, the payloads one
// behind the other in a copy, which is how protobuf merges them. It reports whether the field is there.
func Merged(message []byte, num protowire.Number) ([]byte, bool) {
	var merged []byte
	found := 0
	for s := Scan(message); s.Next(); {
		if !s.Is(num) {
			continue
		}
		switch found {
		case 0:
			merged = s.Data
		case 1:
			merged = append(append(make([]byte, 0, len(merged)+len(s.Data)), merged...), s.Data...)
		default:
			merged = append(merged, s.Data...)
		}
		found++
	}
	return merged, found > 0
}

// MapEntry returns the key and the value of one entry of a map from strings to messages: the last key, the values merged.
func MapEntry(entry []byte) (key, value []byte) {
	// Nearly every entry is a short key, then a value, and nothing behind it.
	if len(entry) > 2 && entry[0] == 0x0A && entry[1] < 0x80 {
		if end := int(entry[1]) + 2; end < len(entry) && entry[end] == 0x12 {
			if value, n := protowire.ConsumeBytes(entry[end+1:]); n == len(entry)-end-1 {
				return entry[2:end], value
			}
		}
	}
	s := Scan(entry)
	if s.Next() && s.Is(1) {
		key = s.Data
		if s.Next() && s.Is(2) {
			value = s.Data
			if len(s.rest) == 0 {
				return key, value
			}
		}
	}
	value, _ = Merged(entry, 2)
	return Last(entry, 1), value
}
