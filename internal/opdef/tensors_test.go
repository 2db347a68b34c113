package opdef

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/metagraph/metagraph/internal/graph"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// TestShapesOfFiles removes the shapes that TensorFlow recorded in real graphs and checks that the inferred shapes do
// not contradict them.
func TestShapesOfFiles(t *testing.T) {
	for name, data := range testfiles.Metas(t) {
		t.Run(name, func(t *testing.T) {
			m := new(tfpb.MetaGraphDef)
			if err := proto.Unmarshal(data, m); err != nil {
				t.Fatal(err)
			}
			written := make(map[string][]*tfpb.TensorShapeProto)
			for _, n := range m.GetGraphDef().GetNode() {
				written[n.GetName()] = n.GetAttr()["_output_shapes"].GetList().GetShape()
				delete(n.Attr, "_output_shapes")
			}
			g, types := typesOf(t, m)
			inferred := 0
			for i := range g.Len() {
				for port, shape := range written[string(g.Name(i))] {
					if g.OpName(g.Op(i)) == "FusedBatchNormGrad" && port >= 3 {
						continue // TensorFlow 1 recorded other shapes for the reserved outputs than TensorFlow 2 infers
					}
					got, want := types.Shape(i, port), tensor.ShapeOf(shape)
					if got != nil && want != nil {
						inferred++
					}
					if !agree(got, want) {
						t.Errorf("%s:%d (%s): inferred %v, want %v", g.Name(i), port, g.OpName(g.Op(i)), got, want)
					}
				}
			}
			t.Logf("%d shapes inferred of %d nodes", inferred, g.Len())
		})
	}
}

// TestOldPlaceholder checks that an empty shape is unknown up to graph version 21 and a scalar from version 22 on.
func TestOldPlaceholder(t *testing.T) {
	for producer, want := range map[int32]tensor.Shape{0: nil, 21: nil, 22: {}, 2474: {}} {
		m := testfiles.Sketch(t, "x = Placeholder dtype=float shape=()")
		m.GraphDef.Versions = &tfpb.VersionDef{Producer: producer}
		_, types := typesOf(t, m)
		if diff := cmp.Diff(want, types.Shape(0, 0)); diff != "" {
			t.Errorf("producer %d: -want +got:\n%s", producer, diff)
		}
	}
}

// agree reports whether one tensor can have both shapes.
func agree(a, b tensor.Shape) bool {
	if a == nil || b == nil {
		return true
	}
	if len(a) != len(b) {
		return false
	}
	for k := range a {
		if a[k] >= 0 && b[k] >= 0 && a[k] != b[k] {
			return false
		}
	}
	return true
}

// TestTypesOfFiles removes the op definitions from real files and checks that the resulting output types equal those
// of the definitions.
func TestTypesOfFiles(t *testing.T) {
	for name, data := range testfiles.Metas(t) {
		t.Run(name, func(t *testing.T) {
			m := new(tfpb.MetaGraphDef)
			if err := proto.Unmarshal(data, m); err != nil {
				t.Fatal(err)
			}
			g, types := typesOf(t, m)
			m.GetMetaInfoDef().StrippedOpList = nil
			_, guessed := typesOf(t, m)
			var n wire.Node
			for i := range g.Len() {
				g.Node(i, &n)
				if types.ops.Find(n.Op) == nil {
					continue
				}
				for port := range types.Outputs(&n) {
					got, want := guessed.DType(&n, port), types.DType(&n, port)
					if got != want && got != 0 {
						t.Errorf("%s:%d (%s): inferred %s, want %s", n.Name, port, n.Op, tensor.DTypeName(got), tensor.DTypeName(want))
					}
				}
			}
		})
	}
}

// typesOf returns the index of m's graph and its Tensors.
func typesOf(t *testing.T, m *tfpb.MetaGraphDef) (*graph.Graph, *Tensors) {
	t.Helper()
	meta := testfiles.MetaGraph(t, m)
	g, err := graph.New(meta.Graph())
	if err != nil {
		t.Fatal(err)
	}
	return g, NewTensors(g, meta)
}

func TestShapes(t *testing.T) {
	const axes = `
first = Const dtype=int32
x = Placeholder dtype=float shape=(?,4)
`
	tests := []struct{ node, want string }{
		{"y = Relu x T=float", "(?, 4)"},
		{"y = MatMul x w T=float", "(?, ?)"},
		{"y = Add x v T=float\nv = VariableV2 dtype=float shape=(4)", "(?, 4)"},
		{"y = Add x v T=float\nv = VariableV2 dtype=float shape=(7,1)", "(7, 4)"},
		{"y = Add x v T=float\nv = VariableV2 dtype=float shape=(3)", "?"},
		{"y = Add x v T=float\nv = Placeholder dtype=float shape=?", "?"},
		{"y = ReadVariableOp h dtype=float\nh = VarHandleOp dtype=float shape=(2,3)", "(2, 3)"},
		{"y = Mean x nothing T=float", "?"},
		{"y = L2Loss x T=float", "()"},
		{"y = Identity y T=float", "?"},
		{"y = Unknown x out=(5)", "(5)"},
	}
	for _, test := range tests {
		g, types := typesOf(t, testfiles.Sketch(t, axes+test.node))
		i, _ := g.Find([]byte("y"))
		if got := types.Shape(i, 0).String(); got != test.want {
			t.Errorf("%s: the shape is %s, want %s", test.node, got, test.want)
		}
	}
}

// TestShapesWithConstants checks that shapes are inferred from constant axes and dimensions.
func TestShapesWithConstants(t *testing.T) {
	m := testfiles.Sketch(t, `
axes = Const dtype=int32
x = Placeholder dtype=float shape=(?,4,5)
mean = Mean x axes T=float
reshape = Reshape x axes T=float
argmax = ArgMax x axes T=float
`)
	set := func(tensor *tfpb.TensorProto) {
		m.GraphDef.Node[0].Attr["value"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_Tensor{Tensor: tensor}}
	}
	check := func(want map[string]string) {
		t.Helper()
		g, types := typesOf(t, m)
		for name, shape := range want {
			i, _ := g.Find([]byte(name))
			if got := types.Shape(i, 0).String(); got != shape {
				t.Errorf("%s: the shape is %s, want %s", name, got, shape)
			}
		}
	}
	set(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_INT32, TensorShape: testfiles.ShapeProto(2), IntVal: []int32{0, -1}})
	check(map[string]string{"mean": "(4)", "reshape": "(0, ?)"})
	set(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_INT64, TensorShape: testfiles.ShapeProto(), TensorContent: []byte{1, 0, 0, 0, 0, 0, 0, 0}})
	check(map[string]string{"mean": "(?, 5)", "argmax": "(?, 5)"})
	set(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_INT32, TensorShape: testfiles.ShapeProto(3), IntVal: []int32{2}})
	check(map[string]string{"reshape": "?"}) // 8 elements are not a multiple of 20
	set(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_INT32, TensorShape: testfiles.ShapeProto(), IntVal: []int32{9}})
	check(map[string]string{"mean": "?", "argmax": "?"})
	set(&tfpb.TensorProto{Dtype: tfpb.DataType_DT_INT32, TensorShape: testfiles.ShapeProto(1 << 40)})
	check(map[string]string{"mean": "?", "reshape": "?"})
}
