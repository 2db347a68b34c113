package problems

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// This file holds what nodes are checked against: ops, put in a form in which checking a million nodes is quick.

// An opKind says what an op is.
type opKind int

const (
	unknownOp    opKind = iota // nothing defines it
	listedOp                   // only the file's own list defines it
	registeredOp               // TensorFlow registers it
	functionOp                 // a function of the file's library
)

// An opInfo is an op as nodes are checked against it.
type opInfo struct {
	name       string
	kind       opKind
	inputs     []opArg
	outputs    []opArg
	attrs      []opAttr
	numbers    map[string]int // of the attrs, by name; the first of a name counts
	typed      []int          // which attrs the types of inputs and outputs follow from
	deprecated *tfpb.OpDeprecation
	defaults   map[string][]byte // AttrValues, nil until somebody asks for them

	constant   *opTypes             // the types, where they follow from no attr
	byAttrs    map[string]*opTypes  // the types, by the values of the attrs that they follow from
	attrKey    []byte               // room for a key of byAttrs
	attrValues [][]byte             // room for the values
	present    []bool               // room for which attrs a node has
	uses       bodyUses             // in the bodies of functions
	runnable   bodyUses             // in those that TensorFlow does not replace by others
	seen       map[string]nodeFacts // what nodes of the graph say that are in order, by the bytes of their attrs
}

// A bodyUses counts the nodes of function bodies that have an op.
type bodyUses struct {
	count int
	first nodePlace
}

func (u *bodyUses) add(p nodePlace) {
	if u.count == 0 {
		u.first = p
	}
	u.count++
}

// place returns how messages name the first node.
func (u *bodyUses) place() func() string {
	return func() string { return "function " + shown(u.first.function) + ", node " + shown(u.first.name) }
}

// An opArg is one input or output argument of an op. The attrs are numbers of opInfo.attrs, -1 where there is none.
type opArg struct {
	name                            string
	dtype                           int32
	typeAttr, numberAttr, typesAttr int
	ref                             bool
}

// An opAttr is one attr of an op.
type opAttr struct {
	name           string
	field          protowire.Number // of AttrValue or, of a list, of AttrValue.ListValue
	list           bool
	hasDefault     bool
	defaultValue   []byte // AttrValue
	allowedTypes   []int32
	allowedStrings []string
	hasMinimum     bool
	minimum        int64
	kindName       string // "type", "list(int)", ... as op definitions spell it
}

// An opTypes is the types of the inputs and outputs of a node.
type opTypes struct {
	inputs, outputs []typeRun
	inputCount      int64
	outputCount     int64
}

// A typeRun is several tensors of one type, one behind the other.
type typeRun struct {
	dtype int32
	count int64
}

// at returns the type of number i.
func at(runs []typeRun, i int64) int32 {
	for _, r := range runs {
		if i < r.count {
			return r.dtype
		}
		i -= r.count
	}
	return 0
}

// attrFields maps the type of an attr, as an OpDef spells it, to the field of AttrValue; those of AttrValue.ListValue are the
// same but for func.
var attrFields = map[string]protowire.Number{
	"string": fieldnum.AttrValue_S, "int": fieldnum.AttrValue_I, "float": fieldnum.AttrValue_F, "bool": fieldnum.AttrValue_B, "type": fieldnum.AttrValue_Type,
	"shape": fieldnum.AttrValue_Shape, "tensor": fieldnum.AttrValue_Tensor, "func": fieldnum.AttrValue_Func,
}

// newOpInfo prepares the definition of an op, or the signature of a function.
func newOpInfo(name string, kind opKind, def *tfpb.OpDef) *opInfo {
	numbers := make(map[string]int, len(def.GetAttr()))
	op := &opInfo{name: name, kind: kind, deprecated: def.GetDeprecation(), numbers: numbers}
	for i, a := range def.GetAttr() {
		if _, twice := numbers[a.GetName()]; !twice {
			numbers[a.GetName()] = i
		}
		op.attrs = append(op.attrs, newOpAttr(a))
	}
	typed := make([]bool, len(op.attrs))
	number := func(attr string) int {
		i, ok := numbers[attr]
		if attr == "" || !ok {
			return -1
		}
		typed[i] = true
		return i
	}
	args := func(defs []*tfpb.OpDef_ArgDef) []opArg {
		out := make([]opArg, 0, len(defs))
		for _, d := range defs {
			out = append(out, opArg{name: d.GetName(), dtype: int32(d.GetType()), ref: d.GetIsRef(),
				typeAttr: number(d.GetTypeAttr()), numberAttr: number(d.GetNumberAttr()), typesAttr: number(d.GetTypeListAttr())})
		}
		return out
	}
	op.inputs, op.outputs = args(def.GetInputArg()), args(def.GetOutputArg())
	for i := range typed {
		if typed[i] {
			op.typed = append(op.typed, i)
		}
	}
	op.attrValues, op.present = make([][]byte, len(op.attrs)), make([]bool, len(op.attrs))
	op.byAttrs = make(map[string]*opTypes)
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

// encodeAttr returns a value that the types of an op can follow from as the bytes of an AttrValue: a type, an integer or a
// list of types. Any other is present and empty.
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

// types returns the types of a node's inputs and outputs. values holds, by attr number, the AttrValue that the node has or nil
// where it has none; only those of op.typed are read. It returns nil where the values make no types.
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
		op.byAttrs[string(key)] = types
	}
	return types
}

// typesOf finds the types out.
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

// maxTensors is the most tensors that one argument is believed to stand for.
const maxTensors = 1 << 24

// runs returns the types of the tensors that args stand for (tensorflow/core/framework/node_def_util.cc, AddArgToSig).
func (op *opInfo) runs(args []opArg, values [][]byte) ([]typeRun, int64, bool) {
	var out []typeRun
	var total int64
	for _, arg := range args {
		first := len(out)
		if arg.typesAttr >= 0 {
			for _, t := range tensor.TypesIn(op.value(arg.typesAttr, values)) {
				out = append(out, typeRun{t, 1})
			}
		} else {
			run := typeRun{arg.dtype, 1}
			if arg.typeAttr >= 0 {
				run.dtype = wire.AttrTypeOf(op.value(arg.typeAttr, values))
			}
			if arg.numberAttr >= 0 {
				run.count = int64(wire.LastUint(op.value(arg.numberAttr, values), fieldnum.AttrValue_I))
			}
			if run.count < 0 || run.count > maxTensors || run.dtype == 0 {
				return nil, 0, false
			}
			out = append(out, run)
		}
		for i := first; i < len(out); i++ {
			if arg.ref {
				out[i].dtype += tensor.RefOffset
			}
			total += out[i].count
		}
	}
	return out, total, true
}

// value returns the AttrValue of attr i, the default where the node has none.
func (op *opInfo) value(i int, values [][]byte) []byte {
	if len(values[i]) == 0 {
		return op.attrs[i].defaultValue
	}
	return values[i]
}

// An opSet finds ops by name: those that TensorFlow registers, the functions of the file, those of the file's own list.
type opSet struct {
	registered *opdef.Registered
	functions  map[string]*tfpb.OpDef // the signatures of the file's functions
	listed     *opdef.List
	infos      map[string]*opInfo
}

// find returns the op of that name, one of kind unknownOp where nothing defines it.
func (s *opSet) find(name string) *opInfo {
	if op := s.infos[name]; op != nil {
		return op
	}
	op := &opInfo{name: name}
	if def := s.registered.Find(name); def != nil {
		op = newOpInfo(name, registeredOp, def)
	} else if def := s.functions[name]; def != nil {
		op = newOpInfo(name, functionOp, def)
	} else if def := s.listed.Find([]byte(name)); def != nil {
		op = newOpInfo(name, listedOp, def)
	}
	s.infos[name] = op
	return op
}
