package shapes

import (
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// Op returns the op with that name. Its source is Undefined if there is none.
func (c *Inference) op(name string) *opdef.Op {
	if op := c.ops.Find([]byte(name)); op != nil {
		return op
	}
	return &opdef.Op{Name: name}
}

// tensors returns the numbers of inputs and outputs of a node with the given op and attrs, or false if they are unknown.
func tensors(op *opdef.Op, attr func(name string) ([]byte, bool)) (inputs, outputs int64, known bool) {
	if op.Source != opdef.InTensorFlow && op.Source != opdef.InLibrary {
		return 0, 0, false
	}
	inputs, known = tensorsOf(op, op.Inputs, attr)
	if !known {
		return 0, 0, false
	}
	outputs, known = tensorsOf(op, op.Outputs, attr)
	return inputs, outputs, known
}

// maxTensors is the maximum number of tensors in one argument.
const maxTensors = 1 << 24

// tensorsOf returns the number of tensors in args (AddArgToSig in tensorflow/core/framework/node_def_util.cc).
func tensorsOf(op *opdef.Op, args []opdef.Arg, attr func(name string) ([]byte, bool)) (total int64, known bool) {
	value := func(i int32) []byte {
		recorded, _ := attr(op.Attrs[i].Name)
		return op.Value(i, recorded)
	}
	for i := range args {
		arg, count := &args[i], int64(1)
		switch {
		case arg.TypesAttr >= 0:
			count = int64(len(tensor.TypesIn(value(arg.TypesAttr))))
		case arg.NumberAttr >= 0:
			count = int64(wire.LastUint(value(arg.NumberAttr), fieldnum.AttrValue_I))
		}
		if count < 0 || count > maxTensors {
			return 0, false
		}
		if arg.TypeAttr >= 0 && wire.AttrTypeOf(value(arg.TypeAttr)) == 0 {
			return 0, false
		}
		total += count
	}
	return total, true
}
