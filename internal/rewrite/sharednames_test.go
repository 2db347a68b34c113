package rewrite_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/rewrite"
)

// TestSharedNames checks that resources with the same shared_name in both graphs are reported, and renamed if requested.
// Resources of different kinds, containers or devices are not shared.
func TestSharedNames(t *testing.T) {
	node := func(name, op, shared, more string) string {
		return `node { name: "` + name + `" op: "` + op + `" attr { key: "shared_name" value { s: "` + shared + `" } } ` + more + ` }`
	}
	const container = `attr { key: "container" value { s: "c" } }`
	function := func(name, shared string) string {
		return `library { function { signature { name: "` + name + `" } node_def { name: "t" op: "HashTableV2" attr { key: "shared_name" value { s: "` + shared + `" } } } } }`
	}
	for _, test := range []struct {
		name, base, in string
		unique         bool
		shared         []rewrite.SharedName
		want           []string // the shared names in the result: nodes, then functions
		err            string
	}{
		{
			name:   "variables, tables and queues",
			base:   node("v", "VarHandleOp", "v", "") + node("t", "HashTable", "t", "") + node("q", "FIFOQueueV2", "q", ""),
			in:     node("a", "VarHandleOp", "v", "") + node("b", "MutableHashTableV2", "t", "") + node("c", "PriorityQueue", "q", "") + node("d", "PriorityQueue", "q", ""),
			shared: []rewrite.SharedName{{Kind: "queue", Name: "q", Nodes: 2}, {Kind: "table", Name: "t", Nodes: 1}, {Kind: "variable", Name: "v", Nodes: 1}},
			want:   []string{"v", "t", "q", "v", "t", "q", "q"},
		},
		{
			name: "resources that share nothing",
			base: node("v", "VarHandleOp", "n", "") + node("w", "VarHandleOp", "w", `device: "/gpu:0"`) + node("x", "VarHandleOp", "", ""),
			in: node("a", "VariableV2", "n", "") + node("b", "HashTableV2", "n", "") + node("c", "VarHandleOp", "n", container) +
				node("d", "VarHandleOp", "w", `device: "/gpu:1"`) + node("e", "VarHandleOp", "", ""),
			want: []string{"n", "w", "", "n", "n", "n", "w", ""},
		},
		{
			name:   "two spellings of one device, and no device",
			base:   node("v", "VarHandleOp", "v", `device: "/gpu:0"`) + node("w", "VarHandleOp", "w", `device: "/gpu:0"`),
			in:     node("a", "VarHandleOp", "v", `device: "/device:GPU:0"`) + node("b", "VarHandleOp", "w", ""),
			shared: []rewrite.SharedName{{Kind: "variable", Name: "v", Nodes: 1}, {Kind: "variable", Name: "w", Nodes: 1}},
			want:   []string{"v", "w", "v", "w"},
		},
		{
			name:   "new shared_names",
			base:   node("v", "VarHandleOp", "v", "") + node("u", "VarHandleOp", "s/v", ""),
			in:     node("a", "VarHandleOp", "v", "") + node("b", "VarHandleOp", "v", "") + node("c", "VarHandleOp", "mine", "") + function("f", "t"),
			unique: true,
			shared: []rewrite.SharedName{{Kind: "variable", Name: "v", NewName: "s/v_1", Nodes: 2}},
			want:   []string{"v", "s/v", "s/v_1", "s/v_1", "mine", "t"},
		},
		{
			name:   "in function bodies",
			base:   node("t", "HashTableV2", "t", ""),
			in:     node("a", "HashTableV2", "t", "") + function("f", "t"),
			unique: true,
			shared: []rewrite.SharedName{{Kind: "table", Name: "t", NewName: "s/t", Nodes: 2}},
			want:   []string{"t", "s/t", "s/t"},
		},
		{
			name:   "in a function that both graphs have and call",
			base:   node("t", "HashTableV2", "t", "") + function("f", "t"),
			in:     node("a", "HashTableV2", "t", "") + `node { name: "c" op: "f" }` + function("f", "t"),
			unique: true,
			err:    `function "f" exists in both graphs`,
		},
		{
			name:   "in a function that both graphs have and neither calls",
			base:   node("t", "HashTableV2", "t", "") + function("f", "t"),
			in:     node("a", "HashTableV2", "t", "") + function("f", "t"),
			unique: true,
			shared: []rewrite.SharedName{{Kind: "table", Name: "t", NewName: "s/t", Nodes: 1}},
			want:   []string{"t", "s/t", "t"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, report, err := rewrite.Import(indexed(t, message(t, "graph_def { "+test.in+" }")), indexed(t, message(t, "graph_def { "+test.base+" }")),
				rewrite.ImportOptions{Scope: "s", UniqueShared: test.unique})
			if test.err != "" {
				wantError(t, err, test.err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.shared, report.SharedNames); diff != "" {
				t.Errorf("reported (-want +got):\n%s", diff)
			}
			got := decode(t, out).GetGraphDef()
			nodes := slices.Clone(got.GetNode())
			for _, f := range got.GetLibrary().GetFunction() {
				nodes = append(nodes, f.GetNodeDef()...)
			}
			if diff := cmp.Diff(test.want, namesOfShared(nodes)); diff != "" {
				t.Errorf("shared names (-want +got):\n%s", diff)
			}
		})
	}
}

// namesOfShared returns the shared_name of each node that has one.
func namesOfShared(nodes []*tfpb.NodeDef) []string {
	var names []string
	for _, n := range nodes {
		if v, ok := n.GetAttr()["shared_name"]; ok {
			names = append(names, string(v.GetS()))
		}
	}
	return names
}
