package render

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/inspect/dataflow"
	"github.com/metagraph/metagraph/internal/inspect/variables"
	"github.com/metagraph/metagraph/internal/tensor"
)

// printed returns a view in the given format.
func printed(t *testing.T, v View, format Format) string {
	t.Helper()
	var out bytes.Buffer
	if err := Show(&out, []View{v}, Options{Format: format}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// raw returns the values of a view.
func raw(t *testing.T, v View) []string {
	t.Helper()
	var values []string
	for part := range v.Values {
		for value, err := range part {
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
	}
	return values
}

func TestIO(t *testing.T) {
	io := &dataflow.IO{
		Inputs: []dataflow.Tensor{
			{Tensor: "x:0", Role: dataflow.RoleData, DType: "float32", Shape: tensor.Shape{-1, 4}, Why: "feeds the model"},
			{Tensor: "train:0", Role: dataflow.RoleAuxiliary, DType: "bool", Shape: tensor.Shape{}, Why: "a switch"},
			{Tensor: "y:0", Role: dataflow.RoleLabel, Why: "feeds the loss"},
		},
		Outputs: []dataflow.Tensor{
			{Tensor: "a/out:0", Role: dataflow.RolePrediction, DType: "float32", Shape: tensor.Shape{-1}, Why: "last",
				Copies: []string{"b/out:0", "c/out:0", "d/out:0", "e/out:0"}},
			{Tensor: "loss:0", Role: dataflow.RoleLoss, DType: "float32", Shape: tensor.Shape{}},
		},
	}
	v := IO(io)
	want := `inputs
tensor  dtype    shape   why
x:0     float32  (?, 4)  feeds the model

auxiliary
tensor   dtype  shape  why
train:0  bool   ()     a switch

labels
tensor  dtype  shape  why
y:0            ?      feeds the loss

outputs
tensor   dtype    shape  why
a/out:0  float32  (?)    last; 4 similar tensors: b/out:0, c/out:0, d/out:0, and 1 more

losses
tensor  dtype    shape  why
loss:0  float32  ()
`
	if diff := cmp.Diff(want, printed(t, v, Table)); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	wantJSON := `{
  "format_version": 1,
  "inputs": [
    {"tensor": "x:0", "role": "data", "dtype": "float32", "shape": [-1, 4], "why": "feeds the model"},
    {"tensor": "train:0", "role": "auxiliary", "dtype": "bool", "shape": [], "why": "a switch"},
    {"tensor": "y:0", "role": "label", "dtype": "", "shape": null, "why": "feeds the loss"}
  ],
  "outputs": [
    {"tensor": "a/out:0", "role": "prediction", "dtype": "float32", "shape": [-1], "why": "last", "copies": ["b/out:0", "c/out:0", "d/out:0", "e/out:0"]},
    {"tensor": "loss:0", "role": "loss", "dtype": "float32", "shape": [], "why": ""}
  ]
}
`
	if diff := cmp.Diff(wantJSON, printed(t, v, JSON)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	if want := []string{"x:0", "a/out:0"}; !slices.Equal(raw(t, v), want) {
		t.Errorf("raw values are %q, want %q", raw(t, v), want)
	}
}

func TestIONone(t *testing.T) {
	want := `inputs
no inputs: this graph has nothing to feed

outputs
no inference outputs found
`
	if diff := cmp.Diff(want, printed(t, IO(&dataflow.IO{}), Table)); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestVariableList(t *testing.T) {
	l := &variables.List{
		Variables: slices.Values([]*variables.Variable{
			{Name: "table", Kind: variables.KindModel, DType: "float32", Shape: tensor.Shape{4, 2}, Parameters: 8, Bytes: 32, Trainable: true,
				Op: "VariableV2", Sources: []string{"variables", "graph"},
				Parts: []variables.Part{
					{Name: "table/part_0", Shape: tensor.Shape{2, 2}, Offset: []int64{0, 0}, Parameters: 4, Slice: "4 2 0,2:0,2"},
					{Name: "table/part_1", Shape: tensor.Shape{2, 2}, Offset: []int64{2, 0}, Parameters: 4, Slice: "4 2 2,2:0,2"},
				}},
			{Name: "table/Adam", Kind: variables.KindOptimizer, Of: "table", DType: "float32", Parameters: -1, Bytes: -1,
				Initializer: "init", Sources: []string{"graph"}},
		}),
		Total:     variables.Totals{Variables: 2, Parameters: 8, Bytes: 32, Unknown: 1},
		Trainable: variables.Totals{Variables: 1, Parameters: 8, Bytes: 32},
	}
	v := VariableList(l)
	want := `variable      kind       dtype    shape   parameters  bytes  trainable  slice        initializer  from
table         model      float32  (4, 2)           8     32  yes        2 parts                   variables, graph
table/part_0  part       float32  (2, 2)           4                    4 2 0,2:0,2
table/part_1  part       float32  (2, 2)           4                    4 2 2,2:0,2
table/Adam    optimizer  float32  ?                ?      ?  no                      init         graph
2 variables, 8 parameters, 32 B and 1 of unknown size; trainable: 1 variable, 8 parameters, 32 B
`
	if diff := cmp.Diff(want, printed(t, v, Table)); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	if want := []string{"table", "table/Adam"}; !slices.Equal(raw(t, v), want) {
		t.Errorf("raw values are %q, want %q", raw(t, v), want)
	}
	want = "no variables\n"
	if diff := cmp.Diff(want, printed(t, VariableList(&variables.List{Variables: slices.Values([]*variables.Variable(nil))}), Table)); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}
