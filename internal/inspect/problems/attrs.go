package problems

import (
	"fmt"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// unknownAttr reports an attr that the op does not have. TensorFlow silently drops such an attr if it has its default in the
// producer's op definition (_RemoveDefaultAttrs in tensorflow/python/framework/importer.py), so unknownAttr ignores it then.
func (f *problemFinder) unknownAttr(p *nodePlace, op *opInfo, key, value []byte) {
	if standard, ok := f.ops.listed.Defaults([]byte(op.name))[string(key)]; ok && tensor.AttrsEqual(standard, value) {
		return
	}
	f.report(p, unknownAttr, op.name+"\x00"+string(key), func() string {
		return fmt.Sprintf("op %s has no attr %s in TensorFlow %s", shown(op.name), shown(key), opdef.ReferenceVersion)
	})
}

// checkAttr checks attr number i of the node whose attrs are in op.attrValues (ValidateAttrValue in
// tensorflow/core/framework/op_def_util.cc).
func (f *problemFinder) checkAttr(p *nodePlace, op *opInfo, i int) {
	a := &op.attrs[i]
	value := op.attrValues[i]
	if len(value) == 0 {
		// An attr without a value has its default. For a list, no value means an empty list.
		if !a.hasDefault && (!op.present[i] || !a.list) {
			f.report(p, missingAttr, op.name+"\x00"+a.name, func() string {
				return fmt.Sprintf("op %s needs attr %s (%s)", shown(op.name), shown(a.name), a.kindName)
			})
		}
		return
	}
	kind, field, err := attrField(value)
	if err != nil {
		return // see findDamage
	}
	if kind == fieldnum.AttrValue_Placeholder {
		if p.function == "" && !a.hasDefault {
			f.invalidAttr(p, op, a, func() string { return "is a placeholder, which is allowed only in function bodies" })
		}
		return
	}
	want := a.field
	if a.list {
		want = fieldnum.AttrValue_List
	}
	if a.field == 0 {
		return // no TensorFlow has this type
	}
	if kind != want {
		f.invalidAttr(p, op, a, func() string { return "is a " + attrKindName(kind) + "; the op needs a " + a.kindName })
		return
	}
	switch {
	case a.list:
		f.checkList(p, op, a, value)
	case kind == fieldnum.AttrValue_Type:
		f.checkType(p, op, a, int32(field.Uint()))
	case kind == fieldnum.AttrValue_I:
		if v := int64(field.Uint()); a.hasMinimum && v < a.minimum {
			f.invalidAttr(p, op, a, func() string { return fmt.Sprintf("is %d and must be at least %d", v, a.minimum) })
		}
	case kind == fieldnum.AttrValue_S:
		f.checkString(p, op, a, field.Data)
	case kind == fieldnum.AttrValue_Shape:
		if p.function == "" && shapeReaders[op.name] {
			if wrong := wrongShape(field.Data); wrong != "" {
				f.invalidAttr(p, op, a, func() string { return wrong })
			}
		}
	case kind == fieldnum.AttrValue_Func:
		name, _ := wire.AttrBytes(value, fieldnum.AttrValue_Func)
		f.checkFunction(p, a.name, name, 0)
	case kind == fieldnum.AttrValue_Tensor:
		tensor, _ := wire.AttrBytes(value, fieldnum.AttrValue_Tensor)
		if _, wrong := checkTensor(tensor); wrong != nil {
			f.report(p, invalidTensor, "", func() string { return "attr " + shown(a.name) + " " + wrong() })
		}
	}
}

// invalidAttr reports an attr with an invalid value.
func (f *problemFinder) invalidAttr(p *nodePlace, op *opInfo, a *opAttr, what func() string) {
	f.report(p, invalidAttr, op.name+"\x00"+a.name, func() string {
		return fmt.Sprintf("attr %s of op %s %s", shown(a.name), shown(op.name), what())
	})
}

// attrField returns which alternative of AttrValue is set, and its field: the last one if several are set, 0 if none is.
func attrField(value []byte) (protowire.Number, wire.Field, error) {
	var kind protowire.Number
	var field wire.Field
	s := wire.Scan(value)
	for s.Next() {
		if wire.SetsAttr(s.Field) {
			kind, field = s.Num, s.Field
		}
	}
	return kind, field, s.Err()
}

// attrKindName returns the name that op definitions use for an alternative of AttrValue.
func attrKindName(kind protowire.Number) string {
	if kind == fieldnum.AttrValue_List {
		return "list of the wrong type"
	}
	for name, field := range attrFields {
		if field == kind {
			return name
		}
	}
	return "value without a type"
}

func (f *problemFinder) checkType(p *nodePlace, op *opInfo, a *opAttr, dtype int32) {
	_, known := tfpb.DataType_name[dtype]
	switch {
	case dtype == 0 || !known || dtype > tensor.RefOffset:
		f.invalidAttr(p, op, a, func() string {
			return fmt.Sprintf("is the invalid type %d (%s)", dtype, tensor.DTypeName(dtype))
		})
	case len(a.allowedTypes) > 0 && !slices.Contains(a.allowedTypes, dtype):
		f.invalidAttr(p, op, a, func() string {
			return "is " + tensor.DTypeName(dtype) + ", which the op does not support in TensorFlow " + opdef.ReferenceVersion
		})
	}
}

func (f *problemFinder) checkString(p *nodePlace, op *opInfo, a *opAttr, s []byte) {
	if len(a.allowedStrings) > 0 && !slices.Contains(a.allowedStrings, string(s)) {
		f.invalidAttr(p, op, a, func() string { return fmt.Sprintf("is %q; allowed values: %q", s, a.allowedStrings) })
	}
}

// checkList checks the elements of a list attr.
func (f *problemFinder) checkList(p *nodePlace, op *opInfo, a *opAttr, value []byte) {
	list, _ := wire.AttrBytes(value, fieldnum.AttrValue_List)
	var length int64
	s := wire.Scan(list)
	for s.Next() {
		if s.Num < fieldnum.AttrValue_ListValue_S || s.Num > fieldnum.AttrValue_ListValue_Func {
			continue
		}
		if s.Num != a.field {
			f.invalidAttr(p, op, a, func() string { return "is a list of the wrong type; the op needs a " + a.kindName })
			return
		}
		switch a.field {
		case fieldnum.AttrValue_I, fieldnum.AttrValue_B, fieldnum.AttrValue_Type, fieldnum.AttrValue_F:
			length += model.PackedNumbers(s.Field, a.field == fieldnum.AttrValue_F)
		case fieldnum.AttrValue_S:
			length++
			f.checkString(p, op, a, s.Data)
		case fieldnum.AttrValue_ListValue_Func:
			length++
			f.checkFunction(p, a.name, s.Data, 0)
		default:
			length++
		}
	}
	if s.Err() != nil {
		return // see findDamage
	}
	if a.field == fieldnum.AttrValue_Type {
		for _, dtype := range tensor.TypesIn(value) {
			f.checkType(p, op, a, dtype)
		}
	}
	if a.hasMinimum && length < a.minimum {
		f.invalidAttr(p, op, a, func() string {
			return "has " + strconv.FormatInt(length, 10) + " elements and must have at least " + strconv.FormatInt(a.minimum, 10)
		})
	}
}

// maxFunctionDepth limits how deep functions in the attrs of functions are followed.
const maxFunctionDepth = 16

// checkFunction checks a function in an attr, a NameAttrList, and the functions in its own attrs.
func (f *problemFinder) checkFunction(p *nodePlace, attr string, list []byte, depth int) {
	name := string(wire.Last(list, fieldnum.NameAttrList_Name))
	if name != "" && f.ops.find(name).kind == unknownOp {
		f.report(p, undefinedFunctionAttr, name, func() string {
			return "attr " + shown(attr) + " names function " + shown(name) + ", which is not in the library"
		})
	}
	if depth == maxFunctionDepth {
		return
	}
	for s := wire.Scan(list); s.Next(); {
		if !s.Is(fieldnum.NameAttrList_Attr) {
			continue
		}
		key, value := wire.MapEntry(s.Data)
		if nested, ok := wire.AttrBytes(value, fieldnum.AttrValue_Func); ok {
			f.checkFunction(p, string(key), nested, depth+1)
		}
	}
}
