package freeze_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/rewrite/freeze"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// TestConstantsInLoops checks that a constant which freezing adds runs in the while frame of the node that reads it.
func TestConstantsInLoops(t *testing.T) {
	const (
		float    = `attr { key: "T" value { type: DT_FLOAT } } `
		dtype    = `attr { key: "dtype" value { type: DT_FLOAT } } `
		handle   = `node { name: "v" op: "VarHandleOp" ` + dtype + `} `
		variable = `node { name: "v" op: "VariableV2" ` + dtype + `} `
		indices  = `input: "p" attr { key: "Tindices" value { type: DT_INT32 } } `
		rest     = `node { name: "p" op: "Placeholder" attr { key: "dtype" value { type: DT_INT32 } } } `
	)
	node := func(name, op, input, more string) string {
		return `node { name: "` + name + `" op: "` + op + `" input: "` + input + `" ` + more + `} `
	}
	for _, test := range []struct {
		name, text, constant string
		want                 []string
	}{
		{"outside", handle + node("g", "ResourceGather", "v", dtype+indices), "g/axis", nil},
		{"in a loop", handle + node("e", "Enter", "v", "") + node("g", "ResourceGather", "e", dtype+indices), "g/axis", []string{"^e"}},
		{"in a loop, after other ops", handle + node("e", "Enter", "v", "") + node("i", "Identity", "e", "") + node("g", "ResourceGather", "i", dtype+indices), "g/axis", []string{"^i"}},
		{"in a conditional", handle + node("s", "Switch", "v", `input: "p" `) + node("g", "ResourceGather", "s", dtype+indices), "g/axis", nil},
		{"in a conditional of a loop", handle + node("e", "Enter", "v", "") + node("s", "Switch", "e", `input: "p" `) + node("g", "ResourceGather", "s:1", dtype+indices), "g/axis", []string{"^e"}},
		{"whether a variable has a value", handle + node("e", "Enter", "v", "") + node("g", "VarIsInitializedOp", "e", ""), "g", []string{"^e"}},
		{"whether a reference has a value", variable + node("e", "RefEnter", "v", float) + node("g", "IsVariableInitialized", "e", dtype), "g", []string{"^e"}},
		{"whether a reference outside loops has a value", variable + node("g", "IsVariableInitialized", "v", dtype), "g", nil},
		{"the indices of a scatter", variable + node("e", "RefEnter", "v", float) + node("g", "ScatterUpdate", "e", indices+`input: "u" `+float) +
			node("o", "Identity", "g", float) + `node { name: "u" op: "Placeholder" ` + dtype + `} `, "g/dim", []string{"^e"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := frozen(t, testfiles.GraphDef(t, test.text+rest))
			i, ok := g.Find([]byte(test.constant))
			if !ok {
				t.Fatalf("no node %q", test.constant)
			}
			var n wire.Node
			g.Node(i, &n)
			var inputs []string
			for _, input := range n.Inputs {
				inputs = append(inputs, string(input))
			}
			if diff := cmp.Diff(test.want, inputs); diff != "" || string(n.Op) != "Const" {
				t.Errorf("inputs of the %s %q (-want +got)\n%s", n.Op, test.constant, diff)
			}
		})
	}
}

// frozen returns a graph with the changes that freezing needs. The fetched nodes are outputs.
func frozen(t *testing.T, m *wire.MetaGraph, fetched ...string) *draft.Graph {
	t.Helper()
	index, err := graph.New(m.Graph())
	if err != nil {
		t.Fatal(err)
	}
	library, err := draft.NewLibrary(m.Graph())
	if err != nil {
		t.Fatal(err)
	}
	g := draft.New(index)
	outputs := make(map[int]bool)
	for _, name := range fetched {
		i, found := index.Find([]byte(name))
		if !found {
			t.Fatalf("no node %s", name)
		}
		outputs[i] = true
	}
	if _, err := freeze.Plan(g, opdef.NewTensors(index, m), library, slices.Repeat([]bool{true}, g.Len()), outputs); err != nil {
		t.Fatal(err)
	}
	return g
}
