package model

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
)

// TestKinds: the op and the attrs without the colocation group make up the kind.
func TestKinds(t *testing.T) {
	m := testfiles.Plain()
	add := func(name, op string, attrs map[string]*tfpb.AttrValue) {
		m.GraphDef.Node = append(m.GraphDef.Node, &tfpb.NodeDef{Name: name, Op: op, Attr: attrs})
	}
	value := func(text string) *tfpb.AttrValue { return &tfpb.AttrValue{Value: &tfpb.AttrValue_S{S: []byte(text)}} }
	groups := func(names ...string) *tfpb.AttrValue {
		list := new(tfpb.AttrValue_ListValue)
		for _, name := range names {
			list.S = append(list.S, []byte(name))
		}
		return &tfpb.AttrValue{Value: &tfpb.AttrValue_List{List: list}}
	}
	m.GraphDef.Node = nil
	add("a", "Op", map[string]*tfpb.AttrValue{"k": value("v")})
	add("other_op", "Other", map[string]*tfpb.AttrValue{"k": value("v")})
	add("other_value", "Op", map[string]*tfpb.AttrValue{"k": value("w")})
	add("same", "Op", map[string]*tfpb.AttrValue{"k": value("v")})
	add("colocated", "Op", map[string]*tfpb.AttrValue{"k": value("v"), "_class": groups("loc:@a")})
	add("colocated_twice", "Op", map[string]*tfpb.AttrValue{"k": value("v"), "_class": groups("loc:@a", "loc:@same")})
	add("_invalid", "Op", map[string]*tfpb.AttrValue{"k": value("v")})
	add("invalid_attr", "Op", map[string]*tfpb.AttrValue{"k": {Value: &tfpb.AttrValue_Placeholder{Placeholder: "v"}}})
	add("long", "Op", map[string]*tfpb.AttrValue{"k": value(string(make([]byte, maxKindAttrs)))})
	kinds, count, err := New(testfiles.MetaGraph(t, m)).Kinds()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int32{1, 2, 3, 1, 1, 4, NoKind, 5, NoKind}, kinds); diff != "" || count != 5 {
		t.Errorf("%d kinds; -want +got:\n%s", count, diff)
	}
}
