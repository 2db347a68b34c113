package wire

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Accepts reports whether protobuf parses a field with the wire type typ as a value of fd.
func Accepts(fd protoreflect.FieldDescriptor, typ protowire.Type) bool {
	want := TypeOf(fd.Kind())
	return typ == want || typ == protowire.BytesType && fd.IsList() && want != protowire.StartGroupType
}

// TypeOf returns the wire type of one value of a kind.
func TypeOf(kind protoreflect.Kind) protowire.Type {
	switch kind {
	case protoreflect.FloatKind, protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind:
		return protowire.Fixed32Type
	case protoreflect.DoubleKind, protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		return protowire.Fixed64Type
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	case protoreflect.GroupKind:
		return protowire.StartGroupType
	}
	return protowire.VarintType
}
