package graph

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// typedEdges returns the inputs and consumers of each node, computed from the generated types.
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

// checkGraph compares the index with the generated types.
func checkGraph(t *testing.T, raw []byte, graph *tfpb.GraphDef) {
	t.Helper()
	open := func() NodeNumber {
		return func(n *wire.Node, class []byte) uint16 { return uint16(len(n.Raw) - len(class)) }
	}
	g, err := NewNumbered(raw, open)
	if err != nil {
		t.Fatalf("NewNumbered: %v", err)
	}
	if g.Len() != len(graph.GetNode()) {
		t.Fatalf("%d nodes, want %d", g.Len(), len(graph.GetNode()))
	}
	numbers := g.Numbers(nil)
	if plain, err := New(raw); err != nil || !slices.Equal(plain.Numbers(open), numbers) {
		t.Errorf("NewNumbered and Numbers number nodes differently, or New fails: %v", err)
	}
	inputs, consumers, duplicates := typedEdges(graph)
	if diff := cmp.Diff(duplicates, g.Duplicates()); diff != "" {
		t.Errorf("duplicates: -want +got:\n%s", diff)
	}
	var colocated []Colocation
	var n wire.Node
	for i, want := range graph.GetNode() {
		if got := string(g.Name(i)); got != want.GetName() {
			t.Errorf("node %d has name %q, want %q", i, got, want.GetName())
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
			colocated = append(colocated, Colocation{int32(i), typedGroup(g, want.GetAttr()["_class"])})
			if k := len(colocated) - 1; k < len(g.Colocated()) && g.Colocated()[k].Group == UnknownGroup {
				colocated[k].Group = UnknownGroup // the encoding may be rare
			}
		}
		if got := uint16(numbers[i]); got != uint16(len(n.Raw)) && len(want.GetAttr()["_class"].GetList().GetS()) != 1 {
			t.Errorf("node %d has %d bytes and the number %d", i, len(n.Raw), got)
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

// typedGroup returns the first node with the name of the only colocation group in value.
func typedGroup(g *Graph, value *tfpb.AttrValue) int32 {
	groups := value.GetList().GetS()
	if len(groups) != 1 || !bytes.HasPrefix(groups[0], []byte("loc:@")) {
		return UnknownGroup
	}
	if i, found := g.Find(groups[0][len("loc:@"):]); found {
		return int32(i)
	}
	return Dangling
}

// TestColocations: a group in the usual encoding is found, whether its node comes before, after or not at all; others are unknown.
func TestColocations(t *testing.T) {
	group := func(names ...string) map[string]*tfpb.AttrValue {
		list := new(tfpb.AttrValue_ListValue)
		for _, name := range names {
			list.S = append(list.S, []byte(name))
		}
		return map[string]*tfpb.AttrValue{"_class": {Value: &tfpb.AttrValue_List{List: list}}}
	}
	far := &tfpb.NodeDef{Name: strings.Repeat("far", 300_000)} // the nodes after it are in another part
	graph := &tfpb.GraphDef{Node: []*tfpb.NodeDef{
		{Name: "a", Attr: group("loc:@a")},
		{Name: "b", Attr: group("loc:@c")},
		{Name: "none", Attr: group("loc:@nowhere")},
		{Name: "two", Attr: group("loc:@a", "loc:@b")},
		{Name: "plain", Attr: group("a")},
		{Name: "long", Attr: group("loc:@" + strings.Repeat("n", 200))},
		far,
		{Name: "c", Attr: group("loc:@b")},
		{Name: "a", Attr: group("loc:@a")},
	}}
	g, err := New(testfiles.Encode(t, graph))
	if err != nil {
		t.Fatal(err)
	}
	want := []Colocation{{0, 0}, {1, 7}, {2, Dangling}, {3, UnknownGroup}, {4, UnknownGroup}, {5, UnknownGroup}, {7, 1}, {8, 0}}
	if diff := cmp.Diff(want, g.Colocated()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestGraphOfFiles(t *testing.T) {
	for name, data := range testfiles.Metas(t) {
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

func TestStrangeGraph(t *testing.T) {
	raw := testfiles.StrangeGraph(t)
	var want tfpb.GraphDef
	if err := proto.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	checkGraph(t, raw, &want)
}

// TestGraphGrows checks a graph with more nodes than the initial estimate.
func TestGraphGrows(t *testing.T) {
	graph := &tfpb.GraphDef{Node: []*tfpb.NodeDef{{Name: strings.Repeat("n", 300_000)}}}
	for i := range 1000 {
		name := strconv.Itoa(i % 900)
		graph.Node = append(graph.Node, &tfpb.NodeDef{Name: name, Op: "Op" + strconv.Itoa(i%7), Input: []string{strconv.Itoa(999 - i), "^" + name}})
	}
	checkGraph(t, testfiles.Encode(t, graph), graph)
}

// TestManyOps checks a graph with more ops and devices than fit in two bytes, and names that come late in their node.
func TestManyOps(t *testing.T) {
	graph := new(tfpb.GraphDef)
	for i := range 70_000 {
		graph.Node = append(graph.Node, &tfpb.NodeDef{Name: strconv.Itoa(i), Op: "Op" + strconv.Itoa(i), Device: "/gpu:" + strconv.Itoa(i/2)})
	}
	raw := testfiles.Encode(t, graph)
	late := wiretest.String(fieldnum.NodeDef_Name, "late")
	for at := 200; at < 300; at += 10 {
		raw = append(raw, wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Input, strings.Repeat("i", at)), late)...)
	}
	if err := proto.Unmarshal(raw, graph); err != nil {
		t.Fatal(err)
	}
	checkGraph(t, raw, graph)
}

// FuzzGraph: a valid GraphDef is indexed as the generated types read it, and no input causes a panic.
func FuzzGraph(f *testing.F) {
	f.Add(testfiles.StrangeGraph(f))
	for _, data := range testfiles.Metas(f) {
		if meta, err := wire.ParseMetaGraph(data); err == nil && len(meta.Graph()) < 20_000 {
			f.Add([]byte(meta.Graph()))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		var want tfpb.GraphDef
		if proto.Unmarshal(raw, &want) == nil {
			checkGraph(t, raw, &want)
		} else if g, err := New(raw); err == nil {
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

// TestNodeConcurrently parses a large node in several goroutines, each of which then reuses its Node for a small one.
func TestNodeConcurrently(t *testing.T) {
	large := wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, "large"), bytes.Repeat(wiretest.String(fieldnum.NodeDef_Input, "small"), LargeNode))
	small := wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, "small"), wiretest.String(fieldnum.NodeDef_Input, "x"))
	g, err := New(append(large, small...))
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			var n wire.Node
			for range 3 {
				if g.Node(0, &n); len(n.Inputs) != LargeNode || string(n.Inputs[0]) != "small" {
					t.Errorf("the large node has %d inputs, the first of which is %q", len(n.Inputs), n.Inputs[0])
				}
				if g.Node(1, &n); len(n.Inputs) != 1 || string(n.Inputs[0]) != "x" {
					t.Errorf("the small node has the inputs %q", n.Inputs)
				}
			}
		})
	}
	running.Wait()
}
