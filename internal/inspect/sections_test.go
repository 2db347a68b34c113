package inspect

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/anypb"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/scope"
)

func typeAttr(t tfpb.DataType) *tfpb.AttrValue {
	return &tfpb.AttrValue{Value: &tfpb.AttrValue_Type{Type: t}}
}

func funcAttr(name string) *tfpb.AttrValue {
	return &tfpb.AttrValue{Value: &tfpb.AttrValue_Func{Func: &tfpb.NameAttrList{Name: name}}}
}

// model is a small file with something in it for every section.
func model() *tfpb.MetaGraphDef {
	float := typeAttr(tfpb.DataType_DT_FLOAT)
	nodes := func(names ...string) *tfpb.CollectionDef {
		return &tfpb.CollectionDef{Kind: &tfpb.CollectionDef_NodeList_{NodeList: &tfpb.CollectionDef_NodeList{Value: names}}}
	}
	bytesOf := func(messages ...proto.Message) *tfpb.CollectionDef {
		list := new(tfpb.CollectionDef_BytesList)
		for _, m := range messages {
			raw, _ := proto.Marshal(m)
			list.Value = append(list.Value, raw)
		}
		return &tfpb.CollectionDef{Kind: &tfpb.CollectionDef_BytesList_{BytesList: list}}
	}
	asset, _ := anypb.New(&tfpb.AssetFileDef{Filename: "vocab.txt", TensorInfo: &tfpb.TensorInfo{Encoding: &tfpb.TensorInfo_Name{Name: "x:0"}}})
	unknown := &anypb.Any{TypeUrl: "type.example.com/my.Own", Value: []byte{1, 2}}
	return &tfpb.MetaGraphDef{
		MetaInfoDef: &tfpb.MetaGraphDef_MetaInfoDef{
			TensorflowVersion: "1.15.0", TensorflowGitVersion: "v1.15.0-rc3", Tags: []string{"serve"}, StrippedDefaultAttrs: true,
			StrippedOpList: &tfpb.OpList{Op: []*tfpb.OpDef{{Name: "Const"}, {Name: "VariableV2", OutputArg: []*tfpb.OpDef_ArgDef{{Name: "ref", TypeAttr: "dtype"}}}}},
		},
		GraphDef: &tfpb.GraphDef{
			Node: []*tfpb.NodeDef{
				{Name: "x", Op: "Placeholder", Attr: map[string]*tfpb.AttrValue{"dtype": float, "shape": {Value: &tfpb.AttrValue_Shape{Shape: shapeProto(-1, 2)}}}},
				{Name: "layer/w", Op: "VariableV2", Device: "/gpu:0", Attr: map[string]*tfpb.AttrValue{"dtype": float, "shape": {Value: &tfpb.AttrValue_Shape{Shape: shapeProto(2, 3)}}}},
				{Name: "layer/w/read", Op: "Identity", Input: []string{"layer/w"}, Device: "/device:GPU:0", Attr: map[string]*tfpb.AttrValue{"T": float}},
				{Name: "layer/deep/er/c", Op: "Const", Device: "/job:ps/task:1/cpu:0", Attr: map[string]*tfpb.AttrValue{"dtype": float}},
				{Name: "call", Op: "PartitionedCall", Input: []string{"x", "^layer/w"}, Attr: map[string]*tfpb.AttrValue{"f": funcAttr("inner")}},
				{Name: "direct", Op: "outer"},
			},
			Versions: &tfpb.VersionDef{Producer: 134, MinConsumer: 12, BadConsumers: []int32{7}},
			Library: &tfpb.FunctionDefLibrary{
				Function: []*tfpb.FunctionDef{
					{
						Signature: &tfpb.OpDef{Name: "inner",
							InputArg:  []*tfpb.OpDef_ArgDef{{Name: "a", Type: tfpb.DataType_DT_FLOAT}, {Name: "b", TypeAttr: "T", NumberAttr: "N"}},
							OutputArg: []*tfpb.OpDef_ArgDef{{Name: "y", TypeListAttr: "Tout"}}},
						NodeDef: []*tfpb.NodeDef{{Name: "add", Op: "Add", Device: "/GPU:0"}, {Name: "no", Op: "NoOp"}},
					},
					{Signature: &tfpb.OpDef{Name: "outer"}, NodeDef: []*tfpb.NodeDef{{Name: "c", Op: "inner"}}},
				},
				Gradient: []*tfpb.GradientDef{{FunctionName: "inner", GradientFunc: "inner_grad"}},
			},
		},
		SaverDef: &tfpb.SaverDef{FilenameTensorName: "save/Const:0", SaveTensorName: "save/control:0", RestoreOpName: "save/restore_all",
			MaxToKeep: 5, Sharded: true, KeepCheckpointEveryNHours: 10000, Version: tfpb.SaverDef_V2},
		CollectionDef: map[string]*tfpb.CollectionDef{
			"variables":          bytesOf(&tfpb.VariableDef{VariableName: "layer/w:0", Trainable: true}),
			"model_variables":    nodes("layer/w:0", "gone:0"),
			"train_op":           nodes("call"),
			"savers":             bytesOf(&tfpb.SaverDef{RestoreOpName: "other/restore_all"}),
			"hparams":            {Kind: &tfpb.CollectionDef_BytesList_{BytesList: &tfpb.CollectionDef_BytesList{Value: [][]byte{[]byte("lr=0.1"), {0xff}}}}},
			"local_variables":    {Kind: &tfpb.CollectionDef_BytesList_{BytesList: &tfpb.CollectionDef_BytesList{Value: [][]byte{{0xff}}}}},
			"steps":              {Kind: &tfpb.CollectionDef_Int64List_{Int64List: &tfpb.CollectionDef_Int64List{Value: []int64{1, -2}}}},
			"rates":              {Kind: &tfpb.CollectionDef_FloatList_{FloatList: &tfpb.CollectionDef_FloatList{Value: []float32{0.5, 2}}}},
			"saved_model_assets": {Kind: &tfpb.CollectionDef_AnyList_{AnyList: &tfpb.CollectionDef_AnyList{Value: []*anypb.Any{asset, unknown}}}},
			"nothing":            {},
		},
		SignatureDef: map[string]*tfpb.SignatureDef{
			"serving_default": {
				MethodName: "tensorflow/serving/predict",
				Inputs: map[string]*tfpb.TensorInfo{
					"images": {Encoding: &tfpb.TensorInfo_Name{Name: "x:0"}, Dtype: tfpb.DataType_DT_FLOAT, TensorShape: shapeProto(-1, 2)},
					"ids": {Encoding: &tfpb.TensorInfo_CooSparse_{CooSparse: &tfpb.TensorInfo_CooSparse{
						ValuesTensorName: "v:0", IndicesTensorName: "i:0", DenseShapeTensorName: "s:0"}}, Dtype: tfpb.DataType_DT_INT64},
				},
				Outputs: map[string]*tfpb.TensorInfo{
					"pair": {Encoding: &tfpb.TensorInfo_CompositeTensor_{CompositeTensor: &tfpb.TensorInfo_CompositeTensor{
						Components: []*tfpb.TensorInfo{{Encoding: &tfpb.TensorInfo_Name{Name: "p:0"}}, {Encoding: &tfpb.TensorInfo_Name{Name: "q:0"}}}}}},
				},
				Defaults: map[string]*tfpb.TensorProto{"ids": {Dtype: tfpb.DataType_DT_INT64, TensorShape: shapeProto(1), Int64Val: []int64{7}}},
			},
			"a": {},
		},
		AssetFileDef: []*tfpb.AssetFileDef{{Filename: "labels.txt", TensorInfo: &tfpb.TensorInfo{Encoding: &tfpb.TensorInfo_Name{Name: "y:0"}}}},
	}
}

func glob(t *testing.T, pattern string) scope.Glob {
	t.Helper()
	g, err := scope.ParseGlob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestOps(t *testing.T) {
	got, err := Ops(metaGraph(t, model()), Filter{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Op{
		{Op: "Add", FunctionNodes: 1},
		{Op: "Const", Nodes: 1, InOpList: true},
		{Op: "Identity", Nodes: 1},
		{Op: "NoOp", FunctionNodes: 1},
		{Op: "PartitionedCall", Nodes: 1},
		{Op: "Placeholder", Nodes: 1},
		{Op: "VariableV2", Nodes: 1, InOpList: true},
		{Op: "inner", FunctionNodes: 1, Function: true},
		{Op: "outer", Nodes: 1, Function: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDevices(t *testing.T) {
	got, err := Devices(metaGraph(t, model()), Filter{})
	if err != nil {
		t.Fatal(err)
	}
	want := &DeviceList{
		Devices: []Device{
			{Device: "/device:GPU:0", Placed: Placed{2, 1}, Spellings: []Spelling{
				{"/GPU:0", Placed{0, 1}}, {"/device:GPU:0", Placed{1, 0}}, {"/gpu:0", Placed{1, 0}}}},
			{Device: "/job:ps/task:1/device:CPU:0", Placed: Placed{1, 0}, Spellings: []Spelling{{"/job:ps/task:1/cpu:0", Placed{1, 0}}}},
		},
		Unplaced: Placed{3, 2},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Every kind of condition picks nodes, and all that are given must hold.
func TestFilter(t *testing.T) {
	device := func(pattern string) []scope.DevicePattern {
		d, err := scope.ParseDevicePattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		return []scope.DevicePattern{d}
	}
	tests := []struct {
		name   string
		filter Filter
		want   []string
	}{
		{"nothing", Filter{}, []string{"x", "layer/w", "layer/w/read", "layer/deep/er/c", "call", "direct"}},
		{"name", Filter{Names: []scope.Glob{glob(t, "*er/?"), glob(t, "x")}}, []string{"x", "layer/w", "layer/deep/er/c"}},
		{"op", Filter{Ops: []scope.Glob{glob(t, "Var*")}}, []string{"layer/w"}},
		{"device", Filter{Devices: device("/gpu:*")}, []string{"layer/w", "layer/w/read"}},
		{"scope", Filter{Scopes: []string{"layer/w/", "dir"}}, []string{"layer/w", "layer/w/read"}},
		{"all", Filter{Names: []scope.Glob{glob(t, "*w*")}, Ops: []scope.Glob{glob(t, "Identity")}, Devices: device("/gpu:0"), Scopes: []string{"layer"}}, []string{"layer/w/read"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for n, err := range Nodes(metaGraph(t, model()), test.filter) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, string(n.Name))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestNodes(t *testing.T) {
	for n, err := range Nodes(metaGraph(t, model()), Filter{Names: []scope.Glob{glob(t, "layer/w")}}) {
		if err != nil {
			t.Fatal(err)
		}
		want := &Node{Name: []byte("layer/w"), Op: []byte("VariableV2"), Device: []byte("/gpu:0"), DType: "float32", Shape: Shape{2, 3}}
		if diff := cmp.Diff(want, n, cmpopts.IgnoreUnexported(Node{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		for a := range n.Attrs {
			if string(a.Key) == "dtype" && string(a.Value.Text) != "float32" {
				t.Errorf("attr dtype is %q", a.Value.Text)
			}
		}
	}
}

func TestCollections(t *testing.T) {
	got, err := Collections(NewModel(metaGraph(t, model())), CollectionsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const variable = "tensorflow.VariableDef"
	w := Entry{Text: "layer/w:0", Node: "VariableV2", DType: "float32", Shape: Shape{2, 3}}
	wDef := w
	wDef.Message = &tfpb.VariableDef{VariableName: "layer/w:0", Trainable: true}
	want := []Collection{
		{Key: "hparams", Kind: BytesList, Count: 2, Entries: []Entry{{Text: "lr=0.1"}, {Text: "\xff"}}},
		{Key: "local_variables", Kind: BytesList, Type: variable, Count: 1, Entries: []Entry{{Text: "\xff", Broken: true}}},
		{Key: "model_variables", Kind: NodeList, Count: 2, Entries: []Entry{w, {Text: "gone:0", Absent: true}}},
		{Key: "nothing"},
		{Key: "rates", Kind: FloatList, Count: 2, Entries: []Entry{{Float: 0.5}, {Float: 2}}},
		{Key: "saved_model_assets", Kind: AnyList, Count: 2, Entries: []Entry{
			{Text: "vocab.txt", TypeURL: "type.googleapis.com/tensorflow.AssetFileDef", Node: "Placeholder", DType: "float32", Shape: Shape{-1, 2},
				Message: &tfpb.AssetFileDef{Filename: "vocab.txt", TensorInfo: &tfpb.TensorInfo{Encoding: &tfpb.TensorInfo_Name{Name: "x:0"}}}},
			{Text: "\x01\x02", TypeURL: "type.example.com/my.Own"},
		}},
		{Key: "savers", Kind: BytesList, Type: "tensorflow.SaverDef", Count: 1, Entries: []Entry{
			{Text: "other/restore_all", Message: &tfpb.SaverDef{RestoreOpName: "other/restore_all"}}}},
		{Key: "steps", Kind: Int64List, Count: 2, Entries: []Entry{{Int: 1}, {Int: -2}}},
		{Key: "train_op", Kind: NodeList, Count: 1, Entries: []Entry{{Text: "call", Node: "PartitionedCall"}}},
		{Key: "variables", Kind: BytesList, Type: variable, Count: 1, Entries: []Entry{wDef}},
	}
	if diff := cmp.Diff(want, got, protocmp.Transform(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSignatures(t *testing.T) {
	got, err := Signatures(metaGraph(t, model()), Filter{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Signature{
		{Key: "a"},
		{
			Key: "serving_default", Method: "tensorflow/serving/predict",
			Inputs: []SignatureTensor{
				{Key: "ids", Tensor: "v:0", DType: "int64", Encoding: "sparse", Components: []string{"v:0", "i:0", "s:0"}},
				{Key: "images", Tensor: "x:0", DType: "float32", Shape: Shape{-1, 2}, Encoding: "dense"},
			},
			Outputs:  []SignatureTensor{{Key: "pair", Encoding: "composite", Components: []string{"p:0", "q:0"}}},
			Defaults: []SignatureValue{{Key: "ids", DType: "int64", Shape: Shape{1}, Tensor: &Tensor{DType: "int64", Shape: Shape{1}, Values: ints(7), Bytes: 11}}},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSavers(t *testing.T) {
	got, err := Savers(metaGraph(t, model()))
	if err != nil {
		t.Fatal(err)
	}
	want := &SaverList{
		Saver: &Saver{FilenameTensor: "save/Const:0", SaveTensor: "save/control:0", RestoreOp: "save/restore_all", MaxToKeep: 5, Sharded: true,
			KeepCheckpointEveryHour: 10000, Version: "V2"},
		Savers: []Saver{{RestoreOp: "other/restore_all", Version: "LEGACY"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestFunctions(t *testing.T) {
	got, err := Functions(metaGraph(t, model()), Filter{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Function{
		{Name: "inner", Inputs: []Argument{{"a", "float32"}, {"b", "T[N]"}}, Outputs: []Argument{{"y", "Tout"}}, Nodes: 2,
			Devices: []FunctionNode{{"/GPU:0", 1}}, Gradient: "inner_grad", Callers: 2, CalledBy: []string{"call", "c in outer"}},
		{Name: "outer", Nodes: 1, Callers: 1, CalledBy: []string{"direct"}},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Function{}, "Bytes")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAssets(t *testing.T) {
	got, err := Assets(metaGraph(t, model()))
	if err != nil {
		t.Fatal(err)
	}
	want := []Asset{{"labels.txt", "y:0", []string{"asset_file_def"}}, {"vocab.txt", "x:0", []string{"saved_model_assets"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestScopes(t *testing.T) {
	tests := []struct {
		depth int
		want  ScopeTree
	}{
		{1, ScopeTree{Nodes: 6, Top: 3, Deeper: 2, Scopes: []Scope{{"layer", 1, 3, 1}}}},
		{2, ScopeTree{Nodes: 6, Top: 3, Deeper: 1, Scopes: []Scope{{"layer", 1, 3, 1}, {"layer/w", 2, 1, 1}, {"layer/deep", 2, 1, 0}}}},
		{0, ScopeTree{Nodes: 6, Top: 3, Scopes: []Scope{{"layer", 1, 3, 1}, {"layer/w", 2, 1, 1}, {"layer/deep", 2, 1, 0}, {"layer/deep/er", 3, 1, 1}}}},
	}
	for _, test := range tests {
		got, err := Scopes(metaGraph(t, model()), ScopesOptions{Depth: test.depth})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&test.want, got); diff != "" {
			t.Errorf("depth %d: -want +got:\n%s", test.depth, diff)
		}
	}
}

func TestSummarize(t *testing.T) {
	file := FileInfo{Name: "m.meta", Kind: "MetaGraphDef", Format: "binary", Bytes: 1}
	got, err := Summarize(NewModel(metaGraph(t, model())), file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(file, got.File); diff != "" {
		t.Errorf("file: -want +got:\n%s", diff)
	}
	origin := Origin{Version: "1.15.0", GitVersion: "v1.15.0-rc3", Tags: []string{"serve"}, Producer: 134, ProducerDate: "2019-08-21", MinConsumer: 12,
		BadConsumers: []int32{7}, StrippedDefaultAttrs: true}
	if diff := cmp.Diff(origin, got.TensorFlow); diff != "" {
		t.Errorf("origin: -want +got:\n%s", diff)
	}
	graph := GraphCounts{Nodes: 6, Ops: 9, Functions: 2, FunctionNodes: 3, Constants: 1}
	if diff := cmp.Diff(graph, got.Graph, cmpopts.IgnoreFields(GraphCounts{}, "ConstantBytes", "TopOps")); diff != "" {
		t.Errorf("graph: -want +got:\n%s", diff)
	}
	collections := []CollectionCount{{"hparams", BytesList, 2}, {"local_variables", BytesList, 1}, {"model_variables", NodeList, 2}, {"nothing", "", 0},
		{"rates", FloatList, 2}, {"saved_model_assets", AnyList, 2}, {"savers", BytesList, 1}, {"steps", Int64List, 2}, {"train_op", NodeList, 1}, {"variables", BytesList, 1}}
	if diff := cmp.Diff(collections, got.Collections); diff != "" {
		t.Errorf("collections: -want +got:\n%s", diff)
	}
	if got.Savers != 1 || got.Saver == nil || got.Assets != 2 || len(got.Signatures) != 2 || len(got.Devices.Devices) != 2 {
		t.Errorf("savers %d, saver %v, assets %d, signatures %d, devices %d", got.Savers, got.Saver, got.Assets, len(got.Signatures), len(got.Devices.Devices))
	}
	total := int64(0)
	for _, p := range got.Parts {
		total += p.Bytes
	}
	if want := int64(len(encode(t, model()))); total != want {
		t.Errorf("the parts add up to %d bytes, want %d", total, want)
	}
}

// Every section reads every real file.
func TestSectionsOfFiles(t *testing.T) {
	for name, data := range corpusFiles(t) {
		t.Run(name, func(t *testing.T) {
			readAll(t, data, true)
		})
	}
}
