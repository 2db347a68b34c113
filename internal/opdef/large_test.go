package opdef

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/graph"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// TestLargeNodes asks for the outputs of nodes and of the same nodes with a long attr, which makes them large: what is kept
// of a large node gives the same answers.
func TestLargeNodes(t *testing.T) {
	const sketch = `
		x = Placeholder dtype=float shape=(2,3)
		p = Placeholder dtype=bool
		call = PartitionedCall x x Tout=float,int32,string out=(2,3)|()|?
		next = IteratorGetNext output_types=int64,float output_shapes=(?,4)|(5)
		many = Many kind=int32
		y = Split p x T=float
		z = IdentityN x p T=float,bool
		w = Undefined x`
	answers := func(padding string) []string {
		m := testfiles.Sketch(t, sketch)
		m.MetaInfoDef = &tfpb.MetaGraphDef_MetaInfoDef{StrippedOpList: &tfpb.OpList{Op: []*tfpb.OpDef{manyOutputs()}}}
		for _, n := range m.GetGraphDef().GetNode() {
			if n.GetOp() == "Split" {
				n.Attr["num_split"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_I{I: 3}}
			}
			n.Attr["padding"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_S{S: []byte(padding)}}
		}
		g, types := typesOf(t, m)
		var out []string
		var n wire.Node
		for range 2 {
			for i := range g.Len() {
				g.Node(i, &n)
				for port := range 40 {
					count, known := types.CountOutputs(&n)
					out = append(out, strings.Join([]string{string(n.Name), strconv.Itoa(port), tensor.DTypeName(types.OutputType(&n, port)),
						types.Shape(i, port).String(), strconv.Itoa(count), strconv.FormatBool(known), strconv.Itoa(types.Outputs(&n))}, " "))
				}
			}
		}
		return out
	}
	if diff := cmp.Diff(answers(""), answers(strings.Repeat("x", graph.LargeNode))); diff != "" {
		t.Errorf("-small +large:\n%s", diff)
	}
}

// TestManyArguments checks the types of an op with many output arguments against its definition.
func TestManyArguments(t *testing.T) {
	m := testfiles.Sketch(t, "many = Many kind=int32\nplain = Many")
	def := manyOutputs()
	m.MetaInfoDef = &tfpb.MetaGraphDef_MetaInfoDef{StrippedOpList: &tfpb.OpList{Op: []*tfpb.OpDef{def}}}
	g, types := typesOf(t, m)
	var n wire.Node
	for i, kind := range []tfpb.DataType{tfpb.DataType_DT_INT32, tfpb.DataType_DT_HALF} {
		g.Node(i, &n)
		for port, arg := range def.GetOutputArg() {
			want := arg.GetType()
			if arg.GetTypeAttr() != "" {
				want = kind
			}
			if got := types.OutputType(&n, port); got != int32(want) {
				t.Errorf("%s:%d is %s, want %s", n.Name, port, tensor.DTypeName(got), tensor.DTypeName(int32(want)))
			}
		}
		if got := types.OutputType(&n, len(def.GetOutputArg())); got != 0 {
			t.Errorf("an output that is not there is %s", tensor.DTypeName(got))
		}
	}
}

// manyOutputs returns an op with more than fewAttrs attrs and outputs, whose types differ.
func manyOutputs() *tfpb.OpDef {
	def := &tfpb.OpDef{Name: "Many"}
	for i := range fewAttrs {
		def.Attr = append(def.Attr, &tfpb.OpDef_AttrDef{Name: "a" + strconv.Itoa(i), Type: "int"})
	}
	def.Attr = append(def.Attr, &tfpb.OpDef_AttrDef{Name: "kind", Type: "type", DefaultValue: testfiles.TypeAttr(tfpb.DataType_DT_HALF)})
	for i := range 2 * fewAttrs {
		arg := &tfpb.OpDef_ArgDef{Name: "o" + strconv.Itoa(i), Type: tfpb.DataType(1 + i%9)}
		if i%5 == 0 {
			arg.Type, arg.TypeAttr = 0, "kind"
		}
		def.OutputArg = append(def.OutputArg, arg)
	}
	return def
}
