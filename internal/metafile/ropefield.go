package metafile

import (
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
		header := r.Slice(at, min(2*binary.MaxVarintLen64, end-at))
		num, typ, n := protowire.ConsumeTag(header)
		if n < 0 {
			return &ropeError{at: at}
		}
		f := ropeField{num: num, typ: typ, at: at + int64(n)}
		switch typ {
		case protowire.BytesType:
			size, m := protowire.ConsumeVarint(header[n:])
			if m < 0 {
				return &ropeError{at: at, truncated: cutOff(m)}
			}
			if f.at += int64(m); size > uint64(end-f.at) {
				return &ropeError{at: at, truncated: true}
			}
			f.size = int64(size)
		case protowire.StartGroupType: // the only other field that is longer than a header
			f.size = int64(protowire.ConsumeFieldValue(num, typ, r.Slice(f.at, end-f.at)))
		default:
			f.size = int64(protowire.ConsumeFieldValue(num, typ, header[n:]))
		}
		if f.size < 0 {
			return &ropeError{at: at, truncated: cutOff(int(f.size))}
		}
		if !use(f) {
			return nil
		}
		at = f.at + f.size
	}
	return nil
}

// cutOff reports whether the negative length that protowire returned is for bytes that end too early.
func cutOff(code int) bool { return errors.Is(protowire.ParseError(code), io.ErrUnexpectedEOF) }
