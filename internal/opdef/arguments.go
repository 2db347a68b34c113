package opdef

import (
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// InputTypes returns the DataTypes that node n expects of its data inputs, in order and at most as many as it has: with
// tensor.RefOffset where the input must be a reference. A type that is not known is 0 or missing at the end.
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

// OutputType returns the DataType of output k of node n: with tensor.RefOffset if it is a reference, 0 if it is not known.
func (t *Tensors) OutputType(n *wire.Node, k int) int32 {
	def := t.Def(n.Op)
	return argType(n, def, def.GetOutputArg(), k)
}

// Takes reports whether a tensor of DataType actual can be read where expected is wanted: a reference can be read as the value
// it refers to, but not the other way round (TypesCompatible in tensorflow/core/framework/types.h). An unknown type fits.
func Takes(expected, actual int32) bool {
	return expected == 0 || actual == 0 || expected == actual || actual > tensor.RefOffset && expected == actual-tensor.RefOffset
}

// argType returns the DataType of tensor k of those that arguments of node n's op stand for.
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

// typeOfArg returns the DataType of tensor k of one argument; list holds its types if the argument has a list of them.
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
