package opdef

import (
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
	if def == nil {
		return types
	}
	for i := range def.Inputs {
		arg := &def.Inputs[i]
		list := t.listOf(n, def, arg)
		for k := range t.argLength(n, def, arg) {
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
	if def == nil {
		return 0
	}
	args := def.Outputs
	if !def.ListBefore(len(args)) { // each of n outputs may be asked for
		args = args[min(k, len(args)):]
		k = 0
	}
	for i := range args {
		arg := &args[i]
		length := t.argLength(n, def, arg)
		if k >= length {
			k -= length
			continue
		}
		return t.typeOfArg(n, def, arg, t.listOf(n, def, arg), k)
	}
	return 0
}

// Takes reports whether an input of type expected accepts a tensor of type actual. A reference is accepted as a value,
// but not the other way round (TypesCompatible in tensorflow/core/framework/types.h). An unknown type is always
// accepted.
func Takes(expected, actual int32) bool {
	return expected == 0 || actual == 0 || expected == actual || actual > tensor.RefOffset && expected == actual-tensor.RefOffset
}

// listOf returns the types of an argument that is a list of tensors of different types, or nil for others.
func (t *Tensors) listOf(n *wire.Node, op *Op, arg *Arg) []int32 {
	if arg.TypesAttr < 0 {
		return nil
	}
	return t.typesIn(n, op.Attrs[arg.TypesAttr].Name)
}

// typeOfArg returns the DataType of tensor k of one argument. list holds the types of a list argument.
func (t *Tensors) typeOfArg(n *wire.Node, op *Op, arg *Arg, list []int32, k int) int32 {
	dtype := arg.Type
	switch {
	case arg.TypesAttr >= 0:
		dtype = list[k]
	case arg.TypeAttr >= 0:
		attr := &op.Attrs[arg.TypeAttr]
		if _, ok := n.Attr(attr.Name); ok {
			dtype = tensor.AttrType(n, attr.Name)
		} else {
			dtype = wire.AttrTypeOf(attr.defaultValue)
		}
	}
	if arg.Ref && dtype > 0 && dtype < tensor.RefOffset {
		dtype += tensor.RefOffset
	}
	return dtype
}
