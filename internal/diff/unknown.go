package diff

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/wire"
)

// sameUnknown reports whether two lists of unknown fields are equal: each field number has the same occurrences in the same order.
func sameUnknown(a, b []byte) bool {
	return bytes.Equal(a, b) || len(a) == len(b) && bytes.Equal(sortFields(a), sortFields(b))
}

// sortFields returns the fields of a message in the order of their numbers.
func sortFields(message []byte) []byte {
	all := make([]wire.Field, 0, 8)
	s := wire.Scan(message)
	for s.Next() {
		all = append(all, s.Field)
	}
	if s.Err() != nil {
		return message
	}
	slices.SortStableFunc(all, func(x, y wire.Field) int { return int(x.Num) - int(y.Num) })
	out := make([]byte, 0, len(message))
	for _, f := range all {
		out = append(out, f.Raw...)
	}
	return out
}

// unknownFields returns the concatenated fields of message for which known returns false.
func unknownFields(message []byte, known func(wire.Field) bool) []byte {
	var out []byte
	for s := wire.Scan(message); s.Next(); {
		if !known(s.Field) {
			out = append(out, s.Raw...)
		}
	}
	return out
}

// messageFields returns a function that reports whether a field is length-delimited and has one of the given numbers.
func messageFields(numbers ...protowire.Number) func(wire.Field) bool {
	return func(f wire.Field) bool { return f.Type == protowire.BytesType && slices.Contains(numbers, f.Num) }
}

// unknownText returns unknown fields as text, with numbers and values: `100: 1, 101: "abc"`. The value of a length-delimited field
// is its bytes, since its type is unknown. The text for no fields is "none".
func unknownText(message []byte) string {
	if len(message) == 0 {
		return "none"
	}
	var b strings.Builder
	s := wire.Scan(message)
	for s.Next() {
		if b.Len() > maxText {
			return b.String() + ", … (" + strconv.Itoa(len(message)) + " bytes)"
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(int(s.Num)) + ": ")
		switch s.Type {
		case protowire.BytesType:
			b.WriteString(strconv.Quote(string(s.Data)))
		case protowire.VarintType:
			b.WriteString(strconv.FormatUint(s.Uint(), 10))
		default:
			fmt.Fprintf(&b, "%#x", s.Data)
		}
	}
	if s.Err() != nil {
		return bytesText(message)
	}
	return b.String()
}
