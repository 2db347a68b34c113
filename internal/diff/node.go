package diff

import (
	"bytes"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/printable"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/wire"
)

// A comparer compares single nodes. It reuses memory between calls and is not safe for concurrent use.
type comparer struct {
	sel     *selection
	renames *renames
	ops     [2]*opdef.List
	// inFunction is true for nodes of a function's body: inputs have the spelling for functions, and nodes count as part of
	// "functions".
	inFunction bool

	a, b             nodeView
	inputsA, inputsB nodeInputs
	fields           []Field
}

// same reports whether two nodes mean the same, except for their names.
func (c *comparer) same(a, b []byte) bool { return len(c.node(a, b, true)) == 0 }

// node returns the fields in which two nodes differ, without names and ignored fields. If quick is true, it stops at the first one. The
// result is valid until the next call.
func (c *comparer) node(a, b []byte, quick bool) []Field {
	c.fields = c.fields[:0]
	if !c.a.read(a) || !c.b.read(b) {
		return c.fields // does not happen: align has parsed both nodes
	}
	if !bytes.Equal(c.a.op, c.b.op) && !c.renames.followsFunction(string(c.a.op), string(c.b.op)) {
		c.fields = append(c.fields, changed("op", printable.Quote(string(c.a.op)), printable.Quote(string(c.b.op))))
	}
	if !c.sel.ignore[Devices] && !c.sameDevice() {
		c.fields = append(c.fields, optional("device", quoteAny(c.a.device), quoteAny(c.b.device)))
	}
	if quick && len(c.fields) > 0 {
		return c.fields
	}
	if !c.sel.ignore[Inputs] {
		c.compareInputs()
	}
	if quick && len(c.fields) > 0 {
		return c.fields
	}
	if !c.sel.ignore[Attrs] {
		c.fields = c.attrs(c.fields, c.a.attrs, c.b.attrs, c.a.op, c.b.op)
	}
	c.others()
	return c.fields
}

// optional returns the field for two texts. An empty text means that the value is absent.
func optional(name, a, b string) Field {
	switch {
	case a == "":
		return added(name, b)
	case b == "":
		return removed(name, a)
	}
	return changed(name, a, b)
}

// quoteAny is quote, except that it returns "" for an empty string.
func quoteAny(s []byte) string {
	if len(s) == 0 {
		return ""
	}
	return printable.Quote(string(s))
}

func (c *comparer) sameDevice() bool {
	if bytes.Equal(c.a.device, c.b.device) {
		return true
	}
	return c.sel.deviceSpelling && match.NormalDevice(string(c.a.device)) == match.NormalDevice(string(c.b.device))
}

// attrs appends the differences between the sorted attrs of two nodes with the given ops, or of two functions, which have none.
func (c *comparer) attrs(out []Field, attrsA, attrsB []attrEntry, opA, opB []byte) []Field {
	for a, b := range merged(attrsA, attrsB, byKey) {
		switch {
		case a == nil:
			if key := string(b.key); !c.ignoresAttr(key) && !c.isDefault(key, b.value, opA, false) {
				out = append(out, added(attrPrefix+key, attrBytesText(b.value)))
			}
		case b == nil:
			if key := string(a.key); !c.ignoresAttr(key) && !c.isDefault(key, a.value, opB, true) {
				out = append(out, removed(attrPrefix+key, attrBytesText(a.value)))
			}
		case bytes.Equal(a.value, b.value): // nearly always
		default:
			if key := string(a.key); !c.ignoresAttr(key) {
				if f, same := c.attr(key, a.value, b.value); !same {
					out = append(out, f)
				}
			}
		}
	}
	return out
}

func (c *comparer) ignoresAttr(key string) bool {
	return len(c.sel.ignoreAttrs) > 0 && matchAny(c.sel.ignoreAttrs, key)
}

// isDefault reports whether value is the default of an attr of the given op, and the options ignore defaults. inB is true if the
// node without the attr is in B. The definition in that node's file counts, or else the one in the other file.
func (c *comparer) isDefault(key string, value, op []byte, inB bool) bool {
	if !c.sel.defaultAttrs {
		return false
	}
	lists := c.ops
	if inB {
		slices.Reverse(lists[:])
	}
	for _, list := range lists {
		if d := list.Op(string(op)).Default([]byte(key)); d != nil {
			_, same := c.attr(key, d, value)
			return same
		}
	}
	return false
}

// others compares the remaining fields of a NodeDef.
func (c *comparer) others() {
	if !c.a.others && !c.b.others {
		return
	}
	known := func(f wire.Field) bool {
		return f.Type == protowire.BytesType && f.Num <= fieldnum.NodeDef_ExperimentalType
	}
	if ua, ub := unknownFields(c.a.raw, known), unknownFields(c.b.raw, known); len(ua)+len(ub) > 0 && !sameUnknown(ua, ub) {
		c.fields = append(c.fields, changed(unknownFieldsName, unknownText(ua), unknownText(ub)))
	}
	c.single("experimental_debug_info", fieldnum.NodeDef_ExperimentalDebugInfo, new(tfpb.NodeDef_ExperimentalDebugInfo), new(tfpb.NodeDef_ExperimentalDebugInfo))
	c.single("experimental_type", fieldnum.NodeDef_ExperimentalType, new(tfpb.FullTypeDef), new(tfpb.FullTypeDef))
}

// single compares one message field of both nodes as a whole. x and y are empty messages of its type.
func (c *comparer) single(name string, num protowire.Number, x, y proto.Message) {
	a, inA := wire.Merged(c.a.raw, num)
	b, inB := wire.Merged(c.b.raw, num)
	if inA == inB && bytes.Equal(a, b) {
		return
	}
	if schema.Unmarshal(a, x) != nil || schema.Unmarshal(b, y) != nil {
		c.fields = append(c.fields, changed(name, bytesText(a), bytesText(b)))
		return
	}
	switch {
	case !inA:
		c.fields = append(c.fields, added(name, describe(y.ProtoReflect())))
	case !inB:
		c.fields = append(c.fields, removed(name, describe(x.ProtoReflect())))
	default:
		d := messages{renames: c.renames, stop: true}
		if d.plain("", x.ProtoReflect(), y.ProtoReflect()); len(d.fields) > 0 {
			c.fields = append(c.fields, changed(name, describe(x.ProtoReflect()), describe(y.ProtoReflect())))
		}
	}
}
