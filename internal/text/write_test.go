package text_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/text"
	"github.com/metagraph/metagraph/internal/wire"
)

// field returns a length-delimited field.
func field(num protowire.Number, parts ...string) string {
	b := protowire.AppendTag(nil, num, protowire.BytesType)
	return string(protowire.AppendString(b, strings.Join(parts, "")))
}

// varint returns a varint field.
func varint(num protowire.Number, v uint64) string {
	return string(protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), v))
}

// deep returns an AttrValue with messages nested to the given depth.
func deep(depth int) string {
	b := ""
	for i := depth - 1; i >= 0; i-- {
		b = field([]protowire.Number{10, 2, 2}[i%3], b)
	}
	return b
}

// TestWriteErrors: errors for messages that cannot be written name the position.
func TestWriteErrors(t *testing.T) {
	node := func(parts ...string) string { return field(2, field(1, parts...)) }
	cases := []struct{ name, typ, data, want string }{
		{"truncated", "MetaGraphDef", field(2, field(1, "\x0a\x05abc")), "graph_def.node[0]: field 1 has a length of 5 bytes, but 3 bytes follow"},
		{"no UTF-8", "MetaGraphDef", node(field(1, "a")) + field(4, field(1, "a\xff")), "collection_def[\"a\\xff\"]: string is not valid UTF-8"},
		{"no UTF-8 in a node", "MetaGraphDef", field(2, field(1, field(1, "a")), field(1, field(3, "x"), field(3, "\xc3"))),
			"graph_def.node[1].input: string is not valid UTF-8"},
		{"no UTF-8 in a replaced value", "NodeDef", field(1, "\xff") + field(1, "a"), "name: string is not valid UTF-8"},
		{"no UTF-8 in a dropped oneof value", "AttrValue", field(9, "\xff") + varint(3, 1), "placeholder: string is not valid UTF-8"},
		{"truncated packed values", "MetaGraphDef", node(field(5, field(1, "k"), field(2, field(8, field(10, "\x01\x80"))))),
			"graph_def.node[0].attr[\"k\"].tensor.int64_val: packed values are cut off or not readable"},
		{"truncated packed floats", "TensorProto", field(5, "abc"), "float_val: packed values are cut off or not readable"},
		{"message split at an invalid position", "MetaGraphDef", field(1, "0") + field(1, "0"), "meta_info_def: field 6 is cut off"},
		{"too deep", "AttrValue", deep(101), "messages are nested more than 100 deep"},
		{"field number 0", "NodeDef", "\x00\x01", "invalid field number 0"},
		{"group end without start", "NodeDef", "\x0c", "field 1 is not readable"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			md := descriptor(t, "tensorflow."+c.typ)
			message := []byte(c.data)
			_, err := write(message, md, text.Options{AllowUnknown: true})
			var syntax *wire.SyntaxError
			if !errors.As(err, &syntax) || !strings.HasSuffix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if checked := text.Check(message, md, text.Options{}); !equalErrors(err, checked) {
				t.Errorf("Check: %v", checked)
			}
		})
	}
}

// TestUnknownFieldsAreNamed checks the error for unknown fields.
func TestUnknownFieldsAreNamed(t *testing.T) {
	data := field(2, field(1, field(1, "n"), varint(77, 1)), field(1, field(5, field(1, "T"), field(2, varint(99, 1))))) +
		field(2, field(2, field(1, field(7, varint(1, 3)+field(2, varint(50, 1)))))) +
		field(4, field(1, "any"), field(2, field(5, field(1, field(1, "a/tensorflow.ConfigProto"), field(2, varint(999, 1)))))) +
		varint(100, 1) + varint(101, 1) + varint(4, 1)
	md := descriptor(t, "tensorflow.MetaGraphDef")
	err := text.Write(io.Discard, []byte(data), md, text.Options{})
	var unknown *text.UnknownFieldsError
	if !errors.As(err, &unknown) {
		t.Fatalf("got %v", err)
	}
	want := &text.UnknownFieldsError{Count: 7, Places: []text.UnknownField{
		{Path: "graph_def.node[0]", Number: 77},
		{Path: `graph_def.node[1].attr["T"]`, Number: 99},
		{Path: "graph_def.library.function[0].arg_attr[3]", Number: 50},
		{Path: `collection_def["any"].any_list.value[0][a/tensorflow.ConfigProto]`, Number: 999},
		{Number: 100},
	}}
	if diff := cmp.Diff(want, unknown); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	const message = `7 unknown fields have no name to be written by: graph_def.node[0]: field 77, ` +
		`graph_def.node[1].attr["T"]: field 99, graph_def.library.function[0].arg_attr[3]: field 50, ` +
		`collection_def["any"].any_list.value[0][a/tensorflow.ConfigProto]: field 999, field 100, 2 more`
	if err.Error() != message {
		t.Errorf("message: %v", err)
	}
	if checked := text.Check([]byte(data), md, text.Options{}); !equalErrors(err, checked) {
		t.Errorf("Check: %v", checked)
	}
	if err := text.Check([]byte(data), md, text.Options{AllowUnknown: true}); err != nil {
		t.Errorf("allowed: %v", err)
	}
}

// TestUnreadableAnyStaysPacked: an Any is not expanded if Python could not write or parse the result.
func TestUnreadableAnyStaysPacked(t *testing.T) {
	md := descriptor(t, "google.protobuf.Any")
	for _, c := range []struct{ url, value string }{
		{"/tensorflow.ConfigProto", ""},
		{"a b/tensorflow.ConfigProto", ""},
		{"a\n]/tensorflow.ConfigProto", ""},
		{"a%2/tensorflow.ConfigProto", ""},
		{"a/tensorflow.ConfigProto", "\x08"},
		{"a/tensorflow.NodeDef", field(1, "\xff")},
		{"a/tensorflow.DataType", ""},
	} {
		got, err := write([]byte(field(1, c.url)+field(2, c.value)), md, text.Options{})
		if err != nil || !strings.HasPrefix(got, "type_url: ") {
			t.Errorf("%q: %q, %v", c.url, got, err)
		}
	}
}

// TestFloatsAreShortest compares random floats with a simple implementation.
func TestFloatsAreShortest(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	md := descriptor(t, "tensorflow.TensorProto")
	bits := []uint32{0, 1 << 31, 1, 2, 0x7fffff, 0x800000, 0x7f7fffff, 0x7f800000, 0xff800000}
	for i := range 254 {
		bits = append(bits, uint32(i+1)<<23, uint32(i+1)<<23+1, uint32(i+1)<<23-1)
	}
	for range 30000 {
		bits = append(bits, random.Uint32(), 0x4a000000+random.Uint32N(1<<23), random.Uint32N(1<<23), math.Float32bits(float32(random.IntN(1e6))/1000))
	}
	var packed []byte
	var want strings.Builder
	for _, b := range bits {
		f := float64(math.Float32frombits(b))
		if math.IsNaN(f) {
			continue
		}
		packed = protowire.AppendFixed32(packed, b)
		for digits := 6; ; digits++ {
			rounded, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'g', digits, 64), 64)
			if float64(float32(rounded)) == f {
				fmt.Fprintf(&want, "float_val: %s\n", repr(rounded))
				break
			}
		}
	}
	got, err := write([]byte(field(5, string(packed))), md, text.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got != want.String() {
		t.Error(cmp.Diff(strings.Split(want.String(), "\n"), strings.Split(got, "\n")))
	}
}

// TestWriteStreams: memory does not grow with the size of values.
func TestWriteStreams(t *testing.T) {
	const size = 4 << 20
	node := field(1, field(5, field(1, "value"), field(2, field(8, field(4, strings.Repeat("\x01", size)), field(5, strings.Repeat("\x01", size))))))
	data := []byte(field(2, node))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := text.Write(io.Discard, data, descriptor(t, "tensorflow.MetaGraphDef"), text.Options{}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("took %d bytes of memory", took)
	}
}

// errWriter fails at its second write.
type errWriter struct{ writes int }

func (w *errWriter) Write(p []byte) (int, error) {
	if w.writes++; w.writes > 1 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

// TestWriteReportsTheWriter: Write returns the error of the writer.
func TestWriteReportsTheWriter(t *testing.T) {
	data := []byte(field(4, strings.Repeat("x", 1<<20)))
	err := text.Write(new(errWriter), data, descriptor(t, "tensorflow.TensorProto"), text.Options{})
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

// TestCorpus: the text of real files equals that of the decoded messages, and parses to the same message.
func TestCorpus(t *testing.T) {
	md := new(tfpb.MetaGraphDef).ProtoReflect().Descriptor()
	for file, data := range testfiles.Corpus(t) {
		var meta tfpb.MetaGraphDef
		if err := proto.Unmarshal(data, &meta); err != nil {
			t.Fatal(err)
		}
		got, err := write(data, md, text.Options{})
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		small := len(data) < 300<<10 // the reference takes its time
		if small && got != reference(meta.ProtoReflect(), "") {
			t.Errorf("%s: the text differs from that of the decoded message", file)
		}
		parsed, err := text.Parse([]byte(got), md, text.Options{})
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if again, err := write(parsed, md, text.Options{}); err != nil || again != got {
			t.Errorf("%s: parsed as a different message (%v)", file, err)
		}
	}
}

// benchmarkGraph returns a MetaGraphDef of many nodes.
func benchmarkGraph() []byte {
	var graph strings.Builder
	for i := range 20000 {
		name := fmt.Sprintf("layer_%d/weights/read", i)
		graph.WriteString(field(1, field(1, name), field(2, "Identity"), field(3, fmt.Sprintf("layer_%d/weights", i)), field(4, "/device:GPU:0"),
			field(5, field(1, "T"), field(2, varint(6, 1))),
			field(5, field(1, "_class"), field(2, field(1, field(2, "loc:@"+name)))),
			field(5, field(1, "_output_shapes"), field(2, field(1, field(7, field(2, varint(1, 128)), field(2, varint(1, 256))))))))
	}
	return []byte(field(2, graph.String()))
}

func BenchmarkWrite(b *testing.B) {
	data := benchmarkGraph()
	md := descriptor(b, "tensorflow.MetaGraphDef")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := text.Write(io.Discard, data, md, text.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	data := benchmarkGraph()
	md := descriptor(b, "tensorflow.MetaGraphDef")
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := text.Check(data, md, text.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	md := descriptor(b, "tensorflow.MetaGraphDef")
	source, err := write(benchmarkGraph(), md, text.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(source)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := text.Parse([]byte(source), md, text.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
