package rewrite_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/metagraph/metagraph/internal/checkpoint"
	graphs "github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/testfiles"
)

// cutTwin is the twin of --outputs on a decoded graph. It keeps what the outputs, the definitions of the kept variables
// and the initializers of the kept tables need. It shortens loops, conditionals and calls, and adds their functions to m.
func cutTwin(m *tfpb.MetaGraphDef, outputs ...string) []*tfpb.NodeDef {
	byName := make(map[string]*tfpb.NodeDef)
	for _, n := range m.GraphDef.Node {
		if byName[n.Name] == nil {
			byName[n.Name] = n
		}
	}
	base := func(input string) string {
		input, _, _ = strings.Cut(strings.TrimPrefix(input, "^"), ":")
		return input
	}
	var kept map[string]bool
	var reach func(name string)
	reach = func(name string) {
		if n := byName[name]; n != nil && !kept[name] {
			kept[name] = true
			for _, input := range n.Input {
				reach(base(input))
			}
		}
	}
	for {
		kept = make(map[string]bool)
		for _, output := range outputs {
			reach(base(output))
		}
		variables := []string{"variables", "trainable_variables", "local_variables", "model_variables", "metric_variables", "moving_average_variables", "global_step"}
		for before := -1; before != len(kept); {
			before = len(kept)
			for _, key := range variables {
				for _, raw := range m.CollectionDef[key].GetBytesList().GetValue() {
					v := new(tfpb.VariableDef)
					must(proto.Unmarshal(raw, v))
					if kept[base(v.VariableName)] {
						reach(base(v.InitializerName))
						reach(base(v.InitialValueName))
						reach(base(v.SnapshotName))
					}
				}
			}
		}
		for _, n := range m.GraphDef.Node {
			if strings.HasPrefix(n.Op, "InitializeTable") && kept[base(n.Input[0])] {
				reach(n.Name)
			}
		}
		if !cutCallsTwin(m, kept, outputs) {
			break
		}
	}
	var nodes []*tfpb.NodeDef
	for _, n := range m.GraphDef.Node {
		if !kept[n.Name] {
			continue
		}
		n.Input = slices.DeleteFunc(n.Input, func(input string) bool { return strings.HasPrefix(input, "^") && !kept[base(input)] })
		if class := n.Attr["_class"].GetList(); class != nil {
			class.S = slices.DeleteFunc(class.S, func(s []byte) bool {
				group, ok := strings.CutPrefix(string(s), "loc:@")
				return ok && !kept[group]
			})
		}
		nodes = append(nodes, n)
	}
	return nodes
}

func TestCutLikeTwin(t *testing.T) {
	for _, raw := range testMessages(t, 1<<20) {
		whole := new(tfpb.MetaGraphDef)
		must(proto.Unmarshal(raw, whole))
		random := rand.New(rand.NewPCG(1, 2))
		outputs := []prune.Endpoint{{Key: "out", Node: "total"}}
		for range 10 {
			outputs = append(outputs, prune.Endpoint{Key: "out", Node: whole.GraphDef.Node[random.IntN(len(whole.GraphDef.Node))].Name, Control: true})
		}
		for _, endpoint := range outputs {
			output := endpoint.Node
			if !slices.ContainsFunc(whole.GraphDef.Node, func(n *tfpb.NodeDef) bool { return n.Name == output }) {
				continue
			}
			message, report, err := rewrite.Export(parse(t, raw), rewrite.ExportOptions{Outputs: []prune.Endpoint{endpoint}, Registry: scope.NewRegistry()})
			if err != nil {
				t.Fatalf("Export %q: %v", output, err)
			}
			got := new(tfpb.MetaGraphDef)
			must(proto.Unmarshal(message.Bytes(), got))
			outputs := []string{output}
			if saver := whole.SaverDef; report.Saver == "kept" {
				outputs = append(outputs, saver.FilenameTensorName, saver.SaveTensorName, saver.RestoreOpName)
			}
			if diff := cmp.Diff(opListTwin(whole, got), opNames(got.GetMetaInfoDef().GetStrippedOpList())); diff != "" {
				t.Fatalf("output %q: op list (-twin +export)\n%s", output, diff)
			}
			twin := proto.CloneOf(whole)
			want := cutTwin(twin, outputs...)
			if under, _, _ := strings.Cut(got.GetSaverDef().GetRestoreOpName(), "/"); report.Saver == "cut" {
				got.GraphDef.Node = slices.DeleteFunc(got.GraphDef.Node, func(n *tfpb.NodeDef) bool { return strings.HasPrefix(n.Name, under+"/") })
			}
			if diff := cmp.Diff(want, got.GraphDef.Node, protocmp.Transform()); diff != "" {
				t.Fatalf("output %q: (-twin +export)\n%s", output, diff)
			}
			for _, f := range got.GraphDef.GetLibrary().GetFunction() {
				want := slices.IndexFunc(twin.GraphDef.Library.Function, func(other *tfpb.FunctionDef) bool { return other.Signature.Name == f.Signature.Name })
				if diff := cmp.Diff(twin.GraphDef.Library.Function[want], f, protocmp.Transform()); diff != "" {
					t.Fatalf("output %q: function %q (-twin +export)\n%s", output, f.Signature.Name, diff)
				}
			}
		}
	}
}

// TestCutTrainedLoop cuts a loop that was trained. The lists in which it collected values for its gradient go, in its functions too.
func TestCutTrainedLoop(t *testing.T) {
	message, _, err := rewrite.Export(parse(t, testfiles.Read(t, "testdata/trained_loop.meta")), rewrite.ExportOptions{
		Outputs: []prune.Endpoint{{Key: "out", Node: "total"}}, Registry: scope.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	got := new(tfpb.MetaGraphDef)
	must(proto.Unmarshal(message.Bytes(), got))
	for _, n := range nodesOf(got.GraphDef) {
		if strings.Contains(n.Op, "TensorList") {
			t.Errorf("node %q (%s) is left", n.Name, n.Op)
		}
	}
}

// TestCutSliceSaver cuts a graph whose saver has the ops of TensorFlow before 1.0. The new saver restores the same tensors of what is
// left, from both formats of checkpoints.
func TestCutSliceSaver(t *testing.T) {
	message, report, err := rewrite.Export(parse(t, testfiles.Read(t, "testdata/slices.meta")), rewrite.ExportOptions{
		Outputs: []prune.Endpoint{{Key: "out", Node: "out"}}, Registry: scope.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	m := parse(t, message.Bytes())
	g, err := graphs.New(m.Graph())
	if err != nil {
		t.Fatal(err)
	}
	restored, err := checkpoint.RestoredBy(m, g)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range restored {
		got = append(got, fmt.Sprint(r.Key, " ", r.Shape, r.Slice.Start, r.Slice.Length, " ", string(g.Name(int(r.Node))), " ", r.V1Only))
	}
	want := []string{"bias ? [] [] bias false", "emb/table (5, 2) [0 0] [3 2] emb/table/part_0 false", "emb/table (5, 2) [3 0] [2 2] emb/table/part_1 false"}
	if diff := cmp.Diff(want, got); diff != "" || report.Saver != "cut" {
		t.Errorf("the saver was %s and restores (-want +got)\n%s", report.Saver, diff)
	}
}

// opListTwin returns the names in the op list of got: its ops, sorted, apart from those that TensorFlow does not register and that
// whole does not define (stripped_op_list_for_graph in tensorflow/python/framework/meta_graph.py).
func opListTwin(whole, got *tfpb.MetaGraphDef) []string {
	defined := opNames(whole.GetMetaInfoDef().GetStrippedOpList())
	if len(defined) == 0 {
		return nil
	}
	old := make(map[string]bool)
	for _, n := range nodesOf(whole.GraphDef) {
		old[n.Op] = true
	}
	registered, used := opdef.NewRegistered(), make(map[string]bool)
	for _, n := range nodesOf(got.GraphDef) {
		used[n.Op] = slices.Contains(defined, n.Op) || !old[n.Op] && registered.Has(n.Op)
	}
	maps.DeleteFunc(used, func(_ string, listed bool) bool { return !listed })
	return slices.Sorted(maps.Keys(used))
}

// nodesOf returns all nodes of a graph, with those in functions.
func nodesOf(g *tfpb.GraphDef) []*tfpb.NodeDef {
	nodes := slices.Clone(g.Node)
	for _, f := range g.GetLibrary().GetFunction() {
		nodes = append(nodes, f.NodeDef...)
	}
	return nodes
}

// opNames returns the names of the ops in a list.
func opNames(list *tfpb.OpList) []string {
	var names []string
	for _, op := range list.GetOp() {
		names = append(names, op.Name)
	}
	return names
}
