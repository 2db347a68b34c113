package diff

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/printable"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/wire"
)

// attr compares two values of the attr name. It returns the field for their difference, or true if they mean the same.
func (c *comparer) attr(name string, a, b []byte) (Field, bool) {
	if bytes.Equal(a, b) {
		return Field{}, true
	}
	field := attrPrefix + name
	if x, ok := wire.AttrBytes(a, fieldnum.AttrValue_Tensor); ok {
		if y, ok := wire.AttrBytes(b, fieldnum.AttrValue_Tensor); ok {
			return attrTensor(field, a, b, x, y)
		}
	}
	x, y := new(tfpb.AttrValue), new(tfpb.AttrValue)
	if schema.Unmarshal(a, x) != nil || schema.Unmarshal(b, y) != nil {
		return changed(field, bytesText(a), bytesText(b)), false
	}
	if c.followsAttr(name, x, y) || c.sel.counters && name == userName && isCounter(x.GetS()) && isCounter(y.GetS()) {
		return Field{}, true
	}
	d := messages{renames: c.renames, stop: true}
	d.plain("", x.ProtoReflect(), y.ProtoReflect())
	if len(d.fields) == 0 {
		return Field{}, true
	}
	was, now := attrText(x), attrText(y)
	if was == now {
		was, now = withDetail(was, now, d.fields[0])
	}
	return changed(field, was, now), false
}

// withDetail appends the differing inner field to the texts of two values whose short texts are equal.
func withDetail(a, b string, detail Field) (was, now string) {
	text := func(value string, s *string) string {
		if s == nil {
			return value + "; no " + detail.Field
		}
		return value + "; " + detail.Field + " " + *s
	}
	return text(a, detail.A), text(b, detail.B)
}

// attrTensor compares two tensors that are attr values a and b.
func attrTensor(field string, a, b, x, y []byte) (Field, bool) {
	other := func(f wire.Field) bool { return f.Num <= fieldnum.AttrValue_Func }
	if ua, ub := unknownFields(a, other), unknownFields(b, other); !sameUnknown(ua, ub) {
		return changed(field, attrBytesText(a)+"; "+unknownFieldsName+" "+unknownText(ua), attrBytesText(b)+"; "+unknownFieldsName+" "+unknownText(ub)), false
	}
	t, ok := readTensor(x)
	u, also := readTensor(y)
	switch {
	case !ok || !also:
		return changed(field, bytesText(x), bytesText(y)), bytes.Equal(x, y)
	case t.equal(u):
		return Field{}, true
	}
	return tensorField(field, t, u, false), false
}

// attrText returns a short text for the value of an attr. It starts with the type unless the value shows it.
func attrText(v *tfpb.AttrValue) string {
	switch x := v.GetValue().(type) {
	case nil:
		return "no value"
	case *tfpb.AttrValue_S:
		return strconv.Quote(string(x.S))
	case *tfpb.AttrValue_Placeholder:
		return "placeholder " + printable.Quote(x.Placeholder)
	}
	return describe(v.ProtoReflect())
}

// attrBytesText is attrText for bytes.
func attrBytesText(value []byte) string {
	if x, ok := wire.AttrBytes(value, fieldnum.AttrValue_Tensor); ok {
		if t, ok := readTensor(x); ok {
			return t.String()
		}
	}
	v := new(tfpb.AttrValue)
	if schema.Unmarshal(value, v) != nil {
		return bytesText(value)
	}
	return attrText(v)
}

// followsAttr reports whether the values of an attr differ only in names that were renamed. SEMANTICS.md lists the attrs whose
// strings are names; a shared_name counts if it was derived from the name of the node.
func (c *comparer) followsAttr(name string, a, b *tfpb.AttrValue) bool {
	if c.renames.none() {
		return false
	}
	x, ok := a.GetValue().(*tfpb.AttrValue_S)
	y, also := b.GetValue().(*tfpb.AttrValue_S)
	if ok && also && c.renames.followsFunction(string(x.S), string(y.S)) {
		return true // for example forward_function_name of a function
	}
	switch name {
	case "frame_name", "shared_name":
		return ok && also && len(x.S) > 0 && c.renames.follows(string(x.S), string(y.S))
	case "_class":
		x, y := a.GetList().GetS(), b.GetList().GetS()
		if len(x) != len(y) || !onlyStrings(a, b) {
			return false
		}
		for i := range x {
			from, ok := strings.CutPrefix(string(x[i]), wire.GroupPrefix)
			to, also := strings.CutPrefix(string(y[i]), wire.GroupPrefix)
			if !bytes.Equal(x[i], y[i]) && (!ok || !also || !c.renames.follows(from, to)) {
				return false
			}
		}
		return true
	}
	return false
}

// onlyStrings reports whether two attr values are lists of strings and otherwise empty.
func onlyStrings(a, b *tfpb.AttrValue) bool {
	for _, v := range []*tfpb.AttrValue{a, b} {
		l := v.GetList()
		if l == nil || len(l.ProtoReflect().GetUnknown())+len(v.ProtoReflect().GetUnknown()) > 0 ||
			len(l.I)+len(l.F)+len(l.B)+len(l.Type)+len(l.Shape)+len(l.Tensor)+len(l.Func) > 0 {
			return false
		}
	}
	return true
}
