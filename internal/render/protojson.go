package render

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// protoJSON writes a message as JSON: the fields that are set, in the order of their numbers, under their names in the .proto file. Unlike
// in protobuf's own JSON mapping, 64-bit integers are numbers, bytes are strings, and the white space is deterministic.
type protoJSON struct{ proto.Message }

// AppendJSON appends the message as an object.
func (m protoJSON) AppendJSON(b []byte) []byte { return appendMessage(b, m.ProtoReflect()) }

func appendMessage(b []byte, m protoreflect.Message) []byte {
	b = append(b, '{')
	first := true
	for _, f := range setFields(m) {
		if !first {
			b = append(b, ", "...)
		}
		first = false
		b = appendKey(b, string(f.Name()))
		b = append(b, ": "...)
		b = appendProtoField(b, f, m.Get(f))
	}
	return append(b, '}')
}

// setFields returns the fields of a message that are set, in the order of their numbers.
func setFields(m protoreflect.Message) []protoreflect.FieldDescriptor {
	var fields []protoreflect.FieldDescriptor
	for f := range m.Range {
		fields = append(fields, f)
	}
	slices.SortFunc(fields, func(a, b protoreflect.FieldDescriptor) int { return cmp.Compare(a.Number(), b.Number()) })
	return fields
}

func appendProtoField(b []byte, f protoreflect.FieldDescriptor, v protoreflect.Value) []byte {
	switch {
	case f.IsList():
		b = append(b, '[')
		for i := range v.List().Len() {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendProtoValue(b, f, v.List().Get(i))
		}
		return append(b, ']')
	case f.IsMap():
		b = append(b, '{')
		for i, key := range mapKeys(v.Map()) {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendKey(b, key.String())
			b = append(b, ": "...)
			b = appendProtoValue(b, f.MapValue(), v.Map().Get(key))
		}
		return append(b, '}')
	}
	return appendProtoValue(b, f, v)
}

// mapKeys returns the keys of a map, sorted by their text.
func mapKeys(m protoreflect.Map) []protoreflect.MapKey {
	var keys []protoreflect.MapKey
	for k := range m.Range {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b protoreflect.MapKey) int { return cmp.Compare(a.String(), b.String()) })
	return keys
}

func appendProtoValue(b []byte, f protoreflect.FieldDescriptor, v protoreflect.Value) []byte {
	switch f.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return appendMessage(b, v.Message())
	case protoreflect.EnumKind:
		if value := f.Enum().Values().ByNumber(v.Enum()); value != nil {
			return AppendJSON(b, string(value.Name()))
		}
		return strconv.AppendInt(b, int64(v.Enum()), 10)
	case protoreflect.StringKind:
		return AppendJSON(b, v.String())
	case protoreflect.BytesKind:
		return AppendJSON(b, v.Bytes())
	case protoreflect.FloatKind:
		return appendJSONFloat(b, v.Float(), 32)
	case protoreflect.DoubleKind:
		return appendJSONFloat(b, v.Float(), 64)
	}
	return fmt.Append(b, v.Interface()) // integers and bools
}
