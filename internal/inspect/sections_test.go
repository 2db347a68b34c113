package inspect

import (
	"iter"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/match"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// readAll reads all sections of a file. If must is true, an error fails the test.
func readAll(t *testing.T, data []byte, must bool) {
	meta, err := wire.ParseMetaGraph(data)
	if err != nil {
		if must {
			t.Error(err)
		}
		return
	}
	m := model.New(meta)
	for name, read := range map[string]func() error{
		"summary":     func() error { _, err := Summarize(m, FileInfo{}); return err },
		"ops":         func() error { _, err := Ops(meta, model.Filter{}); return err },
		"devices":     func() error { _, err := Devices(meta, model.Filter{}); return err },
		"collections": func() error { _, err := Collections(m, CollectionsOptions{}); return err },
		"signatures":  func() error { _, err := Signatures(meta, model.Filter{}); return err },
		"savers":      func() error { _, err := Savers(meta); return err },
		"functions":   func() error { _, err := Functions(meta, model.Filter{}); return err },
		"assets":      func() error { _, err := Assets(m); return err },
		"scopes":      func() error { _, err := Scopes(meta, ScopesOptions{}); return err },
		"nodes": func() error {
			for n, err := range nodes(meta, NodesOptions{}) {
				if err != nil {
					return err
				}
				for range n.Attrs {
				}
			}
			return nil
		},
	} {
		if err := read(); err != nil && must {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// nodes returns what Nodes returns without its division into parts.
func nodes(m *wire.MetaGraph, o NodesOptions) iter.Seq2[*Node, error] {
	return func(yield func(*Node, error) bool) {
		more := true
		for part := range Nodes(m, o) {
			part(func(n *Node, err error) bool {
				more = yield(n, err)
				return more
			})
			if !more {
				return
			}
		}
	}
}

// FuzzSections checks that no input makes a section panic.
func FuzzSections(f *testing.F) {
	f.Add(testfiles.Encode(f, testfiles.Example()))
	for _, data := range testfiles.Metas(f) {
		if len(data) < 20_000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { readAll(t, data, false) })
}

func glob(t *testing.T, pattern string) match.Glob {
	t.Helper()
	g, err := match.ParseGlob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestOps(t *testing.T) {
	got, err := Ops(testfiles.MetaGraph(t, testfiles.Example()), model.Filter{})
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
	got, err := Devices(testfiles.MetaGraph(t, testfiles.Example()), model.Filter{})
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

// TestFilter checks that each kind of condition selects nodes and that all given conditions must hold.
func TestFilter(t *testing.T) {
	device := func(pattern string) []match.DevicePattern {
		d, err := match.ParseDeviceFilter(pattern)
		if err != nil {
			t.Fatal(err)
		}
		return []match.DevicePattern{d}
	}
	tests := []struct {
		name   string
		filter model.Filter
		want   []string
	}{
		{"nothing", model.Filter{}, []string{"x", "layer/w", "layer/w/read", "layer/deep/er/c", "call", "direct"}},
		{"name", model.Filter{Names: []match.Glob{glob(t, "*er/?"), glob(t, "x")}}, []string{"x", "layer/w", "layer/deep/er/c"}},
		{"op", model.Filter{Ops: []match.Glob{glob(t, "Var*")}}, []string{"layer/w"}},
		{"device", model.Filter{Devices: device("/gpu:*")}, []string{"layer/w", "layer/w/read"}},
		{"scope", model.Filter{Scopes: []string{"layer/w/", "dir"}}, []string{"layer/w", "layer/w/read"}},
		{"all", model.Filter{Names: []match.Glob{glob(t, "*w*")}, Ops: []match.Glob{glob(t, "Identity")}, Devices: device("/gpu:0"), Scopes: []string{"layer"}}, []string{"layer/w/read"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for n, err := range nodes(testfiles.MetaGraph(t, testfiles.Example()), NodesOptions{Filter: test.filter}) {
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
	for n, err := range nodes(testfiles.MetaGraph(t, testfiles.Example()), NodesOptions{Filter: model.Filter{Names: []match.Glob{glob(t, "layer/w")}}}) {
		if err != nil {
			t.Fatal(err)
		}
		want := &Node{Name: []byte("layer/w"), Op: []byte("VariableV2"), Device: []byte("/gpu:0"), DType: "float32", Shape: tensor.Shape{2, 3}}
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
	got, err := Collections(model.New(testfiles.MetaGraph(t, testfiles.Example())), CollectionsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const variable = "tensorflow.VariableDef"
	w := Entry{Text: "layer/w:0", Node: "VariableV2", DType: "float32", Shape: tensor.Shape{2, 3}}
	wDef := w
	wDef.Message = &tfpb.VariableDef{VariableName: "layer/w:0", Trainable: true}
	type collection struct {
		Key     string
		Kind    scope.CollectionKind
		Type    string
		Count   int
		Entries []*Entry
	}
	want := []collection{
		{Key: "hparams", Kind: scope.BytesList, Count: 2, Entries: []*Entry{{Text: "lr=0.1"}, {Text: "\xff"}}},
		{Key: "local_variables", Kind: scope.BytesList, Type: variable, Count: 1, Entries: []*Entry{{Text: "\xff", Broken: true}}},
		{Key: "model_variables", Kind: scope.NodeList, Count: 2, Entries: []*Entry{&w, {Text: "gone:0", Absent: true}}},
		{Key: "nothing"},
		{Key: "rates", Kind: scope.FloatList, Count: 2, Entries: []*Entry{{Float: 0.5}, {Float: 2}}},
		{Key: "saved_model_assets", Kind: scope.AnyList, Count: 2, Entries: []*Entry{
			{Text: "vocab.txt", TypeURL: "type.googleapis.com/tensorflow.AssetFileDef", Node: "Placeholder", DType: "float32", Shape: tensor.Shape{-1, 2},
				Message: &tfpb.AssetFileDef{Filename: "vocab.txt", TensorInfo: &tfpb.TensorInfo{Encoding: &tfpb.TensorInfo_Name{Name: "x:0"}}}},
			{Text: "\x01\x02", TypeURL: "type.example.com/my.Own"},
		}},
		{Key: "savers", Kind: scope.BytesList, Type: "tensorflow.SaverDef", Count: 1, Entries: []*Entry{
			{Text: "other/restore_all", Message: &tfpb.SaverDef{RestoreOpName: "other/restore_all"}}}},
		{Key: "steps", Kind: scope.Int64List, Count: 2, Entries: []*Entry{{Int: 1}, {Int: -2}}},
		{Key: "train_op", Kind: scope.NodeList, Count: 1, Entries: []*Entry{{Text: "call", Node: "PartitionedCall"}}},
		{Key: "variables", Kind: scope.BytesList, Type: variable, Count: 1, Entries: []*Entry{&wDef}},
	}
	var listed []collection
	for _, c := range got {
		listed = append(listed, collection{c.Key, c.Kind, c.Type, c.Count, slices.Collect(c.Entries)})
	}
	if diff := cmp.Diff(want, listed, protocmp.Transform(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSignatures(t *testing.T) {
	got, err := Signatures(testfiles.MetaGraph(t, testfiles.Example()), model.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	want := []*Signature{
		{Key: "a"},
		{
			Key: "serving_default", Method: "tensorflow/serving/predict",
			Inputs: []SignatureTensor{
				{Key: "ids", Tensor: "v:0", DType: "int64", Encoding: "sparse", Components: []string{"v:0", "i:0", "s:0"}},
				{Key: "images", Tensor: "x:0", DType: "float32", Shape: tensor.Shape{-1, 2}, Encoding: "dense"},
			},
			Outputs:  []SignatureTensor{{Key: "pair", Encoding: "composite", Components: []string{"p:0", "q:0"}}},
			Defaults: []SignatureValue{{Key: "ids", DType: "int64", Shape: tensor.Shape{1}, Tensor: &tensor.Tensor{DType: "int64", Shape: tensor.Shape{1}, Values: []tensor.Value{{Kind: tensor.ValueInt, Int: 7}}, Bytes: 11}}},
		},
	}
	if diff := cmp.Diff(want, slices.Collect(got), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSavers(t *testing.T) {
	got, err := Savers(testfiles.MetaGraph(t, testfiles.Example()))
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
	got, err := Functions(testfiles.MetaGraph(t, testfiles.Example()), model.Filter{})
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
	got, err := Assets(model.New(testfiles.MetaGraph(t, testfiles.Example())))
	if err != nil {
		t.Fatal(err)
	}
	want := []Asset{{"labels.txt", "y:0", []string{"asset_file_def"}, ""}, {"vocab.txt", "x:0", []string{"saved_model_assets"}, ""}}
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
		got, err := Scopes(testfiles.MetaGraph(t, testfiles.Example()), ScopesOptions{Depth: test.depth})
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
	got, err := Summarize(model.New(testfiles.MetaGraph(t, testfiles.Example())), file)
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
	collections := []CollectionCount{{"hparams", scope.BytesList, 2}, {"local_variables", scope.BytesList, 1}, {"model_variables", scope.NodeList, 2}, {"nothing", "", 0},
		{"rates", scope.FloatList, 2}, {"saved_model_assets", scope.AnyList, 2}, {"savers", scope.BytesList, 1}, {"steps", scope.Int64List, 2}, {"train_op", scope.NodeList, 1}, {"variables", scope.BytesList, 1}}
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
	if want := int64(len(testfiles.Encode(t, testfiles.Example()))); total != want {
		t.Errorf("the parts add up to %d bytes, want %d", total, want)
	}
}

// TestSectionsOfFiles checks that every section can read every real file.
func TestSectionsOfFiles(t *testing.T) {
	for name, data := range testfiles.Metas(t) {
		t.Run(name, func(t *testing.T) {
			readAll(t, data, true)
		})
	}
}
