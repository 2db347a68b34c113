// Package wire reads and rewrites the protobuf bytes of a MetaGraphDef without decoding them into messages.
//
// Readers return windows on the bytes. They copy nothing, and decode a field only when it is needed. A Builder
// assembles a new message from such windows and a few new bytes. Unchanged fields therefore keep their bytes and
// their order, including unknown fields.
package wire

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
)

// A SyntaxError reports where bytes stop being a valid protobuf message. If the message ends too early, the error
// wraps io.ErrUnexpectedEOF.
type SyntaxError struct {
	At        []byte // the bytes from that place on; Offset returns their position
	Reason    string // what is wrong, for example "field 5 has a length of 80 bytes, but 12 bytes follow"
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

// Offset returns the position of part inside whole. It reports false if part is not a window on whole.
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
	Data []byte // the payload: the content of a bytes field, or the encoded value of any other field
}

// Uint returns the value of a varint field.
func (f *Field) Uint() uint64 {
	v, _ := Varint(f.Data)
	return v
}

// Varint decodes the varint at the beginning of data and returns its value and size. The size is 0 if the varint is
// cut off or longer than ten bytes. Varint drops bits beyond the 64th, as protobuf's C++ parser does;
// protowire.ConsumeVarint rejects them.
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

// EachVarint calls use with the values of one occurrence of a repeated varint field, packed or not, in order. It
// stops at malformed packed data.
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

// Varints yields the values of the repeated varint field num of message, packed or not, in order. It stops at malformed
// data.
func Varints(message []byte, num protowire.Number) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		more := true
		for s := Scan(message); more && s.Next(); {
			if s.Num == num {
				s.EachVarint(func(v uint64) { more = more && yield(v) })
			}
		}
	}
}

// All yields the payloads of the length-delimited fields num of message in order. Like Last, it stops at a syntax error.
func All(message []byte, num protowire.Number) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for s := Scan(message); s.Next(); {
			if s.Is(num) && !yield(s.Data) {
				return
			}
		}
	}
}

// MapEntries yields the key and value of each entry of the map field num of message in order, also of an entry that a later one with
// the same key replaces. It stops at a syntax error.
func MapEntries(message []byte, num protowire.Number) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for entry := range All(message, num) {
			if !yield(MapEntry(entry)) {
				return
			}
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

// Is reports whether the field has number num and is length-delimited: a string, a message or packed values.
// Protobuf treats a field with another wire type as unknown.
func (f *Field) Is(num protowire.Number) bool {
	return f.Num == num && f.Type == protowire.BytesType
}

// A Scanner steps through the fields of one message in file order.
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

// Next advances to the next field. It returns false at the end of the message and at the first error, which Err
// returns.
func (s *Scanner) Next() bool {
	// Fast path: nearly all fields are length-delimited, with a tag of one byte and a length of one or two.
	if rest := s.rest; len(rest) > 0 {
		if start, end := Payload(rest); end <= len(rest) {
			s.Num, s.Type, s.Raw, s.Data, s.rest = protowire.Number(rest[0]>>3), protowire.BytesType, rest[:end], rest[start:end], rest[end:]
			return true
		}
	}
	return s.next()
}

// Payload returns the range of the payload of the field at the beginning of b. It is a fast path for loops over many
// fields: the end is beyond b unless the field is length-delimited and whole, its tag has one byte, and its length one
// or two. First reads other fields.
func Payload(b []byte) (start, end int) {
	if len(b) > 2 && b[0]&0x87 == byte(protowire.BytesType) && b[0] >= 1<<3 {
		if b[1] < 0x80 {
			return 2, 2 + int(b[1])
		}
		if b[2] < 0x80 {
			return 3, 3 + (int(b[1]&0x7f) | int(b[2])<<7)
		}
	}
	return 0, math.MaxInt
}

// First returns the field at the beginning of b, which is not empty. The error is a *SyntaxError.
func First(b []byte) (Field, error) {
	s := Scan(b)
	s.Next()
	return s.Field, s.err
}

// Each calls use with each field of message, in order, until something fails. It is faster than a Scanner. The error is
// that of use or a *SyntaxError.
func Each(message []byte, use func(Field) error) (err error) {
	for rest := message; len(rest) > 0; {
		f := Field{Num: protowire.Number(rest[0] >> 3), Type: protowire.BytesType}
		if start, end := Payload(rest); end <= len(rest) {
			f.Raw, f.Data = rest[:end], rest[start:end]
		} else if f, err = First(rest); err != nil {
			return err
		}
		rest = rest[len(f.Raw):]
		if err := use(f); err != nil {
			return err
		}
	}
	return nil
}

// next is Next for any field.
func (s *Scanner) next() bool {
	if len(s.rest) == 0 {
		return false
	}
	start := s.rest
	tag, n := uint64(start[0]), 1
	if tag >= 0x80 {
		if tag, n = protowire.ConsumeVarint(start); n < 0 {
			return s.fail(start, n, "a field's tag")
		}
	}
	num, typ := protowire.Number(tag>>3), protowire.Type(tag&7)
	if num < protowire.MinValidNumber || tag>>3 > uint64(protowire.MaxValidNumber) {
		return s.stop(&SyntaxError{At: start, Reason: fmt.Sprintf("invalid field number %d", tag>>3)})
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
		return s.stop(&SyntaxError{At: start, Truncated: true,
			Reason: fmt.Sprintf("field %d has a length of %d bytes, but %d bytes follow", num, size, len(body))})
	}
	s.Raw, s.Data, s.rest = start[:n+m+int(size)], body[:size], body[size:]
	return true
}

// fail records the error that protowire reported as the negative length code.
func (s *Scanner) fail(at []byte, code int, what string) bool {
	cut := errors.Is(protowire.ParseError(code), io.ErrUnexpectedEOF)
	reason := what + " is not readable"
	if cut {
		reason = what + " is cut off"
	}
	return s.stop(&SyntaxError{At: at, Reason: reason, Truncated: cut})
}

// stop ends the scan with an error.
func (s *Scanner) stop(err error) bool {
	s.err, s.rest = err, nil
	return false
}

// Err returns the *SyntaxError at which Next stopped, or nil at the end of the message.
func (s *Scanner) Err() error { return s.err }

// Check returns the first syntax error at the top level of message, or nil. It does not look into the fields.
func Check(message []byte) error {
	s := Scan(message)
	for s.Next() {
	}
	return s.Err()
}

// Last returns the payload of the last length-delimited field num of message, which is what protobuf reads for a
// singular string or bytes field. It returns nil if the field is absent, and a non-nil empty slice if it is empty.
// Last stops at a syntax error.
func Last(message []byte, num protowire.Number) []byte {
	var last []byte
	for s := Scan(message); s.Next(); {
		if s.Is(num) {
			last = s.Data
		}
	}
	return last
}

// LastUint returns the value of the last varint field num of message, or 0 if there is none.
func LastUint(message []byte, num protowire.Number) uint64 {
	var last uint64
	for s := Scan(message); s.Next(); {
		if s.Num == num && s.Type == protowire.VarintType {
			last = s.Uint()
		}
	}
	return last
}

// Merged returns the payload of the singular message field num and reports whether the field is present. If the
// field occurs several times, Merged concatenates the payloads in a copy, which is how protobuf merges them.
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

// The tags of the key and the value of a map entry from strings to messages.
const (
	keyTag   = byte(fieldnum.MapEntry_Key)<<3 | byte(protowire.BytesType)
	valueTag = byte(fieldnum.MapEntry_Value)<<3 | byte(protowire.BytesType)
)

// MapEntry returns the key and the value of one entry of a map from strings to messages. If they occur several
// times, it returns the last key and the merged values.
func MapEntry(entry []byte) (key, value []byte) {
	// Fast path: nearly every entry is a short key followed by a value.
	if len(entry) > 2 && entry[0] == keyTag && entry[1] < 0x80 {
		if end := int(entry[1]) + 2; end+1 < len(entry) && entry[end] == valueTag {
			if start, n := Payload(entry[end:]); n == len(entry)-end {
				return entry[2:end], entry[end+start:]
			}
		}
	}
	s := Scan(entry)
	if s.Next() && s.Is(fieldnum.MapEntry_Key) {
		key = s.Data
		if s.Next() && s.Is(fieldnum.MapEntry_Value) {
			value = s.Data
			if len(s.rest) == 0 {
				return key, value
			}
		}
	}
	value, _ = Merged(entry, fieldnum.MapEntry_Value)
	return Last(entry, fieldnum.MapEntry_Key), value
}
