package render

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/inspect"
	"github.com/metagraph/metagraph/internal/tensor"
)

func TestWrap(t *testing.T) {
	tests := []struct {
		name, text string
		width      int
		want       []string
	}{
		{"fits", "a  [why]", 8, []string{"a  [why]"}},
		{"empty", "", 8, []string{""}},
		{"at spaces", "one two three four", 9, []string{"one two", "  three", "  four"}},
		{"long word", "in replica_1/conv/weights float", 14, []string{"in", "  replica_1/conv/weights", "  float"}},
		{"very long word", "in " + strings.Repeat("x", longestWord+1), 14, []string{"in", "  " + strings.Repeat("x", longestWord/2-1) + ellipsis + strings.Repeat("x", longestWord/2)}},
		{"width 1", "ab cd", 1, []string{"ab", "cd"}},
		{"number and unit", "13 trainable, 428 B", 18, []string{"13 trainable,", "  428 B"}},
		{"percentage", "share of 12.5 %, 3 B", 15, []string{"share of", "  12.5 %, 3 B"}},
		{"unit without a number", "the letter B", 11, []string{"the letter", "  B"}},
		{"shape", "float32 (?, 299, 299, 3)", 16, []string{"float32", "  (?, 299, 299,", "  3)"}},
		{"shape that fits", "tensor float32 (?, 299, 3)", 19, []string{"tensor float32", "  (?, 299, 3)"}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, wrap(test.text, test.width)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	if lines := wrap(strings.Repeat("word ", 1000), 12); len(lines) != wrapLines || !strings.HasSuffix(lines[wrapLines-1], ellipsis) {
		t.Errorf("long text: %d lines: %q", len(lines), lines)
	}
}

// Lists are broken between parts, and texts at spaces.
func TestSummaryNarrow(t *testing.T) {
	s := &inspect.Summary{Collections: []inspect.CollectionCount{{Key: "trainable_variables", Count: 4}, {Key: "variables", Count: 15}, {Key: "train_op", Count: 2}}}
	var b strings.Builder
	if err := Show(&b, []View{Summary(s, 50)}, Options{Format: Table, Width: 50}); err != nil {
		t.Fatal(err)
	}
	want := "collections  trainable_variables (4),\n             variables (15), train_op (2)\n"
	if !strings.Contains(b.String(), want) || strings.Contains(b.String(), ellipsis) {
		t.Errorf("got\n%swithout\n%s", b.String(), want)
	}
}

// The method comes first, and keys and tensors below it, unshortened.
func TestSignaturesNarrow(t *testing.T) {
	signatures := []*inspect.Signature{{Key: "serving_default", Method: "tensorflow/serving/predict",
		Inputs: []inspect.SignatureTensor{{Key: "input_1", Tensor: "serving_default_input_1:0", DType: "float32", Shape: tensor.Shape{-1, 5}}}}}
	var b strings.Builder
	if err := Show(&b, []View{Signatures(slices.Values(signatures))}, Options{Format: Table, Width: 50}); err != nil {
		t.Fatal(err)
	}
	want := `signature        part
  key  tensor  dtype  shape
serving_default  input
  input_1  serving_default_input_1:0  float32
    (?, 5)
hidden columns (terminal too narrow): method
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}
