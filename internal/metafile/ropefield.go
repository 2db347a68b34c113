package metafile

import (
	"cmp"
	"encoding/binary"
	"errors"
	"io"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/wire"
)

// A ropeField is a field of a message in a rope. Its payload has not been read.
type ropeField struct {
	num  protowire.Number
	typ  protowire.Type
	at   int64 // position of the payload
	size int64 // size of the payload
}

// A ropeError reports where the bytes of a rope stop being valid fields.
type ropeError struct {
	at        int64 // position of the field that cannot be read
	truncated bool  // whether the field ends too early
}

// scanRope calls use with each field of the message in [at, end) of a rope, until use returns false. It returns nil
// if it could read every field that it reached.
func scanRope(r *wire.Rope, at, end int64, use func(ropeField) bool) *ropeError {
	for at < end {
		f, err := ropeFieldAt(r, at, end)
		if err == nil && f.typ == protowire.StartGroupType {
			f.size, err = groupSize(r, f, end)
		}
		if err != nil || f.typ == protowire.EndGroupType {
			return cmp.Or(err, &ropeError{at: at})
		}
		if !use(f) {
			return nil
		}
		at = f.at + f.size
	}
	return nil
}

// ropeFieldAt returns the field at a position in a rope, which must end at or before end. For the start or end tag
// of a group, it returns a field of size 0.
func ropeFieldAt(r *wire.Rope, at, end int64) (ropeField, *ropeError) {
	header := r.Slice(at, min(2*binary.MaxVarintLen64, end-at))
	num, typ, n := protowire.ConsumeTag(header)
	if n < 0 {
		return ropeField{}, &ropeError{at: at}
	}
	f := ropeField{num: num, typ: typ, at: at + int64(n)}
	switch typ {
	case protowire.StartGroupType, protowire.EndGroupType:
	case protowire.BytesType:
		size, m := protowire.ConsumeVarint(header[n:])
		if m < 0 {
			return f, &ropeError{at: at, truncated: cutOff(m)}
		}
		if f.at += int64(m); size > uint64(end-f.at) {
			return f, &ropeError{at: at, truncated: true}
		}
		f.size = int64(size)
	default:
		size := protowire.ConsumeFieldValue(num, typ, header[n:])
		if size < 0 {
			return f, &ropeError{at: at, truncated: cutOff(size)}
		}
		f.size = int64(size)
	}
	return f, nil
}

// mostGroups is the maximum nesting depth of groups, as in protobuf-go.
const mostGroups = 10_000

// groupSize returns the size of a group, from behind its start tag to behind its end tag.
func groupSize(r *wire.Rope, start ropeField, end int64) (int64, *ropeError) {
	open := []protowire.Number{start.num}
	for at := start.at; at < end; {
		f, err := ropeFieldAt(r, at, end)
		if err != nil {
			return 0, err
		}
		at = f.at + f.size
		switch f.typ {
		case protowire.StartGroupType:
			open = append(open, f.num)
		case protowire.EndGroupType:
			if f.num != open[len(open)-1] {
				return 0, &ropeError{at: start.at}
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				return at - start.at, nil
			}
		}
		if len(open) > mostGroups {
			return 0, &ropeError{at: start.at}
		}
	}
	return 0, &ropeError{at: start.at, truncated: true}
}

// cutOff reports whether a negative length returned by protowire means that the bytes end too early.
func cutOff(code int) bool { return errors.Is(protowire.ParseError(code), io.ErrUnexpectedEOF) }
