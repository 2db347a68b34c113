package wire_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// checkParts checks that the parts of a graph add up to the graph, and that each describes its content correctly.
func checkParts(t *testing.T, g wire.Graph) {
	t.Helper()
	var joined []byte
	nodes := 0
	for p := range g.Parts {
		if len(p.Fields) == 0 || p.First != nodes {
			t.Errorf("a part of %d bytes begins with node %d, want %d", len(p.Fields), p.First, nodes)
		}
		for s := wire.Scan(p.Fields); s.Next(); {
			if s.Is(fieldnum.GraphDef_Node) {
				nodes++
			} else if !p.Mixed {
				t.Errorf("field %d is in a part that is not mixed", s.Num)
			}
		}
		if p.Nodes != nodes-p.First {
			t.Errorf("Nodes is %d, want %d", p.Nodes, nodes-p.First)
		}
		joined = append(joined, p.Fields...)
	}
	if !bytes.Equal(joined, g) {
		t.Errorf("the parts have %d bytes, the graph has %d", len(joined), len(g))
	}
	scan, parts := wire.Scan(g), 0
	for scan.Next() {
		if scan.Is(fieldnum.GraphDef_Node) {
			parts++
		}
	}
	if parts != nodes {
		t.Errorf("%d nodes in the parts, %d in the graph", nodes, parts)
	}
}

// mixedGraph returns a graph of many parts, with a library between nodes and one large node.
func mixedGraph() wire.Graph {
	var g []byte
	add := func(num protowire.Number, size int) {
		g = protowire.AppendBytes(protowire.AppendTag(g, num, protowire.BytesType), make([]byte, size))
	}
	for i := range 3000 {
		add(fieldnum.GraphDef_Node, i%90)
		if i%1000 == 999 {
			add(fieldnum.GraphDef_Library, 20_000)
			add(fieldnum.GraphDef_Versions, 2)
		}
	}
	add(fieldnum.GraphDef_Node, 1<<20)
	add(fieldnum.GraphDef_Node, 3)
	return g
}

func TestParts(t *testing.T) {
	g := mixedGraph()
	checkParts(t, g)
	parts := 0
	for range g.Parts {
		parts++
	}
	if parts < 10 {
		t.Errorf("%d parts", parts)
	}
	// Nodes and other fields in turn are not a part each.
	var alternating []byte
	for range 100_000 {
		alternating = append(alternating, 0x0a, 0, 0x12, 0)
	}
	checkParts(t, alternating)
	parts = 0
	for range wire.Graph(alternating).Parts {
		parts++
	}
	if parts > 200 {
		t.Errorf("%d parts for fields in turn", parts)
	}
	for range g.Parts {
		break // must not panic
	}
}

// FuzzParts checks the parts of any bytes, which may be a damaged graph.
func FuzzParts(f *testing.F) {
	f.Add(testfiles.StrangeGraph(f))
	f.Add([]byte(mixedGraph()[:30_000]))
	f.Add([]byte{})
	f.Add([]byte{0x0a})
	f.Fuzz(func(t *testing.T, g []byte) { checkParts(t, g) })
}
