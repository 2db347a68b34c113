package rewrite_test

import (
	"testing"

	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/tensor"
)

// TestSetShape gives placeholders new shapes. An op that cannot take them is an error, unless it could not take the old ones either.
func TestSetShape(t *testing.T) {
	const (
		float  = `attr { key: "T" value { type: DT_FLOAT } }`
		dtype  = `attr { key: "dtype" value { type: DT_FLOAT } }`
		x      = `node { name: "x" op: "Placeholder" ` + dtype + ` attr { key: "shape" value { shape { dim { size: 2 } dim { size: 4 } } } } }`
		y      = `node { name: "y" op: "Placeholder" ` + dtype + ` attr { key: "shape" value { shape { dim { size: 2 } dim { size: 4 } } } } }`
		sum    = `node { name: "sum" op: "Add" input: "relu" input: "y" ` + float + ` }`
		relu   = `node { name: "relu" op: "Relu" input: "x" ` + float + ` attr { key: "_output_shapes" value { list { shape { dim { size: 2 } dim { size: 4 } } } } } }`
		broken = `node { name: "broken" op: "MatMul" input: "x" input: "y" ` + float + ` }`
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

// endpoints returns the endpoints whose keys are the names of the nodes.
func endpoints(nodes []string) []prune.Endpoint {
	var out []prune.Endpoint
	for _, node := range nodes {
		out = append(out, prune.Endpoint{Key: node, Node: node})
	}
	return out
}
