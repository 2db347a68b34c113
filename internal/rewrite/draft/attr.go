package draft

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// UnknownRank is the TensorShapeProto of an unknown shape.
var UnknownRank = []byte{0x18, 0x01}

// Shape returns the TensorShapeProto of dimensions, -1 for an unknown one; nil is an unknown rank.
func Shape(dims tensor.Shape) []byte {
	if dims == nil {
		return UnknownRank
	}
	shape := []byte{}
	for _, dim := range dims {
		size := protowire.AppendVarint(protowire.AppendTag(nil, tensor.DimSize, protowire.VarintType), uint64(dim))
		shape = protowire.AppendBytes(protowire.AppendTag(shape, tensor.ShapeDim, protowire.BytesType), size)
	}
	return shape
}

// ForgetShapes returns the AttrValue of a list of shapes in which those that forget picks by number are unknown.
func ForgetShapes(value []byte, forget func(k int) bool) *wire.Rope {
	old, _ := wire.AttrBytes(value, wire.AttrList)
	var list []byte
	k := 0
	for s := wire.Scan(old); s.Next(); {
		switch {
		case s.Is(tensor.AttrListShape) && forget(k):
			list = protowire.AppendBytes(protowire.AppendTag(list, tensor.AttrListShape, protowire.BytesType), UnknownRank)
		default:
			list = append(list, s.Raw...)
		}
		if s.Is(tensor.AttrListShape) {
			k++
		}
	}
	return wire.NewRope(protowire.AppendBytes(protowire.AppendTag(nil, wire.AttrList, protowire.BytesType), list))
}

// TypeAttr returns the AttrValue of a DataType.
func TypeAttr(dtype int32) *wire.Rope {
	return wire.NewRope(protowire.AppendVarint(protowire.AppendTag(nil, wire.AttrType, protowire.VarintType), uint64(dtype)))
}

// BoolAttr returns the AttrValue of a bool.
func BoolAttr(v bool) *wire.Rope {
	return wire.NewRope(protowire.AppendVarint(protowire.AppendTag(nil, wire.AttrB, protowire.VarintType), protowire.EncodeBool(v)))
}

// ShapeAttr returns the AttrValue of a TensorShapeProto.
func ShapeAttr(shape []byte) *wire.Rope {
	return wire.NewRope(protowire.AppendBytes(protowire.AppendTag(nil, wire.AttrShape, protowire.BytesType), shape))
}

// TensorAttr returns the AttrValue of a TensorProto.
func TensorAttr(tensor *wire.Rope) *wire.Rope {
	var b wire.Builder
	b.Message(wire.AttrTensor, func() { b.Append(tensor) })
	return b.Build()
}

// TypeListAttr returns the AttrValue of a list of DataTypes.
func TypeListAttr(types []int32) *wire.Rope {
	var packed []byte
	for _, t := range types {
		packed = protowire.AppendVarint(packed, uint64(t))
	}
	var list []byte
	if len(packed) > 0 {
		list = protowire.AppendBytes(protowire.AppendTag(nil, tensor.AttrListType, protowire.BytesType), packed)
	}
	return wire.NewRope(protowire.AppendBytes(protowire.AppendTag(nil, wire.AttrList, protowire.BytesType), list))
}

// StringsAttr returns the AttrValue of a list of strings.
func StringsAttr(values ...string) *wire.Rope {
	var list []byte
	for _, v := range values {
		list = protowire.AppendString(protowire.AppendTag(list, wire.ListS, protowire.BytesType), v)
	}
	return wire.NewRope(protowire.AppendBytes(protowire.AppendTag(nil, wire.AttrList, protowire.BytesType), list))
}

// RenameFunctions returns an AttrValue of a function, or of a list of functions, in which each has the name that rename returns.
func RenameFunctions(value []byte, rename func(name string) string) *wire.Rope {
	if function, ok := wire.AttrBytes(value, wire.AttrFunc); ok {
		return wire.NewRope(protowire.AppendBytes(protowire.AppendTag(nil, wire.AttrFunc, protowire.BytesType), renamed(function, rename)))
	}
	list, _ := wire.AttrBytes(value, wire.AttrList)
	var out []byte
	for s := wire.Scan(list); s.Next(); {
		if s.Is(wire.ListFunc) {
			out = protowire.AppendBytes(protowire.AppendTag(out, wire.ListFunc, protowire.BytesType), renamed(s.Data, rename))
		} else {
			out = append(out, s.Raw...)
		}
	}
	return wire.NewRope(protowire.AppendBytes(protowire.AppendTag(nil, wire.AttrList, protowire.BytesType), out))
}

// renamed returns a NameAttrList with another name.
func renamed(function []byte, rename func(name string) string) []byte {
	name := rename(string(wire.Last(function, tensor.NameAttrListName)))
	out := protowire.AppendString(protowire.AppendTag(nil, tensor.NameAttrListName, protowire.BytesType), name)
	for s := wire.Scan(function); s.Next(); {
		if s.Num != tensor.NameAttrListName {
			out = append(out, s.Raw...)
		}
	}
	return out
}
