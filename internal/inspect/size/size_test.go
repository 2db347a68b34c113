package size

import (
	"bytes"
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

// sizesOf measures a MetaGraphDef.
func sizesOf(t testing.TB, message []byte, o Options) *Size {
	t.Helper()
	m, err := wire.ParseMetaGraph(message)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Measure(model.New(m), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checkPartitions checks that the parts add up to the whole.
func checkPartitions(t *testing.T, s *Size) {
	t.Helper()
	for _, whole := range []struct {
		name  string
		parts []Part
		want  int64
	}{
		{"fields", s.Fields, s.Bytes}, {"scopes", s.Scopes, s.NodeBytes}, {"ops", s.Ops, s.NodeBytes}, {"node parts", s.NodeParts, s.NodeBytes},
		{"functions", s.Functions, s.FunctionBytes},
	} {
		var sum int64
		last := int64(-1)
		for _, p := range whole.parts {
			sum += p.Bytes
			if last >= 0 && p.Bytes > last {
				t.Errorf("%s: %s is listed after a smaller part", whole.name, p.Name)
			}
			last = p.Bytes
		}
		if sum != whole.want {
			t.Errorf("%s add up to %d, not %d", whole.name, sum, whole.want)
		}
	}
}

// tensorNode returns a Const of n floats.
func tensorNode(name string, content string) *tfpb.NodeDef {
	n := testfiles.FloatNode(name, "Const", "dtype")
	n.Attr["value"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_Tensor{Tensor: &tfpb.TensorProto{Dtype: tfpb.DataType_DT_FLOAT,
		TensorShape:   &tfpb.TensorShapeProto{Dim: []*tfpb.TensorShapeProto_Dim{{Size: int64(len(content) / 4)}}},
		TensorContent: []byte(content)}}}
	return n
}

func TestSizes(t *testing.T) {
	ones, twos := strings.Repeat("1", 400), strings.Repeat("2", 400)
	mixed := ones[:200] + "x" + ones[201:] // same length as the others
	m := &tfpb.MetaGraphDef{
		GraphDef: &tfpb.GraphDef{
			Node: []*tfpb.NodeDef{
				tensorNode("a/w", ones), tensorNode("a/b/w", twos), tensorNode("b/w", ones), tensorNode("small", "1111"), tensorNode("small_1", "1111"),
				tensorNode("c", mixed), testfiles.FloatNode("save/SaveV2", "SaveV2", "T"), testfiles.FloatNode("save/inner/RestoreV2", "RestoreV2", "T"),
				testfiles.FloatNode("save_1/SaveV2", "SaveV2", "T"), testfiles.FloatNode("save_1/Const", "Const", "T"), testfiles.FloatNode("top", "SaveV2", "T"),
			},
			Library: &tfpb.FunctionDefLibrary{Function: []*tfpb.FunctionDef{
				{Signature: &tfpb.OpDef{Name: "f"}, NodeDef: []*tfpb.NodeDef{tensorNode("v", twos), testfiles.FloatNode("r", "Relu", "T", "v")}},
			}},
		},
		SaverDef: &tfpb.SaverDef{SaveTensorName: "save_1/control_dependency:0", RestoreOpName: "save_1/restore_all"},
		CollectionDef: map[string]*tfpb.CollectionDef{
			"steps": {Kind: &tfpb.CollectionDef_Int64List_{Int64List: &tfpb.CollectionDef_Int64List{Value: []int64{1, 1000, 1 << 40}}}},
		},
	}
	raw := testfiles.Encode(t, m)
	s := sizesOf(t, raw, Options{Limit: 3})
	checkPartitions(t, s)
	if s.Bytes != int64(len(raw)) {
		t.Errorf("%d bytes of %d", s.Bytes, len(raw))
	}

	counts := func(parts []Part) map[string]int {
		out := make(map[string]int)
		for _, p := range parts {
			out[p.Name] = p.Count
		}
		return out
	}
	for _, part := range []struct {
		name      string
		got, want map[string]int
	}{
		{"fields", counts(s.Fields), map[string]int{"graph_def.node": 11, "graph_def.library": 1, "graph_def": 1, "saver_def": 1, "collection_def[steps]": 3}},
		{"scopes", counts(s.Scopes), map[string]int{"": 4, "a": 2, "b": 1, "save": 2, "save_1": 2}},
		{"ops", counts(s.Ops), map[string]int{"Const": 7, "SaveV2": 3, "RestoreV2": 1}},
		{"node parts", counts(s.NodeParts), map[string]int{"name": 11, "op": 11, "attr[dtype]": 6, "attr[value]": 6, "attr[T]": 5, "(tag and length)": 11}},
		{"functions", counts(s.Functions), map[string]int{"f": 2}},
		{"scopes two deep", counts(sizesOf(t, raw, Options{Depth: 2}).Scopes),
			map[string]int{"": 4, "a": 1, "a/b": 1, "b": 1, "save": 1, "save/inner": 1, "save_1": 2}},
		{"scopes all deep", counts(sizesOf(t, raw, Options{Depth: -1}).Scopes),
			map[string]int{"": 4, "a": 1, "a/b": 1, "b": 1, "save": 1, "save/inner": 1, "save_1": 2}},
	} {
		if diff := cmp.Diff(part.want, part.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", part.name, diff)
		}
	}

	const tensorBytes = 2 + (2 + 2 + 2) + 3 + 400 // dtype, shape of one dimension, tag and length of the content, content
	type constant struct {
		node, function, attr, dtype, shape string
		bytes                              int64
	}
	var constants []constant
	for _, c := range s.Constants {
		constants = append(constants, constant{c.Node, c.Function, c.Attr, c.DType, c.Shape.String(), c.Bytes})
	}
	if diff := cmp.Diff([]constant{
		{"a/w", "", "value", "float32", "(100)", tensorBytes}, {"a/b/w", "", "value", "float32", "(100)", tensorBytes},
		{"b/w", "", "value", "float32", "(100)", tensorBytes},
	}, constants, cmp.AllowUnexported(constant{})); diff != "" {
		t.Errorf("constants (-want +got):\n%s", diff)
	}
	var repeated []string
	for _, r := range s.Repeated {
		repeated = append(repeated, strings.Join(r.Nodes, " "))
		if r.Copies != 2 || r.Waste != r.Bytes {
			t.Errorf("repeated %+v", r)
		}
	}
	if diff := cmp.Diff([]string{"a/w b/w", "a/b/w v@f"}, repeated); diff != "" {
		t.Errorf("repeated (-want +got):\n%s", diff)
	}
	if want := s.Repeated[0].Bytes * 2; s.RepeatedWaste != want {
		t.Errorf("waste %d, want %d", s.RepeatedWaste, want)
	}
	var savers []string
	for _, v := range s.Savers {
		use := ""
		if v.InUse {
			use = " in use"
		}
		savers = append(savers, v.Scope+use+strings.Repeat(" +", v.Nodes))
	}
	if diff := cmp.Diff([]string{"save_1 in use + +", "save + +"}, savers); diff != "" {
		t.Errorf("savers (-want +got):\n%s", diff)
	}
}

// TestSizesInPieces checks that a message split into several fields is measured like a whole one.
func TestSizesInPieces(t *testing.T) {
	graph := func(n *tfpb.NodeDef) []byte {
		return testfiles.Encode(t, &tfpb.MetaGraphDef{GraphDef: &tfpb.GraphDef{Node: []*tfpb.NodeDef{n}}})
	}
	ones := strings.Repeat("1", 400)
	s := sizesOf(t, append(graph(tensorNode("a", ones)), graph(tensorNode("b", ones))...), Options{})
	checkPartitions(t, s)
	if len(s.Repeated) != 1 || s.ConstantCount != 2 {
		t.Errorf("%d constants, repeated %+v", s.ConstantCount, s.Repeated)
	}
}

// TestSizesOfTotal checks that bytes outside the MetaGraphDef form a separate part, and that a bare GraphDef has no
// field header.
func TestSizesOfTotal(t *testing.T) {
	raw := testfiles.Encode(t, testfiles.Plain())
	s := sizesOf(t, raw, Options{Total: int64(len(raw)) + 100})
	checkPartitions(t, s)
	if s.Bytes != int64(len(raw))+100 {
		t.Errorf("%d bytes", s.Bytes)
	}
	graph := testfiles.Encode(t, testfiles.Plain().GetGraphDef())
	bare, err := Measure(model.New(wire.MetaGraphOf(graph)), Options{Total: int64(len(graph))})
	if err != nil {
		t.Fatal(err)
	}
	checkPartitions(t, bare)
	if bare.Bytes != int64(len(graph)) {
		t.Errorf("%d bytes of a GraphDef of %d", bare.Bytes, len(graph))
	}
}

func TestSizesOfFiles(t *testing.T) {
	for name, raw := range testfiles.Metas(t) {
		for _, depth := range []int{1, 3, -1} {
			s := sizesOf(t, raw, Options{Depth: depth, Limit: -1, Total: int64(len(raw))})
			checkPartitions(t, s)
			if s.Bytes != int64(len(raw)) {
				t.Errorf("%s: %d bytes of %d", name, s.Bytes, len(raw))
			}
			if len(s.Constants) != s.ConstantCount {
				t.Errorf("%s: %d constants listed of %d", name, len(s.Constants), s.ConstantCount)
			}
			for _, c := range s.Constants {
				if c.Node == "" || c.Attr == "" {
					t.Errorf("%s: constant without a place: %+v", name, c)
				}
			}
		}
	}
}

// FuzzSizes checks that the parts add up for any input.
func FuzzSizes(f *testing.F) {
	f.Add(testfiles.Encode(f, testfiles.Plain()))
	for _, path := range []string{"testdata/queues.meta", "testdata/functions.meta"} {
		f.Add(testfiles.Read(f, path))
	}
	f.Add(bytes.Repeat(protowire.AppendBytes(protowire.AppendTag(nil, fieldnum.MetaGraphDef_GraphDef, protowire.BytesType), []byte{0x0a, 0}), 3))
	f.Fuzz(func(t *testing.T, message []byte) {
		m, err := wire.ParseMetaGraph(message)
		if err != nil {
			return
		}
		s, err := Measure(model.New(m), Options{Depth: 2})
		if err != nil {
			return
		}
		checkPartitions(t, s)
	})
}
