package rewrite

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/metagraph/metagraph/internal/checkpoint"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/rewrite/serve"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/testfiles"
)

// TestServedSignature exports a SavedModel of a graph whose own signature has an input that is not a placeholder. The path
// below the output is an asset, although the table reads it through other nodes. The path above the input is not.
func TestServedSignature(t *testing.T) {
	m := testfiles.Sketch(t, `
		above = Const dtype=string
		table = HashTableV2
		fed = Identity above
		vocabulary = Const dtype=string
		path = PlaceholderWithDefault vocabulary dtype=string
		same = Identity path
		fill = InitializeTableFromTextFileV2 table same
		out = LookupTableFindV2 table fed`)
	text := func(s string) *tfpb.AttrValue {
		return &tfpb.AttrValue{Value: &tfpb.AttrValue_Tensor{Tensor: &tfpb.TensorProto{Dtype: tfpb.DataType_DT_STRING, StringVal: [][]byte{[]byte(s)}}}}
	}
	for _, n := range m.GraphDef.Node {
		switch n.Name {
		case "above":
			n.Attr["value"] = text("/data/above.txt")
		case "vocabulary":
			n.Attr["value"] = text("/data/words.txt")
		case "fed", "same":
			n.Attr["T"] = testfiles.TypeAttr(tfpb.DataType_DT_STRING)
		}
	}
	m.SignatureDef = map[string]*tfpb.SignatureDef{"serving_default": {
		Inputs:  map[string]*tfpb.TensorInfo{"x": {Encoding: &tfpb.TensorInfo_Name{Name: "fed:0"}}},
		Outputs: map[string]*tfpb.TensorInfo{"y": {Encoding: &tfpb.TensorInfo_Name{Name: "out:0"}}},
	}}
	_, report, err := Export(testfiles.MetaGraph(t, m), ExportOptions{SavedModel: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []serve.AssetFile{{Tensor: "vocabulary:0", Filename: "words.txt", Path: "/data/words.txt"}}
	if diff := cmp.Diff(want, report.AssetFiles); diff != "" {
		t.Errorf("assets (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]serve.StalePath(nil), report.StalePaths); diff != "" {
		t.Errorf("paths (-want +got)\n%s", diff)
	}
}

// TestSparseSignature exports a graph whose signature has a sparse input and a sparse output. All their tensors count as inputs and outputs.
func TestSparseSignature(t *testing.T) {
	m := testfiles.Sketch(t, `
		values = Placeholder dtype=float
		indices = Placeholder dtype=int64
		size = Placeholder dtype=int64
		doubled = Add values values
		unused = NoOp`)
	sparse := func(values string) map[string]*tfpb.TensorInfo {
		return map[string]*tfpb.TensorInfo{"sparse": {Encoding: &tfpb.TensorInfo_CooSparse_{CooSparse: &tfpb.TensorInfo_CooSparse{
			ValuesTensorName: values, IndicesTensorName: "indices:0", DenseShapeTensorName: "size:0"}}}}
	}
	m.SignatureDef = map[string]*tfpb.SignatureDef{"serving_default": {Inputs: sparse("values:0"), Outputs: sparse("doubled:0")}}
	_, report, err := Export(testfiles.MetaGraph(t, m), ExportOptions{SavedModel: true, Freeze: true})
	if err != nil {
		t.Fatal(err)
	}
	if report.Nodes != 4 || len(report.Signatures) > 0 {
		t.Errorf("kept %d nodes, and left out the signatures %q", report.Nodes, report.Signatures)
	}
}

// TestReadOutputs exports SavedModels with an output that is a reference and one that is an input, in the graph's own signature and in the new
// one. Signatures name nodes that read these outputs, unless freezing turns the reference into a value.
func TestReadOutputs(t *testing.T) {
	c, err := checkpoint.Open(testfiles.Path(t, "testdata/iris/model.ckpt-1"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // read only
	m := new(tfpb.MetaGraphDef)
	if err := proto.Unmarshal(testfiles.Read(t, "testdata/iris/model.ckpt-1.meta"), m); err != nil {
		t.Fatal(err)
	}
	outputs := map[string]*tfpb.TensorInfo{
		"w": {Encoding: &tfpb.TensorInfo_Name{Name: "layer/weights:0"}, Dtype: tfpb.DataType_DT_FLOAT_REF},
		"x": {Encoding: &tfpb.TensorInfo_Name{Name: "features:0"}, Dtype: tfpb.DataType_DT_FLOAT},
		"y": {Encoding: &tfpb.TensorInfo_Name{Name: "logits:0"}, Dtype: tfpb.DataType_DT_FLOAT},
	}
	m.SignatureDef = map[string]*tfpb.SignatureDef{"own": {
		Inputs:  map[string]*tfpb.TensorInfo{"x": {Encoding: &tfpb.TensorInfo_Name{Name: "features:0"}, Dtype: tfpb.DataType_DT_FLOAT}},
		Outputs: outputs,
	}}
	for _, test := range []struct {
		options ExportOptions
		want    string // the tensor of output w
	}{
		{ExportOptions{SavedModel: true}, "layer/weights/read_1:0"},
		{ExportOptions{SavedModel: true, Freeze: true}, "layer/weights:0"},
		{ExportOptions{SavedModel: true, Outputs: []prune.Endpoint{{Key: "w", Node: "layer/weights"}, {Key: "y", Node: "logits"}, {Key: "x", Node: "features"}}}, "layer/weights/read_1:0"},
	} {
		test.options.Checkpoint = c
		message, _, err := Export(testfiles.MetaGraph(t, m), test.options)
		if err != nil {
			t.Fatal(err)
		}
		got := new(tfpb.MetaGraphDef)
		if err := proto.Unmarshal(message.Bytes(), got); err != nil {
			t.Fatal(err)
		}
		for key, signature := range got.SignatureDef {
			for name, want := range map[string]string{"w": test.want, "x": "features/read:0", "y": "logits:0"} {
				if got := signature.Outputs[name]; got.GetName() != want || got.Dtype != tfpb.DataType_DT_FLOAT {
					t.Errorf("output %q of signature %q is %v, want the tensor %s", name, key, got, want)
				}
			}
			if got := signature.Inputs["x"].GetName() + signature.Inputs["features"].GetName(); got != "features:0" {
				t.Errorf("the input of signature %q is %q", key, got)
			}
		}
		if want := 1 + len(test.options.Outputs)/3; len(got.SignatureDef) != want {
			t.Errorf("%d signatures, want %d", len(got.SignatureDef), want)
		}
		for _, n := range got.GraphDef.Node {
			from := map[string]string{"layer/weights/read_1": "layer/weights", "features/read": "features"}[n.Name]
			if from != "" && (n.Op != "Identity" || n.Input[0] != from) {
				t.Errorf("the new node is %v", n)
			}
		}
	}
}

// TestRemovedAsset exports a SavedModel without a table whose file is an asset in the collection of TensorFlow 1. The file was removed with
// the table, by the same export or by one before it.
func TestRemovedAsset(t *testing.T) {
	asset, err := anypb.New(&tfpb.AssetFileDef{TensorInfo: &tfpb.TensorInfo{Encoding: &tfpb.TensorInfo_Name{Name: "path:0"}}, Filename: "words.txt"})
	if err != nil {
		t.Fatal(err)
	}
	for _, freeze := range []bool{false, true} {
		graph := "x = Placeholder dtype=float\n y = Relu x T=float"
		if freeze { // which cuts the graph
			graph += "\n path = Const dtype=string"
		}
		m := testfiles.Sketch(t, graph)
		m.CollectionDef = map[string]*tfpb.CollectionDef{scope.AssetsKey: {Kind: &tfpb.CollectionDef_AnyList_{AnyList: &tfpb.CollectionDef_AnyList{Value: []*anypb.Any{asset}}}}}
		m.SignatureDef = map[string]*tfpb.SignatureDef{"serving_default": {Outputs: map[string]*tfpb.TensorInfo{"y": {Encoding: &tfpb.TensorInfo_Name{Name: "y:0"}}},
			Inputs: map[string]*tfpb.TensorInfo{"x": {Encoding: &tfpb.TensorInfo_Name{Name: "x:0"}}}}}
		message, _, err := Export(testfiles.MetaGraph(t, m), ExportOptions{SavedModel: true, Freeze: freeze})
		if err != nil {
			t.Fatal(err)
		}
		got := new(tfpb.MetaGraphDef)
		if err := proto.Unmarshal(message.Bytes(), got); err != nil {
			t.Fatal(err)
		}
		if got.CollectionDef[scope.AssetsKey] != nil || got.AssetFileDef != nil {
			t.Errorf("the graph %q has the collection %v and the assets %v", graph, got.CollectionDef[scope.AssetsKey], got.AssetFileDef)
		}
	}
}
