package dataflow

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/inspect/variables"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// leastRight is how many corpus files must be right. Three are wrong: users of the first read features upstream of the
// training heads; users of the second read clusters that the graph uses only for training; the third has an input that
// looks like a label.
const leastRight = 58

// TestFindIOOfCorpus compares the result for real files with what their authors' code feeds and fetches, as
// conformance/inputs_outputs.py does.
func TestFindIOOfCorpus(t *testing.T) {
	reader := csv.NewReader(bytes.NewReader(testfiles.Shared(t, "corpus/io-truth.tsv")))
	reader.Comma, reader.LazyQuotes = '\t', true
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for _, row := range rows[1:] {
		path := testfiles.Path(t, "corpus/"+row[0])
		if _, err := os.Stat(path); err != nil {
			right++ // the file is not available, so it does not count as wrong
			continue
		}
		found, err := Find(model.New(testfiles.Open(t, path, "")))
		if err != nil {
			t.Errorf("%s: %v", row[0], err)
			continue
		}
		if wrong := judge(found, list(row[1]), list(row[2]), list(row[3])); wrong != "" {
			t.Logf("%s: %s", row[0], wrong)
		} else {
			right++
		}
	}
	if right < leastRight {
		t.Errorf("%d files are right, want at least %d", right, leastRight)
	}
}

func list(cell string) []string {
	if cell == "" {
		return nil
	}
	return strings.Split(cell, ",")
}

// judge returns how the result differs from the expected tensors, or "" if it does not.
func judge(found *IO, inputs, auxiliary, outputs []string) string {
	var in, out []string
	for _, t := range found.Inputs {
		in = append(in, t.Tensor)
	}
	for _, t := range found.Outputs {
		out = append(out, t.Tensor)
	}
	in = in[:min(len(in), len(inputs)+len(auxiliary)+2)]
	out = out[:min(len(out), 3)]
	for _, want := range inputs {
		if !slices.Contains(in, want) {
			return fmt.Sprintf("%s is not among %q", want, in)
		}
	}
	if len(outputs) > 0 && !slices.ContainsFunc(out, func(t string) bool { return slices.Contains(outputs, t) }) {
		return fmt.Sprintf("none of %q is among %q", outputs, out)
	}
	return ""
}

// TestFindIOOfTestdata checks selected tensors of files that TensorFlow wrote.
func TestFindIOOfTestdata(t *testing.T) {
	tests := []struct {
		path, tags      string
		inputs, outputs []string
	}{
		{"train/model.ckpt-3.meta", "",
			[]string{"data images:0 float32 (?, 784)", "auxiliary keep_prob:0 float32 ()", "label labels:0 int64 (?)"},
			[]string{"prediction softmax_linear/Wx_plus_b:0 float32 (?, 10)", "prediction ArgMax:0 int64 (?)",
				"loss loss:0 float32 ()", "metric accuracy:0 float32 ()"}},
		{"inference.pbtxt", "",
			[]string{"data images:0 float32 (?, 784)"},
			[]string{"prediction softmax_linear/Wx_plus_b:0 float32 (?, 10)", "prediction probabilities:0 float32 (?, 10)"}},
		{"partitioned.meta", "",
			[]string{"data ids:0 int64 (?)"},
			[]string{"prediction out:0 float32 (?, 4)"}},
		{"queues.meta", "", nil, []string{"prediction batch:0 string (4)"}},
		{"saved_model", "serve",
			[]string{"data words:0 string (?)"},
			[]string{"prediction scores:0 float32 (?, 2)"}},
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			found, err := Find(model.New(testfiles.Open(t, testfiles.Path(t, "testdata/"+test.path), test.tags)))
			if err != nil {
				t.Fatal(err)
			}
			var inputs, outputs []string
			for _, in := range found.Inputs {
				inputs = append(inputs, ioLine(in))
			}
			for _, out := range found.Outputs {
				outputs = append(outputs, ioLine(out))
			}
			if diff := cmp.Diff(test.inputs, inputs); diff != "" {
				t.Errorf("inputs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.outputs, outputs); diff != "" {
				t.Errorf("outputs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFindIOOfKinds compares the result for small graphs of each kind with the expected tensors (testdata/io, made by
// make.py).
func TestFindIOOfKinds(t *testing.T) {
	read := csv.NewReader(bytes.NewReader(testfiles.Read(t, "testdata/io/truth.tsv")))
	read.Comma = '\t'
	rows, err := read.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		t.Run(row[0], func(t *testing.T) {
			found, err := Find(model.New(testfiles.Open(t, testfiles.Path(t, "testdata/io/"+row[0]), "")))
			if err != nil {
				t.Fatal(err)
			}
			// At most one other tensor of the role may be listed before the last expected one.
			check := func(what, truth string, tensors []Tensor, role Role) {
				var names []string
				for _, tensor := range tensors {
					if tensor.Role == role {
						names = append(names, tensor.Tensor)
					}
				}
				want := list(truth)
				first := names[:min(len(names), len(want)+1)]
				for _, name := range want {
					if !slices.Contains(first, name) {
						t.Errorf("%s %s is not among the first of %q", what, name, names)
					}
				}
			}
			check("input", row[1], found.Inputs, RoleData)
			check("output", row[2], found.Outputs, RolePrediction)
			if !slices.Contains(list(row[2]), found.Outputs[0].Tensor) {
				t.Errorf("the first output is %s, want one of %s", found.Outputs[0].Tensor, row[2])
			}
		})
	}
}

// FuzzFindIO checks that Find never panics and is deterministic, that it lists each tensor of a role once, and that
// every name occurs in the file.
func FuzzFindIO(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(testfiles.Encode(f, testfiles.Example()))
	f.Add(testfiles.Encode(f, testfiles.Sketch(f, training)))
	for _, data := range testfiles.Metas(f) {
		if len(data) < 20_000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		meta, err := wire.ParseMetaGraph(data)
		if err != nil {
			return
		}
		found, err := Find(model.New(meta))
		if err != nil {
			return
		}
		list, err := variables.Find(model.New(meta))
		if err != nil {
			return // damaged functions
		}
		again, _ := Find(model.New(meta))
		listAgain, _ := variables.Find(model.New(meta))
		if a, b := asJSON(t, found, slices.Collect(list.Variables)), asJSON(t, again, slices.Collect(listAgain.Variables)); !bytes.Equal(a, b) {
			t.Errorf("two runs differ:\n%s\n%s", a, b)
		}
		for _, tensors := range [][]Tensor{found.Inputs, found.Outputs} {
			seen := make(map[string]bool)
			for _, tensor := range tensors {
				if seen[tensor.Tensor] {
					t.Errorf("%s is listed twice", tensor.Tensor)
				}
				seen[tensor.Tensor] = true
				if name, _, _ := strings.Cut(tensor.Tensor, ":"); !bytes.Contains(data, []byte(name)) {
					t.Errorf("%q does not occur in the file", name)
				}
			}
		}
	})
}

func asJSON(t *testing.T, values ...any) []byte {
	t.Helper()
	out, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
