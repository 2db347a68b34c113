package schema

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

var metaGraph = (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor()

// bin returns a length-delimited field.
func bin(num protowire.Number, payload ...string) string {
	return string(protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), []byte(strings.Join(payload, ""))))
}

// groups returns groups nested to the given depth.
func groups(depth int) string {
	begin := string(protowire.AppendTag(nil, 99, protowire.StartGroupType))
	end := string(protowire.AppendTag(nil, 99, protowire.EndGroupType))
	return strings.Repeat(begin, depth) + strings.Repeat(end, depth)
}

// nested returns a node with nested functions in its attr.
func nested(depth int) string {
	value := ""
	for range depth {
		value = bin(10, bin(2, bin(1, "k"), bin(2, value)))
	}
	return bin(2, bin(1, bin(1, "n"), bin(5, bin(1, "f"), bin(2, value))))
}

func TestCheck(t *testing.T) {
	node := func(fields ...string) string {
		return bin(2, bin(1, bin(1, "first")), bin(1, bin(1, "n"), strings.Join(fields, "")))
	}
	for _, test := range []struct {
		name, message string
		want          []string // path: node: function: reason
	}{
		{"sound", node(bin(2, "Op"), bin(5, bin(1, "T"), bin(2, "\x30\x01"))), nil},
		{"op is not UTF-8", node(bin(2, "a\xff")), []string{`graph_def.node[1].op: n: : not valid UTF-8: "a\xff"`}},
		{"long string", node(bin(2, strings.Repeat("é", 50), "\xe2\x82")), []string{
			`graph_def.node[1].op: n: : not valid UTF-8: "` + strings.Repeat(`\u00e9`, 40) + `"`}},
		{"two places", node(bin(2, "\xff"), bin(4, "\xfe")), []string{
			`graph_def.node[1].op: n: : not valid UTF-8: "\xff"`, `graph_def.node[1].device: n: : not valid UTF-8: "\xfe"`}},
		{"key of an attr", node(bin(5, bin(1, "\xff"))), []string{`graph_def.node[1].attr["\xff"]: n: : not valid UTF-8: "\xff"`}},
		{"value of an attr", node(bin(5, bin(1, "T"), bin(2, bin(8, "\x08")))), []string{`graph_def.node[1].attr["T"].tensor: n: : a value is cut off`}},
		{"bytes not UTF-8", node(bin(5, bin(1, "T"), bin(2, bin(2, "\xff")))), nil},
		{"function", bin(2, bin(2, bin(1, bin(1, bin(1, "f")), bin(3, bin(1, "n"), bin(3, "\xff"))))), []string{
			`graph_def.library.function[0].node_def[0].input[0]: n: f: not valid UTF-8: "\xff"`}},
		{"collection", bin(4, bin(1, "k"), bin(2, bin(1, bin(1, "\xff")))), []string{
			`collection_def["k"].node_list.value[0]: : : not valid UTF-8: "\xff"`}},
		{"packed", node(bin(5, bin(1, "T"), bin(2, bin(1, bin(3, "\x80"))))), []string{
			`graph_def.node[1].attr["T"].list.i[0]: n: : a packed value is cut off`}},
		{"packed floats", node(bin(5, bin(1, "T"), bin(2, bin(1, bin(4, "12345"))))), []string{
			`graph_def.node[1].attr["T"].list.f[0]: n: : packed values are cut off`}},
		{"number instead of a string", node("\x10\x05"), nil},
		{"tag of five bytes", "\x8a\x80\x80\x80\x00\x00", nil},
		{"tag of six bytes", "\x8a\x80\x80\x80\x80\x00\x00", []string{": : : a field's tag has 6 bytes or more than 32 bits"}},
		{"length of five bytes", "\x0a\x80\x80\x80\x80\x00", nil},
		{"length of six bytes", "\x0a\x80\x80\x80\x80\x80\x00", []string{": : : a field's length has 6 bytes or more than 31 bits"}},
		{"negative length", "\x0a\xff\xff\xff\xff\x0f", []string{": : : a field's length has 5 bytes or more than 31 bits"}},
		{"truncated", "\x0a\x05a", []string{": : : a field has a length of 5 bytes, but 1 bytes follow"}},
		{"value of ten bytes with bits beyond 64", "\x48" + strings.Repeat("\xff", 9) + "\x7f", nil},
		{"value of eleven bytes", "\x48" + strings.Repeat("\xff", 10) + "\x01", []string{": : : a value has more than 10 bytes"}},
		{"field 0", "\x02\x00", []string{": : : field number 0"}},
		{"wire type 7", "\x0f", []string{": : : invalid wire type 7"}},
		{"group end without start", "\x0c", []string{": : : a group end without a group start"}},
		{"group without end", "\x0b", []string{": : : a group is not closed"}},
		{"crossed groups", "\x0b\x13\x0c\x14", []string{": : : a group ends with a different field number"}},
		{"nested groups", groups(99), nil},
		{"groups nested too deep", groups(101), []string{": : : groups nested more than 100 deep"}},
		{"nested messages", nested(30), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, d := range check([]byte(test.message), metaGraph, 10) {
				got = append(got, strings.Join([]string{d.Path, d.Node, d.Function, d.Reason}, ": "))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCheckDepth(t *testing.T) {
	got := check([]byte(nested(40)), metaGraph, 10)
	if len(got) != 1 || got[0].Reason != "messages nested more than 100 deep" || got[0].Node != "n" {
		t.Errorf("got %+v", got)
	}
}

func TestCheckLimit(t *testing.T) {
	message := []byte(strings.Repeat(bin(2, bin(1, bin(2, "\xff"))), 50))
	if got := len(check(message, metaGraph, 7)); got != 7 {
		t.Errorf("%d places, want 7", got)
	}
}

// TestCheckAllocations checks that a valid message costs a few allocations for each part of its graph, not for each node.
func TestCheckAllocations(t *testing.T) {
	node := bin(1, bin(1, "n")+bin(2, "NoOp")+bin(5, bin(1, "T")+bin(2, "\x30\x01")))
	message := []byte(bin(2, strings.Repeat(node, 50_000)))
	parts := 0
	for range wire.Graph(strings.Repeat(node, 50_000)).Parts {
		parts++
	}
	if n := testing.AllocsPerRun(3, func() { check(message, metaGraph, 10) }); n > float64(10*parts) {
		t.Errorf("%v allocations for %d parts", n, parts)
	}
}

// checkAgrees fails unless Check and the generated types agree on a message. Go's parser is more lenient than C++'s about the size
// of tags and lengths and about depth. It is stricter only about the last byte of a varint of ten bytes.
func checkAgrees(t *testing.T, message []byte) {
	t.Helper()
	damages := check(message, metaGraph, 5)
	err := proto.Unmarshal(message, new(tfpb.MetaGraphDef))
	if err != nil && len(damages) == 0 && !bytes.Contains(message, []byte("\x80\x80\x80")) && !wiretest.HasLongVarint(message) {
		t.Errorf("Check finds nothing, but protobuf returns: %v", err)
	}
	for _, d := range damages {
		if _, ok := wire.Offset(message, d.at); !ok {
			t.Errorf("%s: At is not in the message", d.Path)
		}
		if err == nil && !lenient(d.Reason) {
			t.Errorf("%s: %s, but protobuf accepts it", d.Path, d.Reason)
		}
	}
}

// lenient reports whether Go's parser can accept a message that C++'s rejects for this reason.
func lenient(reason string) bool {
	return strings.HasPrefix(reason, "a field's tag has") || strings.HasPrefix(reason, "a field's length has") ||
		strings.Contains(reason, "nested more than")
}

// TestCheckMutants flips bits of real files.
func TestCheckMutants(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for _, raw := range testfiles.Testdata(t) {
		checkAgrees(t, raw)
		checkAgrees(t, (&wiretest.Scrambler{Rand: rand.New(rand.NewPCG(3, 4))}).Scramble(raw, metaGraph))
		for range 300 {
			mutant := bytes.Clone(raw)
			mutant[random.IntN(len(mutant))] ^= 1 << random.IntN(8)
			checkAgrees(t, mutant)
			refused += min(1, len(check(mutant, metaGraph, 1)))
		}
	}
	if refused < 20 {
		t.Errorf("only %d mutants are damaged", refused)
	}
}

func FuzzCheck(f *testing.F) {
	for _, name := range []string{"loop.meta", "functions.meta"} {
		f.Add(testfiles.Read(f, "testdata/"+name))
	}
	f.Fuzz(checkAgrees)
}

func BenchmarkCheck(b *testing.B) {
	raw := testfiles.Read(b, "testdata/loop.meta")
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		check(raw, metaGraph, 1)
	}
}

func TestCheckMetaGraph(t *testing.T) {
	whole := bin(4, bin(1, "a")) + bin(2, bin(1, bin(1, "first"))) + bin(6, "") + bin(6, bin(2, "\xff")) + bin(2, bin(1, bin(1, "n"), bin(2, "\xfe")))
	m, err := wire.ParseMetaGraph([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range CheckMetaGraph(m, 10) {
		got = append(got, d.Path+": "+d.Node)
	}
	// The two parts of the graph count as one field at the position of the first.
	if diff := cmp.Diff([]string{"graph_def.node[0].op: n", "asset_file_def[1].filename: "}, got); diff != "" {
		t.Error(diff)
	}
	if got := len(CheckMetaGraph(m, 1)); got != 1 {
		t.Errorf("%d places, want 1", got)
	}
	graph := wire.MetaGraphOf([]byte(bin(1, bin(1, "n"), bin(2, "\xfe"))))
	if got := CheckMetaGraph(graph, 10); len(got) != 1 || got[0].Path != "node[0].op" {
		t.Errorf("GraphDef only: got %+v", got)
	}
}

// TestMerge: strange encodings of real files decode to the same message after Merge.
func TestMerge(t *testing.T) {
	for _, name := range []string{"loop.meta", "functions.meta", "partitioned.meta", "queues.meta"} {
		raw := testfiles.Read(t, "testdata/"+name)
		for seed := range uint64(20) {
			s := wiretest.Scrambler{Rand: rand.New(rand.NewPCG(seed, 1)), Unknown: seed%2 == 0}
			strange := s.Scramble(raw, metaGraph)
			var want, got tfpb.MetaGraphDef
			if err := errors.Join(proto.Unmarshal(strange, &want), proto.Unmarshal(merge(strange, metaGraph), &got)); err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(&want, &got) {
				t.Fatalf("%s, seed %d: the message differs", name, seed)
			}
		}
	}
}

func TestUnmarshal(t *testing.T) {
	many := strings.Repeat(bin(4, bin(1, "part"), bin(2, "\x01\x02")), 1000)
	long := bin(1, "v") + "\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x38" + strings.Repeat("\xff", 9) + "\x7f"
	for name, message := range map[string]string{"repeated": bin(1, "v") + many, "long varint": long, "both": long + many} {
		var got tfpb.VariableDef
		if err := Unmarshal([]byte(message), &got); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := strings.Contains(name, "long") || name == "both"; got.GetVariableName() != "v" || got.GetTrainable() != want {
			t.Errorf("%s: got %v", name, &got)
		}
		if n := len(got.GetSaveSliceInfoDef().GetFullShape()); name != "long varint" && n != 2000 {
			t.Errorf("%s: %d values, want 2000", name, n)
		}
	}
	if err := Unmarshal([]byte(bin(1, "\xff")), new(tfpb.VariableDef)); err == nil {
		t.Error("Unmarshal accepts invalid UTF-8")
	}
}

// FuzzUnmarshal compares Unmarshal with the generated types.
func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(bin(1, "v") + strings.Repeat(bin(4, bin(1, "part"), bin(2, "\x01\x02")), 50)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var want, got tfpb.VariableDef
		err := proto.Unmarshal(raw, &want)
		merged := Unmarshal(raw, &got)
		if err == nil && (merged != nil || !proto.Equal(&want, &got)) {
			t.Errorf("the message differs: %v", merged)
		}
		if merged != nil && len(check(raw, want.ProtoReflect().Descriptor(), 1)) == 0 {
			t.Errorf("Check finds nothing, but Unmarshal returns: %v", merged)
		}
	})
}
