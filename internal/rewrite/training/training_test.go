package training

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/metagraph/metagraph/internal/graph"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/wire"
)

// TestFind finds random ops, training-mode batch normalizations and updates of variables, unless a placeholder can turn them off.
func TestFind(t *testing.T) {
	const (
		noise     = `node { name: "noise" op: "RandomUniform" input: "size" }`
		moments   = `node { name: "squares" op: "SquaredDifference" input: "x" input: "x" } node { name: "variance" op: "Mean" input: "squares" input: "axes" }`
		normalize = `node { name: "y" op: "Add" input: "squeezed" input: "epsilon" } node { name: "squeezed" op: "Squeeze" input: "variance" }`
		update    = `node { name: "not needed" op: "AssignSub" input: "average" input: "change" } node { name: "change" op: "Sub" input: "average" input: "squeezed" }`
		branch    = `node { name: "switch" op: "Switch" input: "training" input: "training" } node { name: "yes" op: "Identity" input: "switch:1" }
			node { name: "noise" op: "RandomUniform" input: "size" input: "^yes" }`
		selected = `node { name: "switch" op: "Switch" input: "variance" input: "training" } node { name: "batch" op: "Identity" input: "switch:1" }
			node { name: "other" op: "Switch" input: "average" input: "training" } node { name: "merge" op: "Merge" input: "other" input: "batch" }
			node { name: "y" op: "Add" input: "merge" input: "epsilon" }`
		half = ` attr { key: "value" value { tensor { dtype: DT_FLOAT float_val: 0.5 } } }`
		one  = ` attr { key: "value" value { tensor { dtype: DT_FLOAT float_val: 1 } } }`
		yes  = ` attr { key: "value" value { tensor { dtype: DT_BOOL bool_val: true } } }`
		no   = ` attr { key: "value" value { tensor { dtype: DT_BOOL bool_val: false } } }`
		keep = noise + `node { name: "sum" op: "Add" input: "keep" input: "noise" } node { name: "mask" op: "Floor" input: "sum" }`
	)
	axes := func(axes ...int) string {
		list := strings.Trim(strings.ReplaceAll(fmt.Sprint(axes), " ", ", "), "[]")
		return fmt.Sprintf(`node { name: "axes" op: "Const" attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape { dim { size: %d } } int_val: [%s] } } } }`, len(axes), list)
	}
	for _, test := range []struct {
		name, graph        string
		random, batchNorms []string
		updates            []string
	}{
		{"a random op", noise, []string{"noise"}, nil, nil},
		{"a sample", `node { name: "sample" op: "Multinomial" }`, []string{"sample"}, nil, nil},
		{"a random op with a seed as input", `node { name: "noise" op: "StatelessRandomUniform" }`, nil, nil, nil},
		{"a random op that is not needed", `node { name: "not needed" op: "RandomUniform" }`, nil, nil, nil},
		{"a function", `node { name: "call" op: "PartitionedCall" attr { key: "f" value { func { name: "f" } } } }
			library { function { signature { name: "f" } node_def { name: "noise" op: "RandomStandardNormal" } node_def { name: "bn" op: "FusedBatchNormV3" } } }`,
			[]string{"f/noise"}, []string{"f/bn"}, nil},
		{"a function in a branch", `node { name: "call" op: "If" attr { key: "then_branch" value { func { name: "f" } } } }
			library { function { signature { name: "f" } node_def { name: "noise" op: "RandomStandardNormal" } } }`, nil, nil, nil},
		{"a fed rate", `node { name: "keep" op: "Placeholder" }` + keep, nil, nil, nil},
		{"a constant rate", `node { name: "keep" op: "Const"` + half + ` }` + keep, []string{"noise"}, nil, nil},
		{"a rate that is off by default", `node { name: "keep" op: "PlaceholderWithDefault" input: "rate" } node { name: "rate" op: "Const"` + one + ` }` + keep, nil, nil, nil},
		{"a rate that is on by default", `node { name: "keep" op: "PlaceholderWithDefault" input: "rate" } node { name: "rate" op: "Const"` + half + ` }` + keep, []string{"noise"}, nil, nil},
		{"a fed predicate", `node { name: "training" op: "Placeholder" }` + branch, nil, nil, nil},
		{"a true predicate", `node { name: "training" op: "Const"` + yes + ` }` + branch, []string{"noise"}, nil, nil},
		{"a false predicate", `node { name: "training" op: "Const"` + no + ` }` + branch, nil, nil, nil},
		{"a loop", `node { name: "training" op: "LoopCond" }` + branch, []string{"noise"}, nil, nil},
		{"training is the default", `node { name: "bn" op: "FusedBatchNorm" input: "x" input: "scale" }`, nil, []string{"bn"}, nil},
		{"inference", `node { name: "bn" op: "FusedBatchNorm" attr { key: "is_training" value { b: false } } }`, nil, nil, nil},
		{"layer normalization", `node { name: "bn" op: "FusedBatchNormV3" input: "x" input: "ones" } node { name: "x" op: "Reshape" } node { name: "ones" op: "Fill" }`, nil, nil, nil},
		{"moments with a moving average", moments + normalize + update, nil, []string{"variance"}, nil},
		{"moments of each example", moments + normalize, nil, nil, nil},
		{"moments over the examples", moments + normalize + axes(0, 1), nil, []string{"variance"}, nil},
		{"moments over the channels", moments + normalize + axes(1, 2), nil, nil, nil},
		{"moments that a conditional may use", moments + axes(0) + `node { name: "if" op: "StatelessIf" input: "training" input: "variance" }`, nil, nil, nil},
		{"moments that a fed predicate selects", moments + axes(0) + selected + `node { name: "training" op: "Placeholder" }`, nil, nil, nil},
		{"moments that a true predicate selects", moments + axes(0) + selected + `node { name: "training" op: "Const"` + yes + ` }`, nil, []string{"variance"}, nil},
		{"moments that a false predicate drops", moments + axes(0) + selected + `node { name: "training" op: "Const"` + no + ` }`, nil, nil, nil},
		{"moments of a weight", moments + normalize + axes(0) + `node { name: "x" op: "Identity" input: "w" } node { name: "w" op: "VariableV2" }`, nil, nil, nil},
		{"recurrent layers with dropout", `node { name: "rnn" op: "CudnnRNNV3" attr { key: "dropout" value { f: 0.5 } } }`, []string{"rnn"}, nil, nil},
		{"recurrent layers without dropout", `node { name: "rnn" op: "CudnnRNN" }`, nil, nil, nil},
		{"recurrent layers for inference", `node { name: "rnn" op: "CudnnRNN" attr { key: "dropout" value { f: 0.5 } } attr { key: "is_training" value { b: false } } }`, nil, nil, nil},
		{"moments for a moving average that is always updated", moments + strings.ReplaceAll(update, "not needed", "step") +
			`node { name: "squeezed" op: "Squeeze" input: "variance" } node { name: "step/delta" op: "Sub" input: "average" input: "squeezed" }`, nil, nil, []string{"step"}},
		{"an update", `node { name: "v" op: "VariableV2" } node { name: "step" op: "AssignAdd" input: "v" input: "one" }`, nil, nil, []string{"step"}},
		{"an update of a temporary variable", `node { name: "v" op: "TemporaryVariable" } node { name: "step" op: "Assign" input: "v" input: "one" }`, nil, nil, nil},
		{"an update that a placeholder chooses", `node { name: "training" op: "Placeholder" }` + branch + ` node { name: "step" op: "AssignAdd" input: "v" input: "yes" }`, nil, nil, nil},
		{"an update in a function", `node { name: "call" op: "PartitionedCall" attr { key: "f" value { func { name: "f" } } } }
			library { function { signature { name: "f" } node_def { name: "step" op: "AssignAddVariableOp" } } }`, nil, nil, []string{"f/step"}},
		{"moments for the moving average only", moments + update + `node { name: "squeezed" op: "Squeeze" input: "variance" }`, nil, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := new(tfpb.GraphDef)
			if err := prototext.Unmarshal([]byte(test.graph), m); err != nil {
				t.Fatal(err)
			}
			raw, err := proto.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			g, err := graph.New(wire.Graph(raw))
			if err != nil {
				t.Fatal(err)
			}
			library, err := draft.NewLibrary(wire.Graph(raw))
			if err != nil {
				t.Fatal(err)
			}
			found, err := Find(draft.New(g), library, func(i int) bool { name := string(g.Name(i)); return name != "not needed" && name != "change" })
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&Found{test.random, test.batchNorms, test.updates}, found); diff != "" {
				t.Error(diff)
			}
		})
	}
}
