package shapes

import (
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// An Op is what a Walk knows of an op.
type Op struct {
	Name       string
	Registered bool              // TensorFlow registers it
	def        *tfpb.OpDef       // nil if the op is neither registered nor a function
	defaults   map[string][]byte // AttrValues; nil until first used
}

// isFunction reports whether the op is a function of the library.
func (op *Op) isFunction() bool { return op.def != nil && !op.Registered }

// Op returns the op with that name. An op of TensorFlow takes precedence over a function of the library.
func (c *Inference) Op(name string) *Op {
	if op := c.ops[name]; op != nil {
		return op
	}
	op := &Op{Name: name}
	if op.def = c.registered.Find(name); op.def != nil {
		op.Registered = true
	} else if function, ok := c.functions[name]; ok {
		signature := new(tfpb.OpDef)
		if schema.Unmarshal(function.Signature(), signature) == nil {
			op.def = signature
		}
	}
	c.ops[name] = op
	return op
}

// defaults returns the default AttrValues of an op's attrs.
func (c *Inference) defaults(op *Op) map[string][]byte {
	if op.defaults == nil {
		op.defaults = c.registered.Defaults(op.Name)
	}
	return op.defaults
}

// tensors returns the numbers of inputs and outputs of a node with the given op and attrs, or false if they are unknown.
func (c *Inference) tensors(op *Op, attr func(name string) ([]byte, bool)) (inputs, outputs int64, known bool) {
	if op.def == nil {
		return 0, 0, false
	}
	inputs, known = c.tensorsOf(op, op.def.GetInputArg(), attr)
	if !known {
		return 0, 0, false
	}
	outputs, known = c.tensorsOf(op, op.def.GetOutputArg(), attr)
	return inputs, outputs, known
}

// maxTensors is the maximum number of tensors in one argument.
const maxTensors = 1 << 24

// tensorsOf returns the number of tensors in args (AddArgToSig in tensorflow/core/framework/node_def_util.cc).
func (c *Inference) tensorsOf(op *Op, args []*tfpb.OpDef_ArgDef, attr func(name string) ([]byte, bool)) (total int64, known bool) {
	value := func(name string) []byte {
		value, _ := attr(name)
		if len(value) == 0 {
			return c.defaults(op)[name]
		}
		return value
	}
	for _, arg := range args {
		count := int64(1)
		switch {
		case arg.GetTypeListAttr() != "":
			count = int64(len(tensor.TypesIn(value(arg.GetTypeListAttr()))))
		case arg.GetNumberAttr() != "":
			count = int64(wire.LastUint(value(arg.GetNumberAttr()), fieldnum.AttrValue_I))
		}
		if count < 0 || count > maxTensors {
			return 0, false
		}
		if name := arg.GetTypeAttr(); name != "" && wire.AttrTypeOf(value(name)) == 0 {
			return 0, false
		}
		total += count
	}
	return total, true
}
