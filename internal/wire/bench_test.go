package wire_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// manyNodes returns a GraphDef of n nodes with devices.
func manyNodes(n int) wire.Graph {
	var graph []byte
	for i := range n {
		graph = append(graph, node(
			str(1, fmt.Sprintf("tower_%d/layer_%d/op", i%8, i)), str(2, "MatMul"),
			str(3, fmt.Sprintf("tower_%d/layer_%d/op", i%8, max(i-1, 0))), str(4, "/job:worker/task:0/device:GPU:0"),
			field(5, str(1, "T"), field(2, varint(6, 1))), field(5, str(1, "transpose_a"), field(2, varint(5, 0))))...)
	}
	return graph
}

// BenchmarkNodes walks the nodes of a graph.
func BenchmarkNodes(b *testing.B) {
	graph := manyNodes(10_000)
	b.SetBytes(int64(len(graph)))
	b.ReportAllocs()
	for b.Loop() {
		if err := walk(graph); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNewNodes indexes a graph.
func BenchmarkNewNodes(b *testing.B) {
	raw := manyNodes(10_000)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := graph.NewNodes(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGraph indexes a graph with its edges.
func BenchmarkGraph(b *testing.B) {
	raw := manyNodes(100_000)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := graph.New(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParts skips over the nodes of a graph.
func BenchmarkParts(b *testing.B) {
	raw := manyNodes(100_000)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		for p := range raw.Parts {
			if p.Nodes == 0 {
				b.Fatal("a part has no nodes")
			}
		}
	}
}

// BenchmarkFind looks every node up.
func BenchmarkFind(b *testing.B) {
	x, err := graph.NewNodes(manyNodes(10_000))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range x.Len() {
			if _, ok := x.Find(x.Name(i)); !ok {
				b.Fatal("node not found")
			}
		}
	}
}

// BenchmarkBuild removes one field from every node and writes the result.
func BenchmarkBuild(b *testing.B) {
	graph := manyNodes(10_000)
	b.SetBytes(int64(len(graph)))
	b.ReportAllocs()
	for b.Loop() {
		var built wire.Builder
		built.Message(fieldnum.MetaGraphDef_GraphDef, func() {
			for n, err := range graph.Nodes() {
				if err != nil {
					b.Fatal(err)
				}
				built.Message(fieldnum.GraphDef_Node, func() {
					for s := wire.Scan(n.Raw); s.Next(); {
						if !s.Is(fieldnum.NodeDef_Device) {
							built.Window(s.Raw)
						}
					}
				})
			}
		})
		if _, err := built.Build().WriteTo(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
