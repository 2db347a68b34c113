package opdef

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Source is where an op is defined.
type Source int8

// The sources of op definitions.
const (
	Undefined Source = iota // nowhere
	InList                  // in the file's own list (stripped_op_list)
	InTensorFlow
	InLibrary // in the file's function library
)

// An Op holds the definition of an op, or the signature of a function. Nothing changes it.
type Op struct {
	Name            string
	Source          Source
	Stateful        bool
	Inputs, Outputs []Arg
	Attrs           []Attr       // with different names
	Deprecation     *Deprecation // nil if the op is not deprecated

	numbers map[string]int32 // of the attrs; nil if there are few
	outputs map[string]int   // numbers of the outputs; nil if there are few
	single  int              // the number of outputs before the first one for which an attr determines how many tensors it has
}

// A Deprecation is when and why TensorFlow removes an op.
type Deprecation struct {
	Version     int32 // the GraphDef version from which the op does not work
	Explanation string
}

// An Arg is one input or output argument of an op. Its attrs are numbers of Op.Attrs, or -1 for none.
type Arg struct {
	Name                            string
	Type                            int32 // 0 if an attr determines it
	TypeAttr, NumberAttr, TypesAttr int32
	Ref                             bool
}

// An Attr is the definition of one attr of an op.
type Attr struct {
	Name           string
	Type           string           // "type", "list(int)", ...
	Field          protowire.Number // field of AttrValue, or of AttrValue.ListValue for a list; 0 for an unknown type
	List           bool
	HasDefault     bool
	HasMinimum     bool
	Minimum        int64
	defaultValue   []byte // AttrValue
	AllowedTypes   []int32
	AllowedStrings []string
}

// AttrFields maps the type of an attr in an OpDef to its field in AttrValue. The fields of AttrValue.ListValue have the same numbers,
// except for func.
var AttrFields = map[string]protowire.Number{
	"string": fieldnum.AttrValue_S, "int": fieldnum.AttrValue_I, "float": fieldnum.AttrValue_F, "bool": fieldnum.AttrValue_B, "type": fieldnum.AttrValue_Type,
	"shape": fieldnum.AttrValue_Shape, "tensor": fieldnum.AttrValue_Tensor, "func": fieldnum.AttrValue_Func,
}

// fewAttrs is the number of attrs or outputs up to which a linear search is faster than a map.
const fewAttrs = 16

// Attr returns the number of an attr, or -1 if the op does not have it.
func (op *Op) Attr(name []byte) int {
	if op.numbers != nil { // a hostile op and its node can have thousands
		if i, ok := op.numbers[string(name)]; ok {
			return int(i)
		}
		return -1
	}
	for i := range op.Attrs {
		if op.Attrs[i].Name == string(name) {
			return i
		}
	}
	return -1
}

// Output returns the number of an output argument, the first one with that name, or -1 if the op does not have it.
func (op *Op) Output(name string) int {
	if op.outputs != nil {
		if k, ok := op.outputs[name]; ok {
			return k
		}
		return -1
	}
	return slices.IndexFunc(op.Outputs, func(arg Arg) bool { return arg.Name == name })
}

// ListBefore reports whether an attr determines how many tensors come before output argument k.
func (op *Op) ListBefore(k int) bool { return k > op.single }

// Default returns the default AttrValue of an attr, or nil if it has none or op is nil.
func (op *Op) Default(name []byte) []byte {
	if op == nil {
		return nil
	}
	if i := op.Attr(name); i >= 0 {
		return op.Attrs[i].defaultValue
	}
	return nil
}

// Value returns the value that attr number i has in a node that records value for it.
func (op *Op) Value(i int32, value []byte) []byte {
	if len(value) == 0 {
		return op.Attrs[i].defaultValue
	}
	return value
}

// decodeOp reads an OpDef that protobuf accepts. Of several attrs with one name, the first counts.
func decodeOp(name string, source Source, def []byte) *Op {
	op := &Op{Name: name, Source: source}
	inputs, outputs := 0, 0
	for s := wire.Scan(def); s.Next(); {
		switch {
		case s.Is(fieldnum.OpDef_InputArg):
			inputs++
		case s.Is(fieldnum.OpDef_OutputArg):
			outputs++
		case s.Is(fieldnum.OpDef_Attr):
			op.addAttr(s.Data)
		case s.Num == fieldnum.OpDef_IsStateful && s.Type == protowire.VarintType:
			op.Stateful = s.Uint() != 0
		}
	}
	if d, ok := wire.Merged(def, fieldnum.OpDef_Deprecation); ok {
		op.Deprecation = &Deprecation{int32(wire.LastUint(d, fieldnum.OpDeprecation_Version)), string(wire.Last(d, fieldnum.OpDeprecation_Explanation))}
	}
	args := make([]Arg, 0, inputs+outputs)
	op.Inputs, op.Outputs = args[:0:inputs], args[inputs:inputs:inputs+outputs]
	for s := wire.Scan(def); s.Next(); {
		switch {
		case s.Is(fieldnum.OpDef_InputArg):
			op.Inputs = append(op.Inputs, op.arg(s.Data))
		case s.Is(fieldnum.OpDef_OutputArg):
			arg := op.arg(s.Data)
			if arg.NumberAttr < 0 && arg.TypesAttr < 0 && op.single == len(op.Outputs) {
				op.single++
			}
			op.Outputs = append(op.Outputs, arg)
		}
	}
	if len(op.Outputs) > fewAttrs {
		op.outputs = make(map[string]int, len(op.Outputs))
		for k, arg := range slices.Backward(op.Outputs) {
			op.outputs[arg.Name] = k
		}
	}
	return op
}

// arg reads an ArgDef of the op, whose attrs are known.
func (op *Op) arg(def []byte) Arg {
	a := Arg{TypeAttr: -1, NumberAttr: -1, TypesAttr: -1}
	for s := wire.Scan(def); s.Next(); {
		switch {
		case s.Is(fieldnum.OpDef_ArgDef_Name):
			a.Name = string(s.Data)
		case s.Is(fieldnum.OpDef_ArgDef_TypeAttr):
			a.TypeAttr = op.attrOfArg(s.Data)
		case s.Is(fieldnum.OpDef_ArgDef_NumberAttr):
			a.NumberAttr = op.attrOfArg(s.Data)
		case s.Is(fieldnum.OpDef_ArgDef_TypeListAttr):
			a.TypesAttr = op.attrOfArg(s.Data)
		case s.Type != protowire.VarintType:
		case s.Num == fieldnum.OpDef_ArgDef_Type:
			a.Type = int32(s.Uint())
		case s.Num == fieldnum.OpDef_ArgDef_IsRef:
			a.Ref = s.Uint() != 0
		}
	}
	return a
}

// attrOfArg returns the number of the attr that an argument names. It adds one without a type if the op does not define it.
func (op *Op) attrOfArg(name []byte) int32 {
	if len(name) == 0 {
		return -1
	}
	if op.Attr(name) < 0 {
		op.append(Attr{Name: string(name), HasDefault: true})
	}
	return int32(op.Attr(name))
}

// addAttr adds the attr that an AttrDef defines.
func (op *Op) addAttr(def []byte) {
	name := wire.Last(def, fieldnum.OpDef_AttrDef_Name)
	if op.Attr(name) >= 0 {
		return
	}
	a := Attr{Name: string(name), Type: string(wire.Last(def, fieldnum.OpDef_AttrDef_Type)),
		HasMinimum: wire.LastUint(def, fieldnum.OpDef_AttrDef_HasMinimum) != 0, Minimum: int64(wire.LastUint(def, fieldnum.OpDef_AttrDef_Minimum))}
	kind, isList := strings.CutPrefix(a.Type, "list(")
	if isList {
		kind, isList = strings.CutSuffix(kind, ")")
	}
	a.List, a.Field = isList, AttrFields[kind]
	if a.List && a.Field == fieldnum.AttrValue_Func {
		a.Field = fieldnum.AttrValue_ListValue_Func
	}
	a.defaultValue, a.HasDefault = wire.Merged(def, fieldnum.OpDef_AttrDef_DefaultValue)
	if allowed, ok := wire.Merged(def, fieldnum.OpDef_AttrDef_AllowedValues); ok {
		a.AllowedTypes = tensor.TypesIn(allowed)
		for s := range wire.AttrList(allowed, fieldnum.AttrValue_ListValue_S) {
			a.AllowedStrings = append(a.AllowedStrings, string(s))
		}
	}
	op.append(a)
}

// append adds an attr with a new name.
func (op *Op) append(a Attr) {
	op.Attrs = append(op.Attrs, a)
	switch {
	case op.numbers != nil:
		op.numbers[a.Name] = int32(len(op.Attrs) - 1)
	case len(op.Attrs) > fewAttrs:
		op.numbers = make(map[string]int32)
		for i := range op.Attrs {
			op.numbers[op.Attrs[i].Name] = int32(i)
		}
	}
}
