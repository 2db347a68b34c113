package rewrite_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/metagraph/metagraph/internal/checkpoint"
	graphs "github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/inspect/problems"
	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// FuzzCut cuts graphs in which nodes were rewired, removed and duplicated to a random output, with or without a random input. The
// result is well-formed: see checkConverted. Without an input, the nodes are those of the typed twin, or with a saver that is kept, at
// least those.
func FuzzCut(f *testing.F) {
	for file := range uint8(7) {
		for seed := range uint64(4) {
			f.Add(file, seed, uint16(seed*37), uint16(seed*101), file%2 == 0, seed%2 == 0)
		}
	}
	messages := testMessages(f, 1<<20)
	f.Fuzz(func(t *testing.T, file uint8, seed uint64, output, input uint16, control, cut bool) {
		whole := mutated(messages[int(file)%len(messages)], seed)
		nodes := whole.GraphDef.Node
		o := rewrite.ExportOptions{Registry: scope.NewRegistry(), Outputs: []prune.Endpoint{
			{Key: "out", Node: nodes[int(output)%len(nodes)].Name, Control: control}}}
		if cut {
			name := nodes[int(input)%len(nodes)].Name
			if seed%2 == 0 {
				name = "fed=" + name
			}
			endpoint, err := prune.Parse(name)
			if err != nil {
				return // a name that mutation made invalid
			}
			o.Inputs = []prune.Endpoint{endpoint}
		}
		got, report := checkConverted(t, whole, o)
		if got == nil || cut || hasTwins(whole) {
			return
		}
		tensor := o.Outputs[0].Node
		if control {
			tensor = "^" + tensor
		}
		outputs := []string{tensor}
		if saver := whole.SaverDef; report.Saver == "kept" {
			outputs = append(outputs, saver.FilenameTensorName, saver.SaveTensorName, saver.RestoreOpName)
		}
		want := cutTwin(proto.CloneOf(whole), outputs...)
		if report.Saver == "kept" {
			// The twin drops results of calls that nobody reads. The export keeps a call whole if such a saver reads it.
			if lost := missingNames(want, got.GraphDef.Node); len(lost) > 0 {
				t.Errorf("output %q: the export lacks %q", tensor, lost)
			}
			return
		}
		if under, _, _ := strings.Cut(got.GetSaverDef().GetRestoreOpName(), "/"); report.Saver == "cut" {
			saver := func(n *tfpb.NodeDef) bool { return strings.HasPrefix(n.Name, under+"/") }
			got.GraphDef.Node, want = slices.DeleteFunc(got.GraphDef.Node, saver), slices.DeleteFunc(want, saver)
		}
		if diff := cmp.Diff(want, got.GraphDef.Node, protocmp.Transform()); diff != "" {
			t.Errorf("output %q: (-twin +export)\n%s", tensor, diff)
		}
	})
}

// missingNames returns the names of the nodes in want that are not in got.
func missingNames(want, got []*tfpb.NodeDef) []string {
	names := make(map[string]bool, len(got))
	for _, n := range got {
		names[n.Name] = true
	}
	var lost []string
	for _, n := range want {
		if !names[n.Name] {
			lost = append(lost, n.Name)
		}
	}
	return lost
}

// FuzzFreeze freezes graphs in which nodes were rewired, removed and duplicated. The result is well-formed (see checkConverted) and has no
// variables. Each constant that was a variable has the value of the checkpoint.
func FuzzFreeze(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed%2 == 0, seed, uint16(seed*37))
	}
	var messages [][]byte
	var values []*checkpoint.Checkpoint
	for _, prefix := range []string{"testdata/iris/model.ckpt-1", "testdata/train/model.ckpt-3"} {
		c, err := checkpoint.Open(testfiles.Path(f, prefix))
		if err != nil {
			f.Fatal(err)
		}
		f.Cleanup(func() { _ = c.Close() })
		messages, values = append(messages, testfiles.Read(f, prefix+".meta")), append(values, c)
	}
	f.Fuzz(func(t *testing.T, first bool, seed uint64, output uint16) {
		file := 0
		if !first {
			file = 1
		}
		whole := mutated(messages[file], seed)
		got, _ := checkConverted(t, whole, rewrite.ExportOptions{Registry: scope.NewRegistry(), Freeze: true, Checkpoint: values[file],
			Outputs: []prune.Endpoint{{Key: "out", Node: whole.GraphDef.Node[int(output)%len(whole.GraphDef.Node)].Name}}})
		if got == nil {
			return
		}
		was := make(map[string]*tfpb.NodeDef)
		for _, n := range whole.GraphDef.Node {
			was[n.Name] = n
		}
		for _, n := range nodesOf(got.GraphDef) {
			switch n.Op {
			case "Variable", "VariableV2", "VarHandleOp", "ReadVariableOp", "AssignVariableOp", "Assign", "RefSwitch":
				t.Errorf("node %q (%s) is left", n.Name, n.Op)
			case "Const":
				if variable := was[n.Name]; variable != nil && variable.Op == "VariableV2" {
					checkValue(t, values[file], whole, n)
				}
			}
		}
		if got.SaverDef != nil {
			t.Error("a frozen graph has a saver")
		}
	})
}

// checkValue checks that a constant has the bytes that the checkpoint has under the name of the variable, under that of its average, or
// under the key that the saver of whole assigns to it.
func checkValue(t *testing.T, c *checkpoint.Checkpoint, whole *tfpb.MetaGraphDef, n *tfpb.NodeDef) {
	t.Helper()
	var keys [][]byte
	for _, other := range whole.GraphDef.Node {
		if other.Name == "save/RestoreV2/tensor_names" {
			keys = other.Attr["value"].GetTensor().GetStringVal()
		}
	}
	assigned := make(map[string]bool)
	for _, other := range whole.GraphDef.Node {
		if other.Op != "Assign" || len(other.Input) < 2 || other.Input[0] != n.Name || !strings.HasPrefix(other.Input[1], "save/RestoreV2") {
			continue
		}
		if k, _ := strconv.Atoi(strings.TrimPrefix(other.Input[1], "save/RestoreV2:")); k < len(keys) { // output 0 has no number
			assigned[string(keys[k])] = true
		}
	}
	got := n.Attr["value"].GetTensor().TensorContent
	for i := range c.Tensors {
		key := c.Tensors[i].Name
		windows, err := c.Windows(&c.Tensors[i], checkpoint.Slice{})
		if err == nil && string(slices.Concat(windows...)) == string(got) && (assigned[key] || strings.HasPrefix(key, strings.TrimSuffix(n.Name, "_again"))) {
			return
		}
	}
	t.Errorf("constant %q has a value that no key of its name has", n.Name)
}

// checkConverted exports a graph. If that succeeds, it checks the properties of every result: it can be read again; its names are unique;
// every input, control inputs too, exists; the op list has what was added; the dtypes of outputs are as they were; and TensorFlow accepts
// it if it accepted the original. It returns nil if the export fails.
func checkConverted(t *testing.T, whole *tfpb.MetaGraphDef, o rewrite.ExportOptions) (*tfpb.MetaGraphDef, *rewrite.ExportReport) {
	t.Helper()
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(whole)
	must(err)
	message, report, err := rewrite.Export(parse(t, raw), o)
	if err != nil {
		return nil, nil
	}
	got := new(tfpb.MetaGraphDef)
	if err := proto.Unmarshal(message.Bytes(), got); err != nil {
		t.Fatalf("the result cannot be read: %v", err)
	}
	names := make(map[string]bool)
	for _, n := range got.GraphDef.Node {
		if names[n.Name] && !hasTwins(whole) {
			t.Errorf("two nodes are named %q", n.Name)
		}
		names[n.Name] = true
	}
	for _, n := range got.GraphDef.Node {
		for _, input := range n.Input {
			if node, _, _ := strings.Cut(strings.TrimPrefix(input, "^"), ":"); !names[node] {
				t.Errorf("node %q reads %q, which does not exist", n.Name, input)
			}
		}
	}
	for _, tensor := range report.Outputs {
		if was, is := dtypeOf(t, raw, o.Outputs[0].Tensor()), dtypeOf(t, message.Bytes(), tensor.Tensor); len(o.Inputs) == 0 && was != is {
			t.Errorf("output %q had the dtype %d, and has %d", tensor.Tensor, was, is)
		}
	}
	old := errorsIn(t, raw)
	for problem, place := range errorsIn(t, message.Bytes()) {
		if _, known := old[problem]; !known && len(old) == 0 {
			t.Errorf("a new problem: %s: %s", place, problem)
		}
	}
	return got, report
}

// dtypeOf returns the dtype of a tensor.
func dtypeOf(t *testing.T, raw []byte, tensor string) int32 {
	t.Helper()
	m := parse(t, raw)
	g, err := graphs.New(m.Graph())
	must(err)
	in := wire.ParseInput([]byte(tensor))
	i, ok := g.Find(in.Node)
	if !ok {
		t.Fatalf("no node for the output %q", tensor)
	}
	var n wire.Node
	g.Node(i, &n)
	port, _ := in.Output()
	return opdef.NewTensors(g, m).DType(&n, port)
}

// errorsIn returns what keeps TensorFlow from importing a graph, by message, with the place.
func errorsIn(t *testing.T, raw []byte) map[string]string {
	t.Helper()
	found, err := problems.Find(model.New(parse(t, raw)))
	must(err)
	out := make(map[string]string)
	for _, p := range found {
		if p.Severity == problems.SeverityError {
			out[p.Message] = p.Place
		}
	}
	return out
}

// hasTwins reports whether two nodes have the same name.
func hasTwins(m *tfpb.MetaGraphDef) bool {
	names := make(map[string]bool)
	for _, n := range m.GraphDef.Node {
		names[n.Name] = true
	}
	return len(names) < len(m.GraphDef.Node)
}

// mutated returns a MetaGraphDef with a few random changes to its graph. Seed 0 changes nothing.
func mutated(raw []byte, seed uint64) *tfpb.MetaGraphDef {
	m := new(tfpb.MetaGraphDef)
	must(proto.Unmarshal(raw, m))
	if seed == 0 {
		return m
	}
	r := rand.New(rand.NewPCG(seed, 3))
	any := func() *tfpb.NodeDef { return m.GraphDef.Node[r.IntN(len(m.GraphDef.Node))] }
	for range 1 + r.IntN(4) {
		n := any()
		switch r.IntN(7) {
		case 0: // another control input
			n.Input = append(n.Input, "^"+any().Name)
		case 1: // read what another node reads
			if other := any(); len(n.Input) > 0 && len(other.Input) > 0 {
				n.Input[r.IntN(len(n.Input))] = other.Input[r.IntN(len(other.Input))]
			}
		case 2: // a node is gone
			if at := r.IntN(len(m.GraphDef.Node)); len(m.GraphDef.Node) > 1 {
				m.GraphDef.Node = slices.Delete(m.GraphDef.Node, at, at+1)
			}
		case 3: // a copy under another name
			again := proto.CloneOf(n)
			again.Name += "_again"
			m.GraphDef.Node = append(m.GraphDef.Node, again)
		case 4: // colocated with another node
			if n.Attr == nil {
				n.Attr = make(map[string]*tfpb.AttrValue)
			}
			n.Attr["_class"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_List{List: &tfpb.AttrValue_ListValue{S: [][]byte{[]byte("loc:@" + any().Name)}}}}
		case 5: // named in a collection
			m.CollectionDef[fmt.Sprint("named", seed)] = &tfpb.CollectionDef{Kind: &tfpb.CollectionDef_NodeList_{
				NodeList: &tfpb.CollectionDef_NodeList{Value: []string{n.Name + ":0", any().Name}}}}
		case 6: // a collection is gone
			if keys := slices.Sorted(maps.Keys(m.CollectionDef)); len(keys) > 0 {
				delete(m.CollectionDef, keys[r.IntN(len(keys))])
			}
		}
	}
	return m
}
