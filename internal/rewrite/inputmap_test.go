package rewrite_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/metagraph/metagraph/internal/rewrite"
)

// TestInputMap maps inputs to tensors of different shapes and types. TensorFlow's importer accepts the accepted results
// and rejects the rejected ones (compared with TensorFlow 2.21), except for errors that the imported graph already has.
func TestInputMap(t *testing.T) {
	const (
		float     = `attr { key: "T" value { type: DT_FLOAT } }`
		dtype     = `attr { key: "dtype" value { type: DT_FLOAT } }`
		oneImage  = `node { name: "in" op: "Placeholder" ` + dtype + ` attr { key: "shape" value { shape { dim { size: 1 } dim { size: 4 } } } } }`
		batch     = `node { name: "x" op: "Placeholder" ` + dtype + ` attr { key: "shape" value { shape { dim { size: 32 } dim { size: 4 } } } } }`
		shape32   = `shape { dim { size: 32 } dim { size: 4 } }`
		shape1    = `shape { dim { size: 1 } dim { size: 4 } }`
		anyShape  = `shape { unknown_rank: true }`
		recorded  = `attr { key: "_output_shapes" value { list { ` + shape32 + ` } } }`
		newBatch  = `node { name: "m/x" op: "Placeholder" ` + dtype + ` attr { key: "shape" value { shape { dim { size: 32 } dim { size: 4 } } } } }`
		constants = `node { name: "p" op: "Const" ` + dtype + ` } node { name: "q" op: "Const" ` + dtype + ` }`
		split     = `node { name: "s" op: "Split" input: "d" input: "x" ` + float + ` attr { key: "num_split" value { i: 2 } } }`
	)
	for _, test := range []struct {
		name, base, in string
		maps           []rewrite.InputMapping
		want           string
		err            string
	}{
		{
			name: "recorded shapes that no longer hold are removed",
			base: `graph_def { ` + oneImage + ` }`,
			in: `graph_def { ` + batch + `
				node { name: "r" op: "Relu" input: "x" ` + float + recorded + ` }
				node { name: "apart" op: "Relu" input: "c" ` + float + recorded + ` } node { name: "c" op: "Const" ` + dtype + ` } }`,
			maps: []rewrite.InputMapping{{"x:0", "in:0"}},
			want: `graph_def { ` + oneImage + newBatch + `
				node { name: "m/r" op: "Relu" input: "in" ` + float + ` }
				node { name: "m/apart" op: "Relu" input: "m/c" ` + float + recorded + ` } node { name: "m/c" op: "Const" ` + dtype + ` } }`,
		},
		{
			name: "a more specific shape keeps the recorded shapes",
			base: `graph_def { ` + oneImage + ` }`,
			in: `graph_def { node { name: "x" op: "Placeholder" ` + dtype + ` attr { key: "shape" value { shape { dim { size: -1 } dim { size: 4 } } } } }
				node { name: "r" op: "NoSuchOp" input: "x" ` + recorded + ` } }`,
			maps: []rewrite.InputMapping{{"x", "in"}},
			want: `graph_def { ` + oneImage + `
				node { name: "m/x" op: "Placeholder" ` + dtype + ` attr { key: "shape" value { shape { dim { size: -1 } dim { size: 4 } } } } }
				node { name: "m/r" op: "NoSuchOp" input: "in" ` + recorded + ` } }`,
		},
		{
			name: "an op that cannot take the shape",
			base: `graph_def { ` + oneImage + ` }`,
			in: `graph_def { ` + batch + ` node { name: "m" op: "MatMul" input: "x" input: "w" ` + float + ` }
				node { name: "w" op: "Placeholder" ` + dtype + ` attr { key: "shape" value { shape { dim { size: 4 } dim { size: 2 } } } } } }`,
			maps: []rewrite.InputMapping{{"w", "in"}},
			err:  `node "m" (MatMul) cannot take the mapped inputs`,
		},
		{
			name: "an op of a function that cannot take the shape",
			base: `graph_def { ` + oneImage + ` }`,
			in: `graph_def { ` + batch + ` node { name: "c" op: "f" input: "x" }
				library { function { signature { name: "f" input_arg { name: "a" type: DT_FLOAT } output_arg { name: "y" type: DT_FLOAT } }
					node_def { name: "w" op: "Placeholder" ` + dtype + ` attr { key: "shape" value { ` + shape32 + ` } } }
					node_def { name: "s" op: "Add" input: "a" input: "w:output:0" ` + float + ` }
					node_def { name: "m" op: "MatMul" input: "s:z:0" input: "a" ` + float + ` attr { key: "transpose_a" value { b: true } } }
					ret { key: "y" value: "m:product:0" } } } }`,
			maps: []rewrite.InputMapping{{"x", "in"}},
			err:  `node "m" (MatMul) of function "f" cannot take the mapped inputs: the inner dimensions`,
		},
		{
			name: "a constant shape of the base",
			base: `graph_def { ` + oneImage + ` node { name: "size" op: "Shape" input: "in" ` + float + ` } }`,
			in: `graph_def { node { name: "y" op: "Placeholder" ` + dtype + ` attr { key: "shape" value { shape { dim { size: 6 } } } } }
				node { name: "size" op: "Placeholder" attr { key: "dtype" value { type: DT_INT32 } } attr { key: "shape" value { shape { dim { size: -1 } } } } }
				node { name: "r" op: "Reshape" input: "y" input: "size" ` + float + ` } }`,
			maps: []rewrite.InputMapping{{"size", "size"}},
			err:  `node "r" (Reshape) cannot take the mapped inputs`,
		},
		{
			name: "an op that could not take the old shape either",
			base: `graph_def { ` + oneImage + ` }`,
			in: `graph_def { ` + batch + ` node { name: "w" op: "Placeholder" ` + dtype + ` attr { key: "shape" value { shape { dim { size: 5 } dim { size: 2 } } } } }
				node { name: "m" op: "MatMul" input: "x" input: "w" ` + float + ` } }`,
			maps: []rewrite.InputMapping{{"x", "in"}},
			want: `graph_def { ` + oneImage + newBatch + ` node { name: "m/w" op: "Placeholder" ` + dtype + ` attr { key: "shape" value { shape { dim { size: 5 } dim { size: 2 } } } } }
				node { name: "m/m" op: "MatMul" input: "in" input: "m/w" ` + float + ` } }`,
		},
		{
			name: "an op that writes to the variable it reads",
			base: `graph_def { ` + constants + ` }`,
			in: `graph_def { node { name: "v" op: "VariableV2" ` + dtype + ` attr { key: "shape" value { shape { } } } }
				node { name: "a" op: "Assign" input: "v" input: "x" ` + float + ` } node { name: "x" op: "Const" ` + dtype + ` } }`,
			maps: []rewrite.InputMapping{{"v:0", "p:0"}},
			err:  `node "a" needs float32_ref as input 0, and "p:0" is float32`,
		},
		{
			name: "a variable read as a value",
			base: `graph_def { node { name: "w" op: "VariableV2" ` + dtype + ` attr { key: "shape" value { shape { } } } } }`,
			in:   `graph_def { node { name: "x" op: "Const" ` + dtype + ` } node { name: "r" op: "Relu" input: "x" ` + float + ` } }`,
			maps: []rewrite.InputMapping{{"x", "w"}},
			want: `graph_def { node { name: "w" op: "VariableV2" ` + dtype + ` attr { key: "shape" value { shape { } } } }
				node { name: "m/x" op: "Const" ` + dtype + ` } node { name: "m/r" op: "Relu" input: "w" ` + float + ` } }`,
		},
		{
			name: "control inputs of a node whose tensors are all mapped",
			base: `graph_def { ` + constants + ` }`,
			in: `graph_def { ` + split + ` node { name: "a" op: "AddV2" input: "s" input: "s:1" input: "^s" ` + float + ` }
				node { name: "b" op: "NoOp" input: "^a" input: "^s" } }`,
			maps: []rewrite.InputMapping{{"s:0", "p"}, {"s:1", "q:0"}},
			want: `graph_def { ` + constants + `
				node { name: "m/s" op: "Split" input: "m/d" input: "m/x" ` + float + ` attr { key: "num_split" value { i: 2 } } }
				node { name: "m/a" op: "AddV2" input: "p" input: "q" input: "^p" input: "^q" ` + float + ` }
				node { name: "m/b" op: "NoOp" input: "^m/a" input: "^p" input: "^q" } }`,
		},
		{
			name: "control inputs of a node that is still read",
			base: `graph_def { ` + constants + ` }`,
			in:   `graph_def { ` + split + ` node { name: "a" op: "AddV2" input: "s" input: "s:1" input: "^s" ` + float + ` } }`,
			maps: []rewrite.InputMapping{{"s:0", "p"}},
			want: `graph_def { ` + constants + `
				node { name: "m/s" op: "Split" input: "m/d" input: "m/x" ` + float + ` attr { key: "num_split" value { i: 2 } } }
				node { name: "m/a" op: "AddV2" input: "p" input: "m/s:1" input: "^m/s" ` + float + ` } }`,
		},
		{
			name: "control inputs that are mapped themselves",
			base: `graph_def { ` + constants + ` }`,
			in:   `graph_def { node { name: "c" op: "Const" ` + dtype + ` } node { name: "a" op: "Relu" input: "c" input: "^c" ` + float + ` } }`,
			maps: []rewrite.InputMapping{{"c:0", "p"}, {"^c", "^q"}},
			want: `graph_def { ` + constants + ` node { name: "m/c" op: "Const" ` + dtype + ` }
				node { name: "m/a" op: "Relu" input: "p" input: "^q" ` + float + ` } }`,
		},
		{
			name: "loops and functions",
			base: `graph_def { ` + oneImage + ` }`,
			in: `graph_def { ` + batch + ` node { name: "l" op: "While" input: "x" attr { key: "T" value { list { type: DT_FLOAT } } }
					attr { key: "body" value { func { name: "body" } } } attr { key: "output_shapes" value { list { ` + shape32 + ` } } } ` + recorded + ` }
				library { function { signature { name: "body" input_arg { name: "a" type: DT_FLOAT } }
					attr { key: "_input_shapes" value { list { ` + shape32 + ` } } } arg_attr { key: 0 value { attr { key: "_output_shapes" value { list { ` + shape32 + ` } } } } }
					node_def { name: "n" op: "Relu" input: "a" ` + recorded + float + ` } }
					function { signature { name: "other" } node_def { name: "n" op: "Relu" input: "a" ` + recorded + float + ` } } } }`,
			maps: []rewrite.InputMapping{{"x", "in"}},
			want: `graph_def { ` + oneImage + newBatch + ` node { name: "m/l" op: "While" input: "in" attr { key: "T" value { list { type: DT_FLOAT } } }
					attr { key: "body" value { func { name: "body" } } } attr { key: "output_shapes" value { list { ` + anyShape + ` } } } }
				library { function { signature { name: "body" input_arg { name: "a" type: DT_FLOAT } } arg_attr { key: 0 value { } }
					node_def { name: "n" op: "Relu" input: "a" ` + float + ` } }
					function { signature { name: "other" } node_def { name: "n" op: "Relu" input: "a" ` + recorded + float + ` } } } }`,
		},
		{
			name: "signatures, assets and the saver",
			base: `graph_def { ` + oneImage + ` }`,
			in: `graph_def { ` + batch + ` node { name: "r" op: "Relu" input: "x" ` + float + ` } }
				saver_def { filename_tensor_name: "x:0" save_tensor_name: "r:0" restore_op_name: "x" }
				signature_def { key: "s" value { inputs { key: "i" value { name: "x:0" dtype: DT_FLOAT tensor_` + shape32 + ` } }
					outputs { key: "o" value { name: "r:0" dtype: DT_FLOAT tensor_` + shape32 + ` } } } }
				asset_file_def { filename: "f" tensor_info { name: "x:0" } }
				collection_def { key: "asset_filepaths" value { node_list { value: "x:0" } } } collection_def { key: "kept" value { node_list { value: "x:0" } } }`,
			maps: []rewrite.InputMapping{{"x:0", "in:0"}},
			want: `graph_def { ` + oneImage + newBatch + ` node { name: "m/r" op: "Relu" input: "in" ` + float + ` } }
				saver_def { filename_tensor_name: "in:0" save_tensor_name: "m/r:0" restore_op_name: "in" }
				signature_def { key: "s" value { inputs { key: "i" value { name: "in:0" dtype: DT_FLOAT tensor_` + shape1 + ` } }
					outputs { key: "o" value { name: "m/r:0" dtype: DT_FLOAT tensor_` + shape1 + ` } } } }
				asset_file_def { filename: "f" tensor_info { name: "in:0" } }
				collection_def { key: "asset_filepaths" value { node_list { value: "in:0" } } } collection_def { key: "kept" value { node_list { value: "m/x:0" } } }`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, _, err := rewrite.Import(indexed(t, message(t, test.in)), indexed(t, message(t, test.base)), rewrite.ImportOptions{Scope: "m", InputMap: test.maps})
			if test.err != "" {
				wantError(t, err, test.err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(message(t, test.want), decode(t, out), protocmp.Transform()); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

// wantError fails the test unless the text of err contains want.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
}
