package problems

import (
	"sort"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// This file prepares op definitions so that checking a million nodes against them is fast.

// An opKind is where an op is defined.
type opKind int

const (
	unknownOp    opKind = iota // nowhere
	listedOp                   // only in the file's own list
	registeredOp               // in TensorFlow
	functionOp                 // in the file's function library
)

// An opInfo is an op in a form that is fast to check nodes against.
type opInfo struct {
	name string
	kind opKind
	*opDefinition
	uses     bodyUses // uses in function bodies
	runnable bodyUses // uses in function bodies that TensorFlow does not replace
}

// An opDefinition is the definition of an op.
type opDefinition struct {
	inputs     []opArg
	outputs    []opArg
	attrs      []opAttr
	numbers    map[string]int // number of the first attr with each name; nil if there are few attrs
	typed      []int          // the attrs that determine the types of inputs and outputs
	deprecated *tfpb.OpDeprecation

	constant   *opTypes            // the types, if no attr determines them
	byAttrs    map[string]*opTypes // the types, by the values of the attrs that determine them
	attrKey    []byte              // buffer for a key of byAttrs
	attrValues [][]byte            // the attrs of the current node
	present    []bool              // which attrs the current node has
}

// undefined is the definition of ops that nothing defines. A file can have a million of them.
var undefined = new(opDefinition)

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

// An opArg is one input or output argument of an op. Its attrs are indexes into opDefinition.attrs, or -1 for none.
type opArg struct {
	name                            string
	dtype                           int32
	typeAttr, numberAttr, typesAttr int32
	ref                             bool
}

// An opAttr is one attr of an op.
type opAttr struct {
	name           string
	field          protowire.Number // field of AttrValue, or of AttrValue.ListValue for a list
	list           bool
	hasDefault     bool
	defaultValue   []byte // AttrValue
	allowedTypes   []int32
	allowedStrings []string
	hasMinimum     bool
	minimum        int64
	kindName       string // the type in op definitions: "type", "list(int)", ...
}

// An opTypes holds the types of the inputs and outputs of a node.
type opTypes struct {
	inputs, outputs []typeRun
	inputCount      int64
	outputCount     int64
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

// attrFields maps the type of an attr in an OpDef to its field in AttrValue. The fields of AttrValue.ListValue have the same
// numbers, except for func.
var attrFields = map[string]protowire.Number{
	"string": fieldnum.AttrValue_S, "int": fieldnum.AttrValue_I, "float": fieldnum.AttrValue_F, "bool": fieldnum.AttrValue_B, "type": fieldnum.AttrValue_Type,
	"shape": fieldnum.AttrValue_Shape, "tensor": fieldnum.AttrValue_Tensor, "func": fieldnum.AttrValue_Func,
}

// newOpInfo prepares the definition of an op, or the signature of a function.
func newOpInfo(name string, kind opKind, def *tfpb.OpDef) *opInfo {
	op := &opInfo{name: name, kind: kind, opDefinition: &opDefinition{deprecated: def.GetDeprecation()}}
	op.attrs = make([]opAttr, 0, len(def.GetAttr()))
	for _, a := range def.GetAttr() {
		op.attrs = append(op.attrs, newOpAttr(a))
	}
	if len(op.attrs) > fewAttrs {
		op.numbers = make(map[string]int, len(op.attrs))
		for i := range op.attrs {
			if _, twice := op.numbers[op.attrs[i].name]; !twice {
				op.numbers[op.attrs[i].name] = i
			}
		}
	}
	typed := make([]bool, len(op.attrs))
	number := func(attr string) int32 {
		if attr == "" {
			return -1
		}
		i := op.attr([]byte(attr))
		if i >= 0 {
			typed[i] = true
		}
		return int32(i)
	}
	args := make([]opArg, 0, len(def.GetInputArg())+len(def.GetOutputArg()))
	for _, defs := range [][]*tfpb.OpDef_ArgDef{def.GetInputArg(), def.GetOutputArg()} {
		for _, d := range defs {
			args = append(args, opArg{name: d.GetName(), dtype: int32(d.GetType()), ref: d.GetIsRef(),
				typeAttr: number(d.GetTypeAttr()), numberAttr: number(d.GetNumberAttr()), typesAttr: number(d.GetTypeListAttr())})
		}
	}
	op.inputs, op.outputs = args[:len(def.GetInputArg())], args[len(def.GetInputArg()):]
	for i := range typed {
		if typed[i] {
			op.typed = append(op.typed, i)
		}
	}
	op.attrValues, op.present = make([][]byte, len(op.attrs)), make([]bool, len(op.attrs))
	if len(op.typed) == 0 {
		op.constant = op.typesOf(op.attrValues)
	}
	return op
}

func newOpAttr(def *tfpb.OpDef_AttrDef) opAttr {
	a := opAttr{name: def.GetName(), kindName: def.GetType(), hasMinimum: def.GetHasMinimum(), minimum: def.GetMinimum()}
	kind := def.GetType()
	if len(kind) > len("list()") && kind[:len("list(")] == "list(" {
		a.list = true
		kind = kind[len("list(") : len(kind)-1]
	}
	a.field = attrFields[kind]
	if a.list && a.field == fieldnum.AttrValue_Func {
		a.field = fieldnum.AttrValue_ListValue_Func
	}
	if def.GetDefaultValue() != nil {
		a.hasDefault = true
		a.defaultValue = encodeAttr(def.GetDefaultValue())
	}
	if def.GetAllowedValues() != nil {
		for _, t := range def.GetAllowedValues().GetList().GetType() {
			a.allowedTypes = append(a.allowedTypes, int32(t))
		}
		for _, s := range def.GetAllowedValues().GetList().GetS() {
			a.allowedStrings = append(a.allowedStrings, string(s))
		}
	}
	return a
}

// encodeAttr returns an AttrValue that can determine types as bytes: a type, an integer or a list of types. For other values it
// returns empty, non-nil bytes.
func encodeAttr(v *tfpb.AttrValue) []byte {
	switch v := v.GetValue().(type) {
	case *tfpb.AttrValue_Type:
		return protowire.AppendVarint(protowire.AppendTag(nil, fieldnum.AttrValue_Type, protowire.VarintType), uint64(v.Type))
	case *tfpb.AttrValue_I:
		return protowire.AppendVarint(protowire.AppendTag(nil, fieldnum.AttrValue_I, protowire.VarintType), uint64(v.I))
	case *tfpb.AttrValue_List:
		var packed []byte
		for _, t := range v.List.GetType() {
			packed = protowire.AppendVarint(packed, uint64(t))
		}
		list := protowire.AppendBytes(protowire.AppendTag(nil, fieldnum.AttrValue_ListValue_Type, protowire.BytesType), packed)
		return protowire.AppendBytes(protowire.AppendTag(nil, fieldnum.AttrValue_List, protowire.BytesType), list)
	}
	return []byte{}
}

// types returns the types of a node's inputs and outputs, or nil if values does not determine them. values holds the node's
// AttrValues by attr number, or nil for an absent attr. Only those in op.typed are used.
func (op *opInfo) types(values [][]byte) *opTypes {
	if op.constant != nil {
		return op.constant
	}
	key := op.attrKey[:0]
	for _, i := range op.typed {
		key = protowire.AppendVarint(key, uint64(len(values[i])))
		key = append(key, values[i]...)
	}
	op.attrKey = key
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
	if t.inputs, t.inputCount, ok = op.runs(op.inputs, values); !ok {
		return nil
	}
	if t.outputs, t.outputCount, ok = op.runs(op.outputs, values); !ok {
		return nil
	}
	return t
}

// maxTensors is the maximum number of tensors in one argument.
const maxTensors = 1 << 24

// runs returns the types and the number of the tensors in args (tensorflow/core/framework/node_def_util.cc, AddArgToSig).
func (op *opInfo) runs(args []opArg, values [][]byte) ([]typeRun, int64, bool) {
	var out []typeRun
	var end int64
	add := func(arg opArg, dtype int32, count int64) {
		if arg.ref {
			dtype += tensor.RefOffset
		}
		end += count
		out = append(out, typeRun{dtype, end})
	}
	for _, arg := range args {
		if arg.typesAttr >= 0 {
			for _, t := range tensor.TypesIn(op.value(arg.typesAttr, values)) {
				add(arg, t, 1)
			}
			continue
		}
		dtype, count := arg.dtype, int64(1)
		if arg.typeAttr >= 0 {
			dtype = wire.AttrTypeOf(op.value(arg.typeAttr, values))
		}
		if arg.numberAttr >= 0 {
			count = int64(wire.LastUint(op.value(arg.numberAttr, values), fieldnum.AttrValue_I))
		}
		if count < 0 || count > maxTensors || dtype == 0 {
			return nil, 0, false
		}
		add(arg, dtype, count)
	}
	return out, end, true
}

// value returns the AttrValue of attr i, or its default if the node does not have it.
func (op *opInfo) value(i int32, values [][]byte) []byte {
	if len(values[i]) == 0 {
		return op.attrs[i].defaultValue
	}
	return values[i]
}

// An opSet finds ops by name: those that TensorFlow registers, the functions of the file, and those in the file's own list.
type opSet struct {
	registered *opdef.Registered
	function   func(name string) *tfpb.OpDef // returns the signature of a function of the file, or nil
	listed     *opdef.List
	infos      map[string]*opInfo
}

// find returns the op with that name. Its kind is unknownOp if the op is not defined.
func (s *opSet) find(name string) *opInfo {
	if op := s.infos[name]; op != nil {
		return op
	}
	op := &opInfo{name: name, opDefinition: undefined}
	if def := s.registered.Find(name); def != nil {
		op = newOpInfo(name, registeredOp, def)
	} else if def := s.function(name); def != nil {
		op = newOpInfo(name, functionOp, def)
	} else if def := s.listed.Find([]byte(name)); def != nil {
		op = newOpInfo(name, listedOp, def)
	}
	s.infos[name] = op
	return op
}
