package shapes_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/shapes"
	"github.com/metagraph/metagraph/internal/tensor"
)

// nodes implements shapes.Nodes for a graph without recorded shapes.
type nodes struct {
	*shapes.FileGraph
	rejected []int
}

func (n *nodes) Settle(_ int, inferred []tensor.Shape) []tensor.Shape { return inferred }

func (n *nodes) Reject(i int, _ error) { n.rejected = append(n.rejected, i) }

func parse(t *testing.T, text string) *graph.Graph {
	t.Helper()
	m := new(tfpb.GraphDef)
	if err := prototext.Unmarshal([]byte(text), m); err != nil {
		t.Fatal(err)
	}
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	g, err := graph.New(raw)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestWalk infers the shapes of small graphs. The expected shapes are those of TensorFlow 2.21.
func TestWalk(t *testing.T) {
	const (
		float = `attr { key: "T" value { type: DT_FLOAT } }`
		x     = `node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
			attr { key: "shape" value { shape { dim { size: -1 } dim { size: 4 } } } } }`
		loop = `attr { key: "frame_name" value { s: "f" } }`
	)
	for _, test := range []struct {
		name, text string
		want       tensor.Shape // of the first node's output
	}{
		{"a node before its inputs", `node { name: "r" op: "Relu" input: "x" ` + float + ` }` + x, tensor.Shape{-1, 4}},
		{"a shape that is computed", `node { name: "z" op: "ZerosLike" input: "f" ` + float + ` }` + x + `
			node { name: "f" op: "Fill" input: "s" input: "v" ` + float + ` } node { name: "s" op: "Shape" input: "x" ` + float + ` }
			node { name: "v" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "shape" value { shape { } } } }
			versions { producer: 1000 }`, tensor.Shape{-1, 4}},
		{"a while loop", `node { name: "m" op: "Merge" input: "e" input: "n" ` + float + ` attr { key: "N" value { i: 2 } } }
			node { name: "e" op: "Enter" input: "x" ` + float + loop + ` } node { name: "n" op: "NextIteration" input: "m" ` + float + ` }` + x, nil},
		{"a cycle that is no loop", `node { name: "a" op: "Relu" input: "b" ` + float + ` } node { name: "b" op: "Relu" input: "a" ` + float + ` }`, nil},
		{"the result of a function", `node { name: "c" op: "f" input: "x" }` + x + `
			library { function { signature { name: "f" input_arg { name: "a" type: DT_FLOAT } output_arg { name: "y" type: DT_FLOAT } }
				node_def { name: "t" op: "MatMul" input: "a" input: "a" ` + float + ` attr { key: "transpose_a" value { b: true } } }
				ret { key: "y" value: "t:product:0" } } }`, tensor.Shape{4, 4}},
		{"a function that calls itself", `node { name: "c" op: "f" input: "x" }` + x + `
			library { function { signature { name: "f" input_arg { name: "a" type: DT_FLOAT } output_arg { name: "y" type: DT_FLOAT } }
				node_def { name: "t" op: "f" input: "a" } ret { key: "y" value: "t:y:0" } } }`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := parse(t, test.text)
			inference := shapes.New(opdef.NewOps(nil, g.Rest()), g.Rest())
			n := &nodes{FileGraph: inference.File(g)}
			w := inference.Walk(n)
			w.Run(nil)
			if diff := cmp.Diff(test.want, w.Shape(graph.Edge{})); diff != "" || len(n.rejected) > 0 {
				t.Errorf("rejected %v; shape (-want +got):\n%s", n.rejected, diff)
			}
		})
	}
}

// TestReject walks a function whose body rejects the arguments of one of two calls.
func TestReject(t *testing.T) {
	const placeholder = `op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }`
	g := parse(t, `node { name: "good" `+placeholder+` attr { key: "shape" value { shape { dim { size: 3 } dim { size: 3 } } } } }
		node { name: "bad" `+placeholder+` attr { key: "shape" value { shape { dim { size: 3 } dim { size: 4 } } } } }
		node { name: "c" op: "f" input: "good" } node { name: "d" op: "f" input: "bad" }
		library { function { signature { name: "f" input_arg { name: "a" type: DT_FLOAT } }
			node_def { name: "square" op: "MatMul" input: "a" input: "a" attr { key: "T" value { type: DT_FLOAT } } } } }`)
	inference := shapes.New(opdef.NewOps(nil, g.Rest()), g.Rest())
	var got []string
	inference.Reject = func(function string, node []byte, op string, _ error) {
		got = append(got, function+" "+string(node)+" "+op)
	}
	only := []bool{false, false, true, false}
	w := inference.Walk(&nodes{FileGraph: inference.File(g)})
	if w.Run(only); got != nil {
		t.Errorf("rejected %v with matrices that fit", got)
	}
	w.Run(nil)
	if diff := cmp.Diff([]string{"f square MatMul"}, got); diff != "" {
		t.Errorf("rejected nodes (-want +got):\n%s", diff)
	}
}
