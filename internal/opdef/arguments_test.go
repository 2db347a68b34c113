package opdef

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// TestArgumentTypes checks the types of inputs and outputs, including references.
func TestArgumentTypes(t *testing.T) {
	const float, str, double = int32(tfpb.DataType_DT_FLOAT), int32(tfpb.DataType_DT_STRING), int32(tfpb.DataType_DT_DOUBLE)
	tensors := NewTensors(nil, new(wire.MetaGraph))
	for _, test := range []struct {
		node            string
		inputs, outputs []int32
	}{
		{`op: "VariableV2" attr { key: "dtype" value { type: DT_STRING } }`, []int32{}, []int32{str + tensor.RefOffset}},
		{`op: "Assign" input: "v" input: "x" input: "^c" attr { key: "T" value { type: DT_FLOAT } }`,
			[]int32{float + tensor.RefOffset, float}, []int32{float + tensor.RefOffset}},
		{`op: "AddN" input: "a" input: "b" input: "c" attr { key: "N" value { i: 3 } } attr { key: "T" value { type: DT_DOUBLE } }`,
			[]int32{double, double, double}, []int32{double}},
		{`op: "IdentityN" input: "a" input: "b" attr { key: "T" value { list { type: [DT_FLOAT, DT_STRING] } } }`,
			[]int32{float, str}, []int32{float, str}},
		{`op: "MatMul" input: "a" input: "b"`, []int32{0, 0}, []int32{0}},
		{`op: "NoSuchOp" input: "a"`, []int32{}, nil},
		{`op: "AddN" input: "a" attr { key: "N" value { i: 1000000000 } } attr { key: "T" value { type: DT_FLOAT } }`, []int32{float}, []int32{float}},
	} {
		def := new(tfpb.NodeDef)
		if err := prototext.Unmarshal([]byte(test.node), def); err != nil {
			t.Fatal(err)
		}
		raw, err := proto.Marshal(def)
		if err != nil {
			t.Fatal(err)
		}
		var n wire.Node
		if err := n.Parse(raw); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.inputs, tensors.InputTypes(&n)); diff != "" {
			t.Errorf("%s: inputs (-want +got):\n%s", test.node, diff)
		}
		for k, want := range test.outputs {
			if got := tensors.OutputType(&n, k); got != want {
				t.Errorf("%s: output %d is %d, want %d", test.node, k, got, want)
			}
		}
		if got := tensors.OutputType(&n, len(test.outputs)); got != 0 {
			t.Errorf("%s: output %d is %d, want none", test.node, len(test.outputs), got)
		}
	}
	for _, test := range []struct {
		expected, actual int32
		want             bool
	}{{float, float, true}, {float, float + tensor.RefOffset, true}, {float + tensor.RefOffset, float, false}, {float, str, false}, {0, str, true}, {str, 0, true}} {
		if got := Takes(test.expected, test.actual); got != test.want {
			t.Errorf("Takes(%d, %d) = %v", test.expected, test.actual, got)
		}
	}
}
