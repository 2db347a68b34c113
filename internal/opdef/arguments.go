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
		if !wire.ParseInput(input).Control {
			count++
		}
	}
	def := t.Def(n.Op)
	types := make([]int32, 0, count)
	for _, arg := range def.GetInputArg() {
		var list []int32
		if key := arg.GetTypeListAttr(); key != "" {
			list = tensor.AttrTypes(n, key)
		}
		for k := range argLength(n, arg) {
			if len(types) == count {
				return types
			}
			types = append(types, typeOfArg(n, def, arg, list, k))
		}
	}
	return types
}

// OutputType returns the DataType of output k of node n. It includes tensor.RefOffset for a reference and is 0 if it
// is unknown.
func (t *Tensors) OutputType(n *wire.Node, k int) int32 {
	def := t.Def(n.Op)
	return argType(n, def, def.GetOutputArg(), k)
}

// Takes reports whether an input of type expected accepts a tensor of type actual. A reference is accepted as a value,
// but not the other way round (TypesCompatible in tensorflow/core/framework/types.h). An unknown type is always
// accepted.
func Takes(expected, actual int32) bool {
	return expected == 0 || actual == 0 || expected == actual || actual > tensor.RefOffset && expected == actual-tensor.RefOffset
}

// argType returns the DataType of tensor k among all tensors of node n's arguments args.
func argType(n *wire.Node, def *tfpb.OpDef, args []*tfpb.OpDef_ArgDef, k int) int32 {
	if k < 0 {
		return 0
	}
	for _, arg := range args {
		length := argLength(n, arg)
		if k >= length {
			k -= length
			continue
		}
		var list []int32
		if key := arg.GetTypeListAttr(); key != "" {
			list = tensor.AttrTypes(n, key)
		}
		return typeOfArg(n, def, arg, list, k)
	}
	return 0
}

// typeOfArg returns the DataType of tensor k of one argument. list holds the types of a list argument.
func typeOfArg(n *wire.Node, def *tfpb.OpDef, arg *tfpb.OpDef_ArgDef, list []int32, k int) int32 {
	dtype := int32(arg.GetType())
	switch {
	case arg.GetTypeListAttr() != "":
		dtype = list[k]
	case arg.GetTypeAttr() != "":
		dtype = attrType(n, def, arg.GetTypeAttr())
	}
	if arg.GetIsRef() && dtype > 0 && dtype < tensor.RefOffset {
		dtype += tensor.RefOffset
	}
	return dtype
}

// attrType returns the type attr of node n, or its default.
func attrType(n *wire.Node, def *tfpb.OpDef, attr string) int32 {
	if _, ok := n.Attr(attr); ok {
		return tensor.AttrType(n, attr)
	}
	return defaultType(def, attr)
}
