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

// TestManyNodeKinds: more kinds of nodes than a Model tells apart, twice each.
func TestManyNodeKinds(t *testing.T) {
	const maxKinds = 1 << 15
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

// TestSimilarNodes: nodes that share their results have the same shapes and values as by themselves. The graphs compute shapes from
// few constants, so many nodes are similar; some record wrong shapes.
func TestSimilarNodes(t *testing.T) {
	rejected, contradicted := 0, 0
	for seed := range uint64(300) {
		raw := testfiles.Encode(t, shapeArithmetic(rand.New(rand.NewPCG(seed, 2)), 80))
		compareOneByOne(t, fmt.Sprintf("seed %d", seed), raw)
		for _, p := range findProblems(t, raw) {
			switch p.ID {
			case "shape-mismatch":
				rejected++
			case "inconsistent-shapes":
				contradicted++
			}
		}
	}
	if rejected < 100 || contradicted < 100 {
		t.Errorf("only %d graphs with rejected and %d with contradictory shapes", rejected, contradicted)
	}
}

// shapeArithmetic returns a random graph of ops on int32 tensors.
func shapeArithmetic(r *rand.Rand, nodes int) *tfpb.MetaGraphDef {
	m := &tfpb.MetaGraphDef{GraphDef: &tfpb.GraphDef{Versions: &tfpb.VersionDef{Producer: 1000}}}
	number := func(n int) *tfpb.AttrValue { return &tfpb.AttrValue{Value: &tfpb.AttrValue_I{I: int64(n)}} }
	shape := func(dims ...int64) *tfpb.AttrValue {
		return &tfpb.AttrValue{Value: &tfpb.AttrValue_Shape{Shape: testfiles.ShapeProto(dims...)}}
	}
	int32s := testfiles.TypeAttr(tfpb.DataType_DT_INT32)
	for i := range nodes {
		n := &tfpb.NodeDef{Name: fmt.Sprint("n", i), Attr: map[string]*tfpb.AttrValue{"T": int32s}}
		read := func(count int) {
			for range count {
				n.Input = append(n.Input, fmt.Sprint("n", r.IntN(i)))
			}
		}
		kind := r.IntN(13)
		if i < 8 {
			kind = i % 3
		}
		switch kind {
		case 0:
			n.Op, n.Attr = "Placeholder", map[string]*tfpb.AttrValue{"dtype": int32s, "shape": shape([]int64{-1, 2, 3}[:r.IntN(4)]...)}
		case 1, 2:
			value := &tfpb.TensorProto{Dtype: tfpb.DataType_DT_INT32, TensorShape: testfiles.ShapeProto([]int64{1}[:kind-1]...), IntVal: []int32{r.Int32N(3)}}
			n.Op, n.Attr = "Const", map[string]*tfpb.AttrValue{"dtype": int32s, "value": {Value: &tfpb.AttrValue_Tensor{Tensor: value}}}
		case 3, 4:
			n.Op, n.Attr["out_type"] = "Shape", int32s
			read(1)
		case 5:
			n.Op, n.Attr["Index"], n.Attr["shrink_axis_mask"] = "StridedSlice", int32s, number(r.IntN(2))
			read(4)
		case 6:
			n.Op, n.Attr["N"], n.Attr["axis"] = "Pack", number(2), number(0)
			read(2)
		case 7:
			n.Op, n.Attr["N"], n.Attr["Tidx"] = "ConcatV2", number(2), int32s
			read(3)
		case 8:
			n.Op = []string{"Add", "Mul", "Maximum", "FloorDiv"}[r.IntN(4)]
			read(2)
		case 9:
			n.Op, n.Attr["Tidx"], n.Attr["keep_dims"] = "Prod", int32s, &tfpb.AttrValue{Value: &tfpb.AttrValue_B{B: false}}
			read(2)
		case 10:
			n.Op = "Identity"
			read(1)
		default:
			n.Op, n.Attr["Tshape"] = "Reshape", int32s
			read(2)
		}
		if r.IntN(10) == 0 {
			n.Attr["_output_shapes"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_List{List: &tfpb.AttrValue_ListValue{
				Shape: []*tfpb.TensorShapeProto{testfiles.ShapeProto([]int64{2, -1}[:r.IntN(3)]...)}}}}
		}
		m.GraphDef.Node = append(m.GraphDef.Node, n)
	}
	return m
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
