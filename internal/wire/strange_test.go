package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/metagraph/metagraph/internal/graph"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// Short names keep the messages in tests readable.
var (
	field  = wiretest.Message
	str    = wiretest.String
	varint = wiretest.Varint
	group  = wiretest.Group
	join   = wiretest.Join
)

// node returns a field with a NodeDef.
func node(fields ...[]byte) []byte { return field(fieldnum.GraphDef_Node, fields...) }

// strangeCases are encodings that protobuf accepts but no library writes.
var strangeCases = []struct {
	name    string
	message []byte
}{
	{"empty", nil},
	{"empty graph", field(2)},
	{"graph in two parts", join(field(2, node(str(1, "a"), str(2, "A"))), str(99, "between"), field(2, node(str(1, "b"))))},
	{"graph in three parts, one empty", join(field(2), field(2, node(str(1, "a"))), field(2, node(str(1, "b"))))},
	{"meta info in two parts", join(field(1, str(5, "1.0"), str(4, "serve")), field(1, str(5, "2.0"), str(4, "gpu")))},
	{"library in two parts", field(2, field(2, field(1, field(1, str(1, "f")))), field(2, field(1, field(1, str(1, "g")))))},
	{"versions in two parts", field(2, field(4, varint(1, 7)), field(4, varint(2, 3)))},
	{"function signature in two parts", field(2, field(2, field(1, field(1, str(1, "f")), field(3, str(1, "n")), field(1, str(1, "g")))))},
	{"fields reversed", field(2, node(field(5, field(2, varint(6, 1)), str(1, "T")), str(4, "/gpu:0"), str(3, "x"), str(2, "Op"), str(1, "n")))},
	{"name twice", field(2, node(str(1, "a"), str(2, "A"), str(1, "b")), node(str(1, "a")))},
	{"name twice, op between and after", field(2, node(str(1, "a"), str(1, "b"), str(2, "A"), str(2, "B")))},
	{"names missing", field(2, node(str(2, "A")), node(), node(str(1, "")))},
	{"device unset by a later one", field(2, node(str(4, "/gpu:0"), str(4, "")))},
	{"inputs between other fields", field(2, node(str(3, "a"), str(1, "n"), str(3, "b"), str(2, "Op"), str(3, "^c")))},
	{"wrong wire types", join(varint(2, 5), varint(4, 1), field(2, varint(1, 3), node(varint(1, 3), varint(3, 4), varint(5, 6), str(1, "n"))))},
	{"fixed numbers instead of strings", field(2, node([]byte{0x0d, 1, 2, 3, 4}, []byte{0x11, 1, 2, 3, 4, 5, 6, 7, 8}, str(1, "n")))},
	{"unknown fields", join(str(15, "x"), field(2, str(15, "x"), node(str(15, "x"), str(1, "n"), group(16, varint(1, 1)))))},
	{"nested groups", join(group(100, group(101, group(100, str(1, "deep")))), field(2, group(7, group(8)), node(str(1, "n"))))},
	{"group with a known number", join(group(2, node(str(1, "not a node"))), field(2, node(str(1, "n"))))},
	{"attr with its value first", field(2, node(str(1, "n"), field(5, field(2, varint(3, 1)), str(1, "k"))))},
	{"attr without a key", field(2, node(field(5, field(2, varint(3, 1)))))},
	{"attr without a value", field(2, node(field(5, str(1, "k"))))},
	{"attr without either", field(2, node(field(5)))},
	{"attr with two keys", field(2, node(field(5, str(1, "a"), field(2, varint(3, 1)), str(1, "b"))))},
	{"attr with two values", field(2, node(field(5, str(1, "a"), field(2, field(1, str(2, "x"))), field(2, field(1, str(2, "y"))))))},
	{"attr with other fields", field(2, node(field(5, varint(3, 3), str(1, "a"), varint(1, 1), field(2, varint(3, 1)), str(9, "z"))))},
	{"attr twice", field(2, node(field(5, str(1, "a"), field(2, varint(3, 1))), field(5, str(1, "a"), field(2, str(2, "s")))))},
	{"attr twice, the last without a value", field(2, node(field(5, str(1, "a"), field(2, varint(3, 1))), field(5, str(1, "a"))))},
	{"many attrs, all twice", field(2, node(manyAttrs(40), manyAttrs(40)))},
	{"oneof set and unset", attr(varint(6, 1), str(2, "s"))},
	{"oneof set back", attr(field(1, str(2, "x")), str(2, "s"), field(1, str(2, "y")))},
	{"oneof merged", attr(field(1, str(2, "x")), field(1, str(2, "y")))},
	{"oneof of the same string twice", attr(str(2, "x"), str(2, "y"))},
	{"oneof unset by a float", attr(str(2, "x"), []byte{0x25, 0, 0, 0x80, 0x3f})},
	{"oneof not unset by an unknown field", attr(str(2, "x"), str(11, "y"))},
	{"oneof not unset by a wrong type", attr(str(2, "x"), varint(1, 3), varint(2, 3), str(3, "abc"))},
	{"oneof type, then type", attr(varint(6, 1), varint(6, 3))},
	{"oneof tensor in parts", attr(field(8, varint(1, 1)), field(8, str(4, "1234")))},
	{"oneof func in parts", attr(field(10, str(1, "f")), field(10, str(1, "g")))},
	{"oneof placeholder, twice", attr(str(9, "p"), str(9, "q"))},
	{"oneof empty", attr()},
	{"collection key twice", join(field(4, str(1, "c"), field(2, field(1, str(1, "x")))), field(4, str(1, "c"), field(2, field(1, str(1, "y")))))},
	{"collection without a key", join(field(4, field(2, field(1, str(1, "x")))), field(4, str(1, "")))},
	{"many collections, some twice", join(manyCollections(30), manyCollections(5))},
	{"signature twice", join(field(5, str(1, "s"), field(2, str(3, "m"))), field(5, str(1, "s")))},
	{"non-minimal tag and length", []byte{0x92, 0x80, 0x00, 0x87, 0x80, 0x00, 0x8a, 0x00, 0x83, 0x00, 0x0a, 0x01, 'n'}},
	{"lengths of ten bytes", []byte{0x12, 0x8e, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00,
		0x0a, 0x83, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 0x0a, 0x01, 'n'}},
}

func manyAttrs(n int) []byte {
	var out []byte
	for i := range n {
		out = append(out, field(5, str(1, fmt.Sprint("attr", i%17)), field(2, varint(3, uint64(i))))...)
	}
	return out
}

func manyCollections(n int) []byte {
	var out []byte
	for i := range n {
		out = append(out, field(4, str(1, fmt.Sprint("key", i)), field(2, field(1, str(1, fmt.Sprint(n)))))...)
	}
	return out
}

// attr returns a message with one node whose attr "a" has that AttrValue.
func attr(value ...[]byte) []byte {
	return field(2, node(str(1, "n"), field(5, str(1, "a"), field(2, value...))))
}

// strangeMessages returns the messages of strangeCases.
func strangeMessages() [][]byte {
	out := make([][]byte, len(strangeCases))
	for i, c := range strangeCases {
		out[i] = c.message
	}
	return out
}

// TestStrangeEncodings compares the views on strange encodings with the generated types.
func TestStrangeEncodings(t *testing.T) {
	for _, c := range strangeCases {
		t.Run(c.name, func(t *testing.T) { checkWalk(t, c.message) })
	}
}

// TestTruncated truncates a message at every byte. Views must not read beyond the end, and the error must be marked as Truncated.
func TestTruncated(t *testing.T) {
	whole := testMessages(t, 8<<10)[0]
	for n := range whole {
		cut := whole[:n:n]
		_, err := wire.ParseMetaGraph(cut)
		if decoded := proto.Unmarshal(cut, new(tfpb.MetaGraphDef)); (err == nil) != (decoded == nil) {
			t.Fatalf("%d bytes: %v, generated types: %v", n, err, decoded)
		}
		if err == nil {
			continue
		}
		var syntax *wire.SyntaxError
		if !errors.As(err, &syntax) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("%d bytes: the error is %#v", n, err)
		}
		if at, ok := wire.Offset(cut, syntax.At); !ok || at >= n {
			t.Fatalf("%d bytes: the error is at %d (%v)", n, at, ok)
		}
	}
	graphDef, _ := mustParse(t, whole).Message(fieldnum.MetaGraphDef_GraphDef)
	for n := range graphDef {
		cut := wire.Graph(graphDef[:n:n])
		walkErr := walk(cut)
		_, indexErr := graph.NewNodes(cut)
		decoded := proto.Unmarshal(cut, new(tfpb.GraphDef))
		if (indexErr == nil) != (decoded == nil) || walkErr == nil && decoded != nil && !errors.Is(indexErr, io.ErrUnexpectedEOF) {
			t.Fatalf("graph of %d bytes: walk: %v, index: %v, generated types: %v", n, walkErr, indexErr, decoded)
		}
	}
}

// walk visits all nodes and functions and returns the first error.
func walk(g wire.Graph) error {
	for _, err := range g.Nodes() {
		if err != nil {
			return err
		}
	}
	for f, err := range g.Functions() {
		if err != nil {
			return err
		}
		for _, err := range f.Nodes() {
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func mustParse(t *testing.T, raw []byte) *wire.MetaGraph {
	t.Helper()
	m, err := wire.ParseMetaGraph(raw)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestScannerErrors: the reason and position for bytes that are not a message.
func TestScannerErrors(t *testing.T) {
	for _, test := range []struct {
		name      string
		message   []byte
		at        int
		truncated bool
		reason    string
	}{
		{"tag cut off", []byte{0x08, 0x01, 0x80}, 2, true, "a field's tag is cut off"},
		{"tag too long", bytes.Repeat([]byte{0xff}, 12), 0, false, "a field's tag is not readable"},
		{"number 0", []byte{0x02, 0x00}, 0, false, "invalid field number 0"},
		{"number too large", protowire.AppendVarint(nil, uint64(1<<29)<<3), 0, false, "invalid field number 536870912"},
		{"number far too large", protowire.AppendVarint(nil, 1<<63), 0, false, "invalid field number 1152921504606846976"},
		{"length cut off", []byte{0x0a, 0x80}, 0, true, "the length of field 1 is cut off"},
		{"length too long", append([]byte{0x0a}, bytes.Repeat([]byte{0xff}, 12)...), 0, false, "the length of field 1 is not readable"},
		{"length missing", []byte{0x12}, 0, true, "the length of field 2 is cut off"},
		{"too short", []byte{0x0a, 0x05, 1, 2}, 0, true, "field 1 has a length of 5 bytes, but 2 bytes follow"},
		{"huge length", protowire.AppendVarint([]byte{0x0a}, 1<<63), 0, true, "field 1 has a length of 9223372036854775808 bytes, but 0 bytes follow"},
		{"largest length", append(protowire.AppendVarint([]byte{0x0a}, 1<<64-1), 1), 0, true, "field 1 has a length of 18446744073709551615 bytes, but 1 bytes follow"},
		{"varint cut off", []byte{0x08}, 0, true, "field 1 is cut off"},
		{"fixed32 cut off", []byte{0x0d, 1, 2, 3}, 0, true, "field 1 is cut off"},
		{"fixed64 cut off", []byte{0x09, 1, 2, 3}, 0, true, "field 1 is cut off"},
		{"group not closed", []byte{0x0b, 0x10, 0x01}, 0, true, "field 1 is cut off"},
		{"group closed by another", []byte{0x0b, 0x14}, 0, false, "field 1 is not readable"},
		{"end without group", []byte{0x0c}, 0, false, "field 1 is not readable"},
		{"wire type 6", []byte{0x08, 0x00, 0x0e}, 2, false, "field 1 is not readable"},
		{"wire type 7", []byte{0x0f}, 0, false, "field 1 is not readable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := wire.Scan(test.message)
			for s.Next() {
			}
			var syntax *wire.SyntaxError
			if !errors.As(s.Err(), &syntax) {
				t.Fatalf("the error is %#v", s.Err())
			}
			if at, _ := wire.Offset(test.message, syntax.At); at != test.at || syntax.Truncated != test.truncated || syntax.Reason != test.reason {
				t.Errorf("at %d, truncated %v, %q; want at %d, truncated %v, %q", at, syntax.Truncated, syntax.Reason, test.at, test.truncated, test.reason)
			}
			if errors.Is(s.Err(), io.ErrUnexpectedEOF) != test.truncated {
				t.Error("the error does not wrap io.ErrUnexpectedEOF correctly")
			}
			if s.Next() {
				t.Error("Next continues after an error")
			}
		})
	}
}

// TestDeepGroups: groups nested as deep as protobuf-go allows are read, deeper ones are rejected, both without recursion.
func TestDeepGroups(t *testing.T) {
	for _, test := range []struct {
		depth int
		ok    bool
	}{{100, true}, {9_000, true}, {20_000, false}, {1_000_000, false}} {
		message := append(bytes.Repeat([]byte{0x0b}, test.depth), bytes.Repeat([]byte{0x0c}, test.depth)...)
		s := wire.Scan(message)
		for s.Next() {
		}
		if (s.Err() == nil) != test.ok {
			t.Errorf("depth %d: %v", test.depth, s.Err())
		}
	}
}

// TestErrorsInside: damage below the top level is found.
func TestErrorsInside(t *testing.T) {
	bad := []byte{0x0a, 0x05, 1}
	for name, graph := range map[string][]byte{
		"node":          field(1, bad),
		"library":       field(2, bad),
		"function":      field(2, field(1, bad)),
		"function node": field(2, field(1, field(3, bad))),
		"after a node":  join(node(str(1, "n")), bad),
	} {
		if err := walk(graph); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := graph.NewNodes(field(1, bad)); err == nil {
		t.Error("NewNodes: no error")
	}
	// Iterators stop at the error, and when asked to.
	for _, err := range wire.Graph(join(node(str(1, "a")), node(), bad)).Nodes() {
		if err != nil {
			t.Errorf("the walk continued: %v", err)
		}
		break
	}
	for _, err := range wire.Graph(field(2, field(1), bad)).Library() {
		if err != nil {
			t.Errorf("the walk continued: %v", err)
		}
		break
	}
	for _, err := range wire.Graph(field(2, field(1), bad)).Functions() {
		if err != nil {
			t.Errorf("the walk continued: %v", err)
		}
		break
	}
}

// TestParseInput: inputs are parsed as ParseTensorName does.
func TestParseInput(t *testing.T) {
	for _, test := range []struct {
		input, node, port string
		control           bool
		output            int
		ok                bool
	}{
		{"n", "n", "", false, 0, true},
		{"n:0", "n", "0", false, 0, true},
		{"a/b:12", "a/b", "12", false, 12, true},
		{"^n", "n", "", true, 0, true},
		{"^n:1", "n:1", "", true, 0, true},
		{"n:", "n", "", false, 0, false},
		{"n:x", "n", "x", false, 0, false},
		{"n:out:0", "n", "out:0", false, 0, false},
		{"n:-1", "n", "-1", false, 0, false},
		{"n:99999999999999999999", "n", "99999999999999999999", false, 0, false},
		{"", "", "", false, 0, true},
		{"^", "", "", true, 0, true},
		{":1", "", "1", false, 1, true},
	} {
		in := wire.ParseInput([]byte(test.input))
		output, ok := in.Output()
		if string(in.Node) != test.node || string(in.Port) != test.port || in.Control != test.control || ok != test.ok || ok && output != test.output {
			t.Errorf("%q: node %q, port %q, control %v, output %d (%v)", test.input, in.Node, in.Port, in.Control, output, ok)
		}
	}
}

// TestMapEntry: keys and values of entries are read as protobuf does.
func TestMapEntry(t *testing.T) {
	for _, test := range []struct {
		name       string
		entry      []byte
		key, value string
	}{
		{"plain", join(str(1, "k"), str(2, "v")), "k", "v"},
		{"backwards", join(str(2, "v"), str(1, "k")), "k", "v"},
		{"key only", str(1, "k"), "k", ""},
		{"value only", str(2, "v"), "", "v"},
		{"nothing", nil, "", ""},
		{"two keys", join(str(1, "a"), str(2, "v"), str(1, "b")), "b", "v"},
		{"two keys first", join(str(1, "a"), str(1, "b"), str(2, "v")), "b", "v"},
		{"two values", join(str(1, "k"), str(2, "v"), str(2, "w")), "k", "vw"},
		{"unknown field last", join(str(1, "k"), str(2, "v"), str(3, "x")), "k", "v"},
		{"wrong types", join(varint(1, 1), str(1, "k"), varint(2, 1), str(2, "v")), "k", "v"},
	} {
		if key, value := wire.MapEntry(test.entry); string(key) != test.key || string(value) != test.value {
			t.Errorf("%s: %q, %q; want %q, %q", test.name, key, value, test.key, test.value)
		}
	}
}

// TestNodeReuse: a reused Node does not keep attrs or inputs of the previous one.
func TestNodeReuse(t *testing.T) {
	graph := wire.Graph(join(
		node(str(1, "a"), str(3, "x"), str(3, "y"), str(4, "/gpu:0"), field(5, str(1, "k"), field(2, varint(3, 1)))),
		node(str(1, "b"))))
	i := 0
	for n, err := range graph.Nodes() {
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := n.Attr("k"); i == 1 && (ok || len(n.Inputs) != 0 || n.Device != nil || n.Op != nil) {
			t.Errorf("the second node has data of the first one: %+v", n)
		}
		i++
	}
}

// TestIndexOfManyNodes: the index grows beyond its initial size.
func TestIndexOfManyNodes(t *testing.T) {
	var raw []byte
	for i := range 5000 {
		raw = append(raw, node(str(1, fmt.Sprint("node/", i)), str(2, "NoOp"))...)
	}
	x, err := graph.NewNodes(raw)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5000 {
		if got, ok := x.Find([]byte(fmt.Sprint("node/", i))); !ok || got != i {
			t.Fatalf("node %d: Find returns %d (%v)", i, got, ok)
		}
	}
	if _, ok := x.Find([]byte("node/5000")); ok {
		t.Error("Find returns a node that does not exist")
	}
}

// TestAttrBytesCopiesNothing: reading one kind of value does not copy a value of another kind, which may be a constant of a
// gigabyte.
func TestAttrBytesCopiesNothing(t *testing.T) {
	value := protowire.AppendBytes(protowire.AppendTag(nil, fieldnum.AttrValue_Tensor, protowire.BytesType), make([]byte, 1<<10))
	unknown := protowire.AppendVarint(protowire.AppendTag(nil, 1000, protowire.VarintType), 1)
	for _, value := range [][]byte{value, append(unknown, value...)} {
		for _, num := range []protowire.Number{fieldnum.AttrValue_Tensor, fieldnum.AttrValue_Placeholder} {
			if n := testing.AllocsPerRun(10, func() { wire.AttrBytes(value, num) }); n != 0 {
				t.Errorf("field %d: %v allocations", num, n)
			}
		}
	}
}
