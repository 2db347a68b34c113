package diff

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// TestManyInputs: a node with very many inputs gets a short text, and comparing it takes little more memory than the node.
func TestManyInputs(t *testing.T) {
	const most = 100_000
	names := func(prefix string, n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = fmt.Sprintf("%s%05d", prefix, i)
		}
		return out
	}
	reversed := func(list []string) []string {
		list = slices.Clone(list)
		slices.Reverse(list)
		return list
	}
	data, control := names("scope/node_", most), names("^scope/node_", most)
	replaced := slices.Clone(data)
	copy(replaced[most/2:], names("other_", 1))
	half := slices.Clone(data)
	copy(half[most/2:], names("other_", most/2))
	tests := []struct {
		name  string
		a, b  []string
		field string // "" if nothing differs
		inA   string // prefix of the text, or "none"
		inB   string
	}{
		{"equal", data, data, "", "", ""},
		{"one replaced", data, replaced, "input:50000", "scope/node_50000", "other_00000"},
		{"reordered", data, reversed(data), "inputs", "scope/node_00000, scope/node_00001, ", "scope/node_99999, scope/node_99998, "},
		{"half replaced", data, half, "inputs", "…, scope/node_50000, scope/node_50001, ", "…, other_00000, other_00001, "},
		{"appended", data[:most/2], data, "inputs", "… (50000 names)", "…, scope/node_50000, scope/node_50001, "},
		{"all removed", data, nil, "inputs", "scope/node_00000, ", "none"},
		{"control inputs reordered", control, reversed(control), "", "", ""},
		{"control inputs added", nil, control, "control_inputs", "none", "^scope/node_00000, "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, b := oneNode(t, test.a), oneNode(t, test.b)
			size := a.Rope().Size() + b.Rope().Size()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			report, err := Compare(a, b, Options{})
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Fatal(err)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 8*uint64(size) && !testfiles.Raced() {
				t.Errorf("comparing %d bytes allocated %d", size, took)
			}
			if report.Equal != (test.field == "") {
				t.Fatalf("equal: %t", report.Equal)
			}
			if report.Equal {
				return
			}
			f := report.Nodes.Changed[0].Fields
			if len(f) != 1 || f[0].Field != test.field {
				t.Fatalf("%d fields, first %q, want only %q", len(f), f[0].Field, test.field)
			}
			for i, text := range []*string{f[0].A, f[0].B} {
				got, want := "none", []string{test.inA, test.inB}[i]
				if text != nil {
					got = *text
				}
				if len(got) > maxText {
					t.Errorf("text has %d bytes", len(got))
				}
				if d := cmp.Diff(want, got[:min(len(got), len(want))]); d != "" {
					t.Errorf("text %d (-want +got):\n%s", i, d)
				}
			}
		})
	}
}

// oneNode returns a graph with one node that has the given inputs.
func oneNode(t *testing.T, inputs []string) *wire.MetaGraph {
	t.Helper()
	return index(t, &tfpb.MetaGraphDef{GraphDef: &tfpb.GraphDef{Node: []*tfpb.NodeDef{{Name: "n", Op: "AddN", Input: inputs}}}})
}
