package text_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/metagraph/metagraph/internal/text"
)

// TestParseErrors checks the errors for invalid texts and their positions.
func TestParseErrors(t *testing.T) {
	cases := []struct{ typ, text, want string }{
		{"MetaGraphDef", "graph_def {\n  node {\n    nme: \"a\"\n  }\n}", `line 3, column 5: tensorflow.NodeDef has no field "nme"; did you mean "name"?`},
		{"MetaGraphDef", "graph_def {\n  node {\n    name: \"é\" op 5\n", `line 3, column 18: expected ":" after the field name "op", found "5"`},
		{"MetaGraphDef", "graph_def {\n  node {\n", `line 3, column 1: expected '}' for the message that begins on line 2, column 8, found the end of the text`},
		{"MetaGraphDef", "graph_def 5", `line 1, column 11: expected "{" for the message of graph_def, found "5"`},
		{"MetaGraphDef", "graph_def { } }", `line 1, column 15: expected a field name, found "}"`},
		{"MetaGraphDef", "%YAML 1.1", `line 1, column 1: expected a field name, found "%"`},
		{"NodeDef", "name: a", `line 1, column 7: expected a quoted string for field "name", found "a"`},
		{"NodeDef", "name: \"a\nb\"", `line 1, column 7: string has no closing " on its line`},
		{"NodeDef", "name: \"a", `line 1, column 7: string has no closing "`},
		{"NodeDef", `name: "\377"`, `line 1, column 7: value of the string field "name" is not valid UTF-8`},
		{"NodeDef", `name: "ab\400"`, `line 1, column 10: \400 is more than a byte`},
		{"NodeDef", `name: "\U00110000"`, `line 1, column 7: \U00110000 is not a character`},
		{"NodeDef", `name: "\ud83d"`, `line 1, column 7: \ud83d is half a surrogate pair`},
		{"NodeDef", `5 { 1: "k" }`, `line 1, column 1: expected the name of a field of tensorflow.NodeDef, found "5": unknown fields, written by number, are not allowed here`},
		{"NodeDef", `[ext]: 5`, `line 1, column 1: expected a field name, found "[": tensorflow.NodeDef has no extensions`},
		{"TensorProto", "dtype: DT_FLAOT", `line 1, column 8: "DT_FLAOT" is not a value of tensorflow.DataType; did you mean "DT_FLOAT"?`},
		{"TensorProto", "int_val: 2147483648", `line 1, column 10: "2147483648" is out of range for int32`},
		{"TensorProto", "int_val: 1.5", `line 1, column 10: "1.5" is not an integer`},
		{"TensorProto", "uint64_val: -1", `line 1, column 13: "-1" is out of range for uint64`},
		{"TensorProto", "float_val: 010", `line 1, column 12: "010" is not a number`},
		{"TensorProto", "bool_val: 2", `line 1, column 11: "2" must be true or false`},
		{"TensorProto", "bool_val: {", `line 1, column 11: expected true or false for field "bool_val", found "{"`},
		{"TensorProto", "int_val: [1 2]", `line 1, column 13: expected "," or "]", found "2"`},
		{"AttrValue", strings.Repeat("func { attr { value { ", 34), `line 1, column 739: messages are nested more than 100 deep`},
	}
	for _, c := range cases {
		_, err := text.Parse([]byte(c.text), descriptor(t, "tensorflow."+c.typ), text.Options{})
		var parse *text.ParseError
		if !errors.As(err, &parse) || err.Error() != c.want {
			t.Errorf("%.60q:\n got %v\nwant %s", c.text, err, c.want)
		}
	}
}

// TestParseMore: texts that C++ accepts but Python rejects.
func TestParseMore(t *testing.T) {
	cases := []struct{ typ, text, want string }{
		{"NodeDef", "\ufeffname: \"a\"", "name: \"a\"\n"},
		{"NodeDef", `name: "\ud83d\ude00"`, "name: \"\U0001f600\"\n"},
		{"TensorProto", "int_val: - # comment\n 5 float_val: - inf", "float_val: -inf\nint_val: -5\n"},
		{"TensorProto", "string_val: \"a\xffb\"", "string_val: \"a\\377b\"\n"},
		{"TensorProto", "bool_val: [0x1, 00]", "bool_val: true\nbool_val: false\n"},
		{"CollectionDef", "any_list { value { [a/tensorflow.AssetFileDef] {}, } }", "any_list {\n  value {\n    [a/tensorflow.AssetFileDef] {\n    }\n  }\n}\n"},
		{"CollectionDef", "any_list { value { [a/tensorflow.serving.Signatures] { default_signature { } } } }",
			"any_list {\n  value {\n    type_url: \"a/tensorflow.serving.Signatures\"\n    value: \"\\n\\000\"\n  }\n}\n"},
	}
	for _, c := range cases {
		md := descriptor(t, "tensorflow."+c.typ)
		data, err := text.Parse([]byte(c.text), md, text.Options{})
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got, err := write(data, md, text.Options{}); got != c.want {
			t.Errorf("%q: got %q, want %q (%v)", c.text, got, c.want, err)
		}
	}
}

// TestParseIsPlain checks the encoding: fields in the order of the text, packed values together, and each singular field as often
// as it occurs.
func TestParseIsPlain(t *testing.T) {
	md := descriptor(t, "tensorflow.TensorProto")
	data, err := text.Parse([]byte("int_val: 1 int_val: [2, 300] dtype: 3 int_val: 4 dtype: 1 float_val: [] tensor_content: ''"), md, text.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := field(7, "\x01\x02\xac\x02") + varint(1, 3) + field(7, "\x04") + varint(1, 1) + field(4)
	if string(data) != want {
		t.Errorf("got %q, want %q", data, want)
	}
}

// TestParseNumbers: fields written by number, in the forms of Python and C++.
func TestParseNumbers(t *testing.T) {
	md := descriptor(t, "tensorflow.NodeDef")
	source := `name: "n" 99: 5 98: 0x00000007 97 : 0x0000000000000008 96: "a" 'b' 95 { 1: 2; 3 < > } 94: { }, 93: 18446744073709551615`
	data, err := text.Parse([]byte(source), md, text.Options{AllowUnknown: true})
	if err != nil {
		t.Fatal(err)
	}
	want := field(1, "n") + varint(99, 5) + "\x95\x06\x07\x00\x00\x00" + "\x89\x06\x08\x00\x00\x00\x00\x00\x00\x00" + field(96, "ab") +
		field(95, varint(1, 2), field(3)) + field(94) + varint(93, 1<<64-1)
	if string(data) != want {
		t.Errorf("got %q, want %q", data, want)
	}
	for _, bad := range []string{"0: 5", "536870912: 5", "5", "5: x", "5: -1", "5 { name: 1 }", "5a: 1", "5: 1.5"} {
		if _, err := text.Parse([]byte(bad), md, text.Options{AllowUnknown: true}); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
