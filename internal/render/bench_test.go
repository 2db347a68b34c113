package render

import (
	"fmt"
	"io"
	"testing"

	"github.com/metagraph/metagraph/internal/inspect"
	"github.com/metagraph/metagraph/internal/testfiles"
)

// BenchmarkNodes prints the section nodes of a graph of 20,000 nodes in each format.
func BenchmarkNodes(b *testing.B) {
	m := testfiles.Sketch(b, "x = Placeholder dtype=float")
	for i := range 20_000 {
		n := testfiles.FloatNode(fmt.Sprintf("tower_%d/layer_%d/relu", i%8, i), "Relu", "T", m.GraphDef.Node[i].GetName())
		n.Device = "/job:worker/task:0/device:GPU:0"
		m.GraphDef.Node = append(m.GraphDef.Node, n)
	}
	meta := testfiles.MetaGraph(b, m)
	for _, format := range []Format{Table, TSV, JSON, Markdown} {
		b.Run(string(format), func(b *testing.B) {
			b.SetBytes(int64(len(meta.Graph())))
			b.ReportAllocs()
			for b.Loop() {
				if err := Show(io.Discard, []View{Nodes(inspect.Nodes(meta, inspect.NodesOptions{}), false)}, Options{Format: format}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
