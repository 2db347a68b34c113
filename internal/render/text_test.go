package render

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/inspect"
	"github.com/metagraph/metagraph/internal/printable"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/tensor"
)

func TestText(t *testing.T) {
	tests := map[string]string{
		"":              "",
		"conv/w:0":      "conv/w:0",
		"a b":           "a b",
		"η画":            "η画",
		" a":            `" a"`,
		"a ":            `"a "`,
		"a\tb":          `"a\tb"`,
		"a\nb":          `"a\nb"`,
		"\x1b[31m":      `"\x1b[31m"`,
		"\xff":          `"\xff"`,
		"a\u202eb":      `"a\u202eb"`,
		"\u009b31m":     `"\u009b31m"`,
		"\ufffd":        "\ufffd",
		"zero\u200bwid": `"zero\u200bwid"`,
	}
	for s, want := range tests {
		if got := Text(s); got != want {
			t.Errorf("Text(%q) = %s, want %s", s, got, want)
		}
	}
}

// FuzzText: the output is printable, and applying Text again changes nothing. JSON is valid and lossless.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "a", "\x1b", "\xff", "\u202e", "η", "\U0001f600", "\U000e0001", `"\`, "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := Text(s)
		if !printable.Is(text) || Text(text) != text {
			t.Errorf("Text(%q) = %q", s, text)
		}
		if raw := rawText(s); strings.Contains(raw, "\n") || !utf8.ValidString(raw) {
			t.Errorf("rawText(%q) = %q", s, raw)
		}
		b := AppendJSON(nil, s)
		if !printable.Is(string(b)) {
			t.Errorf("JSON of %q is not printable: %q", s, b)
		}
		var value any
		if err := json.Unmarshal(b, &value); err != nil {
			t.Fatalf("JSON of %q: %v", s, err)
		}
		switch v := value.(type) {
		case string:
			if v != s {
				t.Errorf("JSON of %q reads as %q", s, v)
			}
		default:
			if utf8.ValidString(s) {
				t.Errorf("JSON of %q is %s", s, b)
			}
		}
	})
}

func TestQuantities(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.00 kB", 9_994: "9.99 kB", 9_996: "10.0 kB", 999_400: "999 kB", 999_600: "1.00 MB",
		226_155_436: "226 MB", 1_000_073_441: "1.00 GB", 1 << 62: "4.61 EB"} {
		if got := bytesText(n); got != want {
			t.Errorf("bytesText(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", 102882442: "102,882,442"} {
		if got := numberText(n); got != want {
			t.Errorf("numberText(%d) = %q, want %q", n, got, want)
		}
	}
}

// Lists in the summary fill lines and count the omitted parts.
func TestFill(t *testing.T) {
	var parts []string
	for i := range 30 {
		parts = append(parts, "collection_"+strconv.Itoa(i))
	}
	want := []string{
		"collection_0, collection_1, collection_2, collection_3, collection_4, collection_5,",
		"collection_6, collection_7, collection_8, collection_9, collection_10, and 19 more",
	}
	if diff := cmp.Diff(want, fill(parts, 2, summaryLine)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"collection_0, collection_1"}, fill(parts[:2], 2, summaryLine)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := oneLine(parts, 40); got != "collection_0, collection_1, and 28 more" {
		t.Errorf("oneLine: %q", got)
	}
	long := strings.Repeat("x", 200)
	if diff := cmp.Diff([]string{long + ",", long}, fill([]string{long, long}, 2, summaryLine)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestJSONForms: values with their own JSON form get it as members and as elements of lists.
func TestJSONForms(t *testing.T) {
	value := &tensor.Tensor{DType: "int64", Shape: tensor.Shape{1}, Bytes: 14, Values: []tensor.Value{{Kind: tensor.ValueInt, Int: 7}}}
	v := Signatures(slices.Values([]*inspect.Signature{{Key: "s", Defaults: []inspect.SignatureValue{{Key: "x", Tensor: value}}}}))
	var out strings.Builder
	if err := Show(&out, []View{v}, Options{Format: JSON}); err != nil {
		t.Fatal(err)
	}
	want := `{
  "format_version": 1,
  "signatures": [
    {"key": "s", "method_name": "", "inputs": [], "outputs": [], ` +
		`"defaults": [{"key": "x", "value": {"dtype": "int64", "shape": [1], "bytes": 14, "values": [7]}}]}
  ]
}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestProtoJSON(t *testing.T) {
	m := &tfpb.SignatureDef{
		MethodName: "m\x1b",
		Inputs: map[string]*tfpb.TensorInfo{
			"b": {Encoding: &tfpb.TensorInfo_Name{Name: "x:0"}, Dtype: tfpb.DataType_DT_FLOAT, TensorShape: &tfpb.TensorShapeProto{Dim: []*tfpb.TensorShapeProto_Dim{{Size: -1}}}},
			"a": {Dtype: 9999},
		},
		Defaults: map[string]*tfpb.TensorProto{"d": {TensorContent: []byte{0xff}, FloatVal: []float32{0.5}, BoolVal: []bool{true}}},
	}
	want := `{"inputs": {"a": {"dtype": 9999}, "b": {"name": "x:0", "dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": -1}]}}}, ` +
		`"method_name": "m\u001b", "defaults": {"d": {"tensor_content": {"base64": "/w=="}, "float_val": [0.5], "bool_val": [true]}}}`
	got := string(protoJSON{m}.AppendJSON(nil))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !json.Valid([]byte(got)) {
		t.Error("not valid JSON")
	}
}

// Attr values, one of each kind.
func TestAppendValue(t *testing.T) {
	text := func(s string) []byte { return []byte(s) }
	tests := []struct {
		value tensor.Value
		want  string
	}{
		{tensor.Value{}, "null"},
		{tensor.Value{Kind: tensor.ValueString, Text: text("s")}, `"s"`},
		{tensor.Value{Kind: tensor.ValueInt, Int: -3}, "-3"},
		{tensor.Value{Kind: tensor.ValueFloat, Float: float64(float32(0.1))}, "0.1"},
		{tensor.Value{Kind: tensor.ValueDouble, Float: 0.1}, "0.1"},
		{tensor.Value{Kind: tensor.ValueBool, Int: 1}, "true"},
		{tensor.Value{Kind: tensor.ValueType, Text: text("int8")}, `"int8"`},
		{tensor.Value{Kind: tensor.ValueShape}, "null"},
		{tensor.Value{Kind: tensor.ValueShape, Shape: tensor.Shape{-1, 2}}, "[-1, 2]"},
		{tensor.Value{Kind: tensor.ValueFunc, Text: text("f")}, `{"function": "f"}`},
		{tensor.Value{Kind: tensor.ValuePlaceholder, Text: text("T")}, `{"placeholder": "T"}`},
		{tensor.Value{Kind: tensor.ValueList, Length: 1, List: []tensor.Value{{Kind: tensor.ValueInt, Int: 1}}}, "[1]"},
		{tensor.Value{Kind: tensor.ValueList, Length: 9, List: []tensor.Value{{Kind: tensor.ValueInt, Int: 1}}}, `{"length": 9, "first": [1]}`},
		{tensor.Value{Kind: tensor.ValueTensor, Tensor: &tensor.Tensor{DType: "int32", Shape: tensor.Shape{}, Bytes: 5, Values: []tensor.Value{{Kind: tensor.ValueInt, Int: 7}}}},
			`{"dtype": "int32", "shape": [], "bytes": 5, "values": [7]}`},
	}
	for _, test := range tests {
		if got := string(AppendAttr(nil, &test.value)); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}
