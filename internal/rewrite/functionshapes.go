package rewrite

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/wire"
)

// withoutShapes returns a FunctionDef without the inferred shapes of its arguments and nodes, which are in the attrs
// _output_shapes and _input_shapes. It marks the output shapes that loops and conditionals declare as unknown. The
// second result reports whether anything changed.
func withoutShapes(function []byte) ([]byte, bool) {
	out := make([]byte, 0, len(function))
	dropped := false
	for s := wire.Scan(function); s.Next(); {
		var changed []byte
		same := true
		switch {
		case s.Is(fieldnum.FunctionDef_Attr):
			if key, _ := wire.MapEntry(s.Data); string(key) == "_input_shapes" {
				dropped = true
				continue
			}
		case s.Is(fieldnum.FunctionDef_NodeDef):
			changed, same = nodeWithoutShapes(s.Data)
		case s.Is(fieldnum.FunctionDef_ArgAttr):
			if attrs, ok := wire.Merged(s.Data, fieldnum.MapEntry_Value); ok {
				if attrs, same = withoutEntry(attrs, fieldnum.FunctionDef_ArgAttrs_Attr, "_output_shapes"); !same {
					for e := wire.Scan(s.Data); e.Next(); {
						if e.Num != fieldnum.MapEntry_Value {
							changed = append(changed, e.Raw...)
						}
					}
					changed = protowire.AppendBytes(protowire.AppendTag(changed, fieldnum.MapEntry_Value, protowire.BytesType), attrs)
				}
			}
		}
		if same {
			out = append(out, s.Raw...)
			continue
		}
		dropped = true
		out = protowire.AppendBytes(protowire.AppendTag(out, s.Num, protowire.BytesType), changed)
	}
	return out, dropped
}

// nodeWithoutShapes returns a NodeDef without its recorded shapes, and whether it is unchanged.
func nodeWithoutShapes(node []byte) ([]byte, bool) {
	out, same := withoutEntry(node, fieldnum.NodeDef_Attr, "_output_shapes")
	if !opdef.DeclaresShapes(string(wire.Last(node, fieldnum.NodeDef_Op))) {
		return out, same
	}
	var declared []byte
	for s := wire.Scan(out); s.Next(); {
		if key, value := wire.MapEntry(s.Data); s.Is(fieldnum.NodeDef_Attr) && string(key) == "output_shapes" {
			unknown := draft.ForgetShapes(value, func(int) bool { return true }).Bytes()
			entry := protowire.AppendString(protowire.AppendTag(nil, fieldnum.MapEntry_Key, protowire.BytesType), "output_shapes")
			entry = protowire.AppendBytes(protowire.AppendTag(entry, fieldnum.MapEntry_Value, protowire.BytesType), unknown)
			declared = protowire.AppendBytes(protowire.AppendTag(declared, fieldnum.NodeDef_Attr, protowire.BytesType), entry)
			same = false
			continue
		}
		declared = append(declared, s.Raw...)
	}
	return declared, same
}

// withoutEntry returns a message without the entries of the map field num that have the key. The second result reports
// whether there was no such entry.
func withoutEntry(message []byte, num protowire.Number, key string) ([]byte, bool) {
	same := true
	var out []byte
	for s := wire.Scan(message); s.Next(); {
		if s.Is(num) {
			if k, _ := wire.MapEntry(s.Data); string(k) == key {
				same = false
				continue
			}
		}
		out = append(out, s.Raw...)
	}
	if same {
		return message, true
	}
	return out, false
}
