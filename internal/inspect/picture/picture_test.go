package picture

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// checkPicture: every node is in exactly one box. Every input is in one link, or counted as unresolved or as internal to a box.
func checkPicture(t *testing.T, m *wire.MetaGraph, o Options) *Picture {
	t.Helper()
	shared := model.New(m)
	p, err := Draw(shared, o)
	if err != nil {
		t.Fatal(err)
	}
	g, err := shared.Graph()
	if err != nil {
		t.Fatal(err)
	}
	nodes, drawn, inside := 0, 0, make([]int, len(p.Clusters))
	for _, b := range p.Boxes {
		if b.Nodes == 0 {
			t.Errorf("box %+v represents nothing", b)
		}
		nodes += b.Nodes
		if b.Kind != BoxSide {
			drawn++
		}
		for at := b.In; at >= 0; at = p.Clusters[at].In {
			inside[at] += b.Nodes
		}
	}
	if nodes != p.Nodes || nodes+p.Outside != g.Len() {
		t.Errorf("%d nodes in boxes, %d counted, %d outside, %d in the graph", nodes, p.Nodes, p.Outside, g.Len())
	}
	for k, c := range p.Clusters {
		if c.Nodes != inside[k] || c.In >= k {
			t.Errorf("cluster %d %+v: %d nodes in its boxes", k, c, inside[k])
		}
	}
	inputs, want := p.inner+p.missing, 0
	for _, l := range p.Links {
		inputs += l.Data + l.Control
	}
	for i := range g.Len() {
		if o.Filter.MatchName(g.Name(i)) {
			want += len(g.Inputs(i))
		}
	}
	if inputs != want {
		t.Errorf("%d inputs in links, want %d", inputs, want)
	}
	if drawn > maxBoxes+maxChildren+maxSingles+1 {
		t.Errorf("%d boxes", drawn)
	}
	again, err := Draw(model.New(m), o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, again, cmp.AllowUnexported(Picture{})); diff != "" {
		t.Errorf("a second drawing differs:\n%s", diff)
	}
	return p
}

// TestDrawCounts: pictures of real and unusual files count every node and input.
func TestDrawCounts(t *testing.T) {
	files := map[string][]byte{"strange": testfiles.StrangeGraph(t), "none": nil}
	for name, raw := range testfiles.Metas(t) {
		files[name] = raw
	}
	files["train"] = testfiles.Read(t, "testdata/train/model.ckpt-3.meta")
	for name, raw := range files {
		m, err := wire.ParseMetaGraph(raw)
		if err != nil {
			continue // invalid; other tests cover the error
		}
		t.Run(name, func(t *testing.T) {
			for _, depth := range []int{0, 1, 2, 5} {
				checkPicture(t, m, Options{Depth: depth})
			}
			checkPicture(t, m, Options{Depth: 2, Filter: model.Filter{Scopes: []string{"layer1", "gradients", "tower1"}}})
		})
	}
}

// sketchPicture prints a picture with one line per cluster, box and link.
func sketchPicture(p *Picture) string {
	var b strings.Builder
	for k, c := range p.Clusters {
		fmt.Fprintf(&b, "cluster %d in %d: %s, %d\n", k, c.In, c.Scope, c.Nodes)
	}
	for k, box := range p.Boxes {
		fmt.Fprintf(&b, "box %d in %d: %d %s, %d\n", k, box.In, box.Kind, box.Name, box.Nodes)
	}
	for _, l := range p.Links {
		fmt.Fprintf(&b, "link %d %d: %d %d\n", l.From, l.To, l.Data, l.Control)
	}
	return b.String()
}

// TestDraw draws a small model with its training, saving and initialization as separate boxes.
func TestDraw(t *testing.T) {
	m := testfiles.Sketch(t, `
x = Placeholder dtype=float shape=(?,2)
layer/w = VariableV2 dtype=float shape=(2,2)
layer/w/read = Identity layer/w T=float
layer/w/Adam = VariableV2 dtype=float shape=(2,2)
layer/w/Adam/read = Identity layer/w/Adam T=float
layer/init/zeros = Const dtype=float
layer/w/Assign = Assign layer/w layer/init/zeros T=float
layer/MatMul = MatMul x layer/w/read T=float
layer/out/deep/Flat = Reshape layer/MatMul ^x T=float
layer/out/deep/Softmax = Softmax layer/out/deep/Flat T=float
gradients/g = ReluGrad layer/out/deep/Flat layer/MatMul T=float
update = ApplyAdam layer/w layer/w/Adam gradients/g T=float
init = NoOp ^layer/w/Assign
save/name = Const dtype=string
save/Save = SaveV2 save/name layer/w layer/w/Adam
save/done = Identity save/name ^save/Save
`)
	got := sketchPicture(checkPicture(t, testfiles.MetaGraph(t, m), Options{Depth: 2}))
	want := `cluster 0 in -1: layer, 5
box 0 in -1: 3 x, 1
box 1 in 0: 0 layer/w, 2
box 2 in 0: 1 layer/MatMul, 1
box 3 in 0: 4 layer/out/deep/Flat, 1
box 4 in 0: 4 layer/out/deep/Softmax, 1
`
	if !strings.HasPrefix(got, want) {
		t.Errorf("-want +got:\n%s", cmp.Diff(want, got))
	}
	for _, line := range []string{"5 gradients and updates, 4\n", "5 savers, 3\n", "5 initializers, 3\n", "link 0 2: 1 0\n", "link 0 3: 0 1\n", "link 1 2: 1 0\n"} {
		if !strings.Contains(got, line) {
			t.Errorf("no %q in\n%s", line, got)
		}
	}
}

// TestDrawMany: large graphs are summarized in a limited number of boxes.
func TestDrawMany(t *testing.T) {
	var lines strings.Builder
	for i := range 500 {
		fmt.Fprintf(&lines, "s%d/a = Placeholder dtype=float shape=(2)\ns%d/b/c = Relu s%d/a T=float\ntop%d = Relu s%d/b/c T=float\n", i, i, i, i, i)
	}
	p := checkPicture(t, testfiles.MetaGraph(t, testfiles.Sketch(t, lines.String())), Options{Depth: 3})
	if len(p.Boxes) > maxBoxes {
		t.Errorf("%d boxes", len(p.Boxes))
	}
}

// TestDrawRepeated: a chain of layers becomes one box with a count, between the nodes before and after it.
func TestDrawRepeated(t *testing.T) {
	for _, test := range []struct {
		name   string
		layers int
		odd    int // the layer with an additional node; -1 for none
		want   string
	}{
		{"few", 5, -1, ""},
		{"equal", 24, -1, "net/block_0 to net/block_23: 24"},
		{"first differs", 24, 0, "net/block_1 to net/block_23: 23"},
		{"many", 40, -1, "net/block_0 to net/block_39: 40"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var lines strings.Builder
			lines.WriteString("x = Placeholder dtype=float shape=(2)\nnet/in/Relu = Relu x T=float\n")
			last := "net/in/Relu"
			for i := range test.layers {
				fmt.Fprintf(&lines, "net/block_%d/Relu = Relu %s T=float\nnet/block_%[1]d/dense/Tanh = Tanh net/block_%[1]d/Relu T=float\n", i, last)
				last = fmt.Sprintf("net/block_%d/dense/Tanh", i)
				if i == test.odd {
					fmt.Fprintf(&lines, "net/block_%d/Abs = Abs %s T=float\n", i, last)
					last = fmt.Sprintf("net/block_%d/Abs", i)
				}
			}
			fmt.Fprintf(&lines, "net/head/Sigmoid = Sigmoid %s T=float\ny = Identity net/head/Sigmoid T=float\n", last)
			p := checkPicture(t, testfiles.MetaGraph(t, testfiles.Sketch(t, lines.String())), Options{})
			got, in, out := "", 0, 0
			for k, b := range p.Boxes {
				switch b.Kind {
				case BoxRest:
					t.Errorf("ellipsis in the chain:\n%s", sketchPicture(p))
				case BoxRepeat:
					got = fmt.Sprintf("%s to %s: %d", b.Name, b.Last, b.Copies)
					for _, l := range p.Links {
						if l.To == k {
							in += l.Data
						}
						if l.From == k {
							out += l.Data
						}
					}
				}
			}
			if got != test.want {
				t.Errorf("got %q, want %q:\n%s", got, test.want, sketchPicture(p))
			}
			if test.want != "" && (in != 1 || out != 1) {
				t.Errorf("%d inputs lead into the layers and %d out of them, want 1 and 1", in, out)
			}
		})
	}
}

// TestDrawUnlikeLayers: if there are too many layers with different ops, their names alone make them one box.
func TestDrawUnlikeLayers(t *testing.T) {
	var lines strings.Builder
	lines.WriteString("x = Placeholder dtype=float shape=(2)\n")
	last := "x"
	for i := range 40 {
		for j := range i + 1 {
			name := fmt.Sprintf("layer%d/Relu_%d", i, j)
			fmt.Fprintf(&lines, "%s = Relu %s T=float\n", name, last)
			last = name
		}
	}
	fmt.Fprintf(&lines, "y = Identity %s T=float\n", last)
	p := checkPicture(t, testfiles.MetaGraph(t, testfiles.Sketch(t, lines.String())), Options{})
	for _, b := range p.Boxes {
		if b.Kind == BoxRepeat && b.Name == "layer0" && b.Last == "layer39" && b.Copies == 40 {
			return
		}
	}
	t.Errorf("no box for layer0 to layer39:\n%s", sketchPicture(p))
}

// FuzzDraw: the picture of any graph counts every node and every input once.
func FuzzDraw(f *testing.F) {
	f.Add(testfiles.Encode(f, testfiles.Example()), 2)
	f.Add(testfiles.StrangeGraph(f), 0)
	for _, data := range testfiles.Metas(f) {
		if len(data) < 20_000 {
			f.Add(data, 3)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, depth int) {
		m, err := wire.ParseMetaGraph(data)
		if err != nil {
			return
		}
		if _, err := graph.New(m.Graph()); err == nil {
			checkPicture(t, m, Options{Depth: max(depth, 0)})
		}
	})
}
