package inspect

import "testing"

// TestClassify wants ops that look alike to be told apart.
func TestClassify(t *testing.T) {
	tests := []struct {
		op   string
		want opClass
		not  opClass
	}{
		{"VariableV2", opVariable, opTerminal},
		{"VarHandleOp", opVariable, 0},
		{"PlaceholderWithDefault", opSource | opPlaceholder, 0},
		{"QueueDequeueManyV2", opSource, opTerminal},
		{"QueueEnqueueManyV2", opTerminal | opEnqueue | opKeeper, opSource},
		{"QueueSizeV2", opTerminal, opSource},
		{"RandomShuffleQueueV2", opTerminal, opRandom},
		{"RandomUniform", opRandom, 0},
		{"RandomShuffle", 0, opRandom},
		{"IteratorGetNext", opSource, opTerminal},
		{"IteratorV2", opTerminal, opSource},
		{"BatchDatasetV2", opTerminal, opSource},
		{"AssignSubVariableOp", opUpdate | opKeeper, 0},
		{"ResourceApplyAdam", opUpdate | opKeeper, 0},
		{"ScatterAdd", opUpdate, 0},
		{"ScatterNdUpdate", opUpdate, 0},
		{"ScatterNd", 0, opUpdate | opTerminal},
		{"TensorScatterUpdate", 0, opUpdate | opTerminal},
		{"SaveV2", opSave | opKeeper, 0},
		{"ScalarSummary", opSummary | opTerminal, opKeeper},
		{"WriteScalarSummary", opSummary, 0},
		{"Conv2DBackpropInput", opWeighted, opGradient},
		{"Conv2DBackpropFilter", opGradient, opWeighted},
		{"FusedBatchNormGradV3", opGradient, 0},
		{"FusedBatchNormV3", opOneOutput | opWeighted, opGradient},
		{"ReluGrad", opGradient, 0},
		{"StopGradient", opSame, opGradient},
		{"PreventGradient", opSame, opGradient},
		{"LookupTableFindV2", 0, opTerminal},
		{"LookupTableImportV2", opTerminal, 0},
		{"SparseSoftmaxCrossEntropyWithLogits", opLoss | opOneOutput, opDecision},
		{"StatelessWhile", opWhile, 0},
		{"MatMul", opWeighted, opTerminal},
		{"MyOwnOp", 0, ^opClass(0)},
	}
	for _, test := range tests {
		got := classify(test.op)
		if got&test.want != test.want || got&test.not != 0 {
			t.Errorf("%s is of the classes %b, want %b and not %b", test.op, got, test.want, test.not)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{
		"fc/Softmax": false, "Softmax_12": false, "Add": false, "add_1": false, "scope/out": true, "final_result": true,
		"x/input_1": true, "truediv": false, "MatMul_a": true, "strided_slice_3": false, "l2_normalize": false,
	} {
		op := map[bool]string{true: "Softmax", false: "AddV2"}[name == "fc/Softmax" || name == "Softmax_12"]
		if name == "MatMul_a" {
			op = "MatMul"
		}
		if got := chosen([]byte(name), op); got != want {
			t.Errorf("a person chose %q (%s): %v, want %v", name, op, got, want)
		}
	}
	for name, want := range map[string]bool{
		"my_logits": true, "y": true, "y_pred": true, "array": false, "layer_output_2": true, "q": true, "seq": false, "out": true, "route": false,
	} {
		if got := says(name, predictionWords); got != want {
			t.Errorf("%q is called like a result: %v, want %v", name, got, want)
		}
	}
}

func TestGradientNames(t *testing.T) {
	m := sketch(t, `
net/MatMul = MatMul
x = Placeholder dtype=float
`)
	g, _ := typesOf(t, m)
	f := newFlow(g)
	for name, want := range map[string]bool{
		"gradients/x": true, "gradients_1/x": true, "train/gradients/MatMul_grad/mul": true, "gradient_tape/x": true,
		"gradients": false, "gradients_of_x/y": false, "my_gradients/x": false, "mine/net/MatMul_grad/Reshape": true,
		"policy_grad/x": false, "_grad/x": false, "": false, "graduate/gradients_x/y": false, "gradients_/x": false,
	} {
		if got := f.gradientName([]byte(name)); got != want {
			t.Errorf("%q is the name of a gradient: %v, want %v", name, got, want)
		}
	}
}
