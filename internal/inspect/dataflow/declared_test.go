package dataflow

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/metagraph/metagraph/internal/inspect/model"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
)

// TestFindIODeclared checks that declarations take precedence over inference.
func TestFindIODeclared(t *testing.T) {
	info := func(name string, dtype tfpb.DataType) *tfpb.TensorInfo {
		return &tfpb.TensorInfo{Encoding: &tfpb.TensorInfo_Name{Name: name}, Dtype: dtype, TensorShape: testfiles.ShapeProto(-1, 3)}
	}
	const float = tfpb.DataType_DT_FLOAT
	t.Run("signatures", func(t *testing.T) {
		m := testfiles.Sketch(t, training)
		m.SignatureDef = map[string]*tfpb.SignatureDef{
			"a":                     {Inputs: map[string]*tfpb.TensorInfo{"in": info("w/read:0", float)}, Outputs: map[string]*tfpb.TensorInfo{"out": info("add:0", float)}},
			"serving_default":       {Inputs: map[string]*tfpb.TensorInfo{"in": info("x:0", float)}, Outputs: map[string]*tfpb.TensorInfo{"gone": info("gone:0", float)}},
			"__saved_model_init_op": {Outputs: map[string]*tfpb.TensorInfo{"init": info("save/SaveV2", 0)}},
			"train": {MethodName: "tensorflow/supervised/training", Outputs: map[string]*tfpb.TensorInfo{"loss": info("Mean:0", float)},
				Inputs: map[string]*tfpb.TensorInfo{"sparse": {Dtype: float, Encoding: &tfpb.TensorInfo_CooSparse_{
					CooSparse: &tfpb.TensorInfo_CooSparse{ValuesTensorName: "v:0", IndicesTensorName: "i:0", DenseShapeTensorName: "d:0"}}}}},
		}
		inputs, outputs, found := findTensors(t, m)
		wantIn := []string{
			"data x:0 float32 (?, 3)", "data w/read:0 float32 (?, 3)", "data i:0 int64 (?, 0)", "data v:0 float32 (?)", "data d:0 int64 (0)",
			"auxiliary rate:0 float32 ()", "label label:0 int64 (?)",
		}
		wantOut := []string{"prediction gone:0 float32 (?, 3)", "prediction add:0 float32 (?, 3)", "loss Mean:0 float32 (?, 3)"}
		if diff := cmp.Diff(wantIn, inputs); diff != "" {
			t.Errorf("inputs (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(wantOut, outputs); diff != "" {
			t.Errorf("outputs (-want +got):\n%s", diff)
		}
		if want := "signature serving_default, output gone; the graph has no such node"; found.Outputs[0].Why != want {
			t.Errorf("why = %q, want %q", found.Outputs[0].Why, want)
		}
	})
	t.Run("serving_signatures", func(t *testing.T) {
		binding := func(name string) *tfpb.TensorBinding { return &tfpb.TensorBinding{TensorName: name} }
		packed, err := anypb.New(&tfpb.Signatures{
			DefaultSignature: &tfpb.Signature{Type: &tfpb.Signature_ClassificationSignature{ClassificationSignature: &tfpb.ClassificationSignature{
				Input: binding("x:0"), Scores: binding("y:0"),
			}}},
			NamedSignatures: map[string]*tfpb.Signature{"inputs": {Type: &tfpb.Signature_GenericSignature{GenericSignature: &tfpb.GenericSignature{
				Map: map[string]*tfpb.TensorBinding{"images": binding("MatMul:0")},
			}}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		m := testfiles.Sketch(t, regression)
		m.CollectionDef = map[string]*tfpb.CollectionDef{"serving_signatures": {
			Kind: &tfpb.CollectionDef_AnyList_{AnyList: &tfpb.CollectionDef_AnyList{Value: []*anypb.Any{packed}}},
		}}
		inputs, outputs, _ := findTensors(t, m)
		if diff := cmp.Diff([]string{"data x:0 float32 (?, 4)", "data MatMul:0 float32 (?, 3)"}, inputs); diff != "" {
			t.Errorf("inputs (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"prediction y:0 float32 (?, 3)"}, outputs); diff != "" {
			t.Errorf("outputs (-want +got):\n%s", diff)
		}
	})
	t.Run("collections", func(t *testing.T) {
		m := testfiles.Sketch(t, regression+"targets = Placeholder dtype=float shape=(?,3)\nboth = Add MatMul targets T=float out=(?,3)\n")
		m.CollectionDef = map[string]*tfpb.CollectionDef{
			"logits": testfiles.NodeList("add:0"), "my_labels": testfiles.NodeList("targets:0"), "losses": testfiles.NodeList("y:0"),
			"trainable_variables": testfiles.VariableList(t, &tfpb.VariableDef{VariableName: "w:0"}),
		}
		inputs, outputs, _ := findTensors(t, m)
		if diff := cmp.Diff([]string{"data x:0 float32 (?, 4)", "label targets:0 float32 (?, 3)"}, inputs); diff != "" {
			t.Errorf("inputs (-want +got):\n%s", diff)
		}
		if len(outputs) == 0 || outputs[0] != "prediction add:0 float32 (?, 3)" {
			t.Errorf("outputs = %q, want add:0 first", outputs)
		}
	})
	t.Run("file names", func(t *testing.T) {
		m := testfiles.Sketch(t, regression+"file = Placeholder dtype=string shape=()\nasset = Placeholder dtype=string shape=()\nread = ReadFile asset\nname = Identity file\n")
		m.SaverDef = &tfpb.SaverDef{FilenameTensorName: "file:0"}
		m.AssetFileDef = []*tfpb.AssetFileDef{{TensorInfo: info("asset:0", tfpb.DataType_DT_STRING)}}
		inputs, _, _ := findTensors(t, m)
		if diff := cmp.Diff([]string{"data x:0 float32 (?, 4)"}, inputs); diff != "" {
			t.Errorf("inputs (-want +got):\n%s", diff)
		}
	})
}

// TestFindIOEmpty checks that an empty graph yields empty lists, not null.
func TestFindIOEmpty(t *testing.T) {
	found, err := Find(model.New(testfiles.MetaGraph(t, new(tfpb.MetaGraphDef))))
	if err != nil {
		t.Fatal(err)
	}
	if found.Inputs == nil || found.Outputs == nil || len(found.Inputs)+len(found.Outputs) != 0 {
		t.Errorf("FindIO of nothing = %#v", found)
	}
}
