package rewrite_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/scope"
)

// TestSetValues compares graphs with set values with twins, in which the placeholder is a constant. Everything else stays, except for the
// inputs of signatures.
func TestSetValues(t *testing.T) {
	for _, test := range []struct {
		name, placeholder, value, constant string
	}{
		{"a bool", `op: "Placeholder" attr { key: "dtype" value { type: DT_BOOL } } attr { key: "shape" value { shape { } } }`, "True",
			`op: "Const" attr { key: "dtype" value { type: DT_BOOL } } attr { key: "value" value { tensor { dtype: DT_BOOL tensor_shape { } tensor_content: "\001" } } }`},
		{"a float of unknown shape", `op: "Placeholder" device: "/cpu:0" attr { key: "dtype" value { type: DT_FLOAT } }`, "-0.5",
			`op: "Const" device: "/cpu:0" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape { } tensor_content: "\000\000\000\277" } } }`},
		{"a default", `op: "PlaceholderWithDefault" input: "other" input: "^other" attr { key: "dtype" value { type: DT_INT64 } }`, "258",
			`op: "Const" input: "^other" attr { key: "dtype" value { type: DT_INT64 } } attr { key: "value" value { tensor { dtype: DT_INT64 tensor_shape { } tensor_content: "\002\001\000\000\000\000\000\000" } } }`},
		{"a string", `op: "PlaceholderV2" attr { key: "dtype" value { type: DT_STRING } }`, "a=b",
			`op: "Const" attr { key: "dtype" value { type: DT_STRING } } attr { key: "value" value { tensor { dtype: DT_STRING tensor_shape { } string_val: "a=b" } } }`},
	} {
		t.Run(test.name, func(t *testing.T) {
			model := func(node, inputs string) *tfpb.MetaGraphDef {
				m := new(tfpb.MetaGraphDef)
				must(prototext.Unmarshal([]byte(`graph_def { node { name: "other" op: "NoOp" } node { name: "set" `+node+` } node { name: "y" op: "Identity" input: "set" } }
					signature_def { key: "serve" value { inputs { key: "other" value { name: "other:0" } } `+inputs+` outputs { key: "y" value { name: "set:0" } } } }`), m))
				return m
			}
			raw, err := proto.Marshal(model(test.placeholder, `inputs { key: "set" value { name: "set:0" } }`))
			must(err)
			message, report, err := rewrite.Export(parse(t, raw), rewrite.ExportOptions{Values: []rewrite.NewValue{{Node: "set", Text: test.value}}, Registry: scope.NewRegistry()})
			if err != nil {
				t.Fatal(err)
			}
			got := new(tfpb.MetaGraphDef)
			must(proto.Unmarshal(message.Bytes(), got))
			if diff := cmp.Diff(model(test.constant, ""), got, protocmp.Transform()); diff != "" {
				t.Errorf("(-twin +export)\n%s", diff)
			}
			if len(report.Values) != 1 || report.Values[0].Node != "set" || report.Values[0].Value != test.value {
				t.Errorf("the report lists %+v", report.Values)
			}
		})
	}
}
