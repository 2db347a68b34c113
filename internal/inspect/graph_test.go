package inspect

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

// corpusFiles returns the MetaGraphDefs of testdata, and the real ones that may lie beside the repository.
func corpusFiles(t testing.TB) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	for _, pattern := range []string{"../../testdata/*.meta", "../../testdata/train/*.meta", "../../../shared/corpus/*.meta"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasPrefix(filepath.Base(path), "BAD-") {
				continue
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.Base(path)] = data
		}
	}
	return files
}

// encode returns the bytes of a message.
func encode(t testing.TB, m proto.Message) []byte {
	t.Helper()
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// metaGraph returns the index of a message.
func metaGraph(t testing.TB, m *tfpb.MetaGraphDef) *wire.MetaGraph {
	t.Helper()
	meta, err := wire.ParseMetaGraph(encode(t, m))
	if err != nil {
		t.Fatal(err)
	}
	return meta
}

// typedEdges is the inputs of a graph and their readers, from the generated types.
func typedEdges(graph *tfpb.GraphDef) (inputs, consumers [][]Edge, duplicates []int32) {
	number := make(map[string]int32)
	for i, n := range graph.GetNode() {
		if _, taken := number[n.GetName()]; taken {
			duplicates = append(duplicates, int32(i))
			continue
		}
		number[n.GetName()] = int32(i)
	}
	inputs, consumers = make([][]Edge, len(graph.GetNode())), make([][]Edge, len(graph.GetNode()))
	for i, n := range graph.GetNode() {
		for _, input := range n.GetInput() {
			in := wire.ParseInput([]byte(input))
			e := Edge{Node: Dangling, Port: Control}
			if node, ok := number[string(in.Node)]; ok {
				e.Node = node
			}
			if port, ok := in.Output(); !in.Control && ok {
				e.Port = int32(port)
			} else if !in.Control {
				e.Port = BadPort
			}
			inputs[i] = append(inputs[i], e)
			if e.Node != Dangling {
				consumers[e.Node] = append(consumers[e.Node], Edge{Node: int32(i), Port: e.Port})
			}
		}
	}
	return inputs, consumers, duplicates
}

// checkGraph holds the index against the generated types.
func checkGraph(t *testing.T, raw []byte, graph *tfpb.GraphDef) {
	t.Helper()
	g, err := NewGraph(raw)
	if err != nil {
		t.Fatalf("NewGraph: %v", err)
	}
	if g.Len() != len(graph.GetNode()) {
		t.Fatalf("%d nodes, want %d", g.Len(), len(graph.GetNode()))
	}
	inputs, consumers, duplicates := typedEdges(graph)
	if diff := cmp.Diff(duplicates, g.Duplicates()); diff != "" {
		t.Errorf("duplicates: -want +got:\n%s", diff)
	}
	var colocated []int32
	var n wire.Node
	for i, want := range graph.GetNode() {
		if got := string(g.Name(i)); got != want.GetName() {
			t.Errorf("node %d is called %q, want %q", i, got, want.GetName())
		}
		if got := g.OpName(g.Op(i)); got != want.GetOp() {
			t.Errorf("node %d has op %q, want %q", i, got, want.GetOp())
		}
		if got := g.Devices()[g.Device(i)]; got != want.GetDevice() {
			t.Errorf("node %d is on %q, want %q", i, got, want.GetDevice())
		}
		if g.Node(i, &n); string(n.Name) != want.GetName() {
			t.Errorf("Node(%d) is %q, want %q", i, n.Name, want.GetName())
		}
		if got := g.Inputs(i); !slices.Equal(inputs[i], got) {
			t.Errorf("inputs of node %d: -want +got:\n%s", i, cmp.Diff(inputs[i], got))
		}
		if got := g.Consumers(i); !slices.Equal(consumers[i], got) {
			t.Errorf("consumers of node %d: -want +got:\n%s", i, cmp.Diff(consumers[i], got))
		}
		if _, ok := want.GetAttr()["_class"]; ok {
			colocated = append(colocated, int32(i))
		}
	}
	if diff := cmp.Diff(colocated, g.Colocated()); diff != "" {
		t.Errorf("colocated: -want +got:\n%s", diff)
	}
	var rest tfpb.GraphDef
	if err := proto.Unmarshal(g.Rest(), &rest); err != nil {
		t.Fatalf("Rest: %v", err)
	}
	without := proto.Clone(graph).(*tfpb.GraphDef)
	without.Node = nil
	if !proto.Equal(&rest, without) {
		t.Errorf("Rest is not the graph without its nodes")
	}
}

func TestGraphOfFiles(t *testing.T) {
	for name, data := range corpusFiles(t) {
		t.Run(name, func(t *testing.T) {
			var want tfpb.MetaGraphDef
			if err := proto.Unmarshal(data, &want); err != nil {
				t.Fatal(err)
			}
			meta, err := wire.ParseMetaGraph(data)
			if err != nil {
				t.Fatal(err)
			}
			checkGraph(t, meta.Graph(), want.GetGraphDef())
		})
	}
}

// strangeGraph is a graph with all that is legal and seldom: a library between the nodes, versions before them, names behind
// ops and twice, inputs of every spelling, nodes before what they read, a length that is longer than need be.
func strangeGraph(t testing.TB) []byte {
	var b []byte
	node := func(n *tfpb.NodeDef) {
		b = protowire.AppendBytes(protowire.AppendTag(b, wire.GraphNode, protowire.BytesType), encode(t, n))
	}
	b = protowire.AppendBytes(protowire.AppendTag(b, wire.GraphVersions, protowire.BytesType), encode(t, &tfpb.VersionDef{Producer: 21}))
	node(&tfpb.NodeDef{Name: "late", Op: "Add", Input: []string{"x", "x:1", "^y", "gone", "x:one", "late"}, Device: "/gpu:0"})
	node(&tfpb.NodeDef{Name: "x", Op: "Placeholder"})
	b = protowire.AppendBytes(protowire.AppendTag(b, wire.GraphLibrary, protowire.BytesType),
		encode(t, &tfpb.FunctionDefLibrary{Function: []*tfpb.FunctionDef{{Signature: &tfpb.OpDef{Name: "f"}}}}))
	node(&tfpb.NodeDef{Name: "x", Op: "Const"})
	node(&tfpb.NodeDef{Name: strings.Repeat("long", 100), Op: "NoOp", Attr: map[string]*tfpb.AttrValue{"_class": {}}})
	raw := []byte{0x12, 2, 'O', 'p', 0x0A, 1, 'z', 0x0A, 1, 'y'} // the op first, the name twice
	b = protowire.AppendBytes(protowire.AppendTag(b, wire.GraphNode, protowire.BytesType), raw)
	raw = []byte{0x0A, 0x81, 0x00, 'w'} // a length of two bytes where one would do
	b = protowire.AppendBytes(protowire.AppendTag(b, wire.GraphNode, protowire.BytesType), raw)
	node(&tfpb.NodeDef{})
	b = protowire.AppendBytes(protowire.AppendTag(b, wire.GraphVersions, protowire.BytesType), encode(t, &tfpb.VersionDef{MinConsumer: 12}))
	return b
}

func TestStrangeGraph(t *testing.T) {
	raw := strangeGraph(t)
	var want tfpb.GraphDef
	if err := proto.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	checkGraph(t, raw, &want)
}

// A graph that begins with one large node has more nodes than its beginning makes expect.
func TestGraphGrows(t *testing.T) {
	graph := &tfpb.GraphDef{Node: []*tfpb.NodeDef{{Name: strings.Repeat("n", sampledBytes)}}}
	for i := range 1000 {
		name := strconv.Itoa(i % 900)
		graph.Node = append(graph.Node, &tfpb.NodeDef{Name: name, Op: "Op" + strconv.Itoa(i%7), Input: []string{strconv.Itoa(999 - i), "^" + name}})
	}
	checkGraph(t, encode(t, graph), graph)
}

// FuzzGraph: bytes that are a GraphDef are indexed as the generated types read them; no bytes make the index panic.
func FuzzGraph(f *testing.F) {
	f.Add(strangeGraph(f))
	for _, data := range corpusFiles(f) {
		if meta, err := wire.ParseMetaGraph(data); err == nil && len(meta.Graph()) < 20_000 {
			f.Add([]byte(meta.Graph()))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		var want tfpb.GraphDef
		if proto.Unmarshal(raw, &want) == nil {
			checkGraph(t, raw, &want)
		} else if g, err := NewGraph(raw); err == nil {
			for i := range g.Len() {
				g.Name(i)
				g.Consumers(i)
			}
		}
		if !bytes.Equal(before, raw) {
			t.Error("the graph was changed")
		}
	})
}

// readAll reads all sections of a file. Where it must succeed, an error fails the test.
func readAll(t *testing.T, data []byte, must bool) {
	meta, err := wire.ParseMetaGraph(data)
	if err != nil {
		if must {
			t.Error(err)
		}
		return
	}
	m := NewModel(meta)
	for name, read := range map[string]func() error{
		"summary":     func() error { _, err := Summarize(m, FileInfo{}); return err },
		"ops":         func() error { _, err := Ops(meta, Filter{}); return err },
		"devices":     func() error { _, err := Devices(meta, Filter{}); return err },
		"collections": func() error { _, err := Collections(m, CollectionsOptions{}); return err },
		"signatures":  func() error { _, err := Signatures(meta, Filter{}); return err },
		"savers":      func() error { _, err := Savers(meta); return err },
		"functions":   func() error { _, err := Functions(meta, Filter{}); return err },
		"assets":      func() error { _, err := Assets(meta); return err },
		"scopes":      func() error { _, err := Scopes(meta, ScopesOptions{}); return err },
		"nodes": func() error {
			for n, err := range Nodes(meta, Filter{}) {
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

// FuzzSections: no bytes make a section panic.
func FuzzSections(f *testing.F) {
	f.Add(encode(f, model()))
	for _, data := range corpusFiles(f) {
		if len(data) < 20_000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { readAll(t, data, false) })
}
