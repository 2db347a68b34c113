package opdef

import (
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// The attrs of a node.

func (c *inference) intAttr(name string) int64 {
	return int64(wire.LastUint(c.Attr(name), fieldnum.AttrValue_I))
}

func (c *inference) boolAttr(name string) bool {
	return wire.LastUint(c.Attr(name), fieldnum.AttrValue_B) != 0
}

func (c *inference) stringAttr(name string) string {
	s, _ := wire.AttrBytes(c.Attr(name), fieldnum.AttrValue_S)
	return string(s)
}

// intsAttr returns the integers in a list attr.
func (c *inference) intsAttr(name string) []int64 {
	list, _ := wire.AttrBytes(c.Attr(name), fieldnum.AttrValue_List)
	var out []int64
	for v := range wire.Varints(list, fieldnum.AttrValue_ListValue_I) {
		out = append(out, int64(v))
	}
	return out
}

// shapeAttr returns the attr "shape", or nil if the node has none.
func (c *inference) shapeAttr() tensor.Shape {
	raw, ok := wire.AttrBytes(c.Attr("shape"), fieldnum.AttrValue_Shape)
	if !ok {
		return nil
	}
	return tensor.ParseShape(raw)
}
