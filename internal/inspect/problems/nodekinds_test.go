package problems

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// findOneByOne is Find without kinds of nodes: it checks each node by itself.
func findOneByOne(m *model.Model) ([]Problem, error) {
	g, err := m.Graph()
	if err != nil {
		return nil, err
	}
	return newProblemFinder(m.Meta, g, opdef.NewOps(opdef.NewList(m.Meta), g.Rest())).find(m)
}

// compareOneByOne checks that Find finds the same problems as findOneByOne.
func compareOneByOne(t *testing.T, name string, message []byte) {
	t.Helper()
	m, err := wire.ParseMetaGraph(message)
	if err != nil {
		return
	}
	got, err := Find(model.New(m))
	want, err2 := findOneByOne(model.New(m))
	if diff := cmp.Diff(want, got); diff != "" || fmt.Sprint(err) != fmt.Sprint(err2) {
		t.Errorf("%s: errors %v and %v; problems (-one by one +by kind):\n%s", name, err2, err, diff)
	}
}

// TestNodeKinds: sorting nodes into kinds changes nothing that is found, in real files and in files with a few changed bytes.
func TestNodeKinds(t *testing.T) {
	for name, raw := range testfiles.Metas(t) {
		compareOneByOne(t, name, raw)
		if len(raw) > 100_000 {
			continue
		}
		for seed := range uint64(4) {
			r := rand.New(rand.NewPCG(seed, 1))
			changed := append([]byte(nil), raw...)
			for range 1 + seed%3 {
				changed[r.IntN(len(changed))] ^= 1 << r.IntN(8)
			}
			compareOneByOne(t, fmt.Sprintf("%s, seed %d", name, seed), changed)
		}
	}
}

// TestManyNodeKinds: more kinds of nodes than the table holds, twice each.
func TestManyNodeKinds(t *testing.T) {
	m := &tfpb.MetaGraphDef{GraphDef: new(tfpb.GraphDef)}
	for i := range 2*maxKinds + 100 {
		n := testfiles.FloatNode(fmt.Sprint("n", i), "Placeholder", "dtype")
		n.Attr["_i"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_I{I: int64(i % (maxKinds + 50))}}
		if i%1000 == 0 {
			n.Op = "Relu" // without T
		}
		m.GraphDef.Node = append(m.GraphDef.Node, n)
	}
	compareOneByOne(t, "many kinds", testfiles.Encode(t, m))
}

// BenchmarkFind finds the problems of a graph of 100,000 nodes, most of which are like others.
func BenchmarkFind(b *testing.B) {
	m := testfiles.Sketch(b, "x = Placeholder dtype=float")
	for i := range 100_000 {
		n := testfiles.FloatNode(fmt.Sprintf("tower_%d/layer_%d/relu", i%8, i), "Relu", "T", m.GraphDef.Node[i].GetName())
		n.Device = "/job:worker/task:0/device:GPU:0"
		n.Attr["_class"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_List{List: &tfpb.AttrValue_ListValue{S: [][]byte{[]byte("loc:@" + n.Input[0])}}}}
		m.GraphDef.Node = append(m.GraphDef.Node, n)
	}
	raw := testfiles.Encode(b, m)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		findProblems(b, raw)
	}
}
