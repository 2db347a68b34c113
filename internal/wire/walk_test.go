package wire_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/metagraph/metagraph/internal/graph"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// FuzzWalk states the contract of this package: for every message that the generated types decode, the views return the same data.
// Each message is also checked in a strange encoding and with unknown fields.
func FuzzWalk(f *testing.F) {
	for i, raw := range testMessages(f, 8<<10) {
		f.Add(raw, uint64(i))
	}
	for i, raw := range strangeMessages() {
		f.Add(raw, uint64(i))
	}
	f.Fuzz(func(t *testing.T, raw []byte, seed uint64) {
		if len(raw) > 16<<10 || proto.Unmarshal(raw, new(tfpb.MetaGraphDef)) != nil {
			return
		}
		checkWalk(t, raw)
		for _, unknown := range []bool{false, true} {
			s := wiretest.Scrambler{Rand: rand.New(rand.NewPCG(seed, 1)), Unknown: unknown}
			checkWalk(t, s.Scramble(raw, (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor()))
		}
	})
}

// TestWalkTestData checks the repository's test data, unchanged and in strange encodings.
func TestWalkTestData(t *testing.T) {
	for i, raw := range testMessages(t, 1<<20) {
		checkWalk(t, raw)
		s := wiretest.Scrambler{Rand: rand.New(rand.NewPCG(1, uint64(i))), Unknown: i%2 == 0}
		checkWalk(t, s.Scramble(raw, (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor()))
	}
}

// TestWalkCorpus checks real files of every TensorFlow version since 2015.
func TestWalkCorpus(t *testing.T) {
	for name, raw := range testfiles.Corpus(t) {
		if len(raw) > 1<<20 {
			continue // similar to others, and slow to decode
		}
		t.Run(name, func(t *testing.T) { checkWalk(t, raw) })
	}
}

// testMessages returns the MetaGraphDefs in the repository's test data, up to a size.
func testMessages(tb testing.TB, limit int) [][]byte {
	tb.Helper()
	var out [][]byte
	for _, raw := range testfiles.Testdata(tb) {
		if len(raw) <= limit {
			out = append(out, raw)
		}
	}
	return out
}

// checkWalk compares all views on a message with the generated types.
func checkWalk(t *testing.T, raw []byte) {
	t.Helper()
	var want tfpb.MetaGraphDef
	if err := proto.Unmarshal(raw, &want); err != nil {
		t.Fatalf("the generated types: %v", err)
	}
	m, err := wire.ParseMetaGraph(raw)
	if err != nil {
		t.Fatalf("ParseMetaGraph: %v", err)
	}
	rope := m.Rope()
	var again tfpb.MetaGraphDef
	if err := proto.Unmarshal(rope.Bytes(), &again); err != nil || !proto.Equal(&want, &again) {
		t.Fatalf("Rope is a different message: %v", err)
	}
	_, hasGraph := m.Message(fieldnum.MetaGraphDef_GraphDef)
	if hasGraph != (want.GraphDef != nil) {
		t.Fatalf("Message: has a graph: %v", hasGraph)
	}
	saver, ok := m.Message(fieldnum.MetaGraphDef_SaverDef)
	checkMessage(t, "saver_def", saver, ok, want.SaverDef)
	info, ok := m.Message(fieldnum.MetaGraphDef_MetaInfoDef)
	checkMessage(t, "meta_info_def", info, ok, want.MetaInfoDef)
	objects, ok := m.Message(fieldnum.MetaGraphDef_ObjectGraphDef)
	checkMessage(t, "object_graph_def", objects, ok, want.ObjectGraphDef)
	if got, want := string(wire.Last(info, fieldnum.MetaGraphDef_MetaInfoDef_TensorflowVersion)), want.GetMetaInfoDef().GetTensorflowVersion(); got != want {
		t.Errorf("Last: version %q, want %q", got, want)
	}
	if got, want := wire.LastUint(info, fieldnum.MetaGraphDef_MetaInfoDef_StrippedDefaultAttrs) != 0, want.GetMetaInfoDef().GetStrippedDefaultAttrs(); got != want {
		t.Errorf("LastUint: stripped defaults %v, want %v", got, want)
	}
	checkMap(t, "collection_def", m, fieldnum.MetaGraphDef_CollectionDef, want.CollectionDef)
	checkMap(t, "signature_def", m, fieldnum.MetaGraphDef_SignatureDef, want.SignatureDef)
	for key, value := range want.CollectionDef {
		got, ok := m.Collection(key)
		checkMessage(t, "collection "+key, got, ok, value)
	}
	if _, ok := m.Collection("no such collection"); ok {
		t.Error("Collection returns one that does not exist")
	}
	checkGraph(t, m.Graph(), want.GetGraphDef())
}

// checkMessage compares the bytes of a message with the expected message, or nil if it should be absent.
func checkMessage[M any, P interface {
	*M
	proto.Message
}](t *testing.T, what string, raw []byte, ok bool, want P) {
	t.Helper()
	if ok != (want != nil) {
		t.Errorf("%s: present: %v", what, ok)
		return
	}
	if !ok {
		return
	}
	got := P(new(M))
	if err := proto.Unmarshal(raw, got); err != nil || !proto.Equal(got, want) {
		t.Errorf("%s: %v, want %v (%v)", what, got, want, err)
	}
}

// checkMap compares the entries of a map field.
func checkMap[M any, P interface {
	*M
	proto.Message
}](t *testing.T, what string, m *wire.MetaGraph, num protowire.Number, want map[string]P) {
	t.Helper()
	seen := 0
	for key, value := range m.Entries(num) {
		seen++
		checkMessage(t, fmt.Sprintf("%s[%q]", what, key), value, true, want[string(key)])
	}
	if seen != len(want) {
		t.Errorf("%s: %d entries, want %d", what, seen, len(want))
	}
}

// checkGraph compares nodes, functions and the index.
func checkGraph(t *testing.T, graph wire.Graph, want *tfpb.GraphDef) {
	t.Helper()
	checkNodes(t, "graph", graph.Nodes(), want.GetNode())
	versions, ok := graph.Versions()
	checkMessage(t, "versions", versions, ok, want.GetVersions())
	i := 0
	for function, err := range graph.Functions() {
		if err != nil {
			t.Fatalf("Functions: %v", err)
		}
		if i >= len(want.GetLibrary().GetFunction()) {
			t.Fatal("Functions: too many functions")
		}
		f := want.Library.Function[i]
		if got, want := function.Name(), f.GetSignature().GetName(); got != want {
			t.Errorf("function %d: name %q, want %q", i, got, want)
		}
		checkNodes(t, "function "+function.Name(), function.Nodes(), f.NodeDef)
		i++
	}
	if i != len(want.GetLibrary().GetFunction()) {
		t.Errorf("%d functions, want %d", i, len(want.GetLibrary().GetFunction()))
	}
	checkIndex(t, graph, want.GetNode())
}

// checkIndex checks graph.Nodes.
func checkIndex(t *testing.T, raw wire.Graph, want []*tfpb.NodeDef) {
	t.Helper()
	x, err := graph.NewNodes(raw)
	if err != nil {
		t.Fatalf("NewNodes: %v", err)
	}
	if x.Len() != len(want) {
		t.Fatalf("Index: %d nodes, want %d", x.Len(), len(want))
	}
	first := make(map[string]int)
	var duplicates []int
	for i, n := range want {
		if _, ok := first[n.Name]; ok {
			duplicates = append(duplicates, i)
		} else {
			first[n.Name] = i
		}
		if got := string(x.Name(i)); got != n.Name {
			t.Errorf("Index: node %d: name %q, want %q", i, got, n.Name)
		}
		checkMessage(t, "Index.Raw", x.Raw(i), true, n)
	}
	for name, i := range first {
		if got, ok := x.Find([]byte(name)); !ok || got != i {
			t.Errorf("Index: %q is node %d (%v), want %d", name, got, ok, i)
		}
	}
	if _, ok := x.Find([]byte("no such node")); ok != (first["no such node"] != 0) {
		t.Error("Index: Find returns a node that does not exist")
	}
	if got := x.Duplicates(); fmt.Sprint(got) != fmt.Sprint(duplicates) {
		t.Errorf("Index: duplicates %v, want %v", got, duplicates)
	}
}

// checkNodes compares nodes one by one.
func checkNodes(t *testing.T, where string, nodes func(func(*wire.Node, error) bool), want []*tfpb.NodeDef) {
	t.Helper()
	i := 0
	for n, err := range nodes {
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		if i >= len(want) {
			t.Fatalf("%s: too many nodes", where)
		}
		checkNode(t, fmt.Sprintf("%s, node %d", where, i), n, want[i])
		i++
	}
	if i != len(want) {
		t.Errorf("%s: %d nodes, want %d", where, i, len(want))
	}
}

// checkNode compares one node.
func checkNode(t *testing.T, where string, n *wire.Node, want *tfpb.NodeDef) {
	t.Helper()
	if string(n.Name) != want.Name || string(n.Op) != want.Op || string(n.Device) != want.Device {
		t.Errorf("%s: name, op, device %q, %q, %q; want %q, %q, %q", where, n.Name, n.Op, n.Device, want.Name, want.Op, want.Device)
	}
	if len(n.Inputs) != len(want.Input) {
		t.Fatalf("%s: %d inputs, want %d", where, len(n.Inputs), len(want.Input))
	}
	for i, input := range n.Inputs {
		if string(input) != want.Input[i] {
			t.Errorf("%s: input %d is %q, want %q", where, i, input, want.Input[i])
		}
	}
	checkMessage(t, where, n.Raw, true, want)
	seen := 0
	for key, value := range n.Attrs {
		seen++
		at := fmt.Sprintf("%s, attr %q", where, key)
		checkMessage(t, at, value, true, want.Attr[string(key)])
		checkAttr(t, at, value, want.Attr[string(key)])
	}
	if seen != len(want.Attr) {
		t.Errorf("%s: %d attrs, want %d", where, seen, len(want.Attr))
	}
	for key, value := range want.Attr {
		got, ok := n.Attr(key)
		checkMessage(t, where+", attr "+key, got, ok, value)
	}
	if _, ok := n.Attr("no such attr"); ok && want.Attr["no such attr"] == nil {
		t.Errorf("%s: Attr returns one that does not exist", where)
	}
}

// checkAttr checks AttrBytes and AttrTypeOf for one AttrValue.
func checkAttr(t *testing.T, where string, value []byte, want *tfpb.AttrValue) {
	t.Helper()
	if got := wire.AttrTypeOf(value); got != int32(want.GetType()) {
		t.Errorf("%s: type %d, want %d", where, got, want.GetType())
	}
	s, ok := wire.AttrBytes(value, fieldnum.AttrValue_S)
	if held, is := want.GetValue().(*tfpb.AttrValue_S); ok != is || is && !bytes.Equal(s, held.S) {
		t.Errorf("%s: s is %q (%v), want %v", where, s, ok, want)
	}
	placeholder, ok := wire.AttrBytes(value, fieldnum.AttrValue_Placeholder)
	if held, is := want.GetValue().(*tfpb.AttrValue_Placeholder); ok != is || is && string(placeholder) != held.Placeholder {
		t.Errorf("%s: placeholder is %q (%v), want %v", where, placeholder, ok, want)
	}
	list, ok := wire.AttrBytes(value, fieldnum.AttrValue_List)
	if !ok && list != nil {
		t.Errorf("%s: not a list, but AttrBytes returns %q", where, list)
	}
	checkMessage(t, where+".list", list, ok, want.GetList())
	shape, ok := wire.AttrBytes(value, fieldnum.AttrValue_Shape)
	checkMessage(t, where+".shape", shape, ok, want.GetShape())
	tensor, ok := wire.AttrBytes(value, fieldnum.AttrValue_Tensor)
	checkMessage(t, where+".tensor", tensor, ok, want.GetTensor())
	function, ok := wire.AttrBytes(value, fieldnum.AttrValue_Func)
	checkMessage(t, where+".func", function, ok, want.GetFunc())
}

// TestOriginal: a rewrite that changes nothing returns the original message, even if fields occur several times.
func TestOriginal(t *testing.T) {
	collection := func(key, value string) []byte {
		return wiretest.Message(fieldnum.MetaGraphDef_CollectionDef, wiretest.String(1, key), wiretest.Message(2, wiretest.Message(1, wiretest.String(1, value))))
	}
	saver := func(name string) []byte {
		return wiretest.Message(fieldnum.MetaGraphDef_SaverDef, wiretest.String(1, name))
	}
	whole := wiretest.Join(saver("a"), collection("k", "x"), saver("b"), collection("j", "y"), collection("k", "z"))
	m, err := wire.ParseMetaGraph(whole)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Original(m.Rope()).Bytes(); !bytes.Equal(got, whole) {
		t.Errorf("all fields: got %q", got)
	}
	lasting := wire.NewRope(wiretest.Join(saver("a"), saver("b"), collection("j", "y"), collection("k", "z")))
	if got := m.Original(lasting).Bytes(); !bytes.Equal(got, whole) {
		t.Errorf("the last entry of each key: got %q", got)
	}
	changed := wire.NewRope(wiretest.Join(saver("a"), saver("b"), collection("k", "z")))
	if got := m.Original(changed); got != changed {
		t.Errorf("collection missing: got %q", got.Bytes())
	}
	if saver, _ := m.Message(fieldnum.MetaGraphDef_SaverDef); string(wire.Last(saver, 1)) != "b" {
		t.Errorf("saver_def is %q", saver)
	}
}
