package render

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/inspect/dataflow"
	"github.com/metagraph/metagraph/internal/inspect/picture"
	"github.com/metagraph/metagraph/internal/tensor"
)

// readDOT reads a string of the DOT language as Graphviz does, up to the closing quote. It returns its lines and the rest of s.
func readDOT(t *testing.T, s string) (lines, rest string) {
	t.Helper()
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return strings.ReplaceAll(b.String(), "&amp;", "&"), s[i+1:]
		case s[i] == '\\' && s[i+1] == 'n':
			b.WriteByte('\n')
			i++
		case s[i] == '\\' && (s[i+1] == '\\' || s[i+1] == '"'):
			b.WriteByte(s[i+1])
			i++
		case s[i] == '\\':
			t.Fatalf("Graphviz escape sequence: %.10q", s[i:])
		case s[i] < ' ':
			t.Fatalf("control character: %.10q", s[i:])
		default:
			b.WriteByte(s[i])
		}
	}
	t.Fatal("unterminated string")
	return "", ""
}

// FuzzPictureNames: any name appears in a picture as it does in a table, and only as a name.
func FuzzPictureNames(f *testing.F) {
	for _, name := range []string{"plain", `quo"te`, `back\slash`, `end\`, `\N\G\E`, "new\nline", "&amp;", "<b>", "größe", "\xff\x00", "\x1b[2J", "];\n}", " ", "\u202eabc", `a"];b->c;"`, strings.Repeat("long", 10000)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		name = strings.ReplaceAll(name, "/", "|")
		var out bytes.Buffer
		p := &picture.Picture{
			Clusters: []picture.Cluster{{Scope: name, In: -1, Nodes: 1}},
			Boxes:    []picture.Box{{Kind: picture.BoxNode, Name: name, Op: name, Nodes: 1}},
		}
		if err := Picture(&out, p, Options{File: name}); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "\n"); n != 9 {
			t.Errorf("%d lines:\n%s", n, &out)
		}
		for _, part := range strings.Split(out.String(), "tooltip=")[1:] {
			if text, rest := readDOT(t, part); text != shorten(Text(name), lineWidth, false) || !strings.HasPrefix(rest, "];\n") && !strings.HasPrefix(rest, ", ") {
				t.Errorf("%q appears as %q before %q", name, text, rest)
			}
		}
		_, label, _ := strings.Cut(out.String(), "n0 [label=")
		if text, rest := readDOT(t, label); !strings.HasPrefix(rest, ", tooltip=") || !strings.HasPrefix(text, shorten(Text(name), labelWidth, false)) {
			t.Errorf("%q has the label %q before %q", name, text, rest)
		}
	})
}

// TestPicture prints a picture with every kind of element.
func TestPicture(t *testing.T) {
	p := &picture.Picture{
		Clusters: []picture.Cluster{{Scope: "model", In: -1, Nodes: 1234}, {Scope: "model/out", In: 0, Nodes: 1}},
		Boxes: []picture.Box{
			{Kind: picture.BoxInput, Name: "x", In: -1, Nodes: 1, IO: []dataflow.Tensor{{Tensor: "x:0", Role: dataflow.RoleData, DType: "float32", Shape: tensor.Shape{-1, 2}}}},
			{Kind: picture.BoxScope, Name: "model/layer", In: 0, Nodes: 1200, Scopes: 7},
			{Kind: picture.BoxRest, Name: "model", In: 0, Nodes: 33},
			{Kind: picture.BoxOutput, Name: "model/out/y", In: 1, Nodes: 1},
			{Kind: picture.BoxSide, Name: "savers", In: -1, Nodes: 5},
			{Kind: picture.BoxRepeat, Name: "net/block_0", Last: "net/block_23", Copies: 24, In: -1, Nodes: 4800, Scopes: 72},
		},
		Links:   []picture.Link{{From: 0, To: 1, Data: 1}, {From: 1, To: 2, Data: 100, Control: 2}, {From: 1, To: 4, Data: 5}, {From: 2, To: 3, Control: 3}},
		Nodes:   1240,
		Outside: 10,
		Deeper:  2,
	}
	var out bytes.Buffer
	if err := Picture(&out, p, Options{File: "model.meta", Expand: "name one of them"}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	want := `label="model.meta\n1,240 nodes of 1,250; 2 scopes not expanded (name one of them)"];`
	if !strings.HasSuffix(lines[1], want) {
		t.Errorf("the title is %s", lines[1])
	}
	got := strings.Join(lines[4:], "\n")
	want = `  n0 [label="x\ndata float32 (?, 2)", tooltip="x", style=filled, fillcolor="#bfe3bf", color="#2f6f2f", penwidth=1.6];
  n4 [label="savers\n5 nodes\n5 in, 0 out", tooltip="savers", fillcolor="#fafafa", color="#c8c8c8", fontcolor="#808080", style="rounded,filled,dashed"];
  n5 [label="block_0 … block_23\n× 24: 4,800 nodes in 72 scopes", tooltip="net/block_0 … net/block_23", peripheries=2];
  subgraph cluster_0 {
    graph [style="rounded,filled", fillcolor="#fafbfc", color="#9aa7b5", fontsize=12, labeljust=l, label="model: 1,234 nodes", tooltip="model"];
    n1 [label="layer\n1,200 nodes in 7 scopes", tooltip="model/layer", shape=folder];
    n2 [label="…\n33 nodes", tooltip="model", style="rounded,filled,dashed", fillcolor=white];
    subgraph cluster_1 {
      graph [style="rounded,filled", fillcolor="#f1f3f5", color="#9aa7b5", fontsize=12, labeljust=l, label="out: 1 node", tooltip="model/out"];
      n3 [label="y", tooltip="model/out/y", style=filled, fillcolor="#fbd3a0", color="#a05f08", penwidth=1.6];
    }
  }
  n0 -> n1;
  n1 -> n2 [label="100", penwidth=2.2, tooltip="100 data inputs, 2 control inputs"];
  n2 -> n3 [style=dashed, color="#b0b8c0", constraint=false, label="3"];
}
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if n := len(tensors(manyTensors(100))); n != maxLines+1 {
		t.Errorf("%d lines about 100 tensors", n)
	}
	if err := Picture(failing{}, p, Options{}); !errors.Is(err, errFailing) {
		t.Errorf("the error is %v", err)
	}
}

// manyTensors returns tensors with different names.
func manyTensors(n int) []dataflow.Tensor {
	list := make([]dataflow.Tensor, n)
	for i := range list {
		list[i].Shape = tensor.Shape{int64(i)}
	}
	return list
}

var errFailing = errors.New("failing")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFailing }
