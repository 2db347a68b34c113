package diff

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

// parse returns the MetaGraphDef for a text.
func parse(t testing.TB, text string) *wire.MetaGraph {
	t.Helper()
	m := new(tfpb.MetaGraphDef)
	if err := prototext.Unmarshal([]byte(text), m); err != nil {
		t.Fatal(err)
	}
	return index(t, m)
}

// ops is an op list in which MatMul has an attr with a default.
const ops = `meta_info_def { stripped_op_list { op { name: "MatMul"
  attr { name: "T" type: "type" }
  attr { name: "transpose_a" type: "bool" default_value { b: false } } } } }
`

func TestCompare(t *testing.T) {
	tests := []struct {
		name    string
		options Options
		a, b    string
		want    []string
	}{
		{
			name: "default attr against absent attr",
			a:    ops + `graph_def { node { name: "m" op: "MatMul" attr { key: "transpose_a" value { b: false } } } }`,
			b:    ops + `graph_def { node { name: "m" op: "MatMul" } }`,
			want: []string{"nodes changed m attr:transpose_a: false -> none"},
		},
		{
			name:    "default-attrs",
			options: Options{Ignore: []string{"default-attrs"}},
			a:       ops + `graph_def { node { name: "m" op: "MatMul" attr { key: "transpose_a" value { b: false } } } node { name: "n" op: "MatMul" } }`,
			b:       `graph_def { node { name: "m" op: "MatMul" } node { name: "n" op: "MatMul" attr { key: "transpose_a" value { b: true } } } }`,
			want:    []string{"nodes changed n attr:transpose_a: none -> true", "ops removed MatMul"},
		},
		{
			name: "device spelling",
			a:    `graph_def { node { name: "a" op: "NoOp" device: "/gpu:0" } }`,
			b:    `graph_def { node { name: "a" op: "NoOp" device: "/device:GPU:0" } }`,
			want: []string{"nodes changed a device: /gpu:0 -> /device:GPU:0"},
		},
		{
			name:    "device-spelling",
			options: Options{Ignore: []string{"device-spelling"}},
			a:       `graph_def { node { name: "a" op: "NoOp" device: "/gpu:0" } node { name: "b" op: "NoOp" device: "/gpu:0" } }`,
			b:       `graph_def { node { name: "a" op: "NoOp" device: "/device:GPU:0" } node { name: "b" op: "NoOp" device: "/gpu:1" } }`,
			want:    []string{"nodes changed b device: /gpu:0 -> /gpu:1"},
		},
		{
			name:    "ignore devices and attrs",
			options: Options{Ignore: []string{"devices, attr:_*", "versions"}},
			a:       `graph_def { versions { producer: 1 } node { name: "a" op: "NoOp" device: "/gpu:0" attr { key: "_x" value { i: 1 } } } }`,
			b:       `graph_def { node { name: "a" op: "NoOp" attr { key: "x" value { i: 2 } } } }`,
			want:    []string{"nodes changed a attr:x: none -> 2"},
		},
		{
			name:    "only one attr",
			options: Options{Only: []string{"attr:x"}},
			a:       `graph_def { versions { producer: 1 } node { name: "a" op: "A" } node { name: "gone" op: "A" } }`,
			b:       `graph_def { node { name: "a" op: "B" attr { key: "x" value { i: 2 } } } }`,
			want:    []string{"nodes changed a attr:x: none -> 2"},
		},
		{
			name:    "only nodes, by name",
			options: Options{Only: []string{"nodes"}, Names: []string{"conv*"}},
			a:       `graph_def { node { name: "conv1" op: "A" } node { name: "dense" op: "A" } }`,
			b:       `graph_def { node { name: "conv1" op: "B" } node { name: "dense" op: "B" } node { name: "conv2" op: "B" } }`,
			want:    []string{"nodes added conv2", "nodes changed conv1 op: A -> B"},
		},
		{
			name:    "only the graph",
			options: Options{GraphOnly: true},
			a:       `graph_def { node { name: "a" op: "A" } } collection_def { key: "k" value { node_list { value: "a" } } }`,
			b:       `graph_def { node { name: "a" op: "A" } } saver_def { max_to_keep: 5 }`,
		},
		{
			name: "renamed function with calls and gradient",
			a: `graph_def { node { name: "c" op: "__f_12" } node { name: "d" op: "Map" attr { key: "f" value { func { name: "__f_12" } } } }
			  library { function { signature { name: "__f_12" } node_def { name: "x" op: "A" } }
			    function { signature { name: "g" } node_def { name: "y" op: "B" attr { key: "f" value { func { name: "__f_12" } } } } }
			    gradient { function_name: "__f_12" gradient_func: "g" } } }`,
			b: `graph_def { node { name: "c" op: "__f_99" } node { name: "d" op: "Map" attr { key: "f" value { func { name: "__f_99" } } } }
			  library { function { signature { name: "__f_99" } node_def { name: "x" op: "A" } }
			    function { signature { name: "g" } node_def { name: "y" op: "B" attr { key: "f" value { func { name: "__f_99" } } } } }
			    gradient { function_name: "__f_99" gradient_func: "g" } } }`,
			want: []string{"functions renamed __f_12 => __f_99"},
		},
		{
			name: "renumbered functions with arguments named after them",
			a: `graph_def { node { name: "w" op: "While" attr { key: "cond" value { func { name: "cond_54" } } } }
			  library { function { signature { name: "cond_54" input_arg { name: "while_cond_54_x" type: DT_BOOL } output_arg { name: "cond_54_r" type: DT_BOOL } }
			    ret { key: "cond_54_r" value: "i:output:0" } node_def { name: "i" op: "Identity" input: "while_cond_54_x" } }
			  function { signature { name: "cond_60" input_arg { name: "y" type: DT_BOOL } } node_def { name: "i" op: "Abs" input: "y" } } } }`,
			b: `graph_def { node { name: "w" op: "While" attr { key: "cond" value { func { name: "cond_154" } } } }
			  library { function { signature { name: "cond_160" input_arg { name: "y" type: DT_BOOL } } node_def { name: "i" op: "Neg" input: "y" } }
			  function { signature { name: "cond_154" input_arg { name: "while_cond_154_x" type: DT_BOOL } output_arg { name: "cond_154_r" type: DT_BOOL } }
			    ret { key: "cond_154_r" value: "i:output:0" } node_def { name: "i" op: "Identity" input: "while_cond_154_x" } } } }`,
			want: []string{"functions changed cond_60 => cond_160 nodes changed i op: Abs -> Neg", "functions renamed cond_54 => cond_154"},
		},
		{
			name: "gradient changed",
			a:    `graph_def { library { gradient { function_name: "f" gradient_func: "g" } } }`,
			b:    `graph_def { library { gradient { function_name: "f" gradient_func: "h" } } }`,
			want: []string{"functions gradient:f: g -> h"},
		},
		{
			name: "output spellings in a function body",
			a: `graph_def { library { function { signature { name: "f" } ret { key: "r" value: "x:out:0" }
			  node_def { name: "x" op: "A" input: "arg" input: "^z" input: "^y" } } } }`,
			b: `graph_def { library { function { signature { name: "f" } ret { key: "r" value: "x:out" }
			  node_def { name: "x" op: "A" input: "arg:0" input: "^y" input: "^z" } } } }`,
		},
		{
			name: "input inserted",
			a:    `graph_def { node { name: "n" op: "AddN" input: "a" input: "c" input: "^x" } }`,
			b:    `graph_def { node { name: "n" op: "AddN" input: "a:0" input: "b" input: "c" } }`,
			want: []string{"nodes changed n input:1: none -> b", "nodes changed n control_inputs: ^x -> none"},
		},
		{
			name: "duplicate name",
			a:    `graph_def { node { name: "n" op: "A" } node { name: "m" op: "M" } }`,
			b:    `graph_def { node { name: "m" op: "M" } node { name: "n" op: "A" } node { name: "n" op: "A" } }`,
			want: []string{"nodes added n"},
		},
		{
			name: "scope renamed and changed",
			a: `graph_def { node { name: "in" op: "Placeholder" }
			  node { name: "tower_0/w" op: "VariableV2" device: "/gpu:0" } node { name: "tower_0/r" op: "Identity" input: "tower_0/w" }
			  node { name: "tower_0/m" op: "MatMul" input: "in" input: "tower_0/r" } node { name: "tower_0/s" op: "Softmax" input: "tower_0/m" } node { name: "out" op: "Identity" input: "tower_0/s" }
			  node { name: "tower_0/old" op: "NoOp" } }
			  collection_def { key: "ops" value { node_list { value: "tower_0/m" } } } saver_def { filename_tensor_name: "tower_0/r:0" }`,
			b: `graph_def { node { name: "in" op: "Placeholder" }
			  node { name: "tower/w" op: "VariableV2" } node { name: "tower/r" op: "Identity" input: "tower/w:0" }
			  node { name: "tower/m" op: "MatMul" input: "in" input: "tower/r" } node { name: "tower/s" op: "Softmax" input: "tower/m" } node { name: "out" op: "Identity" input: "tower/s" } }
			  collection_def { key: "ops" value { node_list { value: "tower/m" } } } saver_def { filename_tensor_name: "tower/r:0" }`,
			want: []string{"nodes changed tower_0/w => tower/w device: /gpu:0 -> none", "nodes removed tower_0/old", "nodes scope tower_0/ => tower/ (4)"},
		},
		{
			name: "identical towers",
			a: `graph_def { node { name: "t_0/a" op: "A" device: "/gpu:0" } node { name: "t_0/b" op: "B" input: "t_0/a" }
			  node { name: "t_1/a" op: "A" device: "/gpu:1" } node { name: "t_1/b" op: "B" input: "t_1/a" } }`,
			b: `graph_def { node { name: "g_1/a" op: "A" device: "/gpu:1" } node { name: "g_1/b" op: "B" input: "g_1/a" }
			  node { name: "g_0/a" op: "A" device: "/gpu:0" } node { name: "g_0/b" op: "B" input: "g_0/a" } }`,
			want: []string{"nodes scope t_0/ => g_0/ (2)", "nodes scope t_1/ => g_1/ (2)"},
		},
		{
			name: "equal constants with different readers",
			a: `graph_def { node { name: "c1" op: "Const" } node { name: "c2" op: "Const" } node { name: "r1" op: "Neg" input: "c1" } node { name: "r2" op: "Abs" input: "c2" }
			  node { name: "x" op: "X" } }`,
			b: `graph_def { node { name: "d2" op: "Const" } node { name: "d1" op: "Const" } node { name: "r1" op: "Neg" input: "d1" } node { name: "r2" op: "Abs" input: "d2" }
			  node { name: "x" op: "X" } }`,
			want: []string{"nodes renamed c1 => d1", "nodes renamed c2 => d2"},
		},
		{
			name: "collection entries reordered",
			a:    `collection_def { key: "k" value { node_list { value: "a" value: "b" value: "c" } } }`,
			b:    `collection_def { key: "k" value { node_list { value: "c" value: "a" value: "b" } } }`,
			want: []string{"collections changed k entries moved c position: 2 -> 0"},
		},
		{
			name: "numbers in collections",
			a:    `collection_def { key: "k" value { int64_list { value: [1, 2, 3] } } } collection_def { key: "f" value { float_list { value: [0.5, nan] } } }`,
			b:    `collection_def { key: "k" value { int64_list { value: [1, 5, 3, 4] } } } collection_def { key: "f" value { float_list { value: [0.5, nan] } } }`,
			want: []string{"collections changed k entries added 4", "collections changed k entries changed [1] value: 2 -> 5"},
		},
		{
			name: "contents of Any",
			a: `collection_def { key: "k" value { any_list {
			  value { [type.googleapis.com/tensorflow.AssetFileDef] { tensor_info { name: "a:0" } filename: "x" } }
			  value { [type.googleapis.com/tensorflow.NodeDef] { name: "n" op: "A" } } value { type_url: "other/my.Type" value: "\n\001a" } } } }`,
			b: `collection_def { key: "k" value { any_list {
			  value { [type.googleapis.com/tensorflow.AssetFileDef] { tensor_info { name: "b:0" } filename: "x" } }
			  value { [type.googleapis.com/tensorflow.NodeDef] { name: "n" op: "B" } } value { type_url: "other/my.Type" value: "\n\001b" } } } }`,
			want: []string{"collections changed k entries changed my.Type value: \"\\n\\x01a\" -> \"\\n\\x01b\"",
				"collections changed k entries changed tensorflow.AssetFileDef x tensor_info.name: a:0 -> b:0",
				"collections changed k entries changed tensorflow.NodeDef n op: A -> B"},
		},
		{
			name: "collection kind changed",
			a:    `collection_def { key: "k" value { node_list { value: "a" } } }`,
			b:    `collection_def { key: "k" value { bytes_list { value: "a" } } }`,
			want: []string{"collections changed k kind: node_list, 1 entry -> bytes_list, 1 entry"},
		},
		{
			name: "saver removed",
			a:    `saver_def { filename_tensor_name: "f:0" }`,
			b:    ``,
			want: []string{"saver removed saver_def"},
		},
		{
			name: "assets reordered, one file changed",
			a:    `asset_file_def { tensor_info { name: "a:0" } filename: "x" } asset_file_def { tensor_info { name: "b:0" } filename: "y" }`,
			b:    `asset_file_def { tensor_info { name: "b:0" } filename: "z" } asset_file_def { tensor_info { name: "a:0" } filename: "x" }`,
			want: []string{"assets changed y filename: y -> z"},
		},
		{
			name: "assets match by tensor before file",
			a:    `asset_file_def { tensor_info { name: "a:0" } filename: "x" } asset_file_def { tensor_info { name: "b:0" } filename: "y" } asset_file_def { tensor_info { name: "c:0" } filename: "z" }`,
			b:    `asset_file_def { tensor_info { name: "c:0" } filename: "x" } asset_file_def { tensor_info { name: "d:0" } filename: "y" } asset_file_def { tensor_info { name: "a:0" } filename: "x" }`,
			want: []string{"assets changed y tensor_info.name: b:0 -> d:0", "assets changed z filename: z -> x"},
		},
		{
			name: "op definition changed",
			a:    ops,
			b: `meta_info_def { stripped_op_list { op { name: "MatMul"
			  attr { name: "transpose_a" type: "bool" default_value { b: true } } attr { name: "T" type: "type" } } } }`,
			want: []string{"ops changed MatMul attr.transpose_a.default_value.b: false -> true"},
		},
		{
			name: "object graph and debug info",
			a:    `object_graph_def { nodes { constant { operation: "c" } } } graph_def { debug_info { files: "a.py" } }`,
			b:    `object_graph_def { nodes { constant { operation: "d" } } } graph_def { debug_info { files: "b.py" } }`,
			want: []string{"debug_info files[0]: a.py -> b.py", "object_graph nodes[0].constant.operation: c -> d"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			report, err := Compare(parse(t, test.a), parse(t, test.b), test.options)
			if err != nil {
				t.Fatal(err)
			}
			got := tell(report)
			slices.Sort(got)
			slices.Sort(test.want)
			if d := cmp.Diff(test.want, got); d != "" || report.Equal != (len(test.want) == 0) {
				t.Errorf("equal: %t (-want +got):\n%s", report.Equal, d)
			}
		})
	}
}

func TestOptionsCheck(t *testing.T) {
	tests := []struct {
		options Options
		want    string
	}{
		{Options{Ignore: []string{"devices", "op-list,versions"}, Only: []string{"nodes"}}, ""},
		{Options{Ignore: []string{"divices"}}, `unknown part "divices"`},
		{Options{Only: []string{"divices"}}, `unknown part "divices"`},
		{Options{Only: []string{"device-spelling"}}, "\"device-spelling\" can be ignored, but cannot be all that is compared"},
		{Options{Only: []string{"nodes", "saver"}, Ignore: []string{"saver", "nodes"}}, "nothing is left to compare: everything selected is ignored"},
		{Options{Only: []string{"devices"}, Ignore: []string{"devices"}}, "nothing is left to compare: everything selected is ignored"},
		{Options{Only: []string{"devices", "inputs"}, Ignore: []string{"devices"}}, ""},
		{Options{Only: []string{"attr:T"}, Ignore: []string{"attr:U"}}, ""},
		{Options{Ignore: []string{"attr:"}}, `unknown part "attr:"`},
		{Options{Names: []string{""}}, "the name pattern is empty"},
		{Options{Names: []string{"[a"}}, `invalid pattern "[a": unclosed [ or trailing backslash`},
	}
	for _, test := range tests {
		got := ""
		if err := test.options.Check(); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("Check of %+v: %q, want %q", test.options, got, test.want)
		}
	}
}

// TestNamesOfNothing: a pattern for names or attrs that matches nothing in either file gets a note.
func TestNamesOfNothing(t *testing.T) {
	const graph = `graph_def { node { name: "conv/w" op: "A" attr { key: "T" value { } } }
			library { function { signature { name: "f" } node_def { name: "n" op: "A" attr { key: "in_body" value { } } } } } }
		collection_def { key: "k" value { bytes_list { value: "rate=0.1" } } } signature_def { key: "s" value { } } asset_file_def { filename: "v.txt" }` + ops
	m := parse(t, graph)
	for _, test := range []struct {
		names, only []string
		want        []string
	}{
		{names: []string{"conv/*", "f", "k", "rate=*", "s", "v.txt", "MatMul"}},
		{names: []string{"conv", "k", "F"}, want: []string{"no name in either file matches conv, F"}},
		{only: []string{"attr:T", "attr:in_*"}},
		{only: []string{"attr:T", "attr:t", "attr:dtype"}, want: []string{"no attr in either file matches t, dtype"}},
	} {
		report, err := Compare(m, m, Options{Names: test.names, Only: test.only})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(test.want, report.Notes); d != "" || !report.Equal {
			t.Errorf("%q %q: equal: %t, notes (-want +got):\n%s", test.names, test.only, report.Equal, d)
		}
	}
}

// TestDeepNames: a name with very many slashes takes linear time.
func TestDeepNames(t *testing.T) {
	deep := strings.Repeat("a/", 200_000)
	graph := func(name string) string {
		return `graph_def { node { name: "` + name + `x" op: "A" } node { name: "` + name + `y" op: "B" input: "` + name + `x" } }`
	}
	report, err := Compare(parse(t, graph("s/"+deep)), parse(t, graph("t/"+deep)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Equal || len(report.Nodes.Added)+len(report.Nodes.Removed) > 0 {
		t.Errorf("unexpected rename: equal %t, %d nodes added, %d removed", report.Equal, len(report.Nodes.Added), len(report.Nodes.Removed))
	}
}

// FuzzCompare: a message equals itself, and A differs from B if and only if B differs from A.
func FuzzCompare(f *testing.F) {
	for _, text := range []string{ops, `graph_def { node { name: "a" op: "A" input: "b" } library { function { signature { name: "f" } } } }`,
		`collection_def { key: "variables" value { bytes_list { value: "\n\001a" } } } saver_def { }`} {
		m := parse(f, text)
		f.Add(m.Rope().Bytes(), []byte{})
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		m, err := wire.ParseMetaGraph(a)
		if err != nil {
			return
		}
		r, err := Compare(m, m, Options{})
		if err != nil {
			return
		}
		if !r.Equal {
			t.Fatalf("message differs from itself: %v", tell(r))
		}
		n, err := wire.ParseMetaGraph(b)
		if err != nil {
			return
		}
		there, err := Compare(m, n, Options{})
		if err != nil {
			return
		}
		back, err := Compare(n, m, Options{})
		if err != nil {
			t.Fatalf("Compare(a, b) succeeds, Compare(b, a) fails: %v", err)
		}
		if there.Equal != back.Equal {
			t.Fatalf("Compare(a, b) equal: %t, Compare(b, a) equal: %t: %v, %v", there.Equal, back.Equal, tell(there), tell(back))
		}
	})
}

// TestUnnamedFunction: a function that lost or gained its name is a difference, whichever file comes first.
func TestUnnamedFunction(t *testing.T) {
	const named = `graph_def { node { name: "a" op: "f" } library { function { signature { name: "f" } node_def { name: "n" op: "NoOp" } } } }`
	const unnamed = `graph_def { node { name: "a" op: "f" } library { function { signature { } node_def { name: "n" op: "NoOp" } } } }`
	for _, test := range []struct{ a, b, want string }{
		{named, unnamed, `functions changed f signature.name: f -> ""`},
		{unnamed, named, `functions changed  => f signature.name: "" -> f`},
	} {
		report, err := Compare(parse(t, test.a), parse(t, test.b), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{test.want}, tell(report)); diff != "" || report.Equal {
			t.Errorf("equal: %v, differences (-want +got):\n%s", report.Equal, diff)
		}
	}
}

// TestUnknownInAttrs: unknown fields at any depth of an attr are shown with their numbers and values.
func TestUnknownInAttrs(t *testing.T) {
	node := func(value string) *wire.MetaGraph {
		return index(t, &tfpb.MetaGraphDef{GraphDef: &tfpb.GraphDef{Node: []*tfpb.NodeDef{{Name: "n", Op: "X", Attr: map[string]*tfpb.AttrValue{"v": decodeAttr(t, value)}}}}})
	}
	const unknown = "\xa0\x06\x07\xaa\x06\x02hi" // 100: 7, 101: "hi"
	for _, test := range []struct{ name, a, b, want string }{
		{"value", "\x30\x01", "\x30\x01" + unknown, `float32; unknown_fields none -> float32; unknown_fields 100: 7, 101: "hi"`},
		{"shape", "\x3a\x02\x18\x01", "\x3a\x05\x18\x01" + unknown[:3], `?; shape.unknown_fields none -> ?; shape.unknown_fields 100: 7`},
		{"list", "\x0a\x02\x18\x05", "\x0a\x05\x18\x05" + unknown[:3], `[5]; list.unknown_fields none -> [5]; list.unknown_fields 100: 7`},
		{"next to a tensor", "\x42\x02\x08\x01", "\x42\x02\x08\x01" + unknown[:3], `float32 0; unknown_fields none -> float32 0; unknown_fields 100: 7`},
		{"in a tensor", "\x42\x02\x08\x01", "\x42\x05\x08\x01" + unknown[:3], `float32 0; unread_fields none -> float32 0; unread_fields 100: 7`},
	} {
		t.Run(test.name, func(t *testing.T) {
			report, err := Compare(node(test.a), node(test.b), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"nodes changed n attr:v: " + test.want}, tell(report)); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
		})
	}
}

// decodeAttr returns the AttrValue encoded by value, including unknown fields.
func decodeAttr(t *testing.T, value string) *tfpb.AttrValue {
	t.Helper()
	v := new(tfpb.AttrValue)
	if err := proto.Unmarshal([]byte(value), v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestSampleHash: the sample of nodes does not change from run to run, so neither does the report. The numbers are those of FNV-1a.
func TestSampleHash(t *testing.T) {
	for name, want := range map[string]uint64{"": 0xcbf29ce484222325, "a": 0xaf63dc4c8601ec8c, "foobar": 0x85944171f73967e8} {
		if got := sampleHash(name); got != want {
			t.Errorf("sampleHash(%q) = %#x, want %#x", name, got, want)
		}
	}
}

// TestCompareKeys sorts map keys by their value.
func TestCompareKeys(t *testing.T) {
	for _, sorted := range [][]any{{int32(-20), int32(-3), int32(7), int32(10)}, {uint64(3), uint64(20)}, {"10", "3", "a"}, {false, true}} {
		for i := range len(sorted) - 1 {
			a, b := protoreflect.ValueOf(sorted[i]).MapKey(), protoreflect.ValueOf(sorted[i+1]).MapKey()
			if compareKeys(a, b) >= 0 || compareKeys(b, a) <= 0 || compareKeys(a, a) != 0 {
				t.Errorf("%v and %v are not in order", a, b)
			}
		}
	}
}
