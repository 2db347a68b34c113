package opdef

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

func encodeOp(t testing.TB, def *tfpb.OpDef) *Op {
	t.Helper()
	raw, err := proto.Marshal(def)
	if err != nil {
		t.Fatal(err)
	}
	return decodeOp(def.GetName(), InList, raw)
}

// TestAttrNumbers: lookups work the same with few and with many attrs, and find the first of two attrs with one name.
func TestAttrNumbers(t *testing.T) {
	for _, count := range []int{1, fewAttrs, fewAttrs + 1, 1000} {
		def := new(tfpb.OpDef)
		for i := range count {
			def.Attr = append(def.Attr, &tfpb.OpDef_AttrDef{Name: fmt.Sprint("k", i), Type: "int"})
		}
		def.Attr = append(def.Attr, &tfpb.OpDef_AttrDef{Name: "k0", Type: "string"})
		op := encodeOp(t, def)
		for i := range count {
			if got := op.Attr(fmt.Append(nil, "k", i)); got != i {
				t.Errorf("%d attrs: k%d is attr number %d", count, i, got)
			}
		}
		if got := op.Attr([]byte("other")); got != -1 || len(op.Attrs) != count {
			t.Errorf("%d attrs: an attr that the op does not have is number %d of %d", count, got, len(op.Attrs))
		}
	}
}

// TestDecodeOp compares the definitions of all ops of TensorFlow with the generated types.
func TestDecodeOp(t *testing.T) {
	var list tfpb.OpList
	if err := proto.Unmarshal(registeredList, &list); err != nil {
		t.Fatal(err)
	}
	ops := NewOps(nil)
	for _, def := range list.GetOp() {
		op := ops.Find([]byte(def.GetName()))
		if op == nil {
			t.Fatalf("%s: not found", def.GetName())
		}
		got := &tfpb.OpDef{Name: op.Name, IsStateful: op.Stateful, InputArg: argDefs(op, op.Inputs), OutputArg: argDefs(op, op.Outputs)}
		if d := op.Deprecation; d != nil {
			got.Deprecation = &tfpb.OpDeprecation{Version: d.Version, Explanation: d.Explanation}
		}
		for _, a := range op.Attrs {
			got.Attr = append(got.Attr, attrDef(t, a))
		}
		ignored := protocmp.IgnoreFields(&tfpb.OpDef{}, "summary", "description", "is_commutative", "is_aggregate", "allows_uninitialized_input",
			"is_distributed_communication", "control_output")
		if diff := cmp.Diff(def, got, protocmp.Transform(), ignored, protocmp.IgnoreFields(&tfpb.OpDef_ArgDef{}, "experimental_full_type")); diff != "" {
			t.Errorf("%s (-generated types +decoded):\n%s", def.GetName(), diff)
		}
	}
}

func argDefs(op *Op, args []Arg) []*tfpb.OpDef_ArgDef {
	var defs []*tfpb.OpDef_ArgDef
	name := func(i int32) string {
		if i < 0 {
			return ""
		}
		return op.Attrs[i].Name
	}
	for _, a := range args {
		defs = append(defs, &tfpb.OpDef_ArgDef{Name: a.Name, Type: tfpb.DataType(a.Type), IsRef: a.Ref,
			TypeAttr: name(a.TypeAttr), NumberAttr: name(a.NumberAttr), TypeListAttr: name(a.TypesAttr)})
	}
	return defs
}

func attrDef(t *testing.T, a Attr) *tfpb.OpDef_AttrDef {
	t.Helper()
	def := &tfpb.OpDef_AttrDef{Name: a.Name, Type: a.Type, HasMinimum: a.HasMinimum, Minimum: a.Minimum}
	if a.HasDefault {
		def.DefaultValue = new(tfpb.AttrValue)
		if err := proto.Unmarshal(a.defaultValue, def.DefaultValue); err != nil {
			t.Fatal(err)
		}
	}
	list := new(tfpb.AttrValue_ListValue)
	for _, dtype := range a.AllowedTypes {
		list.Type = append(list.Type, tfpb.DataType(dtype))
	}
	for _, s := range a.AllowedStrings {
		list.S = append(list.S, []byte(s))
	}
	if len(list.GetType())+len(list.GetS()) > 0 {
		def.AllowedValues = &tfpb.AttrValue{Value: &tfpb.AttrValue_List{List: list}}
	}
	return def
}
