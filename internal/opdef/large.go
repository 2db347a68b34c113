package opdef

import (
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// This file holds what Tensors keeps of large nodes. Each of the n outputs of such a node may be asked for, and going through its n
// types or shapes every time would take quadratic time.

// A listAttr identifies a list attr of a large node by the first byte of the NodeDef.
type listAttr struct {
	node *byte
	key  string
}

// typesIn returns the DataTypes of a list attr.
func (t *Tensors) typesIn(n *wire.Node, key string) []int32 {
	if len(n.Raw) < graph.LargeNode {
		return tensor.AttrTypes(n, key)
	}
	return kept(t.typeLists, n, key, tensor.AttrTypes)
}

// shapeIn returns shape i of a list attr and the number of shapes in the list.
func (t *Tensors) shapeIn(n *wire.Node, key string, i int) (tensor.Shape, int) {
	if len(n.Raw) < graph.LargeNode {
		return tensor.AttrShapeAt(n, key, i)
	}
	list := kept(t.shapeLists, n, key, tensor.AttrShapes)
	if i >= len(list) {
		return nil, len(list)
	}
	return list[i], len(list)
}

// kept returns the list in an attr of a large node. It reads the list once.
func kept[T any](lists map[listAttr][]T, n *wire.Node, key string, read func(*wire.Node, string) []T) []T {
	at := listAttr{&n.Raw[0], key}
	list, known := lists[at]
	if !known {
		list = read(n, key)
		lists[at] = list
	}
	return list
}
