package tensor

import (
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// TypesIn returns the DataTypes in an AttrValue that holds a list.
func TypesIn(value []byte) []int32 {
	list, _ := wire.AttrBytes(value, fieldnum.AttrValue_List)
	var types []int32
	for v := range wire.Varints(list, fieldnum.AttrValue_ListValue_Type) {
		types = append(types, int32(v))
	}
	return types
}

// AttrInt returns the integer value of an attr, or 0 if it has none.
func AttrInt(n *wire.Node, key string) int64 {
	value, _ := n.Attr(key)
	return int64(wire.LastUint(value, fieldnum.AttrValue_I))
}

// AttrString returns the string value of an attr, or "" if it has none.
func AttrString(n *wire.Node, key string) string {
	value, _ := n.Attr(key)
	text, _ := wire.AttrBytes(value, fieldnum.AttrValue_S)
	return string(text)
}

// AttrType returns the DataType value of an attr, or 0 if it has none.
func AttrType(n *wire.Node, key string) int32 {
	value, _ := n.Attr(key)
	return wire.AttrTypeOf(value)
}

// AttrTypes returns the DataTypes of a list attr.
func AttrTypes(n *wire.Node, key string) []int32 {
	value, ok := n.Attr(key)
	if !ok {
		return nil
	}
	return TypesIn(value)
}

// AttrTensor returns the TensorProto in the attr `value`, which a Const has, and false if it has none.
func AttrTensor(n *wire.Node) ([]byte, bool) {
	value, _ := n.Attr("value")
	return wire.AttrBytes(value, fieldnum.AttrValue_Tensor)
}

// AttrShape returns the value of the attr `shape`, or nil if it has none.
func AttrShape(n *wire.Node) Shape {
	value, ok := n.Attr("shape")
	if !ok {
		return nil
	}
	shape, ok := wire.AttrBytes(value, fieldnum.AttrValue_Shape)
	if !ok {
		return nil
	}
	return ParseShape(shape)
}

// AttrShapeAt returns shape i of a list attr and the number of shapes in the list.
func AttrShapeAt(n *wire.Node, key string, i int) (Shape, int) {
	var shape Shape
	count := 0
	value, _ := n.Attr(key)
	for proto := range wire.AttrList(value, fieldnum.AttrValue_ListValue_Shape) {
		if count == i {
			shape = ParseShape(proto)
		}
		count++
	}
	return shape, count
}

// AttrShapes returns the shapes of a list attr.
func AttrShapes(n *wire.Node, key string) []Shape {
	value, _ := n.Attr(key)
	return ShapesIn(value)
}

// ShapesIn returns the shapes in an AttrValue that holds a list.
func ShapesIn(value []byte) []Shape {
	var shapes []Shape
	for proto := range wire.AttrList(value, fieldnum.AttrValue_ListValue_Shape) {
		shapes = append(shapes, ParseShape(proto))
	}
	return shapes
}
