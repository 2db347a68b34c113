package dataflow

import (
	"testing"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/testfiles"
)

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
			t.Errorf("chosen(%q, %q) = %v, want %v", name, op, got, want)
		}
	}
	for name, want := range map[string]bool{
		"my_logits": true, "y": true, "y_pred": true, "array": false, "layer_output_2": true, "q": true, "seq": false, "out": true, "route": false,
	} {
		if got := says(name, predictionWords); got != want {
			t.Errorf("prediction words in %q: %v, want %v", name, got, want)
		}
	}
}

func TestGradientNames(t *testing.T) {
	m := testfiles.Sketch(t, `
net/MatMul = MatMul
x = Placeholder dtype=float
`)
	g, err := graph.New(testfiles.MetaGraph(t, m).Graph())
	if err != nil {
		t.Fatal(err)
	}
	f := NewFlow(g)
	for name, want := range map[string]bool{
		"gradients/x": true, "gradients_1/x": true, "train/gradients/MatMul_grad/mul": true, "gradient_tape/x": true,
		"gradients": false, "gradients_of_x/y": false, "my_gradients/x": false, "mine/net/MatMul_grad/Reshape": true,
		"policy_grad/x": false, "_grad/x": false, "": false, "graduate/gradients_x/y": false, "gradients_/x": false,
	} {
		if got := f.gradientName([]byte(name)); got != want {
			t.Errorf("gradientName(%q) = %v, want %v", name, got, want)
		}
	}
}
