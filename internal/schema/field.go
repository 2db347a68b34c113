package schema

import (
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/wire"
)

// CheckField returns a *wire.SyntaxError if f, a field of a message of type md, contains a string that is not UTF-8, or
// packed values or a message that do not parse. It is more lenient than Check: it accepts tags and lengths that are longer
// than necessary, and it does not look at the strings and attrs of a NodeDef.
func CheckField(f wire.Field, md protoreflect.MessageDescriptor) error {
	return checkField(f, tableOf(md), tableOf(nodeDef), 0)
}

func checkField(f wire.Field, t, node *table, depth int) error {
	act, nested := t.at(uint32(protowire.EncodeTag(f.Num, f.Type)))
	switch {
	case act == text && !isUTF8(f.Data):
		return &wire.SyntaxError{At: f.Data, Reason: notUTF8(f.Data)}
	case act >= packedVarint:
		w := walk{limit: 1}
		if w.packed(f.Data, act); len(w.found) > 0 {
			return &wire.SyntaxError{At: w.found[0].at, Reason: w.found[0].reason}
		}
		return nil
	case act != message || depth > maxDepth:
		return nil
	}
	s := wire.Scan(f.Data)
	for s.Next() {
		if nested == node {
			continue
		}
		if err := checkField(s.Field, nested, node, depth+1); err != nil {
			return err
		}
	}
	return s.Err()
}

// notUTF8 returns the reason for rejecting a string that is not UTF-8.
func notUTF8(data []byte) string {
	return "not valid UTF-8: " + strconv.QuoteToASCII(string(data[:min(len(data), 80)]))
}
