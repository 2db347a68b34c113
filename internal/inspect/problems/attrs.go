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
	if standard := f.list.Op(op.Name).Default(key); standard != nil && tensor.AttrsEqual(standard, value) {
		return
	}
	f.report(p, unknownAttr, op.Name+"\x00"+string(key), func() string {
		return fmt.Sprintf("op %s has no attr %s in TensorFlow %s", shown(op.Name), shown(key), opdef.ReferenceVersion)
	})
}

// checkAttr checks attr number i of the node whose attrs are in f.attrs (ValidateAttrValue in
// tensorflow/core/framework/op_def_util.cc).
func (f *problemFinder) checkAttr(p *nodePlace, op *opInfo, i int) {
	a := &op.Attrs[i]
	value := f.attrs[i]
	if len(value) == 0 {
		// An attr without a value has its default. For a list, no value means an empty list.
		if !a.HasDefault && (!f.present[i] || !a.List) {
			f.report(p, missingAttr, op.Name+"\x00"+a.Name, func() string {
				return fmt.Sprintf("op %s needs attr %s (%s)", shown(op.Name), shown(a.Name), a.Type)
			})
		}
		return
	}
	kind, field, err := attrField(value)
	if err != nil {
		return // see findDamage
	}
	if kind == fieldnum.AttrValue_Placeholder {
		if p.function == "" && !a.HasDefault {
			f.invalidAttr(p, op, a, func() string { return "is a placeholder, which is allowed only in function bodies" })
		}
		return
	}
	want := a.Field
	if a.List {
		want = fieldnum.AttrValue_List
	}
	if a.Field == 0 {
		return // no TensorFlow has this type
	}
	if kind != want {
		f.invalidAttr(p, op, a, func() string { return "is a " + attrKindName(kind) + "; the op needs a " + a.Type })
		return
	}
	switch {
	case a.List:
		f.checkList(p, op, a, value)
	case kind == fieldnum.AttrValue_Type:
		f.checkType(p, op, a, int32(field.Uint()))
	case kind == fieldnum.AttrValue_I:
		if v := int64(field.Uint()); a.HasMinimum && v < a.Minimum {
			f.disallowed(p, op, a, func() string { return fmt.Sprintf("is %d and must be at least %d", v, a.Minimum) })
		}
	case kind == fieldnum.AttrValue_S:
		f.checkString(p, op, a, field.Data)
	case kind == fieldnum.AttrValue_Shape:
		if p.function == "" && shapeReaders[op.Name] {
			if wrong := wrongShape(field.Data); wrong != "" {
				f.invalidAttr(p, op, a, func() string { return wrong })
			}
		}
	case kind == fieldnum.AttrValue_Func:
		name, _ := wire.AttrBytes(value, fieldnum.AttrValue_Func)
		f.checkFunction(p, a.Name, name, 0)
	case kind == fieldnum.AttrValue_Tensor:
		tensor, _ := wire.AttrBytes(value, fieldnum.AttrValue_Tensor)
		if _, wrong := checkTensor(tensor); wrong != nil {
			f.report(p, invalidTensor, "", func() string { return "attr " + shown(a.Name) + " " + wrong() })
		}
	}
}

// invalidAttr reports an attr with an invalid value.
func (f *problemFinder) invalidAttr(p *nodePlace, op *opInfo, a *opdef.Attr, what func() string) {
	f.reportAttr(invalidAttr, p, op, a, what)
}

// disallowed reports an attr whose value has the right type, but is not one that the op allows. In a function body, the import does
// not check this, except in a SavedModel of TensorFlow 2.
func (f *problemFinder) disallowed(p *nodePlace, op *opInfo, a *opdef.Attr, what func() string) {
	kind := invalidAttr
	if p.function != "" && !f.hasObjects {
		kind = uncalledFunctionBody
	}
	f.reportAttr(kind, p, op, a, what)
}

func (f *problemFinder) reportAttr(kind problemKind, p *nodePlace, op *opInfo, a *opdef.Attr, what func() string) {
	f.report(p, kind, op.Name+"\x00"+a.Name, func() string {
		return fmt.Sprintf("attr %s of op %s %s", shown(a.Name), shown(op.Name), what())
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
	for name, field := range opdef.AttrFields {
		if field == kind {
			return name
		}
	}
	return "value without a type"
}

// validType reports whether a DataType is one that a tensor can have.
func validType(dtype int32) bool {
	_, known := tfpb.DataType_name[dtype]
	return known && dtype != 0 && dtype < tensor.RefOffset
}

func (f *problemFinder) checkType(p *nodePlace, op *opInfo, a *opdef.Attr, dtype int32) {
	switch {
	case !validType(dtype):
		f.invalidAttr(p, op, a, func() string {
			return fmt.Sprintf("is the invalid type %d (%s)", dtype, tensor.DTypeName(dtype))
		})
	case len(a.AllowedTypes) > 0 && !slices.Contains(a.AllowedTypes, dtype):
		f.disallowed(p, op, a, func() string {
			return "is " + tensor.DTypeName(dtype) + ", which the op does not support in TensorFlow " + opdef.ReferenceVersion
		})
	}
}

func (f *problemFinder) checkString(p *nodePlace, op *opInfo, a *opdef.Attr, s []byte) {
	if len(a.AllowedStrings) > 0 && !slices.Contains(a.AllowedStrings, string(s)) {
		f.disallowed(p, op, a, func() string { return fmt.Sprintf("is %q; allowed values: %q", s, a.AllowedStrings) })
	}
}

// checkList checks the elements of a list attr.
func (f *problemFinder) checkList(p *nodePlace, op *opInfo, a *opdef.Attr, value []byte) {
	list, _ := wire.AttrBytes(value, fieldnum.AttrValue_List)
	var length int64
	s := wire.Scan(list)
	for s.Next() {
		if s.Num < fieldnum.AttrValue_ListValue_S || s.Num > fieldnum.AttrValue_ListValue_Func {
			continue
		}
		if s.Num != a.Field {
			f.invalidAttr(p, op, a, func() string { return "is a list of the wrong type; the op needs a " + a.Type })
			return
		}
		switch a.Field {
		case fieldnum.AttrValue_I, fieldnum.AttrValue_B, fieldnum.AttrValue_Type, fieldnum.AttrValue_F:
			length += model.PackedNumbers(s.Field, a.Field == fieldnum.AttrValue_F)
		case fieldnum.AttrValue_S:
			length++
			f.checkString(p, op, a, s.Data)
		case fieldnum.AttrValue_ListValue_Func:
			length++
			f.checkFunction(p, a.Name, s.Data, 0)
		default:
			length++
		}
	}
	if s.Err() != nil {
		return // see findDamage
	}
	if a.Field == fieldnum.AttrValue_Type {
		for _, dtype := range tensor.TypesIn(value) {
			f.checkType(p, op, a, dtype)
		}
	}
	if a.HasMinimum && length < a.Minimum {
		f.disallowed(p, op, a, func() string {
			return "has " + strconv.FormatInt(length, 10) + " elements and must have at least " + strconv.FormatInt(a.Minimum, 10)
		})
	}
}

// maxFunctionDepth limits how deep functions in the attrs of functions are followed.
const maxFunctionDepth = 16

// checkFunction checks a function in an attr, a NameAttrList, and the functions in its own attrs.
func (f *problemFinder) checkFunction(p *nodePlace, attr string, list []byte, depth int) {
	name := string(wire.Last(list, fieldnum.NameAttrList_Name))
	if name != "" && f.op(name).Source == opdef.Undefined {
		f.report(p, undefinedFunctionAttr, name, func() string {
			return "attr " + shown(attr) + " names function " + shown(name) + ", which is not in the library"
		})
	}
	if depth == maxFunctionDepth {
		return
	}
	for key, value := range wire.MapEntries(list, fieldnum.NameAttrList_Attr) {
		if nested, ok := wire.AttrBytes(value, fieldnum.AttrValue_Func); ok {
			f.checkFunction(p, string(key), nested, depth+1)
		}
	}
}
