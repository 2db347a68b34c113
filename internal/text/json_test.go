package text_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/text"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// writeJSON returns what WriteJSON writes.
func writeJSON(t testing.TB, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := text.WriteJSON(&b, raw, (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sameJSON compares two documents as parsed JSON.
func sameJSON(t *testing.T, want, got []byte) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal(want, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got, &b); err != nil {
		t.Fatalf("%v in %.200s", err, got)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("not what protojson writes (-want +got):\n%.2000s", diff)
	}
}

// allTypes finds the message types of the schema, then those of TensorFlow.
type allTypes struct{ *dynamicpb.Types }

func (a allTypes) FindMessageByURL(url string) (protoreflect.MessageType, error) {
	if mt, err := protoregistry.GlobalTypes.FindMessageByURL(url); err == nil {
		return mt, nil
	}
	return a.Types.FindMessageByURL(url)
}

// TestWriteJSONTwin compares WriteJSON with protojson on the files of testdata, including strange encodings.
func TestWriteJSONTwin(t *testing.T) {
	for _, raw := range testfiles.Testdata(t) {
		for seed := range uint64(6) {
			strange := raw
			if seed > 0 {
				s := wiretest.Scrambler{Rand: rand.New(rand.NewPCG(seed, 1))}
				strange = s.Scramble(raw, (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor())
			}
			var m tfpb.MetaGraphDef
			if err := proto.Unmarshal(strange, &m); err != nil {
				t.Fatal(err)
			}
			want, err := protojson.MarshalOptions{Resolver: allTypes{dynamicpb.NewTypes(text.Pool())}}.Marshal(&m)
			if err != nil {
				t.Fatal(err)
			}
			sameJSON(t, want, writeJSON(t, strange))
		}
	}
}

func TestWriteJSONValues(t *testing.T) {
	wrapped, err := anypb.New(&tfpb.SaverDef{SaveTensorName: "s", MaxToKeep: 5})
	if err != nil {
		t.Fatal(err)
	}
	duration, err := anypb.New(durationpb.New(1500000000))
	if err != nil {
		t.Fatal(err)
	}
	inAny, err := anypb.New(wrapped)
	if err != nil {
		t.Fatal(err)
	}
	m := &tfpb.MetaGraphDef{
		CollectionDef: map[string]*tfpb.CollectionDef{
			"floats": {Kind: &tfpb.CollectionDef_FloatList_{FloatList: &tfpb.CollectionDef_FloatList{Value: []float32{1, 0.1, -2.5e-9, 3e30, 1e21, 1e-6,
				float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 16777216}}}},
			"ints":                      {Kind: &tfpb.CollectionDef_Int64List_{Int64List: &tfpb.CollectionDef_Int64List{Value: []int64{0, -1, math.MaxInt64}}}},
			"bytes":                     {Kind: &tfpb.CollectionDef_BytesList_{BytesList: &tfpb.CollectionDef_BytesList{Value: [][]byte{nil, {0xff}, bytes.Repeat([]byte("abc\x00"), 50_000)}}}},
			"anys":                      {Kind: &tfpb.CollectionDef_AnyList_{AnyList: &tfpb.CollectionDef_AnyList{Value: []*anypb.Any{wrapped, duration, inAny, {}}}}},
			"empty":                     {},
			"a\"\\\n\u009b\u2028é\x00<": {Kind: &tfpb.CollectionDef_NodeList_{NodeList: &tfpb.CollectionDef_NodeList{Value: []string{"", strings.Repeat("é\x1b", 20_000)}}}},
		},
		GraphDef: &tfpb.GraphDef{Node: []*tfpb.NodeDef{{Name: "n", Attr: map[string]*tfpb.AttrValue{
			"zero": {Value: &tfpb.AttrValue_I{}}, "type": {Value: &tfpb.AttrValue_Type{Type: tfpb.DataType_DT_FLOAT}}, "unknown": {Value: &tfpb.AttrValue_Type{Type: 9999}}, "none": {},
			"false": {Value: &tfpb.AttrValue_B{}}, "text": {Value: &tfpb.AttrValue_S{}},
		}}}, Versions: &tfpb.VersionDef{Producer: -1, BadConsumers: []int32{1, 2}}},
	}
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	want, err := protojson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	got := writeJSON(t, raw)
	sameJSON(t, want, got)
	for _, c := range string(got) {
		if c != '\n' && (c < ' ' || c >= 0x7f && c < 0xa0) {
			t.Fatalf("U+%04X is not escaped", c)
		}
	}
}

// TestWriteJSONNegativeZero: the sign is kept even for readers that parse integers.
func TestWriteJSONNegativeZero(t *testing.T) {
	raw, err := proto.Marshal(&tfpb.MetaGraphDef{CollectionDef: map[string]*tfpb.CollectionDef{
		"k": {Kind: &tfpb.CollectionDef_FloatList_{FloatList: &tfpb.CollectionDef_FloatList{Value: []float32{float32(math.Copysign(0, -1))}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	want := "{\n  \"collectionDef\": {\n    \"k\": {\n      \"floatList\": {\n        \"value\": [\n          -0.0\n        ]\n      }\n    }\n  }\n}\n"
	if diff := cmp.Diff(want, string(writeJSON(t, raw))); diff != "" {
		t.Error(diff)
	}
}

// TestWriteJSONMemory: writing a large message does not copy it.
func TestWriteJSONMemory(t *testing.T) {
	node := strings.Repeat(field(1, field(1, "scope/name")+field(2, "NoOp")+field(3, "input")), 100_000)
	raw := []byte(field(2, node))
	n := testing.AllocsPerRun(1, func() {
		if err := text.WriteJSON(discard{}, raw, (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor()); err != nil {
			t.Fatal(err)
		}
	})
	if n > 2000 {
		t.Errorf("%v allocations for 100,000 nodes", n)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
