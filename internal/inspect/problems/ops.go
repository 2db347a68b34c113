package problems

import (
	"slices"
	"sort"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// An opInfo is an op and what is known of its nodes.
type opInfo struct {
	*opdef.Op
	uses     bodyUses // uses in function bodies
	runnable bodyUses // uses in function bodies that TensorFlow does not replace

	typed    []int32             // the attrs that determine the types of inputs and outputs
	constant *opTypes            // the types, if no attr determines them
	byAttrs  map[string]*opTypes // the types, by the values of the attrs that determine them
}

// A bodyUses counts the nodes of function bodies with a given op.
type bodyUses struct {
	count int
	first *nodePlace
}

func (u *bodyUses) add(p nodePlace) {
	if u.count == 0 {
		u.first = &p
	}
	u.count++
}

// place returns the place of the first node.
func (u *bodyUses) place() func() string {
	return func() string { return "function " + shown(u.first.function) + ", node " + shown(u.first.name) }
}

// An opTypes holds the types of the inputs and outputs of a node.
type opTypes struct {
	inputs, outputs []typeRun
	inputCount      int64
	outputCount     int64
	outputEnds      []int64 // by output argument: the number of the first tensor after it
}

// A typeRun is a number of consecutive tensors with one type.
type typeRun struct {
	dtype int32
	end   int64 // the number of the first tensor after the run
}

// at returns the type of tensor i.
func at(runs []typeRun, i int64) int32 {
	run := sort.Search(len(runs), func(k int) bool { return i < runs[k].end })
	if run == len(runs) {
		return 0
	}
	return runs[run].dtype
}

// differ compares the types of count tensors, ignoring references: those of a from number i on and those of b from number k on. It
// returns the index of the first difference, or -1.
func differ(a []typeRun, i int64, b []typeRun, k, count int64) int64 {
	run := func(runs []typeRun, i int64) typeRun {
		return runs[sort.Search(len(runs), func(k int) bool { return i < runs[k].end })]
	}
	for n := int64(0); n < count; {
		x, y := run(a, i+n), run(b, k+n)
		if tensor.BaseType(x.dtype) != tensor.BaseType(y.dtype) {
			return n
		}
		n = min(x.end-i, y.end-k)
	}
	return -1
}

// known reports whether TensorFlow knows the op when it imports the file.
func (op *opInfo) known() bool {
	return op.Source == opdef.InTensorFlow || op.Source == opdef.InLibrary
}

// removedIn returns the GraphDef version from which the op does not work, or 0 if it works in all.
func (op *opInfo) removedIn() int32 {
	if op.Deprecation == nil {
		return 0
	}
	return op.Deprecation.Version
}

// newOpInfo prepares an op.
func newOpInfo(def *opdef.Op) *opInfo {
	op := &opInfo{Op: def}
	for _, args := range [][]opdef.Arg{op.Inputs, op.Outputs} {
		for i := range args {
			for _, attr := range []int32{args[i].TypeAttr, args[i].NumberAttr, args[i].TypesAttr} {
				if attr >= 0 && !slices.Contains(op.typed, attr) {
					op.typed = append(op.typed, attr)
				}
			}
		}
	}
	if len(op.typed) == 0 {
		op.constant = op.typesOf(nil)
	}
	return op
}

// types returns the types of a node's inputs and outputs, or nil if values does not determine them. values holds the node's
// AttrValues by attr number, or nil for an absent attr. Only those in op.typed are used.
func (op *opInfo) types(values [][]byte) *opTypes {
	if op.constant != nil {
		return op.constant
	}
	var key []byte
	for _, i := range op.typed {
		key = protowire.AppendVarint(key, uint64(len(values[i])))
		key = append(key, values[i]...)
	}
	types, known := op.byAttrs[string(key)]
	if !known {
		types = op.typesOf(values)
		if op.byAttrs == nil {
			op.byAttrs = make(map[string]*opTypes)
		}
		op.byAttrs[string(key)] = types
	}
	return types
}

// typesOf computes the result of types.
func (op *opInfo) typesOf(values [][]byte) *opTypes {
	t := new(opTypes)
	var ok bool
	if t.inputs, _, ok = op.runs(op.Inputs, values); !ok {
		return nil
	}
	if t.outputs, t.outputEnds, ok = op.runs(op.Outputs, values); !ok {
		return nil
	}
	t.inputCount, t.outputCount = length(t.inputs), length(t.outputs)
	return t
}

// length returns the number of tensors in runs.
func length(runs []typeRun) int64 {
	if len(runs) == 0 {
		return 0
	}
	return runs[len(runs)-1].end
}

// maxTensors is the maximum number of tensors in one argument.
const maxTensors = 1 << 24

// runs returns the types of the tensors in args, and for each argument the number of the first tensor after it
// (tensorflow/core/framework/node_def_util.cc, AddArgToSig). Neighboring runs have different types.
func (op *opInfo) runs(args []opdef.Arg, values [][]byte) (runs []typeRun, ends []int64, ok bool) {
	var end int64
	add := func(arg opdef.Arg, dtype int32, count int64) {
		if arg.Ref {
			dtype += tensor.RefOffset
		}
		end += count
		last := len(runs) - 1
		switch {
		case count == 0:
		case last >= 0 && runs[last].dtype == dtype:
			runs[last].end = end
		default:
			runs = append(runs, typeRun{dtype, end})
		}
	}
	for _, arg := range args {
		if arg.TypesAttr >= 0 {
			for _, t := range tensor.TypesIn(op.Value(arg.TypesAttr, values[arg.TypesAttr])) {
				add(arg, t, 1)
			}
			ends = append(ends, end)
			continue
		}
		dtype, count := arg.Type, int64(1)
		if arg.TypeAttr >= 0 {
			dtype = wire.AttrTypeOf(op.Value(arg.TypeAttr, values[arg.TypeAttr]))
		}
		if arg.NumberAttr >= 0 {
			count = int64(wire.LastUint(op.Value(arg.NumberAttr, values[arg.NumberAttr]), fieldnum.AttrValue_I))
		}
		if count < 0 || count > maxTensors || dtype == 0 {
			return nil, nil, false
		}
		add(arg, dtype, count)
		ends = append(ends, end)
	}
	return runs, ends, true
}

// op returns the op with that name. Its source is Undefined if there is none.
func (f *problemFinder) op(name string) *opInfo {
	if op := f.opInfos[name]; op != nil {
		return op
	}
	def := f.ops.Find([]byte(name))
	if def == nil {
		def = &opdef.Op{Name: name}
	}
	op := newOpInfo(def)
	f.opInfos[name] = op
	return op
}
