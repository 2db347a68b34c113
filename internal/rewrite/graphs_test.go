package rewrite_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

// A grower generates MetaGraphDefs with a name in every place where a name can occur.
type grower struct {
	*rand.Rand
	nodes []string
}

// grow returns the MetaGraphDef for a seed.
func grow(seed uint64) *tfpb.MetaGraphDef {
	g := &grower{Rand: rand.New(rand.NewPCG(seed, 1))}
	m := &tfpb.MetaGraphDef{
		MetaInfoDef: &tfpb.MetaGraphDef_MetaInfoDef{TensorflowVersion: "1.14.0", StrippedOpList: &tfpb.OpList{}},
		GraphDef: &tfpb.GraphDef{
			Versions: &tfpb.VersionDef{Producer: int32(g.IntN(30)), MinConsumer: int32(g.IntN(20)), BadConsumers: []int32{int32(g.IntN(4))}},
			Library:  &tfpb.FunctionDefLibrary{},
		},
		CollectionDef: map[string]*tfpb.CollectionDef{},
		SignatureDef:  map[string]*tfpb.SignatureDef{},
	}
	for _, op := range []string{"Const", "Add", "Enter", "NoOp", "SaveV2", "Unused", "InFunction"} {
		m.MetaInfoDef.StrippedOpList.Op = append(m.MetaInfoDef.StrippedOpList.Op, &tfpb.OpDef{Name: op, Attr: []*tfpb.OpDef_AttrDef{
			{Name: "n", Type: "int", DefaultValue: &tfpb.AttrValue{Value: &tfpb.AttrValue_I{I: 1}}}, {Name: "T", Type: "type"},
		}})
	}
	for range 3 + g.IntN(20) {
		m.GraphDef.Node = append(m.GraphDef.Node, g.node(fmt.Sprint("n", len(g.nodes))))
	}
	if g.IntN(2) == 0 {
		m.GraphDef.Library.Function = []*tfpb.FunctionDef{{
			Signature: &tfpb.OpDef{Name: fmt.Sprint("f", g.IntN(2))},
			NodeDef:   []*tfpb.NodeDef{{Name: "a", Op: "InFunction", Input: []string{"x"}, Device: g.device(), Attr: g.attrs("InFunction")}},
			Ret:       map[string]string{"y": "a:z:0"},
		}}
		m.GraphDef.DebugInfo = &tfpb.GraphDebugInfo{Files: []string{"a.py"}, Traces: map[string]*tfpb.GraphDebugInfo_StackTrace{
			g.any() + "@":  {FileLineCols: []*tfpb.GraphDebugInfo_FileLineCol{{FileIndex: proto.Int32(0), Line: proto.Int32(3)}}},
			g.any() + "@f": {FrameId: []uint64{7}},
		}}
	}
	g.collections(m)
	if g.IntN(3) > 0 {
		m.SaverDef = g.saver()
	}
	if g.IntN(2) == 0 {
		m.SignatureDef["serving_default"] = &tfpb.SignatureDef{
			Inputs: map[string]*tfpb.TensorInfo{"x": {Encoding: &tfpb.TensorInfo_Name{Name: g.tensor()}}},
			Outputs: map[string]*tfpb.TensorInfo{"y": {Encoding: &tfpb.TensorInfo_CooSparse_{CooSparse: &tfpb.TensorInfo_CooSparse{
				ValuesTensorName: g.tensor(), IndicesTensorName: g.tensor(), DenseShapeTensorName: g.tensor()}}}},
			MethodName: "predict",
		}
		m.AssetFileDef = []*tfpb.AssetFileDef{{TensorInfo: &tfpb.TensorInfo{Encoding: &tfpb.TensorInfo_Name{Name: g.tensor()}}, Filename: "v.txt"}}
		m.ObjectGraphDef = &tfpb.SavedObjectGraph{Nodes: []*tfpb.SavedObject{
			{Kind: &tfpb.SavedObject_Constant{Constant: &tfpb.SavedConstant{Operation: g.any()}}},
			{Kind: &tfpb.SavedObject_Asset{Asset: &tfpb.SavedAsset{AssetFileDefIndex: 0}}},
		}}
	}
	return m
}

func (g *grower) pick(words ...string) string { return words[g.IntN(len(words))] }
func (g *grower) any() string                 { return g.pick(g.nodes...) }
func (g *grower) device() string              { return g.pick("", "/gpu:0", "/job:ps/task:1") }

func (g *grower) tensor() string { return fmt.Sprintf("%s:%d", g.any(), g.IntN(2)) }

func (g *grower) attrs(op string) map[string]*tfpb.AttrValue {
	attrs := map[string]*tfpb.AttrValue{
		"n": {Value: &tfpb.AttrValue_I{I: int64(g.IntN(2))}},
		"T": {Value: &tfpb.AttrValue_Type{Type: tfpb.DataType_DT_FLOAT}},
	}
	if op == "Enter" || g.IntN(9) == 0 {
		attrs["frame_name"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_S{S: []byte(g.pick("a/loop", "loop", "a/b/loop", "c"))}}
	}
	return attrs
}

// node adds a node that reads existing nodes.
func (g *grower) node(name string) *tfpb.NodeDef {
	op := g.pick("Const", "Add", "Enter", "NoOp", "SaveV2", "Custom")
	n := &tfpb.NodeDef{Name: g.pick("", "a/", "a/b/", "a_1/", "c/save/", "a/save/") + name, Op: op, Device: g.device(), Attr: g.attrs(op)}
	if len(g.nodes) > 0 {
		for range g.IntN(3) {
			n.Input = append(n.Input, g.pick(g.any(), g.tensor(), g.any()+":0"))
		}
		for range g.IntN(2) {
			n.Input = append(n.Input, "^"+g.any())
		}
		if g.IntN(3) == 0 {
			n.Attr["_class"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_List{List: &tfpb.AttrValue_ListValue{
				S: [][]byte{[]byte("loc:@" + g.any()), []byte(g.pick("other", "loc:@"+g.any()))}}}}
		}
	}
	g.nodes = append(g.nodes, n.Name)
	return n
}

func (g *grower) saver() *tfpb.SaverDef {
	return &tfpb.SaverDef{FilenameTensorName: g.tensor(), SaveTensorName: g.tensor(), RestoreOpName: g.any(), MaxToKeep: 5}
}

func (g *grower) values() *tfpb.ValuesDef {
	return &tfpb.ValuesDef{Values: []string{g.tensor(), g.tensor()}, ExternalValues: map[string]string{g.tensor(): g.tensor()}}
}

// collections adds collections of all kinds.
func (g *grower) collections(m *tfpb.MetaGraphDef) {
	protos := func(key string, messages ...proto.Message) {
		var list [][]byte
		for _, message := range messages {
			list = append(list, marshal(message))
		}
		m.CollectionDef[key] = &tfpb.CollectionDef{Kind: &tfpb.CollectionDef_BytesList_{BytesList: &tfpb.CollectionDef_BytesList{Value: list}}}
	}
	variable := func() proto.Message {
		v := &tfpb.VariableDef{VariableName: g.tensor(), InitializerName: g.any(), SnapshotName: g.tensor(), Trainable: g.IntN(2) == 0}
		if g.IntN(2) == 0 {
			v.InitialValueName = g.tensor()
			v.SaveSliceInfoDef = &tfpb.SaveSliceInfoDef{FullName: g.pick("a/v", "v"), FullShape: []int64{2}}
		}
		return v
	}
	protos("variables", variable(), variable())
	if g.IntN(2) == 0 {
		protos("savers", g.saver(), g.saver())
		protos("queue_runners", &tfpb.QueueRunnerDef{QueueName: g.any(), EnqueueOpName: []string{g.any(), g.any()}, CloseOpName: g.any()})
		while := &tfpb.WhileContextDef{ContextName: g.pick("a/loop", "loop"), PivotName: g.tensor(), LoopExitNames: []string{g.tensor()}, ValuesDef: g.values()}
		protos("cond_context", &tfpb.CondContextDef{ContextName: g.pick("a/cond", "a_1/cond", "cond"), PredName: g.tensor(), Branch: 1, ValuesDef: g.values(),
			NestedContexts: []*tfpb.ControlFlowContextDef{{Ctxt: &tfpb.ControlFlowContextDef_WhileCtxt{WhileCtxt: while}}}})
		protos("while_context", while)
	}
	m.CollectionDef["nodes"] = &tfpb.CollectionDef{Kind: &tfpb.CollectionDef_NodeList_{NodeList: &tfpb.CollectionDef_NodeList{Value: []string{g.any(), g.tensor()}}}}
	m.CollectionDef["hparams"] = &tfpb.CollectionDef{Kind: &tfpb.CollectionDef_BytesList_{BytesList: &tfpb.CollectionDef_BytesList{Value: [][]byte{[]byte("rate=1"), []byte("a/x")}}}}
	m.CollectionDef["steps"] = &tfpb.CollectionDef{Kind: &tfpb.CollectionDef_Int64List_{Int64List: &tfpb.CollectionDef_Int64List{Value: []int64{1, -2}}}}
}

// marshal encodes a message in binary.
func marshal(m proto.Message) []byte {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

// indexed returns a message as wire bytes.
func indexed(t testing.TB, m proto.Message) *wire.MetaGraph {
	t.Helper()
	parsed, err := wire.ParseMetaGraph(marshal(m))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// decode decodes the result of a rewrite.
func decode(t testing.TB, r *wire.Rope) *tfpb.MetaGraphDef {
	t.Helper()
	m := new(tfpb.MetaGraphDef)
	if err := proto.Unmarshal(r.Bytes(), m); err != nil {
		t.Fatal(err)
	}
	return m
}

// parseBytes decodes a message, and skips the test if the bytes are invalid.
func parseBytes(t testing.TB, data []byte) *wire.MetaGraph {
	t.Helper()
	m, err := wire.ParseMetaGraph(data)
	if err != nil {
		t.Skip()
	}
	return m
}

// odd returns a different encoding of a message. It reorders fields, repeats singular strings (the last one counts) and
// splits messages into two parts.
func odd(r *rand.Rand, message []byte, d protoreflect.MessageDescriptor) []byte {
	byNumber := make(map[protowire.Number][][]byte)
	var order []protowire.Number
	for s := wire.Scan(message); s.Next(); {
		if byNumber[s.Num] == nil {
			order = append(order, s.Num)
		}
		byNumber[s.Num] = append(byNumber[s.Num], oddField(r, s.Field, d.Fields().ByNumber(s.Num)))
	}
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	var out []byte
	for _, num := range order {
		for _, field := range byNumber[num] {
			out = append(out, field...)
		}
	}
	return out
}

// oddField returns a different encoding of a field.
func oddField(r *rand.Rand, f wire.Field, d protoreflect.FieldDescriptor) []byte {
	if f.Type != protowire.BytesType || d == nil {
		return f.Raw
	}
	field := func(payload []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, f.Num, f.Type), payload)
	}
	single := !d.IsList() && !d.IsMap() && d.ContainingOneof() == nil && r.IntN(3) == 0
	switch {
	case d.Kind() == protoreflect.MessageKind:
		inner := odd(r, f.Data, d.Message())
		if s := wire.Scan(inner); single && s.Next() {
			return append(field(s.Raw), field(inner[len(s.Raw):])...)
		}
		return field(inner)
	case d.Kind() == protoreflect.StringKind && single:
		return append(field([]byte("a/decoy")), f.Raw...)
	}
	return f.Raw
}
