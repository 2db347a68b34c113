package opdef

import (
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// InputTypes returns the DataTypes that node n expects of its data inputs, in order. A type includes tensor.RefOffset
// if the input must be a reference. Unknown types are 0, or missing at the end.
func (t *Tensors) InputTypes(n *wire.Node) []int32 {
	count := 0
	for _, input := range n.Inputs {
		if !wire.IsControl(input) {
			count++
		}
	}
	def := t.Def(n.Op)
	types := make([]int32, 0, count)
	for _, arg := range def.GetInputArg() {
		var list []int32
		if key := arg.GetTypeListAttr(); key != "" {
			list = t.typesIn(n, key)
		}
		for k := range t.argLength(n, arg) {
			if len(types) == count {
				return types
			}
			types = append(types, t.typeOfArg(n, def, arg, list, k))
		}
	}
	return types
}

// OutputType returns the DataType of output k of node n. It includes tensor.RefOffset for a reference and is 0 if it
// is unknown.
func (t *Tensors) OutputType(n *wire.Node, k int) int32 {
	if k < 0 {
		return 0
	}
	def := t.Def(n.Op)
	args := def.GetOutputArg()
	if len(args) > largeDef && t.def(def).single {
		args = args[min(k, len(args)):]
		k = 0
	}
	for _, arg := range args {
		length := t.argLength(n, arg)
		if k >= length {
			k -= length
			continue
		}
		var list []int32
		if key := arg.GetTypeListAttr(); key != "" {
			list = t.typesIn(n, key)
		}
		return t.typeOfArg(n, def, arg, list, k)
	}
	return 0
}

// Takes reports whether an input of type expected accepts a tensor of type actual. A reference is accepted as a value,
// but not the other way round (TypesCompatible in tensorflow/core/framework/types.h). An unknown type is always
// accepted.
func Takes(expected, actual int32) bool {
	return expected == 0 || actual == 0 || expected == actual || actual > tensor.RefOffset && expected == actual-tensor.RefOffset
}

// typeOfArg returns the DataType of tensor k of one argument. list holds the types of a list argument.
func (t *Tensors) typeOfArg(n *wire.Node, def *tfpb.OpDef, arg *tfpb.OpDef_ArgDef, list []int32, k int) int32 {
	dtype := int32(arg.GetType())
	switch {
	case arg.GetTypeListAttr() != "":
		dtype = list[k]
	case arg.GetTypeAttr() != "":
		dtype = t.attrType(n, def, arg.GetTypeAttr())
	}
	if arg.GetIsRef() && dtype > 0 && dtype < tensor.RefOffset {
		dtype += tensor.RefOffset
	}
	return dtype
}

// attrType returns the type attr of node n, or its default.
func (t *Tensors) attrType(n *wire.Node, def *tfpb.OpDef, attr string) int32 {
	if _, ok := n.Attr(attr); ok {
		return tensor.AttrType(n, attr)
	}
	return t.defaultType(def, attr)
}
