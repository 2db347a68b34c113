package prune_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// function returns a FunctionDef of floats in text: args and results are names, nodes is the body, and rets says what each result is.
func function(name string, args, results []string, nodes string, rets ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "function { signature { name: %q ", name)
	for _, arg := range args {
		fmt.Fprintf(&b, "input_arg { name: %q type: DT_FLOAT } ", arg)
	}
	for _, result := range results {
		fmt.Fprintf(&b, "output_arg { name: %q type: DT_FLOAT } ", result)
	}
	b.WriteString("} " + nodes)
	for k, ret := range rets {
		fmt.Fprintf(&b, "ret { key: %q value: %q } ", results[k], ret)
	}
	return b.String() + "} "
}

// loop returns a node in text that loops over some inputs.
func loop(name, cond, body string, inputs ...string) string {
	types := strings.TrimSuffix(strings.Repeat("DT_FLOAT, ", len(inputs)), ", ")
	var read strings.Builder
	for _, input := range inputs {
		fmt.Fprintf(&read, "input: %q ", input)
	}
	return fmt.Sprintf("{ name: %q op: \"StatelessWhile\" %sattr { key: \"T\" value { list { type: [%s] } } } attr { key: \"cond\" value { func { name: %q } } } attr { key: \"body\" value { func { name: %q } } } } ",
		name, read.String(), types, cond, body)
}

// TestCutCalls checks how many variables a loop of three keeps, of which the first is read.
func TestCutCalls(t *testing.T) {
	args, results := []string{"a", "b", "c"}, []string{"x", "y", "z"}
	less := func(of string) string {
		return function("less", args, []string{"go"}, fmt.Sprintf(`node_def { name: "l" op: "IsFinite" input: %q attr { key: "T" value { type: DT_FLOAT } } } `, of), "l:y:0")
	}
	add := func(name, a, b string) string {
		return fmt.Sprintf(`node_def { name: %q op: "AddV2" input: %q input: %q attr { key: "T" value { type: DT_FLOAT } } } `, name, a, b)
	}
	for _, test := range []struct {
		name    string
		library string
		want    int
	}{
		{"each alone", less("a") + function("body", args, results, "", "a", "b", "c"), 1},
		{"the condition reads the second", less("b") + function("body", args, results, "", "a", "b", "c"), 2},
		{"the first needs the second", less("a") + function("body", args, results, add("s", "a", "b"), "s:z:0", "b", "c"), 2},
		{"the first needs the second, and that the third", less("a") + function("body", args, results, add("s", "a", "b")+add("r", "b", "c"), "s:z:0", "r:z:0", "c"), 3},
		{"the condition reads the third", less("c") + function("body", args, results, "", "a", "b", "c"), 3},
		{"the third needs the first", less("a") + function("body", args, results, add("s", "a", "c"), "a", "b", "s:z:0"), 1},
		{"a control input", less("a") + function("body", args, results, `node_def { name: "i" op: "Identity" input: "a" input: "^n" attr { key: "T" value { type: DT_FLOAT } } } node_def { name: "n" op: "NoOp" input: "^p" } `+
			strings.ReplaceAll(add("p", "c", "c"), "AddV2", "Mul"), "i:output:0", "b", "c"), 3},
		{"a side effect", less("a") + function("body", args, results, `node_def { name: "p" op: "PrintV2" input: "b" } `, "a", "b", "c"), 2},
		{"an unknown op may have side effects", less("a") + function("body", args, results, `node_def { name: "p" op: "Custom" input: "b" } `, "a", "b", "c"), 2},
		{"a loop inside", less("a") + function("inner", args, results, "", "a", "b", "c") +
			function("body", args, results, "node_def "+loop("w", "less", "inner", "a", "b", "c"), "w:output:0", "w:output:1", "w:output:2"), 1},
		{"a loop inside that needs all", less("a") + function("inner", args, results, add("s", "a", "c"), "s:z:0", "b", "c") +
			function("body", args, results, "node_def "+loop("w", "less", "inner", "a", "b", "c"), "w:output:0", "w:output:1", "w:output:2"), 3},
		{"a body that contains itself", less("a") + function("body", args, results, "node_def "+loop("w", "less", "body", "a", "b", "c"), "w:output:0", "w:output:1", "w:output:2"), 3},
		{"no body", less("a"), 3},
		{"a result that does not exist", less("a") + function("body", args, results, "", "a", "b", "gone:y:0"), 1},
		{"a needed result that does not exist", less("a") + function("body", args, results, "", "gone:y:0", "b", "c"), 3},
		{"fewer results than variables", less("a") + function("body", args, results[:2], "", "a", "b"), 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := `node { name: "p" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } } node ` + loop("loop", "less", "body", "p", "p", "p") +
				`node { name: "out" op: "Identity" input: "loop" attr { key: "T" value { type: DT_FLOAT } } } library { ` + test.library + "}"
			if got := keptVariables(t, text); got != test.want {
				t.Errorf("the loop keeps %d variables, want %d", got, test.want)
			}
		})
	}
}

// TestCutBranches checks what is left of a conditional or call with three arguments and three results.
func TestCutBranches(t *testing.T) {
	args, results := []string{"a", "b", "c"}, []string{"x", "y", "z"}
	same := function("same", args, results, "", "a", "b", "c")
	turned := function("turned", args, results, "", "b", "c", "a")
	const types = `attr { key: "Tin" value { list { type: [DT_FLOAT, DT_FLOAT, DT_FLOAT] } } } attr { key: "Tout" value { list { type: [DT_FLOAT, DT_FLOAT, DT_FLOAT] } } } `
	const list = `input: "p" input: "q" input: "r" `
	choice := `node { name: "loop" op: "StatelessIf" input: "p" ` + list + types + `attr { key: "then_branch" value { func { name: "same" } } } attr { key: "else_branch" value { func { name: "turned" } } } } `
	cases := `node { name: "loop" op: "Case" input: "p" ` + list + types + `attr { key: "branches" value { list { func { name: "same" } func { name: "turned" } } } } } `
	call := func(f string) string {
		return `node { name: "loop" op: "StatefulPartitionedCall" ` + list + types + `attr { key: "f" value { func { name: "` + f + `" } } } } `
	}
	for _, test := range []struct {
		name, call, library string
		read                string // what the output reads
		inputs, reads       string // of the call and of the output, when it is cut
	}{
		{"the first of a conditional", choice, same + turned, "loop", "p p q", "loop"},
		{"the last of a conditional", choice, same + turned, "loop:2", "p p r", "loop"},
		{"two of a conditional", choice, same + turned, "loop:1 loop:2", "p p q r", "loop loop:1"},
		{"all of a conditional", choice, same + turned, "loop loop:1 loop:2", "p p q r", "loop loop:1 loop:2"},
		{"none of a conditional", choice, same + turned, "^loop", "p p q r", "^loop"},
		{"the middle of a case", cases, same + turned, "loop:1 ^loop", "p q r", "loop ^loop"},
		{"the last of a call", call("turned"), turned, "loop:2", "p", "loop"},
		{"an unknown function", call("gone"), turned, "loop:2", "p q r", "loop:2"},
		{"a function with a side effect", call("prints"), function("prints", args, results, `node_def { name: "p" op: "PrintV2" input: "b" } `, "a", "b", "c"), "loop:2", "q r", "loop"},
		{"a call of a function with a side effect", call("outer"), function("prints", args, results, `node_def { name: "p" op: "PrintV2" input: "b" } `, "a", "b", "c") +
			function("outer", args, results, "node_def "+
				`{ name: "n" op: "StatefulPartitionedCall" input: "a" input: "b" input: "c" `+types+`attr { key: "f" value { func { name: "prints" } } } } `, "a", "n:output:1", "n:output:2"), "loop:2", "q r", "loop"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := test.call + "node { name: \"out\" op: \"IdentityN\" "
			for _, name := range []string{"p", "q", "r"} {
				text = `node { name: "` + name + `" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } } ` + text
			}
			for _, input := range strings.Fields(test.read) {
				text += `input: "` + input + `" `
			}
			g, _, changed := cutCalls(t, text+"} library { "+test.library+"}")
			if got := inputsOf(g, "loop"); got != test.inputs || changed != (test.read != test.reads || !strings.HasSuffix(test.inputs, "p q r")) {
				t.Errorf("the call reads %s, want %s; changed: %v", got, test.inputs, changed)
			}
			if got := inputsOf(g, "out"); got != test.reads {
				t.Errorf("the output reads %s, want %s", got, test.reads)
			}
		})
	}
}

// inputsOf returns the inputs of a node.
func inputsOf(g *draft.Graph, name string) string {
	i, _ := g.Find([]byte(name))
	var n wire.Node
	g.Node(i, &n)
	return string(bytes.Join(n.Inputs, []byte(" ")))
}

// keptVariables cuts a GraphDef in text to the node out, and returns how many variables its loop keeps. The functions of a shortened loop
// have as many arguments.
func keptVariables(t *testing.T, text string) int {
	t.Helper()
	g, library, changed := cutCalls(t, text)
	i, _ := g.Find([]byte("loop"))
	var n wire.Node
	g.Node(i, &n)
	types, _ := g.Attr(i, &n, "T")
	kept := len(tensor.TypesIn(types))
	if len(n.Inputs) != kept || changed != (kept < 3) {
		t.Errorf("%d inputs, %d types, changed: %v", len(n.Inputs), kept, changed)
	}
	for _, name := range library.Added() {
		f, _ := library.Find(name)
		made := new(tfpb.FunctionDef)
		if err := proto.Unmarshal(f, made); err != nil {
			t.Fatal(err)
		}
		if len(made.Signature.InputArg) != kept || made.Signature.Name != name {
			t.Errorf("function %q has %d arguments and is called %q", name, len(made.Signature.InputArg), made.Signature.Name)
		}
	}
	return kept
}

// cutCalls cuts a GraphDef in text to the node out, and shortens its calls.
func cutCalls(t *testing.T, text string) (*draft.Graph, *draft.Library, bool) {
	t.Helper()
	m := testfiles.GraphDef(t, text)
	index, err := graph.New(m.Graph())
	if err != nil {
		t.Fatal(err)
	}
	library, err := draft.NewLibrary(m.Graph())
	if err != nil {
		t.Fatal(err)
	}
	g := draft.New(index)
	cut, err := prune.Outputs(g, opdef.NewTensors(index, m), nil, []prune.Endpoint{{Key: "out", Node: "out"}})
	if err != nil {
		t.Fatal(err)
	}
	changed, err := cut.CutCalls(m, scope.NewRegistry(), library)
	if err != nil {
		t.Fatal(err)
	}
	return g, library, changed
}
