package metafile

import (
	"cmp"
	"encoding/binary"
	"errors"
	"io"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/wire"
)

// A ropeField is a field of a message in a rope, found by its header: what is in it has not been put together.
type ropeField struct {
	num  protowire.Number
	typ  protowire.Type
	at   int64 // where its payload begins
	size int64 // of the payload
}

// A ropeError says where the bytes of a rope stop being fields.
type ropeError struct {
	at        int64 // where the field that cannot be read begins
	truncated bool  // it ends too early
}

// scanRope calls use with each field of the message that lies from at to end in a rope, until it reports false. It returns
// nil where all fields that it came to could be read.
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

// ropeFieldAt returns the field that begins at a place in a rope and ends at end or before. Where a group begins or ends, it
// returns that tag as a field of no size.
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

// mostGroups is how many groups may lie in each other, as protobuf-go has it.
const mostGroups = 10_000

// groupSize returns how many bytes the group that begins with a tag has, its closing tag included.
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

// cutOff reports whether the negative length that protowire returned is for bytes that end too early.
func cutOff(code int) bool { return errors.Is(protowire.ParseError(code), io.ErrUnexpectedEOF) }
