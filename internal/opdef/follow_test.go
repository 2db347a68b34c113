package opdef

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/tensor"
)

// TestShapeInAnyOrder queries the shapes of long chains and loops in many orders. Each result must equal that of a new
// Tensors.
func TestShapeInAnyOrder(t *testing.T) {
	m := &tfpb.MetaGraphDef{GraphDef: &tfpb.GraphDef{}}
	add := func(name, op string, inputs ...string) {
		n := &tfpb.NodeDef{Name: name, Op: op, Input: inputs}
		if op == "Placeholder" {
			size := int64(4 + len(inputs)) // an input only makes this one larger
			dims := []*tfpb.TensorShapeProto_Dim{{Size: size}, {Size: size}}
			n.Attr = map[string]*tfpb.AttrValue{"shape": {Value: &tfpb.AttrValue_Shape{Shape: &tfpb.TensorShapeProto{Dim: dims}}}}
		}
		m.GraphDef.Node = append(m.GraphDef.Node, n)
	}
	add("x", "Placeholder")
	add("y", "Placeholder", "^x")
	add("0", "Relu", "x")
	for i := 1; i < 120; i++ {
		last := fmt.Sprint(i - 1)
		switch i % 21 {
		case 0: // rejected if the shapes of both inputs are known, so a shorter query finds more
			add(fmt.Sprint(i), "MatMul", last, "y")
		case 3, 10, 17:
			add(fmt.Sprint(i), "Add", last, fmt.Sprint(i/2))
		case 5, 12, 19:
			add(fmt.Sprint(i), "MatMul", last, "x")
		default:
			add(fmt.Sprint(i), "Relu", last)
		}
	}
	add("a", "MatMul", "b", "x")
	add("b", "Add", "c", "119")
	add("c", "Relu", "a")
	g, _ := typesOf(t, m)
	want := make([]tensor.Shape, g.Len())
	known := 0
	for i := range want {
		_, fresh := typesOf(t, m)
		if want[i] = fresh.Shape(i, 0); want[i] != nil {
			known++
		}
	}
	if known < maxShapeDepth {
		t.Errorf("%d shapes are known", known)
	}
	for seed := range uint64(20) {
		_, types := typesOf(t, m)
		for _, i := range rand.New(rand.NewPCG(seed, 0)).Perm(g.Len()) {
			if diff := cmp.Diff(want[i], types.Shape(i, 0)); diff != "" {
				t.Fatalf("seed %d, node %s (-alone +after others):\n%s", seed, g.Name(i), diff)
			}
		}
	}
}
