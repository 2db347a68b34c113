package draft

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// UnknownRank is the TensorShapeProto of an unknown shape.
var UnknownRank = protowire.AppendVarint(protowire.AppendTag(nil, fieldnum.TensorShapeProto_UnknownRank, protowire.VarintType), 1)

// Shape returns the TensorShapeProto of dimensions, with -1 for unknown ones. A nil shape has unknown rank.
func Shape(dims tensor.Shape) []byte {
	if dims == nil {
		return UnknownRank
	}
	shape := []byte{}
	for _, dim := range dims {
		size := protowire.AppendVarint(protowire.AppendTag(nil, fieldnum.TensorShapeProto_Dim_Size, protowire.VarintType), uint64(dim))
		shape = protowire.AppendBytes(protowire.AppendTag(shape, fieldnum.TensorShapeProto_Dim, protowire.BytesType), size)
	}
	return shape
}

// ForgetShapes returns a copy of the AttrValue of a list of shapes. Shape k becomes unknown if forget(k) is true.
func ForgetShapes(value []byte, forget func(k int) bool) *wire.Rope {
	old, _ := wire.AttrBytes(value, fieldnum.AttrValue_List)
	var list []byte
	k := 0
	for s := wire.Scan(old); s.Next(); {
		switch {
		case s.Is(fieldnum.AttrValue_ListValue_Shape) && forget(k):
			list = protowire.AppendBytes(protowire.AppendTag(list, fieldnum.AttrValue_ListValue_Shape, protowire.BytesType), UnknownRank)
		default:
			list = append(list, s.Raw...)
		}
		if s.Is(fieldnum.AttrValue_ListValue_Shape) {
			k++
		}
	}
	return wire.NewRope(protowire.AppendBytes(protowire.AppendTag(nil, fieldnum.AttrValue_List, protowire.BytesType), list))
}

// KeepShapes returns the AttrValue of those of a list of shapes for which kept is true.
func KeepShapes(value []byte, kept []bool) *wire.Rope {
	old, _ := wire.AttrBytes(value, fieldnum.AttrValue_List)
	var list []byte
	k := 0
	for s := wire.Scan(old); s.Next() && k < len(kept); {
		if s.Is(fieldnum.AttrValue_ListValue_Shape) {
			if kept[k] {
				list = append(list, s.Raw...)
			}
			k++
		}
	}
	return wire.NewRope(protowire.AppendBytes(protowire.AppendTag(nil, fieldnum.AttrValue_List, protowire.BytesType), list))
}

// IntAttr returns the AttrValue of an integer.
func IntAttr(v int64) *wire.Rope {
	return wire.NewRope(protowire.AppendVarint(protowire.AppendTag(nil, fieldnum.AttrValue_I, protowire.VarintType), uint64(v)))
}

// TypeAttr returns the AttrValue of a DataType.
func TypeAttr(dtype int32) *wire.Rope {
	return wire.NewRope(protowire.AppendVarint(protowire.AppendTag(nil, fieldnum.AttrValue_Type, protowire.VarintType), uint64(dtype)))
}

// BoolAttr returns the AttrValue of a bool.
func BoolAttr(v bool) *wire.Rope {
	return wire.NewRope(protowire.AppendVarint(protowire.AppendTag(nil, fieldnum.AttrValue_B, protowire.VarintType), protowire.EncodeBool(v)))
}

// ShapeAttr returns the AttrValue of a TensorShapeProto.
func ShapeAttr(shape []byte) *wire.Rope {
	return wire.NewRope(protowire.AppendBytes(protowire.AppendTag(nil, fieldnum.AttrValue_Shape, protowire.BytesType), shape))
}

// TensorAttr returns the AttrValue of a TensorProto.
func TensorAttr(tensor *wire.Rope) *wire.Rope {
	var b wire.Builder
	b.Message(fieldnum.AttrValue_Tensor, func() { b.Append(tensor) })
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
		list = protowire.AppendBytes(protowire.AppendTag(nil, fieldnum.AttrValue_ListValue_Type, protowire.BytesType), packed)
	}
	return wire.NewRope(protowire.AppendBytes(protowire.AppendTag(nil, fieldnum.AttrValue_List, protowire.BytesType), list))
}

// StringsAttr returns the AttrValue of a list of strings.
func StringsAttr(values ...string) *wire.Rope {
	var list []byte
	for _, v := range values {
		list = protowire.AppendString(protowire.AppendTag(list, fieldnum.AttrValue_ListValue_S, protowire.BytesType), v)
	}
	return wire.NewRope(protowire.AppendBytes(protowire.AppendTag(nil, fieldnum.AttrValue_List, protowire.BytesType), list))
}

// RenameFunctions returns a copy of an AttrValue of a function or of a list of functions, with each name replaced by rename.
func RenameFunctions(value []byte, rename func(name string) string) *wire.Rope {
	if function, ok := wire.AttrBytes(value, fieldnum.AttrValue_Func); ok {
		return wire.NewRope(protowire.AppendBytes(protowire.AppendTag(nil, fieldnum.AttrValue_Func, protowire.BytesType), renamed(function, rename)))
	}
	list, _ := wire.AttrBytes(value, fieldnum.AttrValue_List)
	var out []byte
	for s := wire.Scan(list); s.Next(); {
		if s.Is(fieldnum.AttrValue_ListValue_Func) {
			out = protowire.AppendBytes(protowire.AppendTag(out, fieldnum.AttrValue_ListValue_Func, protowire.BytesType), renamed(s.Data, rename))
		} else {
			out = append(out, s.Raw...)
		}
	}
	return wire.NewRope(protowire.AppendBytes(protowire.AppendTag(nil, fieldnum.AttrValue_List, protowire.BytesType), out))
}

// renamed returns a NameAttrList with another name.
func renamed(function []byte, rename func(name string) string) []byte {
	name := rename(string(wire.Last(function, fieldnum.NameAttrList_Name)))
	out := protowire.AppendString(protowire.AppendTag(nil, fieldnum.NameAttrList_Name, protowire.BytesType), name)
	for s := wire.Scan(function); s.Next(); {
		if s.Num != fieldnum.NameAttrList_Name {
			out = append(out, s.Raw...)
		}
	}
	return out
}
