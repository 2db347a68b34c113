package rewrite_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/testfiles"
)

// TestSetShape gives placeholders new shapes. An op that cannot take them is an error, unless it could not take the old ones either.
func TestSetShape(t *testing.T) {
	const (
		float       = `attr { key: "T" value { type: DT_FLOAT } }`
		dtype       = `attr { key: "dtype" value { type: DT_FLOAT } }`
		x           = `node { name: "x" op: "Placeholder" ` + dtype + ` attr { key: "shape" value { shape { dim { size: 2 } dim { size: 4 } } } } }`
		y           = `node { name: "y" op: "Placeholder" ` + dtype + ` attr { key: "shape" value { shape { dim { size: 2 } dim { size: 4 } } } } }`
		sum         = `node { name: "sum" op: "Add" input: "relu" input: "y" ` + float + ` }`
		relu        = `node { name: "relu" op: "Relu" input: "x" ` + float + ` attr { key: "_output_shapes" value { list { shape { dim { size: 2 } dim { size: 4 } } } } } }`
		withDefault = `node { name: "d" op: "PlaceholderWithDefault" input: "x" ` + dtype + ` attr { key: "shape" value { shape { dim { size: 2 } dim { size: 4 } } } } }`
		broken      = `node { name: "broken" op: "MatMul" input: "x" input: "y" ` + float + ` }`
	)
	for _, test := range []struct {
		name, nodes string
		shapes      []rewrite.NewShape
		inputs      []string
		outputs     []string
		err         string
	}{
		{"both inputs of an op", x + y + relu + sum, []rewrite.NewShape{{Node: "x", Dims: tensor.Shape{2, 5}}, {Node: "y", Dims: tensor.Shape{2, 5}}}, nil, nil, ""},
		{"one input of an op", x + y + relu + sum, []rewrite.NewShape{{Node: "x", Dims: tensor.Shape{2, 5}}}, nil, nil, `node "sum" (Add) cannot take the new shapes`},
		{"an unknown size", x + y + relu + sum, []rewrite.NewShape{{Node: "x", Dims: tensor.Shape{2, -1}}}, nil, nil, ""},
		{"an op that is cut off", x + y + relu + sum, []rewrite.NewShape{{Node: "x", Dims: tensor.Shape{2, 5}}}, []string{"x"}, []string{"relu"}, ""},
		{"a new placeholder", x + y + relu + sum, []rewrite.NewShape{{Node: "relu", Dims: tensor.Shape{2, 5}}}, []string{"relu", "y"}, []string{"sum"},
			`node "sum" (Add) cannot take the new shapes`},
		{"a default of another shape", x + withDefault, []rewrite.NewShape{{Node: "d", Dims: tensor.Shape{3, 4}}}, nil, nil, `node "d" (PlaceholderWithDefault) cannot take the new shapes`},
		{"a default that is cut off", x + withDefault, []rewrite.NewShape{{Node: "d", Dims: tensor.Shape{3, 4}}}, []string{"d"}, []string{"d"}, ""},
		{"a default of the new shape", x + withDefault, []rewrite.NewShape{{Node: "d", Dims: tensor.Shape{-1, 4}}}, nil, nil, ""},
		{"a default that changes too", x + withDefault, []rewrite.NewShape{{Node: "x", Dims: tensor.Shape{3, 4}}, {Node: "d", Dims: tensor.Shape{3, 4}}}, nil, nil, ""},
		{"an op that could not take the old shapes either", x + y + broken, []rewrite.NewShape{{Node: "x", Dims: tensor.Shape{2, 5}}}, nil, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			options := rewrite.ExportOptions{Shapes: test.shapes, Inputs: endpoints(test.inputs), Outputs: endpoints(test.outputs)}
			_, _, err := rewrite.Export(indexed(t, message(t, `graph_def { `+test.nodes+` }`)), options)
			if test.err == "" && err != nil {
				t.Error(err)
			}
			if test.err != "" {
				wantError(t, err, test.err)
			}
		})
	}
}

// TestFixedSizes lists what still contains a replaced size, and infers the shape of the output. A size in another dimension is no such size.
func TestFixedSizes(t *testing.T) {
	const (
		x = `node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
			attr { key: "shape" value { shape { dim { size: 64 } dim { size: 64 } } } } }`
		float   = ` attr { key: "T" value { type: DT_FLOAT } }`
		index   = ` attr { key: "Index" value { type: DT_INT32 } }`
		tidx    = ` attr { key: "Tidx" value { type: DT_INT32 } }`
		two     = ` attr { key: "N" value { i: 2 } }`
		size    = `node { name: "size" op: "Const" attr { key: "dtype" value { type: DT_INT32 } } attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape { dim { size: 2 } } int_val: 64 int_val: 4 } } } }`
		limit   = `node { name: "limit" op: "Const" attr { key: "dtype" value { type: DT_INT32 } } attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape {} int_val: 64 } } } }`
		zero    = `node { name: "zero" op: "Const" attr { key: "dtype" value { type: DT_INT32 } } attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape {} int_val: 0 } } } }`
		one     = `node { name: "one" op: "Const" attr { key: "dtype" value { type: DT_INT32 } } attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape {} int_val: 1 } } } }`
		starts  = `node { name: "starts" op: "Const" attr { key: "dtype" value { type: DT_INT32 } } attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape { dim { size: 2 } } int_val: 0 } } } }`
		columns = `node { name: "columns" op: "Const" attr { key: "dtype" value { type: DT_INT32 } } attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape { dim { size: 2 } } int_val: -1 int_val: 64 } } } }`
		state   = `node { name: "state" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape { dim { size: 64 } dim { size: 64 } } float_val: 0 } } } }`
		weights = `node { name: "weights" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape { dim { size: 64 } dim { size: 4 } } float_val: 0 } } } }`
	)
	for _, test := range []struct {
		name, nodes string
		shaped      bool // the shape of the output is known
		want        []rewrite.FixedSize
	}{
		{"a state", state + `node { name: "y" op: "AddV2" input: "x" input: "state"` + float + ` }`, false, []rewrite.FixedSize{{Node: "state", Reader: "y", Size: 64}}},
		{"a size of a random tensor", size + `node { name: "noise" op: "RandomUniform" input: "size" attr { key: "dtype" value { type: DT_FLOAT } }` + float + ` }
			node { name: "y" op: "ConcatV2" input: "x" input: "noise" input: "one"` + float + tidx + two + ` }` + one, false, []rewrite.FixedSize{{Node: "size", Reader: "noise", Size: 64}}},
		{"the limit of a range that a gather reads", zero + one + limit + `node { name: "range" op: "Range" input: "zero" input: "limit" input: "one"` + tidx + ` }
			node { name: "y" op: "Gather" input: "x" input: "range" attr { key: "Tparams" value { type: DT_FLOAT } } attr { key: "Tindices" value { type: DT_INT32 } } }`, false,
			[]rewrite.FixedSize{{Node: "limit", Reader: "range", Size: 64}}},
		{"the size of a slice", starts + size + `node { name: "y" op: "Slice" input: "x" input: "starts" input: "size"` + float + index + ` }`, false, []rewrite.FixedSize{{Node: "size", Reader: "y", Size: 64}}},
		{"the size of another dimension", starts + columns + `node { name: "y" op: "Slice" input: "x" input: "starts" input: "columns"` + float + index + ` }`, false, nil},
		{"a shape in a function", `library { function { signature { name: "f" input_arg { name: "a" type: DT_FLOAT } output_arg { name: "b" type: DT_FLOAT } }
			ret { key: "b" value: "r:output:0" } ` + strings.ReplaceAll(size, "node {", "node_def {") + `
			node_def { name: "r" op: "Reshape" input: "a" input: "size:output:0"` + float + ` } } }
			node { name: "y" op: "PartitionedCall" input: "x" attr { key: "Tin" value { list { type: DT_FLOAT } } } attr { key: "Tout" value { list { type: DT_FLOAT } } }
			attr { key: "f" value { func { name: "f" } } } }`, false, []rewrite.FixedSize{{Node: "f/size", Reader: "f/r", Size: 64}}},
		{"weights", weights + `node { name: "y" op: "MatMul" input: "x" input: "weights"` + float + ` }`, true, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			options := rewrite.ExportOptions{Shapes: []rewrite.NewShape{{Node: "x", Dims: tensor.Shape{-1, 64}}}, Outputs: endpoints([]string{"y"})}
			copied, report, err := rewrite.Export(indexed(t, message(t, `graph_def { `+x+test.nodes+` }`)), options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, report.Constants); diff != "" {
				t.Error(diff)
			}
			if !test.shaped {
				return
			}
			shape := decode(t, copied).SignatureDef["serving_default"].Outputs["y"].TensorShape
			if diff := cmp.Diff([]int64{-1, 4}, []int64{shape.Dim[0].Size, shape.Dim[1].Size}); diff != "" {
				t.Errorf("shape of the output: %s", diff)
			}
		})
	}
}

// endpoints returns the endpoints whose keys are the names of the nodes.
func endpoints(nodes []string) []prune.Endpoint {
	var out []prune.Endpoint
	for _, node := range nodes {
		out = append(out, prune.Endpoint{Key: node, Node: node})
	}
	return out
}

// TestReshapedSignature gives a placeholder a new shape. The signature of the graph gets the new shapes of it and of what depends on it.
func TestReshapedSignature(t *testing.T) {
	m := testfiles.Sketch(t, `
		x = Placeholder dtype=float shape=(2,4)
		other = Placeholder dtype=float shape=(2)
		y = Relu x T=float`)
	info := func(name string, dims ...int64) *tfpb.TensorInfo {
		return &tfpb.TensorInfo{Encoding: &tfpb.TensorInfo_Name{Name: name}, Dtype: tfpb.DataType_DT_FLOAT, TensorShape: testfiles.ShapeProto(dims...)}
	}
	signature := func(batch int64) *tfpb.SignatureDef {
		return &tfpb.SignatureDef{Inputs: map[string]*tfpb.TensorInfo{"x": info("x:0", batch, 4), "other": info("other:0", 2)},
			Outputs: map[string]*tfpb.TensorInfo{"y": info("y:0", batch, 4)}, MethodName: "predict"}
	}
	m.SignatureDef = map[string]*tfpb.SignatureDef{"own": signature(2)}
	for _, batch := range []int64{8, -1} {
		copied, _, err := rewrite.Export(testfiles.MetaGraph(t, m), rewrite.ExportOptions{Shapes: []rewrite.NewShape{{Node: "x", Dims: tensor.Shape{batch, 4}}}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(signature(batch), decode(t, copied).SignatureDef["own"], protocmp.Transform()); diff != "" {
			t.Errorf("a batch of %d (-want +got)\n%s", batch, diff)
		}
	}
}
