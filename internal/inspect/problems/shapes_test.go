package problems

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/match"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

func TestForbiddenOps(t *testing.T) {
	body := func(op string) *tfpb.FunctionDef {
		return &tfpb.FunctionDef{Signature: &tfpb.OpDef{Name: "f"}, NodeDef: []*tfpb.NodeDef{{Name: "n", Op: op}}}
	}
	m := &tfpb.MetaGraphDef{GraphDef: &tfpb.GraphDef{
		Node:    []*tfpb.NodeDef{{Name: "a", Op: "NoOp"}, {Name: "b", Op: "ReadFile"}},
		Library: &tfpb.FunctionDefLibrary{Function: []*tfpb.FunctionDef{body("WriteFile"), body("NoOp"), body("ReadFile")}}, // all have the same name
	}}
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	meta, err := wire.ParseMetaGraph(raw)
	if err != nil {
		t.Fatal(err)
	}
	glob, err := match.ParseGlob("*File")
	if err != nil {
		t.Fatal(err)
	}
	found, err := Find(model.New(meta), glob)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range problemLines(found) {
		if strings.Contains(line, "forbidden-op") {
			got = append(got, line)
		}
	}
	want := []string{
		"error forbidden-op x2: node b: op ReadFile is forbidden",
		"error forbidden-op: function f, node n: op WriteFile is forbidden",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// TestShapeArithmetic follows a chain of concatenations, each of which joins the previous one with itself. Without a cache this
// takes 2**60 steps.
func TestShapeArithmetic(t *testing.T) {
	const graph = `
		node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "shape" value { shape { dim { size: -1 } } } } }
		node { name: "shape" op: "Shape" input: "x" attr { key: "T" value { type: DT_FLOAT } } }
		node { name: "zero" op: "Const" attr { key: "dtype" value { type: DT_INT32 } }
			attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape { dim { size: 1 } } int_val: 0 } } } }
		node { name: "one" op: "Const" attr { key: "dtype" value { type: DT_INT32 } }
			attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape { dim { size: 1 } } int_val: 1 } } } }
		node { name: "axis" op: "Const" attr { key: "dtype" value { type: DT_INT32 } }
			attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape { } int_val: 0 } } } }
		node { name: "c0" op: "StridedSlice" input: "shape" input: "zero" input: "zero" input: "one"
			attr { key: "T" value { type: DT_INT32 } } attr { key: "Index" value { type: DT_INT32 } } }
		node { name: "end" op: "Fill" input: "c60" input: "axis" attr { key: "T" value { type: DT_INT32 } } }`
	m := new(tfpb.MetaGraphDef)
	m.GraphDef = new(tfpb.GraphDef)
	if err := prototext.Unmarshal([]byte(graph), m.GraphDef); err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		before := fmt.Sprintf("c%d", i)
		m.GraphDef.Node = append(m.GraphDef.Node, &tfpb.NodeDef{Name: fmt.Sprintf("c%d", i+1), Op: "ConcatV2", Input: []string{before, before, "axis"},
			Attr: map[string]*tfpb.AttrValue{
				"T": {Value: &tfpb.AttrValue_Type{Type: tfpb.DataType_DT_INT32}},
				"N": {Value: &tfpb.AttrValue_I{I: 2}},
			}})
	}
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if errs := errorsIn(findProblems(t, raw)); len(errs) > 0 {
		t.Errorf("errors in a graph that TensorFlow imports: %v", errs)
	}
}
