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

// UnknownShapes returns the AttrValue of as many unknown shapes as the list of shapes in value has.
func UnknownShapes(value []byte) *wire.Rope {
	old, _ := wire.AttrBytes(value, wire.AttrList)
	var list []byte
	for s := wire.Scan(old); s.Next(); {
		if s.Is(tensor.AttrListShape) {
			list = protowire.AppendBytes(protowire.AppendTag(list, tensor.AttrListShape, protowire.BytesType), UnknownRank)
		}
	}
	return wire.NewRope(protowire.AppendBytes(protowire.AppendTag(nil, wire.AttrList, protowire.BytesType), list))
}

// TypeAttr returns the AttrValue of a DataType.
func TypeAttr(dtype int32) *wire.Rope {
	return wire.NewRope(protowire.AppendVarint(protowire.AppendTag(nil, wire.AttrType, protowire.VarintType), uint64(dtype)))
}

// IntAttr returns the AttrValue of an int.
func IntAttr(v int64) *wire.Rope {
	return wire.NewRope(protowire.AppendVarint(protowire.AppendTag(nil, wire.AttrI, protowire.VarintType), uint64(v)))
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

// FuncAttr returns the AttrValue value, one of a function, with another name of the function.
func FuncAttr(value []byte, name string) *wire.Rope {
	function, _ := wire.AttrBytes(value, wire.AttrFunc)
	inner := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), name)
	for s := wire.Scan(function); s.Next(); {
		if s.Num != 1 {
			inner = append(inner, s.Raw...)
		}
	}
	return wire.NewRope(protowire.AppendBytes(protowire.AppendTag(nil, wire.AttrFunc, protowire.BytesType), inner))
}
