package opdef

import (
	"github.com/metagraph/metagraph/internal/graph"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// This file holds what Tensors keeps of large nodes and of large op definitions. Each of the n outputs of such a node may
// be asked for, and going through its n types, shapes or arguments every time would take quadratic time.

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

// largeDef is the number of arguments or attrs from which defFacts are kept of an op definition.
const largeDef = 16

// defFacts are facts about an op definition.
type defFacts struct {
	single   bool             // each output argument is one tensor
	defaults map[string]int32 // the defaults of type attrs by name
}

// def returns the facts about a definition.
func (t *Tensors) def(def *tfpb.OpDef) *defFacts {
	facts := t.defs[def]
	if facts == nil {
		facts = &defFacts{single: true, defaults: make(map[string]int32)}
		for _, arg := range def.GetOutputArg() {
			facts.single = facts.single && arg.GetNumberAttr() == "" && arg.GetTypeListAttr() == ""
		}
		for _, a := range def.GetAttr() {
			if _, repeated := facts.defaults[a.GetName()]; !repeated {
				facts.defaults[a.GetName()] = int32(a.GetDefaultValue().GetType())
			}
		}
		t.defs[def] = facts
	}
	return facts
}

// defaultType returns the default of a type attr.
func (t *Tensors) defaultType(def *tfpb.OpDef, attr string) int32 {
	if len(def.GetAttr()) > largeDef {
		return t.def(def).defaults[attr]
	}
	for _, a := range def.GetAttr() {
		if a.GetName() == attr {
			return int32(a.GetDefaultValue().GetType())
		}
	}
	return 0
}
