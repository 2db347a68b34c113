package diff

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/metagraph/metagraph/internal/printable"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

// shapeText returns a shape in the form that show uses: `(?, 784)`, `()` for a scalar and `?` for an unknown rank. The name of a
// dimension comes before its size.
func shapeText(shape *tfpb.TensorShapeProto) string {
	if shape.GetUnknownRank() {
		return "?"
	}
	dims := make([]string, len(shape.GetDim()))
	for i, d := range shape.GetDim() {
		dims[i] = strconv.FormatInt(d.GetSize(), 10)
		if d.GetSize() == -1 {
			dims[i] = "?"
		}
		if d.GetName() != "" {
			dims[i] = printable.Quote(d.GetName()) + "=" + dims[i]
		}
	}
	return "(" + strings.Join(dims, ", ") + ")"
}

// maxText is the approximate maximum length of the text of one value.
const maxText = 2000

// describe returns a message in one line. It omits absent fields. Fields are in the order of their numbers, and map keys are
// sorted. Tensors, shapes, dtypes and attr values have their usual short form.
func describe(m protoreflect.Message) string {
	var b strings.Builder
	write(&b, m)
	return b.String()
}

func write(b *strings.Builder, m protoreflect.Message) {
	if b.Len() > 4*maxText {
		return // the text is truncated here
	}
	switch v := m.Interface().(type) {
	case *tfpb.TensorShapeProto:
		b.WriteString(shapeText(v))
		return
	case *tfpb.TensorProto:
		b.WriteString(newTensor(v, nil).String())
		return
	case *tfpb.NameAttrList:
		b.WriteString(printable.Quote(v.GetName()))
		if len(v.GetAttr()) > 0 {
			b.WriteByte(' ')
			writeMap(b, fieldOf(m, "attr"), m.Get(fieldOf(m, "attr")).Map())
		}
		return
	case *tfpb.AttrValue, *tfpb.AttrValue_ListValue:
		writeBare(b, m)
		return
	case *anypb.Any:
		if inner, err := v.UnmarshalNew(); err == nil {
			b.WriteString(anyType(v) + " ")
			write(b, inner.ProtoReflect())
			return
		}
	}
	b.WriteByte('{')
	first := true
	for _, f := range fields(m) {
		if !m.Has(f) {
			continue
		}
		if !first {
			b.WriteString(", ")
		}
		first = false
		b.WriteString(string(f.Name()) + ": ")
		writeField(b, f, m.Get(f))
	}
	if unknown := m.GetUnknown(); len(unknown) > 0 {
		if !first {
			b.WriteString(", ")
		}
		b.WriteString("unknown_fields: {" + unknownText(unknown) + "}")
	}
	b.WriteByte('}')
}

// anyType returns the type name in the URL of an Any.
func anyType(a *anypb.Any) string { return printable.Quote(string(wire.AnyType(a.GetTypeUrl()))) }

// writeBare writes the value of the only set field of m without the field name, or `[]` if no field is set.
func writeBare(b *strings.Builder, m protoreflect.Message) {
	for _, f := range fields(m) {
		if m.Has(f) {
			writeField(b, f, m.Get(f))
			return
		}
	}
	b.WriteString("[]")
}

// fields returns the fields of a message in the order of their numbers.
func fields(m protoreflect.Message) []protoreflect.FieldDescriptor {
	all := m.Descriptor().Fields()
	out := make([]protoreflect.FieldDescriptor, all.Len())
	for i := range out {
		out[i] = all.Get(i)
	}
	slices.SortFunc(out, func(a, b protoreflect.FieldDescriptor) int { return int(a.Number()) - int(b.Number()) })
	return out
}

func fieldOf(m protoreflect.Message, name protoreflect.Name) protoreflect.FieldDescriptor {
	return m.Descriptor().Fields().ByName(name)
}

func writeField(b *strings.Builder, f protoreflect.FieldDescriptor, v protoreflect.Value) {
	switch {
	case f.IsMap():
		writeMap(b, f, v.Map())
	case f.IsList():
		b.WriteByte('[')
		for i := range v.List().Len() {
			if i > 0 {
				b.WriteString(", ")
			}
			if b.Len() > 4*maxText {
				break
			}
			writeValue(b, f, v.List().Get(i))
		}
		b.WriteByte(']')
	default:
		writeValue(b, f, v)
	}
}

func writeMap(b *strings.Builder, f protoreflect.FieldDescriptor, m protoreflect.Map) {
	b.WriteByte('{')
	for i, key := range sortedKeys(m) {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(printable.Quote(key.String()) + ": ")
		writeValue(b, f.MapValue(), m.Get(key))
	}
	b.WriteByte('}')
}

// sortedKeys returns the keys of a map, sorted.
func sortedKeys(m protoreflect.Map) []protoreflect.MapKey {
	var keys []protoreflect.MapKey
	for k := range m.Range {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compareKeys)
	return keys
}

// compareKeys compares map keys: numbers by value, strings by their bytes, and false before true.
func compareKeys(a, b protoreflect.MapKey) int {
	switch a.Interface().(type) {
	case int32, int64:
		return cmp.Compare(a.Int(), b.Int())
	case uint32, uint64:
		return cmp.Compare(a.Uint(), b.Uint())
	default:
		return strings.Compare(a.String(), b.String())
	}
}

// writeValue writes one value of a field.
func writeValue(b *strings.Builder, f protoreflect.FieldDescriptor, v protoreflect.Value) {
	switch f.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		write(b, v.Message())
	case protoreflect.EnumKind:
		b.WriteString(enumText(f, v.Enum()))
	case protoreflect.StringKind:
		b.WriteString(strconv.Quote(v.String()))
	case protoreflect.BytesKind:
		b.WriteString(strconv.Quote(string(v.Bytes())))
	case protoreflect.FloatKind:
		b.WriteString(strconv.FormatFloat(v.Float(), 'g', -1, 32))
	case protoreflect.DoubleKind:
		b.WriteString(strconv.FormatFloat(v.Float(), 'g', -1, 64))
	default:
		b.WriteString(v.String())
	}
}

// enumText returns the name of an enum value, or the short name for a DataType.
func enumText(f protoreflect.FieldDescriptor, n protoreflect.EnumNumber) string {
	if f.Enum().FullName() == "tensorflow.DataType" {
		return dtypeName(tfpb.DataType(n))
	}
	if v := f.Enum().Values().ByNumber(n); v != nil {
		return string(v.Name())
	}
	return strconv.Itoa(int(n))
}

// textOf returns the text of a field's value outside of a message: printable strings have no quotes.
func textOf(f protoreflect.FieldDescriptor, v protoreflect.Value) string {
	if !f.IsList() && !f.IsMap() {
		return elementText(f, v)
	}
	var b strings.Builder
	writeField(&b, f, v)
	return b.String()
}

// elementText is textOf for a single value, or one element of a list or map.
func elementText(f protoreflect.FieldDescriptor, v protoreflect.Value) string {
	switch f.Kind() {
	case protoreflect.StringKind:
		return printable.Quote(v.String())
	case protoreflect.BytesKind:
		return printable.Quote(string(v.Bytes()))
	}
	var b strings.Builder
	writeValue(&b, f, v)
	return b.String()
}

// clip shortens two texts that are too long. Both keep the position of their first difference.
func clip(a, b string) (string, string) {
	const context = 60
	if len(a) <= maxText && len(b) <= maxText {
		return a, b
	}
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	return clipAt(a, same-context), clipAt(b, same-context)
}

func clipAt(s string, from int) string {
	out := s
	if from > 0 {
		for from < len(s) && !utf8.RuneStart(s[from]) {
			from++
		}
		out = "…" + s[min(from, len(s)):]
	}
	if len(out) <= maxText {
		return out
	}
	to := maxText
	for to > 0 && !utf8.RuneStart(out[to]) {
		to--
	}
	return out[:to] + "… (" + strconv.Itoa(len(s)) + " bytes)"
}
