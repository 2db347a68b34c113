package render

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/diff"
)

// textOf returns a pointer to the text of a field.
func textOf(s string) *string { return &s }

// oneOfEach is a report with a difference of every kind.
func oneOfEach() *diff.Report {
	largest := 0.5
	device := diff.Field{Field: "device", A: textOf("/device:GPU:0")}
	return &diff.Report{
		FormatVersion: 1, Compared: "meta_graph", Notes: []string{"b is odd"},
		A: diff.Side{File: "a.meta", Kind: "MetaGraphDef", TensorFlowVersion: "1.4.0", Nodes: 1282},
		B: diff.Side{File: "b.pbtxt", Kind: "GraphDef", Nodes: 1283},
		Nodes: &diff.Part{
			A: 1282, B: 1283,
			Added:         []diff.Change{{Name: "new", Op: "Const"}},
			Removed:       []diff.Change{{Name: "old\x1b[2J", Op: "NoOp"}},
			RenamedScopes: []diff.Scope{{Name: "tower_0/", NewName: "tower/", Nodes: 212, Of: 213}},
			Renamed:       []diff.Change{{Name: "x", NewName: "y", Op: "Add"}},
			Changed: []diff.Change{
				{Name: "conv1/w", Op: "VariableV2", Fields: []diff.Field{device}},
				{Name: "conv2/w", Op: "VariableV2", Fields: []diff.Field{device, {Field: "input:1", A: textOf("p"), B: textOf("q")}}},
				{Name: "c", Op: "Const", Fields: []diff.Field{{Field: "attr:value", A: textOf("float32 (2, 4)"), B: textOf("float32 (2, 4)"),
					Tensor: &diff.Tensor{DType: "float32", Shape: []int64{2, 4}, Values: 8, Differ: 3, Largest: &largest, FirstIndex: 5, FirstA: "1", FirstB: "1.5"}}}},
				{Name: "d", Op: "NoOp", Fields: []diff.Field{{Field: "control_inputs", A: textOf("^u"), B: textOf("^v")}}},
			},
		},
		Functions: &diff.Part{A: 1, B: 1, Changed: []diff.Change{{Name: "f", Fields: []diff.Field{{Field: "ret.r", A: textOf("m"), B: textOf("n")}},
			Nodes: &diff.Part{A: 3, B: 2, Removed: []diff.Change{{Name: "inner", Op: "Abs"}}}}}},
		Collections: &diff.Part{A: 1, B: 1, Changed: []diff.Change{{Name: "losses", Entries: &diff.Part{A: 2, B: 2,
			Added: []diff.Change{{Name: "`l`"}}, Moved: []diff.Change{{Name: "k", Fields: []diff.Field{{Field: "position", A: textOf("0"), B: textOf("1")}}}}}}}},
		Versions: &diff.Part{A: 1, B: 1, Fields: []diff.Field{{Field: "producer", A: textOf("21"), B: textOf("24")}}},
		Ops:      &diff.Part{A: 4, B: 4},
	}
}

func TestDiff(t *testing.T) {
	tests := []struct {
		name    string
		options DiffOptions
		want    string
	}{
		{"table", DiffOptions{}, `different: collections (1 changed), nodes (1 added, 1 removed, 213 renamed, 4 changed), functions (1 changed), versions (1 field changed)
--- a.meta  (TensorFlow 1.4.0, 1,282 nodes)
+++ b.pbtxt  (GraphDef, 1,283 nodes)
note: b is odd
collections: 1 changed
  ~ losses: entries: 1 added, 1 moved
    + ` + "`l`" + `
    > k: position 0 -> 1
nodes: 1 added, 1 removed, 213 renamed, 4 changed
  > scope tower_0/ is now tower/ (212 of 213 nodes)
  > x is now y
  + new (Const)
  - "old\x1b[2J" (NoOp)
  ~ device /device:GPU:0 -> (none): 2 nodes: conv1/w, conv2/w
  ~ conv2/w: input 1 p -> q
  ~ c: attr value float32 (2, 4): 3 of 8 values differ, by up to 0.5; first at [1, 1] 1 -> 1.5
  ~ d: control inputs without ^u with ^v
functions: 1 changed
  ~ f: ret.r m -> n; nodes: 1 removed
    - inner (Abs)
versions: 1 field changed
  ~ producer 21 -> 24
`},
		{"all", DiffOptions{All: true}, `different: collections (1 changed), nodes (1 added, 1 removed, 213 renamed, 4 changed), functions (1 changed), versions (1 field changed)
--- a.meta  (TensorFlow 1.4.0, 1,282 nodes)
+++ b.pbtxt  (GraphDef, 1,283 nodes)
note: b is odd
collections: 1 changed
  ~ losses: entries: 1 added, 1 moved
    + ` + "`l`" + `
    > k: position 0 -> 1
nodes: 1 added, 1 removed, 213 renamed, 4 changed
  > scope tower_0/ is now tower/ (212 of 213 nodes)
  > x is now y
  + new (Const)
  - "old\x1b[2J" (NoOp)
  ~ conv1/w: device /device:GPU:0 -> (none)
  ~ conv2/w: device /device:GPU:0 -> (none); input 1 p -> q
  ~ c: attr value float32 (2, 4): 3 of 8 values differ, by up to 0.5; first at [1, 1] 1 -> 1.5
  ~ d: control inputs without ^u with ^v
functions: 1 changed
  ~ f: ret.r m -> n; nodes: 1 removed
    - inner (Abs)
versions: 1 field changed
  ~ producer 21 -> 24
`},
		{"stat", DiffOptions{Stat: true}, `collections               1  1 changed
nodes        1,282 -> 1,283  1 added, 1 removed, 213 renamed, 4 changed
functions                 1  1 changed
versions                  1  1 field changed
`},
		{"brief", DiffOptions{Format: Brief}, "a.meta and b.pbtxt differ: collections: 1 changed; nodes: 1 added, 1 removed, 213 renamed, 4 changed; " +
			"functions: 1 changed; versions: 1 field changed\n"},
		{"markdown", DiffOptions{Format: Markdown}, "### `a.meta` → `b.pbtxt`\n\n> b is odd\n" + `
| part | A | B | difference |
| ---- | -: | -: | ---------- |
| collections | 1 | 1 | 1 changed |
| nodes | 1,282 | 1,283 | 1 added, 1 removed, 213 renamed, 4 changed |
| functions | 1 | 1 | 1 changed |
| versions | 1 | 1 | 1 field changed |

#### collections

- 'losses': entries: 1 added, 1 moved
  - added: '' ` + "`l`" + ` ''
  - 1 entry reordered: 'k'

#### nodes

- scope 'tower_0/' is now 'tower/' (212 of 213 nodes)
- 'x' is now 'y'
- added: 'new' ('Const')
- removed: '"old\x1b[2J"' ('NoOp')
- device '/device:GPU:0' → (none) on 2 nodes: 'conv1/w', 'conv2/w'
- 'conv2/w': input 1 'p' → 'q'
- 'c': attr 'value' 'float32 (2, 4)': 3 of 8 values differ, by up to 0.5; first at [1, 1] '1' → '1.5'
- 'd': control inputs without '^u' with '^v'

#### functions

- 'f': 'ret.r' 'm' → 'n': nodes: 1 removed
  - removed: 'inner' ('Abs')

#### versions

- 'producer' '21' → '24'
`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var b strings.Builder
			if err := Diff(&b, oneOfEach(), test.options); err != nil {
				t.Fatal(err)
			}
			want := test.want
			if test.options.Format == Markdown {
				want = strings.ReplaceAll(want, "'", "`")
			}
			if d := cmp.Diff(want, b.String()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestDiffValues: shortened values keep their difference visible, and All shortens nothing.
func TestDiffValues(t *testing.T) {
	long := strings.Repeat("batch_normalization/", 4)
	zero := 0.0
	tests := []struct {
		field     diff.Field
		want, all string
	}{
		{diff.Field{Field: "control_inputs", A: textOf("^" + long + "a"), B: textOf("^" + long + "b")},
			"control inputs without …rmalization/a with …rmalization/b", "control inputs without ^" + long + "a with ^" + long + "b"},
		{diff.Field{Field: "attr:s", A: textOf(long), B: textOf("x")},
			"attr s batch_normalization/batch_normalization/batc… -> x", "attr s " + long + " -> x"},
		{diff.Field{Field: "attr:v", A: textOf("float32 (9)"), B: textOf("float32 (9)"),
			Tensor: &diff.Tensor{Shape: []int64{9}, Values: 9, Differ: 1, Largest: &zero, FirstIndex: 2, FirstA: "0", FirstB: "-0"}},
			"attr v float32 (9): 1 of 9 values differ; first at [2] 0 -> -0", "attr v float32 (9): 1 of 9 values differ; first at [2] 0 -> -0"},
	}
	for _, test := range tests {
		if d := cmp.Diff([]string{test.want, test.all}, []string{plainPhrasing().field(test.field), plainPhrasing().complete().field(test.field)}); d != "" {
			t.Errorf("%s (-want +got):\n%s", test.field.Field, d)
		}
	}
}

// TestDiffFits: for very large differences, a table takes about a screen and markdown fits into a comment.
func TestDiffFits(t *testing.T) {
	r := oneOfEach()
	for i := range 5000 {
		name := fmt.Sprintf("scope_%d/layer_%d/node_%d", i%70, i%900, i)
		r.Nodes.Added = append(r.Nodes.Added, diff.Change{Name: "new/" + name, Op: "Add"})
		r.Nodes.Removed = append(r.Nodes.Removed, diff.Change{Name: name, Op: "Add"})
		r.Nodes.Renamed = append(r.Nodes.Renamed, diff.Change{Name: name + "_a", NewName: name + "_b"})
		r.Nodes.Changed = append(r.Nodes.Changed, diff.Change{Name: name + "_c", Fields: []diff.Field{
			{Field: fmt.Sprintf("attr:a%d", i%50), A: textOf("1"), B: textOf(fmt.Sprint(i % 300))}}})
		r.Collections.Changed = append(r.Collections.Changed, diff.Change{Name: name, Entries: r.Collections.Changed[0].Entries})
		r.Ops = &diff.Part{Changed: r.Nodes.Changed}
	}
	var b strings.Builder
	if err := Diff(&b, r, DiffOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\n"); n > screen {
		t.Errorf("the table has %d lines:\n%s", n, b.String())
	}
	b.Reset()
	if err := Diff(&b, r, DiffOptions{Format: Markdown}); err != nil {
		t.Fatal(err)
	}
	if b.Len() > commentSize {
		t.Errorf("the markdown has %d bytes", b.Len())
	}
}

func TestDiffEqual(t *testing.T) {
	r := &diff.Report{FormatVersion: 1, Equal: true, Compared: "meta_graph"}
	for _, format := range []Format{Table, Markdown, Brief} {
		var b strings.Builder
		if err := Diff(&b, r, DiffOptions{Format: format}); err != nil || b.Len() > 0 {
			t.Errorf("%s: %v, prints %q", format, err, b.String())
		}
	}
	var b strings.Builder
	want := "{\n  \"format_version\": 1,\n  \"a\": {\"nodes\": 0},\n  \"b\": {\"nodes\": 0},\n  \"equal\": true,\n  \"compared\": \"meta_graph\"\n}\n"
	if err := Diff(&b, r, DiffOptions{Format: JSON}); err != nil || b.String() != want {
		t.Errorf("JSON: %v, prints\n%s", err, b.String())
	}
}
