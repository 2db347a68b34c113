package rewrite_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/metagraph/metagraph/internal/match"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
)

// message parses a MetaGraphDef in text format.
func message(t testing.TB, text string) *tfpb.MetaGraphDef {
	t.Helper()
	m := new(tfpb.MetaGraphDef)
	if err := prototext.Unmarshal([]byte(text), m); err != nil {
		t.Fatal(err)
	}
	return m
}

// list returns a collection of messages of one type, parsed from their text format.
func list[T any, M interface {
	*T
	proto.Message
}](t testing.TB, texts ...string) *tfpb.CollectionDef {
	t.Helper()
	c := new(tfpb.CollectionDef_BytesList)
	for _, text := range texts {
		m := M(new(T))
		if err := prototext.Unmarshal([]byte(text), m); err != nil {
			t.Fatal(err)
		}
		c.Value = append(c.Value, marshal(m))
	}
	return &tfpb.CollectionDef{Kind: &tfpb.CollectionDef_BytesList_{BytesList: c}}
}

func TestExportTables(t *testing.T) {
	const savers = `graph_def {
		node { name: "v" op: "VariableV2" }
		node { name: "save/SaveV2" op: "SaveV2" input: "v" } node { name: "save/restore_all" op: "NoOp" }
		node { name: "save/old/SaveV2" op: "SaveV2" } node { name: "save/old/x" op: "NoOp" }
		node { name: "other/RestoreV2" op: "RestoreV2" } node { name: "other/x" op: "NoOp" input: "^v" }
		node { name: "top" op: "NoOp" input: "^other/x" input: "^save/restore_all" }
		node { name: "SaveV2" op: "SaveV2" }
	} %s`
	for _, test := range []struct {
		name    string
		in      string
		options rewrite.ExportOptions
		want    string
		err     string
	}{
		{
			name:    "savers other than saver_def's are removed, with control inputs from them",
			in:      strings.Replace(savers, "%s", `saver_def { filename_tensor_name: "save/Const:0" save_tensor_name: "save/SaveV2:0" restore_op_name: "save/restore_all" }`, 1),
			options: rewrite.ExportOptions{ClearExtraneousSavers: true},
			want: `graph_def { node { name: "v" op: "VariableV2" }
				node { name: "save/SaveV2" op: "SaveV2" input: "v" } node { name: "save/restore_all" op: "NoOp" }
				node { name: "top" op: "NoOp" input: "^save/restore_all" } node { name: "SaveV2" op: "SaveV2" } }
				saver_def { filename_tensor_name: "save/Const:0" save_tensor_name: "save/SaveV2:0" restore_op_name: "save/restore_all" }`,
		},
		{
			name:    "a retained saver is kept inside the scope of a removed one",
			in:      strings.Replace(savers, "%s", `saver_def { filename_tensor_name: "save/old/x:0" save_tensor_name: "save/old/SaveV2:0" restore_op_name: "save/old/x" }`, 1),
			options: rewrite.ExportOptions{ClearExtraneousSavers: true},
			want: `graph_def { node { name: "v" op: "VariableV2" }
				node { name: "save/old/SaveV2" op: "SaveV2" } node { name: "save/old/x" op: "NoOp" }
				node { name: "top" op: "NoOp" } node { name: "SaveV2" op: "SaveV2" } }
				saver_def { filename_tensor_name: "save/old/x:0" save_tensor_name: "save/old/SaveV2:0" restore_op_name: "save/old/x" }`,
		},
		{
			name:    "a kept node needs data from a removed saver",
			in:      `graph_def { node { name: "s/SaveV2" op: "SaveV2" } node { name: "s/c" op: "Const" } node { name: "user" op: "Identity" input: "s/c:0" } }`,
			options: rewrite.ExportOptions{ClearExtraneousSavers: true},
			err:     `node "user" reads "s/c:0", which belongs to an extraneous saver`,
		},
		{
			name:    "default values are compared by value",
			options: rewrite.ExportOptions{StripDefaultAttrs: true},
			in: `meta_info_def { stripped_op_list { op { name: "O"
					attr { name: "t" default_value { tensor { dtype: DT_INT32 tensor_shape { dim { size: 2 } } int_val: 5 } } }
					attr { name: "f" default_value { f: 0 } } attr { name: "s" default_value { shape { unknown_rank: true } } }
					attr { name: "l" default_value { list { i: 1 i: 2 } } } attr { name: "b" } } } }
				graph_def { node { name: "same" op: "O"
					attr { key: "t" value { tensor { dtype: DT_INT32 tensor_shape { dim { size: 2 } } tensor_content: "\005\000\000\000\005\000\000\000" } } }
					attr { key: "f" value { f: 0 } } attr { key: "s" value { shape { unknown_rank: true } } } attr { key: "l" value { list { i: 1 i: 2 } } }
					attr { key: "b" value { b: false } } attr { key: "_own" value { i: 1 } } }
				node { name: "other" op: "O"
					attr { key: "t" value { tensor { dtype: DT_INT32 tensor_shape { dim { size: 2 } } int_val: [5, 6] } } }
					attr { key: "f" value { f: -0.0 } } attr { key: "s" value { shape { } } } attr { key: "l" value { list { i: 2 i: 1 } } } }
				library { function { signature { name: "F" } node_def { name: "n" op: "O" attr { key: "f" value { f: 0 } } } } } }`,
			want: `meta_info_def { stripped_default_attrs: true stripped_op_list { op { name: "O"
					attr { name: "t" default_value { tensor { dtype: DT_INT32 tensor_shape { dim { size: 2 } } int_val: 5 } } }
					attr { name: "f" default_value { f: 0 } } attr { name: "s" default_value { shape { unknown_rank: true } } }
					attr { name: "l" default_value { list { i: 1 i: 2 } } } attr { name: "b" } } } }
				graph_def { node { name: "same" op: "O" attr { key: "b" value { b: false } } attr { key: "_own" value { i: 1 } } }
				node { name: "other" op: "O"
					attr { key: "t" value { tensor { dtype: DT_INT32 tensor_shape { dim { size: 2 } } int_val: [5, 6] } } }
					attr { key: "f" value { f: -0.0 } } attr { key: "s" value { shape { } } } attr { key: "l" value { list { i: 2 i: 1 } } } }
				library { function { signature { name: "F" } node_def { name: "n" op: "O" } } } }`,
		},
		{
			name:    "slashes after the scope are ignored, and a node with the scope's name is outside",
			in:      `graph_def { node { name: "s//a" op: "NoOp" input: "^s" input: "s/b:0" } node { name: "s" op: "NoOp" } node { name: "s/b" op: "Const" } }`,
			options: rewrite.ExportOptions{Scope: "s//"},
			want:    `graph_def { node { name: "a" op: "NoOp" input: "^$unbound_inputs_s" input: "b:0" } node { name: "b" op: "Const" } }`,
		},
		{
			name:    "inputs from outside keep their spelling, and are listed in their first spelling",
			in:      `graph_def { node { name: "s/a" op: "Add" input: "x:0" input: "y" } node { name: "s/b" op: "Add" input: "x" input: "y:0" input: "y:1" } }`,
			options: rewrite.ExportOptions{Scope: "s", UnboundInputs: "unbound"},
			want: `graph_def { node { name: "a" op: "Add" input: "$unbound_inputs_x:0" input: "$unbound_inputs_y" }
					node { name: "b" op: "Add" input: "$unbound_inputs_x" input: "$unbound_inputs_y:0" input: "$unbound_inputs_y:1" } }
				collection_def { key: "unbound" value { bytes_list { value: ["$unbound_inputs_x:0", "$unbound_inputs_y", "$unbound_inputs_y:1"] } } }`,
		},
		{
			name: "a scope without nodes", in: `graph_def { node { name: "a/b" op: "NoOp" } }`, options: rewrite.ExportOptions{Scope: "b"},
			err: `no node is in scope "b"`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, _, err := rewrite.Export(indexed(t, message(t, test.in)), test.options)
			if test.err != "" || err != nil {
				if err == nil || test.err == "" || !strings.Contains(err.Error(), test.err) {
					t.Fatalf("error is %v, want one with %q", err, test.err)
				}
				return
			}
			if diff := cmp.Diff(message(t, test.want), decode(t, out), protocmp.Transform()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestImportTables(t *testing.T) {
	for _, test := range []struct {
		name     string
		in, base string
		options  rewrite.ImportOptions
		want     string
		err      []string
	}{
		{
			name: "names of nodes and scopes are taken, and all references follow",
			base: `graph_def { node { name: "a" op: "A" } node { name: "a_1" op: "A" } node { name: "s/x" op: "A" } }`,
			in: `graph_def { node { name: "a" op: "B" } node { name: "a_2" op: "B" input: "a" input: "^s" } node { name: "s" op: "B"
				attr { key: "_class" value { list { s: "loc:@a" } } } } node { name: "s/x" op: "B" input: "a:1" } }
				collection_def { key: "k" value { node_list { value: "a:0" value: "s/x:0" } } }
				saver_def { filename_tensor_name: "a:0" save_tensor_name: "a_2:0" restore_op_name: "s" }`,
			want: `graph_def { node { name: "a" op: "A" } node { name: "a_1" op: "A" } node { name: "s/x" op: "A" }
				node { name: "a_3" op: "B" } node { name: "a_2" op: "B" input: "a_3" input: "^s_1" } node { name: "s_1" op: "B"
				attr { key: "_class" value { list { s: "loc:@a_3" } } } } node { name: "s/x_1" op: "B" input: "a_3:1" } }
				collection_def { key: "k" value { node_list { value: "a_3:0" value: "s/x_1:0" } } }
				saver_def { filename_tensor_name: "a_3:0" save_tensor_name: "a_2:0" restore_op_name: "s_1" }`,
		},
		{
			name:    "the first scope without collisions",
			base:    `graph_def { node { name: "S_1" op: "A" } node { name: "s/x" op: "A" } node { name: "s_2/x/y" op: "A" } node { name: "s_3/z" op: "A" } }`,
			in:      `graph_def { node { name: "x" op: "B" } }`,
			options: rewrite.ImportOptions{Scope: "s/"},
			want: `graph_def { node { name: "S_1" op: "A" } node { name: "s/x" op: "A" } node { name: "s_2/x/y" op: "A" } node { name: "s_3/z" op: "A" }
				node { name: "s_3/x" op: "B" } }`,
		},
		{
			name: "a taken frame",
			base: `graph_def { node { name: "l/Enter" op: "Enter" attr { key: "frame_name" value { s: "loop" } } }
				node { name: "m/Enter" op: "Enter" attr { key: "frame_name" value { s: "loop_1" } } } }`,
			in: `graph_def { node { name: "n/Enter" op: "RefEnter" attr { key: "frame_name" value { s: "loop" } } }
				node { name: "o/Enter" op: "Enter" attr { key: "frame_name" value { s: "loop_2" } } } }`,
			want: `graph_def { node { name: "l/Enter" op: "Enter" attr { key: "frame_name" value { s: "loop" } } }
				node { name: "m/Enter" op: "Enter" attr { key: "frame_name" value { s: "loop_1" } } }
				node { name: "n/Enter" op: "RefEnter" attr { key: "frame_name" value { s: "loop_3" } } }
				node { name: "o/Enter" op: "Enter" attr { key: "frame_name" value { s: "loop_2" } } } }`,
		},
		{
			name: "inputs mapped: output 0 under either name, two control inputs to one",
			base: `graph_def { node { name: "b" op: "B" } }`,
			in: `graph_def { node { name: "x" op: "B" } node { name: "y" op: "B" }
				node { name: "r" op: "R" input: "x:0" input: "x" input: "x:1" input: "^x" input: "^y" input: "^r0" } node { name: "r0" op: "R" } }`,
			options: rewrite.ImportOptions{Scope: "s", InputMap: []rewrite.InputMapping{{"x", "b:0"}, {"^x", "^b"}, {"^y", "^b"}}},
			want: `graph_def { node { name: "b" op: "B" } node { name: "s/x" op: "B" } node { name: "s/y" op: "B" }
				node { name: "s/r" op: "R" input: "b" input: "b" input: "s/x:1" input: "^b" input: "^s/r0" } node { name: "s/r0" op: "R" } }`,
		},
		{
			name: "mismatched types and missing outputs",
			base: `meta_info_def { stripped_op_list { op { name: "F" output_arg { type_attr: "T" } } } }
				graph_def { node { name: "f" op: "F" attr { key: "T" value { type: DT_FLOAT } } } node { name: "r" op: "F" attr { key: "T" value { type: DT_INT32_REF } } } }`,
			in: `meta_info_def { stripped_op_list { op { name: "P" output_arg { type: DT_INT32 } output_arg { type: DT_INT32 } } } }
				graph_def { node { name: "p" op: "P" } node { name: "q" op: "Q" input: "p" input: "p:1" } }`,
			options: rewrite.ImportOptions{Scope: "s", InputMap: []rewrite.InputMapping{{"p", "f:0"}, {"p:1", "r"}}},
			err:     []string{`node "q" needs int32 as input 0, and "f:0" is float32`},
		},
		{
			name:    "contradictory mappings and an invalid one",
			base:    `graph_def { node { name: "f" op: "F" } node { name: "g" op: "F" } }`,
			in:      `graph_def { node { name: "q" op: "Q" input: "p" } }`,
			options: rewrite.ImportOptions{InputMap: []rewrite.InputMapping{{"p", "f"}, {"p:0", "g"}, {"p:x", "f"}, {"^p:0", "^f"}}},
			err:     []string{`"p:0" is mapped to "f" and to "g"`, `"p:x" is not an input`, `"^p:0" is not an input`},
		},
		{
			name: "all other fields are merged",
			base: `meta_info_def { tensorflow_version: "1.0" stripped_op_list { op { name: "O" } op { name: "A" attr { name: "new" } } } }
				graph_def { node { name: "b" op: "O" } library { function { signature { name: "f" } } gradient { function_name: "f" gradient_func: "g" } }
					versions { producer: 10 min_consumer: 5 bad_consumers: 1 } }
				saver_def { filename_tensor_name: "b:0" } collection_def { key: "k" value { int64_list { value: 1 } } }
				signature_def { key: "d" value { method_name: "base" } } asset_file_def { filename: "base" }`,
			in: `meta_info_def { tensorflow_version: "2.0" stripped_default_attrs: true stripped_op_list { op { name: "N" } op { name: "A" } op { name: "O" attr { name: "n" } } } }
				graph_def { node { name: "n" op: "O" } library { function { signature { name: "h" } } function { signature { name: "f" } }
					gradient { function_name: "f" gradient_func: "g" } gradient { function_name: "h" gradient_func: "g" } }
					versions { producer: 8 min_consumer: 7 bad_consumers: [1, 9] } }
				saver_def { filename_tensor_name: "n:0" } collection_def { key: "k" value { int64_list { value: 2 } } }
				collection_def { key: "empty" value { } } collection_def { key: "left" value { int64_list { value: 3 } } }
				signature_def { key: "d" value { outputs { key: "o" value { name: "n:0" } } } } signature_def { key: "d_1" value { } }
				asset_file_def { filename: "in" tensor_info { name: "n:0" } } object_graph_def { nodes { asset { asset_file_def_index: 0 } } }`,
			options: rewrite.ImportOptions{Scope: "s", Collections: patterns(t, "k", "em*")},
			want: `meta_info_def { tensorflow_version: "1.0" stripped_default_attrs: true stripped_op_list { op { name: "O" attr { name: "n" } } op { name: "A" attr { name: "new" } } op { name: "N" } } }
				graph_def { node { name: "b" op: "O" } node { name: "s/n" op: "O" }
					library { function { signature { name: "f" } } function { signature { name: "h" } }
					gradient { function_name: "f" gradient_func: "g" } gradient { function_name: "h" gradient_func: "g" } }
					versions { producer: 8 min_consumer: 7 bad_consumers: [1, 9] } }
				saver_def { filename_tensor_name: "b:0" } collection_def { key: "k" value { int64_list { value: [1, 2] } } } collection_def { key: "empty" value { } }
				signature_def { key: "d" value { method_name: "base" } } signature_def { key: "d_2" value { outputs { key: "o" value { name: "s/n:0" } } } } signature_def { key: "d_1" value { } }
				asset_file_def { filename: "base" } asset_file_def { filename: "in" tensor_info { name: "s/n:0" } }
				object_graph_def { nodes { asset { asset_file_def_index: 1 } } }`,
		},
		{
			name: "parts that cannot be merged",
			base: `graph_def { library { function { signature { name: "f" } } gradient { function_name: "f" gradient_func: "g" } } }
				collection_def { key: "k" value { int64_list { value: 1 } } }`,
			in: `graph_def { library { function { signature { name: "f" is_stateful: true } } gradient { function_name: "f" gradient_func: "h" } } }
				collection_def { key: "k" value { float_list { value: 1 } } }`,
			options: rewrite.ImportOptions{Collections: patterns(t, "k", "nothing*"), ReturnElements: []string{"x", "^y"}},
			err: []string{`function "f" has a different body in the base`, `function "f" has a different gradient in the base`,
				`collection "k" has kind float_list in the imported graph, but kind int64_list in the base`, `no collection matches "nothing*"`, `has no node "x"`, `"^y" is neither a node nor a tensor`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, _, err := rewrite.Import(indexed(t, message(t, test.in)), indexed(t, message(t, test.base)), test.options)
			if len(test.err) > 0 || err != nil {
				var conflicts draft.Conflicts
				if !errors.As(err, &conflicts) || len(conflicts) != len(test.err) {
					t.Fatalf("error is %v, want %d conflicts", err, len(test.err))
				}
				for _, want := range test.err {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("error is %v, want one with %q", err, want)
					}
				}
				return
			}
			if diff := cmp.Diff(message(t, test.want), decode(t, out), protocmp.Transform()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func patterns(t testing.TB, texts ...string) []match.Glob {
	t.Helper()
	parsed := make([]match.Glob, len(texts))
	for i, text := range texts {
		glob, err := match.ParseGlob(text)
		if err != nil {
			t.Fatal(err)
		}
		parsed[i] = glob
	}
	return parsed
}

// TestImportOfExport imports an exported scope. Names outside the scope become the mapping targets of its unbound
// inputs, and names of missing nodes are removed.
func TestImportOfExport(t *testing.T) {
	m := message(t, `graph_def {
		node { name: "pred" op: "Placeholder" } node { name: "init" op: "Assign" input: "s/v" }
		node { name: "s/v" op: "VariableV2" } node { name: "s/v/Assign" op: "Assign" input: "s/v" }
		node { name: "s/cond/pred_id" op: "Identity" input: "pred" } node { name: "s/cond/Merge" op: "Merge" input: "s/cond/pred_id" }
		node { name: "grad/a" op: "NoOp" } }`)
	m.CollectionDef = map[string]*tfpb.CollectionDef{
		"variables": list[tfpb.VariableDef](t, `variable_name: "s/v:0" initializer_name: "init" initial_value_name: "grad/a:0"`),
		"cond_context": list[tfpb.CondContextDef](t, `context_name: "s/cond/text" pred_name: "pred:0" pivot_name: "s/cond/Merge:0"
			values_def { values: "pred:0" values: "s/cond/pred_id:0" values: "grad/a:0" external_values { key: "pred:0" value: "s/cond/pred_id:0" } }
			nested_contexts { while_ctxt { context_name: "grad/loop" pivot_name: "grad/a:0" } }`),
	}
	exported, report, err := rewrite.Export(indexed(t, m), rewrite.ExportOptions{Scope: "s", UnboundInputs: "unbound_inputs"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"$unbound_inputs_pred"}, report.UnboundInputs); diff != "" {
		t.Errorf("unbound inputs (-want +got):\n%s", diff)
	}
	base := message(t, `graph_def { node { name: "p" op: "P" } }`)
	out, _, err := rewrite.Import(indexed(t, decode(t, exported)), indexed(t, base), rewrite.ImportOptions{Scope: "t", UnboundInputs: "unbound_inputs",
		InputMap: []rewrite.InputMapping{{"$unbound_inputs_pred", "p:1"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := message(t, `graph_def { node { name: "p" op: "P" }
		node { name: "t/v" op: "VariableV2" } node { name: "t/v/Assign" op: "Assign" input: "t/v" }
		node { name: "t/cond/pred_id" op: "Identity" input: "p:1" } node { name: "t/cond/Merge" op: "Merge" input: "t/cond/pred_id" } }`)
	want.CollectionDef = map[string]*tfpb.CollectionDef{
		"variables": list[tfpb.VariableDef](t, `variable_name: "t/v:0" initializer_name: "t/v/Assign"`),
		"cond_context": list[tfpb.CondContextDef](t, `context_name: "t/cond/text" pred_name: "p:1" pivot_name: "t/cond/Merge:0"
			values_def { values: "p:1" values: "t/cond/pred_id:0" external_values { key: "p:1" value: "t/cond/pred_id:0" } }`),
	}
	same(t, "import of the export", want, decode(t, out))
}

// TestMixedCollections checks that an import rejects a collection that is a list of nodes in one file and of protos in
// the other, in either order and whether or not the key is registered.
func TestMixedCollections(t *testing.T) {
	nodes := message(t, `graph_def { node { name: "a" op: "A" } } collection_def { key: "local_variables" value { node_list { value: "a:0" } } }`)
	protos := message(t, `graph_def { node { name: "b" op: "A" } }`)
	protos.CollectionDef = map[string]*tfpb.CollectionDef{"local_variables": list[tfpb.VariableDef](t, `variable_name: "b:0"`)}
	for _, test := range []struct{ in, base *tfpb.MetaGraphDef }{{nodes, protos}, {protos, nodes}} {
		_, _, err := rewrite.Import(indexed(t, test.in), indexed(t, test.base), rewrite.ImportOptions{Scope: "s"})
		if err == nil || !strings.Contains(err.Error(), `collection "local_variables"`) {
			t.Errorf("error %v, want one about the collection local_variables", err)
		}
	}
}
