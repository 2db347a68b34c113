package wire

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

// A RopeField is one occurrence of a field in a Rope.
type RopeField struct {
	Num  protowire.Number
	Type protowire.Type
	At   int64 // position of the payload
	Size int64 // size of the payload, as in Field.Data
}

// Fields calls use with each field of the message at [at, end), in order, until use returns false. Unlike Scan, it does
// not need the message in one piece. It returns the position after the last field, and the *SyntaxError there if the
// message is damaged.
func (r *Rope) Fields(at, end int64, use func(RopeField) bool) (int64, error) {
	for at < end {
		f, err := r.field(at, end)
		if err != nil || !use(f) {
			return at, err
		}
		at = f.At + f.Size
	}
	return at, nil
}

// field returns the field at a position of a message that ends at end.
func (r *Rope) field(at, end int64) (RopeField, error) {
	for size := int64(2 * maxVarint); ; size *= 2 {
		head := r.Slice(at, min(size, end-at))
		num, typ, n := protowire.ConsumeTag(head)
		if n > 0 && typ == protowire.BytesType {
			length, m := protowire.ConsumeVarint(head[n:])
			if start := at + int64(n+m); m > 0 && length <= uint64(end-start) {
				return RopeField{Num: num, Type: typ, At: start, Size: int64(length)}, nil
			}
			size = end - at // the scanner reports what is wrong
		}
		s := Scan(head)
		if s.Next() {
			return RopeField{Num: num, Type: typ, At: at + int64(len(s.Raw)-len(s.Data)), Size: int64(len(s.Data))}, nil
		}
		// Only a group can be longer. Its end is not known beforehand.
		var syntax *SyntaxError
		if size >= end-at || !errors.As(s.Err(), &syntax) || !syntax.Truncated {
			return RopeField{}, s.Err()
		}
	}
}
