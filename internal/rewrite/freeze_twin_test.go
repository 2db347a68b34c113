package rewrite_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/metagraph/metagraph/internal/checkpoint"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/testfiles"
)

// freezeTwin is the twin of --freeze on a decoded graph of reference variables. It keeps what the output needs. Each
// variable becomes a constant with the values of the key with its name.
func freezeTwin(t *testing.T, m *tfpb.MetaGraphDef, c *checkpoint.Checkpoint, output string) []*tfpb.NodeDef {
	t.Helper()
	m.CollectionDef = nil // no variable needs its initializer
	nodes := cutTwin(m, output)
	for _, n := range nodes {
		if n.Op != "VariableV2" {
			continue
		}
		found := c.Find(n.Name)
		windows, err := c.Windows(found, checkpoint.Slice{})
		if err != nil {
			t.Fatal(err)
		}
		shape := new(tfpb.TensorShapeProto)
		for _, dim := range found.Shape {
			shape.Dim = append(shape.Dim, &tfpb.TensorShapeProto_Dim{Size: dim})
		}
		dtype := n.Attr["dtype"]
		n.Op = "Const"
		n.Attr = map[string]*tfpb.AttrValue{"dtype": dtype, "value": {Value: &tfpb.AttrValue_Tensor{Tensor: &tfpb.TensorProto{
			Dtype: dtype.GetType(), TensorShape: shape, TensorContent: slices.Concat(windows...)}}}}
	}
	return nodes
}

func TestFreezeLikeTwin(t *testing.T) {
	raw := testfiles.Read(t, "testdata/iris/model.ckpt-1.meta")
	c, err := checkpoint.Open(testfiles.Path(t, "testdata/iris/model.ckpt-1"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // read only
	whole := new(tfpb.MetaGraphDef)
	must(proto.Unmarshal(raw, whole))
	for _, output := range []string{"probabilities", "logits", "layer/weights", "layer/weights/read"} {
		message, report, err := rewrite.Export(parse(t, raw), rewrite.ExportOptions{Freeze: true, Checkpoint: c, Registry: scope.NewRegistry(),
			Outputs: []prune.Endpoint{{Key: "out", Node: output}}})
		if err != nil {
			t.Fatalf("Export %q: %v", output, err)
		}
		got := new(tfpb.MetaGraphDef)
		must(proto.Unmarshal(message.Bytes(), got))
		if diff := cmp.Diff(freezeTwin(t, proto.CloneOf(whole), c, output), got.GraphDef.Node, protocmp.Transform()); diff != "" {
			t.Errorf("output %q: (-twin +export)\n%s", output, diff)
		}
		if got.SaverDef != nil || got.CollectionDef["variables"] != nil {
			t.Errorf("output %q: a frozen graph has saver %v, collections %v", output, got.SaverDef, got.CollectionDef)
		}
		if !slices.ContainsFunc(report.Frozen, func(name string) bool { return strings.HasPrefix(name, "layer/") }) {
			t.Errorf("output %q: froze %q", output, report.Frozen)
		}
	}
}

// TestFreezeUnreadResult freezes a conditional of which one result is read. It needs no value for the variable that only the other result
// needs. Apart from the names of functions, the graph is that of the twin that cuts without freezing.
func TestFreezeUnreadResult(t *testing.T) {
	const arguments = `input_arg { name: "x" type: DT_FLOAT } input_arg { name: "h" type: DT_RESOURCE } output_arg { name: "y" type: DT_FLOAT } output_arg { name: "z" type: DT_FLOAT }`
	branch := func(name string) string {
		return `function { signature { name: "` + name + `" ` + arguments + ` } ret { key: "y" value: "x" } ret { key: "z" value: "r:value:0" }
			node_def { name: "r" op: "ReadVariableOp" input: "h" attr { key: "dtype" value { type: DT_FLOAT } } } } `
	}
	whole := new(tfpb.MetaGraphDef)
	must(prototext.Unmarshal([]byte(`graph_def { library { `+branch("then")+branch("else")+` }
		node { name: "p" op: "Placeholder" attr { key: "dtype" value { type: DT_BOOL } } }
		node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }
		node { name: "v" op: "VarHandleOp" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "shape" value { shape { } } } }
		node { name: "if" op: "If" input: "p" input: "x" input: "v" attr { key: "Tcond" value { type: DT_BOOL } }
			attr { key: "Tin" value { list { type: [DT_FLOAT, DT_RESOURCE] } } } attr { key: "Tout" value { list { type: [DT_FLOAT, DT_FLOAT] } } }
			attr { key: "then_branch" value { func { name: "then" } } } attr { key: "else_branch" value { func { name: "else" } } } }
		node { name: "out" op: "Identity" input: "if" attr { key: "T" value { type: DT_FLOAT } } } }`), whole))
	raw, err := proto.Marshal(whole)
	must(err)
	message, report, err := rewrite.Export(parse(t, raw), rewrite.ExportOptions{Freeze: true, Registry: scope.NewRegistry(), Outputs: []prune.Endpoint{{Key: "out", Node: "out"}}})
	if err != nil {
		t.Fatal(err)
	}
	got := new(tfpb.MetaGraphDef)
	must(proto.Unmarshal(message.Bytes(), got))
	must(prototext.Unmarshal([]byte(strings.ReplaceAll(prototext.Format(got), "_frozen", "")), got))
	want := cutTwin(whole, "out")
	library := whole.GraphDef.Library.Function[2:] // without the uncut functions
	if diff := cmp.Diff(want, got.GraphDef.Node, protocmp.Transform()); diff != "" {
		t.Errorf("(-twin +export)\n%s", diff)
	}
	if diff := cmp.Diff(library, got.GraphDef.Library.Function, protocmp.Transform()); diff != "" {
		t.Errorf("functions (-twin +export)\n%s", diff)
	}
	if len(report.Frozen) > 0 {
		t.Errorf("froze %q", report.Frozen)
	}
}
