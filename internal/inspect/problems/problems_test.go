package problems

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/inspect/model"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// problemLines returns problems as lines: severity, id, count, place, message. It omits no-saver.
func problemLines(problems []Problem) []string {
	out := []string{}
	for _, p := range problems {
		if p.ID == "no-saver" {
			continue
		}
		count := ""
		if p.Count > 1 {
			count = " x" + string(rune('0'+p.Count))
		}
		out = append(out, string(p.Severity)+" "+p.ID+count+": "+p.Place+": "+p.Message)
	}
	return out
}

func TestProblems(t *testing.T) {
	nodes := func(m *tfpb.MetaGraphDef, nodes ...*tfpb.NodeDef) {
		m.GraphDef.Node = append(m.GraphDef.Node, nodes...)
	}
	collection := func(m *tfpb.MetaGraphDef, key string, def *tfpb.CollectionDef) {
		m.CollectionDef = map[string]*tfpb.CollectionDef{key: def}
	}
	names := func(names ...string) *tfpb.CollectionDef {
		return &tfpb.CollectionDef{Kind: &tfpb.CollectionDef_NodeList_{NodeList: &tfpb.CollectionDef_NodeList{Value: names}}}
	}
	protos := func(values ...[]byte) *tfpb.CollectionDef {
		return &tfpb.CollectionDef{Kind: &tfpb.CollectionDef_BytesList_{BytesList: &tfpb.CollectionDef_BytesList{Value: values}}}
	}
	vector := func(name string, size int64) *tfpb.NodeDef {
		n := testfiles.FloatNode(name, "Placeholder", "dtype")
		n.Attr["shape"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_Shape{Shape: &tfpb.TensorShapeProto{Dim: []*tfpb.TensorShapeProto_Dim{{Size: size}}}}}
		return n
	}
	text := func(name, value string) *tfpb.NodeDef {
		return &tfpb.NodeDef{Name: name, Op: "Const", Attr: map[string]*tfpb.AttrValue{
			"dtype": {Value: &tfpb.AttrValue_Type{Type: tfpb.DataType_DT_STRING}},
			"value": {Value: &tfpb.AttrValue_Tensor{Tensor: &tfpb.TensorProto{Dtype: tfpb.DataType_DT_STRING, StringVal: [][]byte{[]byte(value)}}}},
		}}
	}
	tests := []struct {
		name   string
		change func(*tfpb.MetaGraphDef)
		want   []string
	}{
		{"no problems", func(*tfpb.MetaGraphDef) {}, []string{}},
		{"several places", func(m *tfpb.MetaGraphDef) {
			nodes(m, testfiles.FloatNode("a", "Relu", "T", "gone"), testfiles.FloatNode("b", "Relu", "T", "gone:1"))
		}, []string{"error missing-input x2: node a: reads gone, which does not exist"}},
		{"unregistered ops", func(m *tfpb.MetaGraphDef) {
			nodes(m, &tfpb.NodeDef{Name: "a", Op: "Mine"}, &tfpb.NodeDef{Name: "b", Op: "Mine"}, &tfpb.NodeDef{Name: "c", Op: "Yours"})
		}, []string{
			"error unregistered-op x2: node a: op Mine is not registered in TensorFlow 2.21",
			"error unregistered-op: node c: op Yours is not registered in TensorFlow 2.21",
		}},
		{"custom op defined in the op list", func(m *tfpb.MetaGraphDef) {
			m.MetaInfoDef.StrippedOpList = &tfpb.OpList{Op: []*tfpb.OpDef{{Name: "Mine", OutputArg: []*tfpb.OpDef_ArgDef{{Name: "o", Type: tfpb.DataType_DT_FLOAT}}}}}
			m.GraphDef.Node[0] = &tfpb.NodeDef{Name: "x", Op: "Mine"}
			nodes(m, testfiles.FloatNode("z", "Relu", "T", "x:1"))
		}, []string{
			"error unregistered-op: node x: op Mine is not registered in TensorFlow 2.21",
			"error invalid-output: node z: reads x:1, but node x has 1 outputs",
			"info unlisted-op x2: node y: op Add is not in stripped_op_list",
		}},
		{"order by severity", func(m *tfpb.MetaGraphDef) {
			m.GraphDef.Node[0].Device = "/device:GPU:0"
			m.GraphDef.Node[0].Attr["mine"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_I{I: 1}}
			collection(m, "c", names("x:0", "gone"))
		}, []string{
			"error missing-collection-node: collection c[1]: the name gone refers to an operation that is not in the graph",
			"warning unknown-attr: node x: op Placeholder has no attr mine in TensorFlow 2.21",
			"info placed-nodes: node x: is placed on /device:GPU:0",
		}},
		{"unbound input with several readers", func(m *tfpb.MetaGraphDef) {
			m.GraphDef.Node[1].Input = []string{"$unbound_inputs_a", "$unbound_inputs_a"}
			collection(m, "unbound_inputs", protos([]byte("$unbound_inputs_a")))
		}, []string{"error unbound-inputs: collection unbound_inputs: $unbound_inputs_a must be mapped"}},
		{"cycle", func(m *tfpb.MetaGraphDef) {
			nodes(m, testfiles.FloatNode("a", "Relu", "T", "c"), testfiles.FloatNode("b", "Relu", "T", "a"), testfiles.FloatNode("c", "Relu", "T", "b"), testfiles.FloatNode("d", "Relu", "T", "c"))
		}, []string{"error cycle x4: node a: 4 nodes are in a cycle or depend on one: a reads c reads b reads a"}},
		{"shared variables", func(m *tfpb.MetaGraphDef) {
			variable := func(name, op, shared, container, device string) *tfpb.NodeDef {
				v := testfiles.FloatNode(name, op, "dtype")
				v.Attr["shape"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_Shape{Shape: &tfpb.TensorShapeProto{}}}
				v.Attr["shared_name"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_S{S: []byte(shared)}}
				v.Attr["container"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_S{S: []byte(container)}}
				v.Device = device
				return v
			}
			nodes(m, variable("a/v", "VarHandleOp", "v", "", ""), variable("b/v", "VarHandleOp", "v", "", ""), variable("c/v", "VarHandleOp", "v", "c", ""),
				variable("d/v", "VarHandleOp", "v", "", "/cpu:0"), variable("e", "VariableV2", "", "", ""), variable("f", "VariableV2", "", "", ""))
		}, []string{"warning shared-variable: node b/v: has the shared_name v of a/v"}},
		{"types", func(m *tfpb.MetaGraphDef) {
			m.GraphDef.Node[1].Attr["T"] = testfiles.TypeAttr(tfpb.DataType_DT_INT32)
		}, []string{"error input-type x2: node y: input 0 reads x, which is float32; op Add takes int32"}},
		{"reference and value", func(m *tfpb.MetaGraphDef) {
			v := testfiles.FloatNode("v", "VariableV2", "dtype")
			v.Attr["shape"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_Shape{Shape: &tfpb.TensorShapeProto{}}}
			nodes(m, v, testfiles.FloatNode("read", "Identity", "T", "v"), testfiles.FloatNode("assign", "Assign", "T", "x", "v"))
		}, []string{"error input-type: node assign: input 0 reads x, which is float32; op Assign takes float32_ref"}},
		{"invalid shapes", func(m *tfpb.MetaGraphDef) {
			dims := func(sizes ...int64) *tfpb.TensorShapeProto {
				shape := new(tfpb.TensorShapeProto)
				for _, size := range sizes {
					shape.Dim = append(shape.Dim, &tfpb.TensorShapeProto_Dim{Size: size})
				}
				return shape
			}
			shaped := func(name string, shape *tfpb.TensorShapeProto) *tfpb.NodeDef {
				n := testfiles.FloatNode(name, "Placeholder", "dtype")
				n.Attr["shape"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_Shape{Shape: shape}}
				return n
			}
			unknown := dims(2)
			unknown.UnknownRank = true
			queue := &tfpb.NodeDef{Name: "queue", Op: "FIFOQueueV2", Attr: map[string]*tfpb.AttrValue{
				"component_types": {Value: &tfpb.AttrValue_List{List: &tfpb.AttrValue_ListValue{Type: []tfpb.DataType{tfpb.DataType_DT_FLOAT}}}},
				"shapes":          {Value: &tfpb.AttrValue_List{List: &tfpb.AttrValue_ListValue{Shape: []*tfpb.TensorShapeProto{dims(-2)}}}},
			}}
			recorded := testfiles.FloatNode("recorded", "Relu", "T", "x")
			recorded.Attr["_output_shapes"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_List{List: &tfpb.AttrValue_ListValue{Shape: []*tfpb.TensorShapeProto{dims(-3)}}}}
			const large = 1 << 40
			nodes(m, shaped("a", unknown), shaped("b", dims(-1, -2)), shaped("c", dims(large, large, 0)),
				shaped("fine", dims(0, large, -1, large, large)), shaped("deep", dims(make([]int64, 255)...)), queue, recorded)
		}, []string{
			"error invalid-attr x4: node a: attr shape of op Placeholder is a shape of unknown rank that has dimensions",
			"error inconsistent-shapes: node recorded: _output_shapes: output #0 is a shape with dimension -3",
		}},
		{"damaged constant", func(m *tfpb.MetaGraphDef) {
			c := testfiles.FloatNode("c", "Const", "dtype")
			c.Attr["value"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_Tensor{Tensor: &tfpb.TensorProto{Dtype: tfpb.DataType_DT_FLOAT,
				TensorShape: &tfpb.TensorShapeProto{Dim: []*tfpb.TensorShapeProto_Dim{{Size: 2}}}, TensorContent: []byte("1234567")}}}
			nodes(m, c)
		}, []string{"error invalid-tensor: node c: attr value has 7 bytes of content for float32 (2), 2 elements of 4 bytes"}},
		{"function body of a loop attr", func(m *tfpb.MetaGraphDef) {
			m.GraphDef.Library = &tfpb.FunctionDefLibrary{Function: []*tfpb.FunctionDef{{
				Signature: &tfpb.OpDef{Name: "f", InputArg: []*tfpb.OpDef_ArgDef{{Name: "a", Type: tfpb.DataType_DT_FLOAT}}},
				NodeDef:   []*tfpb.NodeDef{testfiles.FloatNode("n", "Relu", "T", "b")},
			}}}
		}, []string{"warning uncalled-function-body: function f, node n: reads b, which does not exist"}},
		{"function body of a call", func(m *tfpb.MetaGraphDef) {
			m.GraphDef.Library = &tfpb.FunctionDefLibrary{Function: []*tfpb.FunctionDef{{
				Signature: &tfpb.OpDef{Name: "f", InputArg: []*tfpb.OpDef_ArgDef{{Name: "a", Type: tfpb.DataType_DT_FLOAT}}},
				NodeDef:   []*tfpb.NodeDef{testfiles.FloatNode("n", "Relu", "T", "b")},
			}}}
			nodes(m, &tfpb.NodeDef{Name: "call", Op: "f", Input: []string{"x"}})
		}, []string{"error function-body: function f, node n: reads b, which does not exist"}},
		{"shape mismatch", func(m *tfpb.MetaGraphDef) {
			nodes(m, vector("a", 2), vector("b", 3), testfiles.FloatNode("c", "Add", "T", "a", "b"), testfiles.FloatNode("d", "Add", "T", "c", "c"))
		}, []string{"error shape-mismatch: node c: Add: the shapes cannot be broadcast: dimensions 2 and 3 differ; the inputs have the shapes (2), (3)"}},
		{"shape mismatch in a called function", func(m *tfpb.MetaGraphDef) {
			m.GraphDef.Library = &tfpb.FunctionDefLibrary{Function: []*tfpb.FunctionDef{{
				Signature: &tfpb.OpDef{Name: "f", InputArg: []*tfpb.OpDef_ArgDef{{Name: "a", Type: tfpb.DataType_DT_FLOAT}, {Name: "b", Type: tfpb.DataType_DT_FLOAT}}},
				NodeDef:   []*tfpb.NodeDef{testfiles.FloatNode("n", "Add", "T", "a", "b")},
			}}}
			nodes(m, vector("a", 2), vector("b", 3), &tfpb.NodeDef{Name: "call", Op: "f", Input: []string{"a", "b"}})
		}, []string{"error function-body: function f, node n: Add: the shapes cannot be broadcast: dimensions 2 and 3 differ; the inputs have the shapes (2), (3)"}},
		{"op of a known library", func(m *tfpb.MetaGraphDef) {
			nodes(m, &tfpb.NodeDef{Name: "a", Op: "CaseFoldUTF8"})
		}, []string{"error unregistered-op: node a: op CaseFoldUTF8 is not registered in TensorFlow 2.21; tensorflow-text registers it"}},
		{"lost Defun", func(m *tfpb.MetaGraphDef) {
			nodes(m, &tfpb.NodeDef{Name: "a", Op: "attention_f32"})
		}, []string{"error undefined-function: node a: calls function attention_f32, which is not in the library"}},
		{"lost function missing from the op list", func(m *tfpb.MetaGraphDef) {
			m.MetaInfoDef.StrippedOpList = &tfpb.OpList{Op: []*tfpb.OpDef{{Name: "Placeholder"}, {Name: "Add"}}}
			nodes(m, &tfpb.NodeDef{Name: "a", Op: "Attention"})
		}, []string{"error undefined-function: node a: calls function Attention, which is not in the library"}},
		{"unregistered op in an uncalled function", func(m *tfpb.MetaGraphDef) {
			m.GraphDef.Library = &tfpb.FunctionDefLibrary{Function: []*tfpb.FunctionDef{{
				Signature: &tfpb.OpDef{Name: "f"}, NodeDef: []*tfpb.NodeDef{{Name: "n", Op: "Mine"}},
			}}}
		}, []string{"warning uncalled-unregistered-op: function f, node n: op Mine is not registered in TensorFlow 2.21"}},
		{"body of a function in a TensorFlow 2 SavedModel", func(m *tfpb.MetaGraphDef) {
			m.ObjectGraphDef = &tfpb.SavedObjectGraph{Nodes: []*tfpb.SavedObject{{}}}
			m.GraphDef.Library = &tfpb.FunctionDefLibrary{Function: []*tfpb.FunctionDef{{
				Signature: &tfpb.OpDef{Name: "f", InputArg: []*tfpb.OpDef_ArgDef{{Name: "x", Type: tfpb.DataType_DT_FLOAT}},
					OutputArg: []*tfpb.OpDef_ArgDef{{Name: "y", Type: tfpb.DataType_DT_INT32}}},
				NodeDef: []*tfpb.NodeDef{testfiles.FloatNode("a", "Relu", "T", "x"), testfiles.FloatNode("b", "Relu", "T", "a:activations")},
				Ret:     map[string]string{"y": "a:activations:0"},
			}}}
		}, []string{
			"error function-body: function f, node b: reads a:activations, which does not exist",
			"warning uncalled-function-body: function f, node y: the output returns a:activations:0, which is float32; it must be int32",
		}},
		{"unregistered op in a TensorFlow 2 SavedModel", func(m *tfpb.MetaGraphDef) {
			m.GraphDef.Library = &tfpb.FunctionDefLibrary{Function: []*tfpb.FunctionDef{{
				Signature: &tfpb.OpDef{Name: "f"}, NodeDef: []*tfpb.NodeDef{{Name: "n", Op: "Mine"}},
			}}}
			m.ObjectGraphDef = &tfpb.SavedObjectGraph{ConcreteFunctions: map[string]*tfpb.SavedConcreteFunction{"f": {}}}
		}, []string{"error unregistered-op: function f, node n: op Mine is not registered in TensorFlow 2.21"}},
		{"training op on a constant", func(m *tfpb.MetaGraphDef) {
			nodes(m, testfiles.FloatNode("a", "AssignAdd", "T", "x", "x"))
		}, []string{"error frozen-ref-op: node a: op AssignAdd updates a variable, but reads x, which is float32"}},
		{"ops without a CPU kernel", func(m *tfpb.MetaGraphDef) {
			nodes(m, &tfpb.NodeDef{Name: "a", Op: "ConfigureDistributedTPU"}, &tfpb.NodeDef{Name: "b", Op: "GlobalIterId"})
		}, []string{
			"warning no-cpu-kernel: node a: op ConfigureDistributedTPU has no CPU kernel; it needs a TPU",
			"warning no-cpu-kernel: node b: op GlobalIterId has no CPU kernel; it needs a TensorFlow build with a kernel for it",
		}},
		{"Python function", func(m *tfpb.MetaGraphDef) {
			nodes(m, &tfpb.NodeDef{Name: "a", Op: "PyFunc", Attr: map[string]*tfpb.AttrValue{
				"token": {Value: &tfpb.AttrValue_S{S: []byte("pyfunc_0")}},
				"Tin":   {Value: &tfpb.AttrValue_List{List: &tfpb.AttrValue_ListValue{}}},
				"Tout":  {Value: &tfpb.AttrValue_List{List: &tfpb.AttrValue_ListValue{}}},
			}})
		}, []string{"warning python-function: node a: op PyFunc calls a function of the Python process that built the graph"}},
		{"path", func(m *tfpb.MetaGraphDef) {
			nodes(m, text("near", "model.txt"), text("none", ""), text("prefix", "model"), text("far", "/data/words.txt"), text("asset", "/data/asset.txt"),
				&tfpb.NodeDef{Name: "a", Op: "ReadFile", Input: []string{"near"}}, &tfpb.NodeDef{Name: "b", Op: "ReadFile", Input: []string{"far"}},
				&tfpb.NodeDef{Name: "c", Op: "ReadFile", Input: []string{"asset"}}, &tfpb.NodeDef{Name: "d", Op: "ReadFile", Input: []string{"none"}},
				&tfpb.NodeDef{Name: "e", Op: "TensorSliceDataset", Input: []string{"prefix"}, Attr: map[string]*tfpb.AttrValue{
					"Toutput_types": {Value: &tfpb.AttrValue_List{List: &tfpb.AttrValue_ListValue{Type: []tfpb.DataType{tfpb.DataType_DT_STRING}}}},
					"output_shapes": {Value: &tfpb.AttrValue_List{List: &tfpb.AttrValue_ListValue{Shape: []*tfpb.TensorShapeProto{{}}}}},
				}})
			m.AssetFileDef = []*tfpb.AssetFileDef{{Filename: "asset.txt", TensorInfo: &tfpb.TensorInfo{Encoding: &tfpb.TensorInfo_Name{Name: "asset:0"}}}}
		}, []string{
			"warning outside-file: node a: op ReadFile reads model.txt",
			"warning outside-file: node b: op ReadFile reads /data/words.txt",
		}},
		{"SavedModel without asset list", func(m *tfpb.MetaGraphDef) {
			m.MetaInfoDef.Tags = []string{"serve"}
			collection(m, "asset_filepaths", names("x:0"))
		}, []string{"warning unlisted-assets: collection asset_filepaths: lists assets, but asset_file_def is empty"}},
		{"TensorFlow 2 SavedModel without asset list", func(m *tfpb.MetaGraphDef) {
			m.ObjectGraphDef = &tfpb.SavedObjectGraph{Nodes: []*tfpb.SavedObject{{Kind: &tfpb.SavedObject_Asset{Asset: &tfpb.SavedAsset{}}}}}
		}, []string{"error missing-object-asset: object_graph_def: an asset is entry 0 of asset_file_def, which has 0 entries"}},
		{"tags split into letters", func(m *tfpb.MetaGraphDef) {
			m.MetaInfoDef.Tags = []string{"s", "e", "r", "v", "e"}
		}, []string{"warning split-tag: meta_info_def.tags: the tags are the letters of serve"}},
		{"signature without a method", func(m *tfpb.MetaGraphDef) {
			m.SignatureDef = map[string]*tfpb.SignatureDef{"serve": {}, "__saved_model_init_op": {}}
		}, []string{"warning missing-method-name: signature serve: has no method_name"}},
		{"unprintable name", func(m *tfpb.MetaGraphDef) {
			nodes(m, testfiles.FloatNode("a b\n", "Relu", "T", "x"))
		}, []string{`error invalid-node-name: node "a b\n": TensorFlow does not allow this name`}},
		{"parts that the import does not read", func(m *tfpb.MetaGraphDef) {
			m.SaverDef = &tfpb.SaverDef{SaveTensorName: "s:0", RestoreOpName: "x", Version: tfpb.SaverDef_V1}
			m.SignatureDef = map[string]*tfpb.SignatureDef{"serve": {Inputs: map[string]*tfpb.TensorInfo{
				"a": {Encoding: &tfpb.TensorInfo_Name{Name: "x:0"}}, "b": {Encoding: &tfpb.TensorInfo_Name{Name: "x:1"}},
			}, MethodName: "tensorflow/serving/predict"}}
			m.AssetFileDef = []*tfpb.AssetFileDef{{Filename: "words.txt", TensorInfo: &tfpb.TensorInfo{Encoding: &tfpb.TensorInfo_Name{Name: "gone:0"}}}}
			m.ObjectGraphDef = &tfpb.SavedObjectGraph{ConcreteFunctions: map[string]*tfpb.SavedConcreteFunction{"f": {}}}
		}, []string{
			"error missing-object-function: object_graph_def: function f is not in the library",
			"warning missing-saver-node: saver_def: save_tensor_name: the name s:0 refers to a tensor of operation s, which is not in the graph",
			"warning missing-signature-tensor: signature serve, input b: name: the name x:1 refers to a tensor that does not exist: operation x has 1 outputs",
			"warning missing-asset-tensor: asset words.txt: tensor_info.name: the name gone:0 refers to a tensor of operation gone, which is not in the graph",
			"info old-checkpoint-format: saver_def: writes checkpoints of version V1",
		}},
		{"node_list of VariableDefs", func(m *tfpb.MetaGraphDef) {
			collection(m, "model_variables", names("x:0"))
		}, []string{"info other-collection-kind: collection model_variables: has kind node_list, but TensorFlow expects serialized VariableDef"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := testfiles.Plain()
			test.change(m)
			if diff := cmp.Diff(test.want, problemLines(findProblems(t, testfiles.Encode(t, m)))); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDamagedProblems: damage that generated types cannot encode.
func TestDamagedProblems(t *testing.T) {
	field := func(num protowire.Number, payload []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), payload)
	}
	node := func(fields ...[]byte) []byte {
		var n []byte
		for _, f := range fields {
			n = append(n, f...)
		}
		return field(fieldnum.MetaGraphDef_GraphDef, field(fieldnum.GraphDef_Node, n))
	}
	name, op := field(fieldnum.NodeDef_Name, []byte("n")), field(fieldnum.NodeDef_Op, []byte("NoOp"))
	tests := []struct {
		name    string
		message []byte
		want    string
	}{
		{"device not UTF-8", node(name, op, field(fieldnum.NodeDef_Device, []byte("/\xff"))), "damaged-message"},
		{"attr key not UTF-8", node(name, op, field(fieldnum.NodeDef_Attr, field(fieldnum.MapEntry_Key, []byte("_\xff")))), "damaged-message"},
		{"tag not UTF-8", field(fieldnum.MetaGraphDef_MetaInfoDef, field(fieldnum.MetaGraphDef_MetaInfoDef_Tags, []byte("\xff"))), "damaged-message"},
		{"truncated signature", field(fieldnum.MetaGraphDef_SignatureDef, field(fieldnum.MapEntry_Value, []byte{0x0a, 0x10})), "damaged-message"},
		{"truncated attr", node(name, field(fieldnum.NodeDef_Op, []byte("Const")),
			field(fieldnum.NodeDef_Attr, append(field(fieldnum.MapEntry_Key, []byte("dtype")), field(fieldnum.MapEntry_Value, []byte{0x30})...))), "damaged-message"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			problems := findProblems(t, test.message)
			if len(problems) == 0 || problems[0].ID != test.want {
				t.Errorf("got %v, want %s first", problemLines(problems), test.want)
			}
		})
	}
}

// TestManyProblems: many problems of a kind and group become one, and the number of groups is limited.
func TestManyProblems(t *testing.T) {
	m := testfiles.Plain()
	for range 10 {
		m.GraphDef.Node = append(m.GraphDef.Node, testfiles.FloatNode("y", "Relu", "T", "x"))
	}
	for i := range 10 * maxGroups {
		m.GraphDef.Node = append(m.GraphDef.Node, &tfpb.NodeDef{Name: "n" + strings.Repeat("i", i), Op: "Mine" + strings.Repeat("i", i)})
	}
	count := 0
	for _, p := range findProblems(t, testfiles.Encode(t, m)) {
		switch p.ID {
		case "duplicate-node":
			if p.Count != 10 || len(p.Examples) != maxExamples {
				t.Errorf("count %d with %d examples", p.Count, len(p.Examples))
			}
		case "unregistered-op":
			count++
		}
	}
	if count != maxGroups+1 {
		t.Errorf("%d problems of ops, want %d", count, maxGroups+1)
	}
}

// TestNoSaver: only a graph with variables needs a saver.
func TestNoSaver(t *testing.T) {
	for op, want := range map[string]bool{"Const": false, "VariableV2": true, "VarHandleOp": true} {
		graph := &tfpb.GraphDef{Node: []*tfpb.NodeDef{{Name: "n", Op: op}}}
		found, err := Find(model.New(testfiles.MetaGraph(t, &tfpb.MetaGraphDef{GraphDef: graph})))
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.ContainsFunc(found, func(p Problem) bool { return p.ID == "no-saver" }); got != want {
			t.Errorf("graph of a %s: no-saver is %v, want %v", op, got, want)
		}
	}
}

func TestValidVersion(t *testing.T) {
	for version, want := range map[string]bool{
		"1.0.0": true, "0.12.head": false, "1.0.0-rc2": true, "2.4.0+nv20.12": true, "v1.2": true, "V1.2": true, " 1.2\n": true, "1!2.0": true,
		"1.0.post1.dev2": true, "1.0-1": true, "1.12.0-rc2-3-ga6d8": false, "unknown": false, "1..2": false, "1.0-": false, "1.0+": false, "1.0+a b": false,
		"1.0alpha1": true, "1.0.c1": true, "1.0preview": true, "1.15.0-dev20190725": true, "1.0r4": true, "1.x": false,
	} {
		if got := validVersion(version); got != want {
			t.Errorf("validVersion(%q) = %v, want %v", version, got, want)
		}
	}
}

func TestPythonInt(t *testing.T) {
	for text, want := range map[string]int{"0": 0, "-1": -1, "+7": 7, "1_000": 1000, "00": 0} {
		if got, ok := pythonInt(text); !ok || got != want {
			t.Errorf("pythonInt(%q) = %d, %v, want %d", text, got, ok, want)
		}
	}
	if got, ok := pythonInt(" 12\n"); !ok || got != 12 {
		t.Errorf("pythonInt does not skip white space: %d, %v", got, ok)
	}
	for _, text := range []string{"", "x", "1__0", "_1", "1_", "--1", "+-1", "1.0", "0x1", " "} {
		if got, ok := pythonInt(text); ok {
			t.Errorf("pythonInt(%q) = %d, want none", text, got)
		}
	}
}

// FuzzProblems: no input causes a panic, problems are sorted and have a known id, and kinds of nodes change nothing.
func FuzzProblems(f *testing.F) {
	f.Add(testfiles.Encode(f, testfiles.Plain()))
	for _, path := range []string{"testdata/queues.meta", "testdata/collections.meta", "testdata/functions.meta", "testdata/loop.meta"} {
		f.Add(testfiles.Read(f, path))
	}
	kinds := make(map[string]int)
	for i, k := range Kinds() {
		kinds[k.ID] = i
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		m, err := wire.ParseMetaGraph(message)
		if err != nil {
			return
		}
		problems, err := Find(model.New(m))
		if err != nil {
			return
		}
		last := 0
		for _, p := range problems {
			at, known := kinds[p.ID]
			if !known || at < last || p.Count < 1 || p.Place == "" || p.Message == "" || p.Hint == "" || len(p.Examples) > min(p.Count, maxExamples) {
				t.Errorf("problem %+v after kind %d", p, last)
			}
			last = at
		}
		compareOneByOne(t, "kinds", message)
	})
}
