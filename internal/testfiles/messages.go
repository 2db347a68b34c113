package testfiles

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// ShapeProto returns a shape of known rank; a dimension of -1 is unknown.
func ShapeProto(dims ...int64) *tfpb.TensorShapeProto {
	s := new(tfpb.TensorShapeProto)
	for _, d := range dims {
		s.Dim = append(s.Dim, &tfpb.TensorShapeProto_Dim{Size: d})
	}
	return s
}

// Encode returns the bytes of a message.
func Encode(t testing.TB, m proto.Message) []byte {
	t.Helper()
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// MetaGraph returns the index of a message.
func MetaGraph(t testing.TB, m *tfpb.MetaGraphDef) *wire.MetaGraph {
	t.Helper()
	meta, err := wire.ParseMetaGraph(Encode(t, m))
	if err != nil {
		t.Fatal(err)
	}
	return meta
}

// GraphDef returns a MetaGraphDef with a graph, which is given as a GraphDef in text.
func GraphDef(t testing.TB, text string) *wire.MetaGraph {
	t.Helper()
	g := new(tfpb.GraphDef)
	if err := prototext.Unmarshal([]byte(text), g); err != nil {
		t.Fatal(err)
	}
	return wire.MetaGraphOf(Encode(t, g))
}

// StrangeGraph returns a graph with legal but unusual features: a library between the nodes, versions before them, names after ops
// and twice, all spellings of inputs, nodes before their inputs, and an overlong length.
func StrangeGraph(t testing.TB) []byte {
	var b []byte
	node := func(n *tfpb.NodeDef) {
		b = protowire.AppendBytes(protowire.AppendTag(b, fieldnum.GraphDef_Node, protowire.BytesType), Encode(t, n))
	}
	b = protowire.AppendBytes(protowire.AppendTag(b, fieldnum.GraphDef_Versions, protowire.BytesType), Encode(t, &tfpb.VersionDef{Producer: 21}))
	node(&tfpb.NodeDef{Name: "late", Op: "Add", Input: []string{"x", "x:1", "^y", "gone", "x:one", "late"}, Device: "/gpu:0"})
	node(&tfpb.NodeDef{Name: "x", Op: "Placeholder"})
	b = protowire.AppendBytes(protowire.AppendTag(b, fieldnum.GraphDef_Library, protowire.BytesType),
		Encode(t, &tfpb.FunctionDefLibrary{Function: []*tfpb.FunctionDef{{Signature: &tfpb.OpDef{Name: "f"}}}}))
	node(&tfpb.NodeDef{Name: "x", Op: "Const"})
	node(&tfpb.NodeDef{Name: strings.Repeat("long", 100), Op: "NoOp", Attr: map[string]*tfpb.AttrValue{"_class": {}}})
	raw := []byte{0x12, 2, 'O', 'p', 0x0A, 1, 'z', 0x0A, 1, 'y'} // the op first, the name twice
	b = protowire.AppendBytes(protowire.AppendTag(b, fieldnum.GraphDef_Node, protowire.BytesType), raw)
	raw = []byte{0x0A, 0x81, 0x00, 'w'} // a length of two bytes instead of one
	b = protowire.AppendBytes(protowire.AppendTag(b, fieldnum.GraphDef_Node, protowire.BytesType), raw)
	node(&tfpb.NodeDef{})
	b = protowire.AppendBytes(protowire.AppendTag(b, fieldnum.GraphDef_Versions, protowire.BytesType), Encode(t, &tfpb.VersionDef{MinConsumer: 12}))
	return b
}

// NodeList returns a collection of names.
func NodeList(names ...string) *tfpb.CollectionDef {
	return &tfpb.CollectionDef{Kind: &tfpb.CollectionDef_NodeList_{NodeList: &tfpb.CollectionDef_NodeList{Value: names}}}
}

// VariableList returns a collection of variables.
func VariableList(t testing.TB, definitions ...*tfpb.VariableDef) *tfpb.CollectionDef {
	list := new(tfpb.CollectionDef_BytesList)
	for _, d := range definitions {
		list.Value = append(list.Value, Encode(t, d))
	}
	return &tfpb.CollectionDef{Kind: &tfpb.CollectionDef_BytesList_{BytesList: list}}
}

// FloatNode returns a node with one attr, whose value is DT_FLOAT.
func FloatNode(name, op, attr string, inputs ...string) *tfpb.NodeDef {
	return &tfpb.NodeDef{Name: name, Op: op, Input: inputs, Attr: map[string]*tfpb.AttrValue{attr: TypeAttr(tfpb.DataType_DT_FLOAT)}}
}

// Plain returns a MetaGraphDef whose only problem is the missing saver: y = x + x.
func Plain() *tfpb.MetaGraphDef {
	return &tfpb.MetaGraphDef{
		MetaInfoDef: &tfpb.MetaGraphDef_MetaInfoDef{TensorflowVersion: "1.15.0"},
		GraphDef: &tfpb.GraphDef{
			Versions: &tfpb.VersionDef{Producer: 134},
			Node:     []*tfpb.NodeDef{FloatNode("x", "Placeholder", "dtype"), FloatNode("y", "Add", "T", "x", "x")},
		},
	}
}

// TypeAttr returns an attr with a dtype.
func TypeAttr(t tfpb.DataType) *tfpb.AttrValue {
	return &tfpb.AttrValue{Value: &tfpb.AttrValue_Type{Type: t}}
}

func funcAttr(name string) *tfpb.AttrValue {
	return &tfpb.AttrValue{Value: &tfpb.AttrValue_Func{Func: &tfpb.NameAttrList{Name: name}}}
}

// Example returns a small message with content for every section.
func Example() *tfpb.MetaGraphDef {
	float := TypeAttr(tfpb.DataType_DT_FLOAT)
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
				{Name: "x", Op: "Placeholder", Attr: map[string]*tfpb.AttrValue{"dtype": float, "shape": {Value: &tfpb.AttrValue_Shape{Shape: ShapeProto(-1, 2)}}}},
				{Name: "layer/w", Op: "VariableV2", Device: "/gpu:0", Attr: map[string]*tfpb.AttrValue{"dtype": float, "shape": {Value: &tfpb.AttrValue_Shape{Shape: ShapeProto(2, 3)}}}},
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
			"model_variables":    NodeList("layer/w:0", "gone:0"),
			"train_op":           NodeList("call"),
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
					"images": {Encoding: &tfpb.TensorInfo_Name{Name: "x:0"}, Dtype: tfpb.DataType_DT_FLOAT, TensorShape: ShapeProto(-1, 2)},
					"ids": {Encoding: &tfpb.TensorInfo_CooSparse_{CooSparse: &tfpb.TensorInfo_CooSparse{
						ValuesTensorName: "v:0", IndicesTensorName: "i:0", DenseShapeTensorName: "s:0"}}, Dtype: tfpb.DataType_DT_INT64},
				},
				Outputs: map[string]*tfpb.TensorInfo{
					"pair": {Encoding: &tfpb.TensorInfo_CompositeTensor_{CompositeTensor: &tfpb.TensorInfo_CompositeTensor{
						Components: []*tfpb.TensorInfo{{Encoding: &tfpb.TensorInfo_Name{Name: "p:0"}}, {Encoding: &tfpb.TensorInfo_Name{Name: "q:0"}}}}}},
				},
				Defaults: map[string]*tfpb.TensorProto{"ids": {Dtype: tfpb.DataType_DT_INT64, TensorShape: ShapeProto(1), Int64Val: []int64{7}}},
			},
			"a": {},
		},
		AssetFileDef: []*tfpb.AssetFileDef{{Filename: "labels.txt", TensorInfo: &tfpb.TensorInfo{Encoding: &tfpb.TensorInfo_Name{Name: "y:0"}}}},
	}
}
