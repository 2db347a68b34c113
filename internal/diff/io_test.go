package diff

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/wire"
)

// TestIO: inputs and outputs are compared by tensor, those of renamed nodes under their new names, and only if the files differ.
func TestIO(t *testing.T) {
	const image = `graph_def { node { name: "x" op: "Placeholder" } node { name: "y" op: "Relu" input: "x" } }`
	const tower = `graph_def { node { name: "t/x" op: "Placeholder" } node { name: "t/y" op: "Relu" input: "t/x" } }`
	endpoints := func(input, output string, more ...Endpoint) []Endpoint {
		return append([]Endpoint{{Tensor: input, Input: true, Role: "data", DType: "float32", Shape: "(?, 3)"}, {Tensor: output, Role: "prediction", DType: "float32", Shape: "(?, 3)"}}, more...)
	}
	for _, test := range []struct {
		name string
		b    string
		ioB  []Endpoint
		only string
		want []string
	}{
		{"renamed", tower, endpoints("t/x:0", "t/y:0"), "io", []string{"io scope  => t/ (2)"}},
		{"changed", tower, []Endpoint{{Tensor: "t/x:0", Input: true, Role: "label", DType: "int32", Shape: "?"}, {Tensor: "t/y:0", Role: "prediction", DType: "float32", Shape: "(?, 3)"}}, "io",
			[]string{"io scope  => t/ (1)", "io changed x:0 => t/x:0 role: data -> label", "io changed x:0 => t/x:0 dtype: float32 -> int32", "io changed x:0 => t/x:0 shape: (?, 3) -> ?"}},
		{"added and removed", image + ` saver_def { }`, endpoints("x:0", "z:0", Endpoint{Tensor: "y:0", Input: true, Role: "data", Shape: "?"}), "io",
			[]string{"io added z:0", "io added y:0", "io removed y:0"}},
		{"same files", image, nil, "io", nil},
		{"other part selected", tower, nil, "saver", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, b := parse(t, image), parse(t, test.b)
			report, err := Compare(a, b, Options{Only: []string{test.only}, Endpoints: func(m *wire.MetaGraph) ([]Endpoint, error) {
				if test.ioB == nil {
					t.Error("Endpoints was called")
				}
				if m == a {
					return endpoints("x:0", "y:0"), nil
				}
				return test.ioB, nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			got := tell(report)
			slices.Sort(got)
			slices.Sort(test.want)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCounters: with Counters ignored, numbers in function names and numeric user-specified names are ignored. Other names are not.
func TestCounters(t *testing.T) {
	graph := func(function, name string) *wire.MetaGraph {
		return parse(t, `graph_def { node { name: "c" op: "`+function+`" } library { function { signature { name: "`+function+`" input_arg { name: "a" } }
			node_def { name: "n" op: "Relu" input: "a" attr { key: "_user_specified_name" value { s: "`+name+`" } } }
			arg_attr { key: 0 value { attr { key: "_user_specified_name" value { s: "`+name+`" } } } } } } }`)
	}
	for _, test := range []struct {
		functionA, nameA, functionB, nameB string
		equal                              bool
	}{
		{"__inference_f_12", "26", "__inference_f_345", "113", true},
		{"while_body_12_rewritten", "26", "while_body_7_rewritten", "26", true},
		{"__inference_f_12", "26", "__inference_g_12", "26", false},
		{"__inference_f_12", "x", "__inference_f_345", "y", false},
		{"__inference_f_12", "x1", "__inference_f_345", "x2", false},
	} {
		a, b := graph(test.functionA, test.nameA), graph(test.functionB, test.nameB)
		for _, ignore := range [][]string{nil, {Counters}} {
			report, err := Compare(a, b, Options{Ignore: ignore})
			if err != nil {
				t.Fatal(err)
			}
			if want := test.equal && ignore != nil; report.Equal != want {
				t.Errorf("%v, ignoring %v: equal %v, want %v: %s", test, ignore, report.Equal, want, tell(report))
			}
		}
	}
}
