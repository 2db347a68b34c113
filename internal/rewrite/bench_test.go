package rewrite_test

import (
	"fmt"
	"io"
	"testing"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// BenchmarkRewrite rewrites a graph of 10,000 nodes with devices and colocation groups, and writes the result.
func BenchmarkRewrite(b *testing.B) {
	nodes := make([]*tfpb.NodeDef, 10_000)
	for i := range nodes {
		group := fmt.Sprintf("loc:@tower_%d/layer_%d/op", i%8, i/4)
		nodes[i] = testfiles.FloatNode(fmt.Sprintf("tower_%d/layer_%d/op", i%8, i), "MatMul", "T", fmt.Sprintf("tower_%d/layer_%d/op", i%8, max(i-1, 0)))
		nodes[i].Device = "/job:worker/task:0/device:GPU:0"
		nodes[i].Attr["_class"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_List{List: &tfpb.AttrValue_ListValue{S: [][]byte{[]byte(group)}}}}
	}
	graph := testfiles.MetaGraph(b, &tfpb.MetaGraphDef{GraphDef: &tfpb.GraphDef{Node: nodes}})
	for _, bench := range []struct {
		name string
		run  func() (*wire.Rope, error)
	}{
		{"clear-devices", func() (*wire.Rope, error) {
			result, _, err := rewrite.ClearDevices(graph, rewrite.DeviceOptions{})
			return result, err
		}},
		{"import", func() (*wire.Rope, error) {
			result, _, err := rewrite.Import(graph, nil, rewrite.ImportOptions{Scope: "scope"})
			return result, err
		}},
		{"import into", func() (*wire.Rope, error) {
			result, _, err := rewrite.Import(graph, graph, rewrite.ImportOptions{Scope: "scope"})
			return result, err
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(graph.Graph())))
			b.ReportAllocs()
			for b.Loop() {
				result, err := bench.run()
				if err != nil {
					b.Fatal(err)
				}
				if _, err := result.WriteTo(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
