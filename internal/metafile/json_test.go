package metafile_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/metagraph/metagraph/internal/metafile"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// toFormat writes a message to standard output in the given format.
func toFormat(raw []byte, kind metafile.Kind, o metafile.WriteOptions) ([]byte, error) {
	var out bytes.Buffer
	o.Stdout = &out
	err := metafile.Write(context.Background(), "-", wire.NewRope(raw), kind, o)
	return out.Bytes(), err
}

// checkRoundTrip writes a message and reads it back: the message is the same, and writing twice gives the same text.
func checkRoundTrip(t *testing.T, raw []byte, kind metafile.Kind, format metafile.Format) {
	t.Helper()
	out, err := toFormat(raw, kind, metafile.WriteOptions{Format: format})
	if err != nil {
		t.Fatalf("%v: %v", format, err)
	}
	if again, err := toFormat(raw, kind, metafile.WriteOptions{Format: format}); err != nil || !bytes.Equal(out, again) {
		t.Errorf("%v: writing twice gives different text (%v)", format, err)
	}
	f, err := openBytes(out, metafile.OpenOptions{TagSet: map[bool]string{true: "serve"}[kind == metafile.SavedModel]})
	if err != nil {
		t.Fatalf("%v: %v", format, err)
	}
	was, is := kindMessage(kind), kindMessage(kind)
	if err := proto.Unmarshal(raw, was); err != nil {
		t.Fatal(err)
	}
	err = proto.Unmarshal(f.Bytes, is)
	plainAnys(t, was)
	plainAnys(t, is)
	if err != nil || !proto.Equal(was, is) || f.Kind != kind || f.Format != format {
		t.Errorf("%v: reading it back gives a different message (%v) or kind (%v, %v)", format, err, f.Kind, f.Format)
	}
}

// plainAnys re-encodes the contents of Anys with known types, whose field order is not preserved.
func plainAnys(t *testing.T, m proto.Message) {
	t.Helper()
	meta, ok := m.(*tfpb.MetaGraphDef)
	if !ok {
		return
	}
	for _, c := range meta.CollectionDef {
		for _, packed := range c.GetAnyList().GetValue() {
			inner, err := packed.UnmarshalNew()
			if err != nil {
				continue
			}
			if packed.Value, err = (proto.MarshalOptions{Deterministic: true}).Marshal(inner); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestRoundTrips writes the test data as text and as JSON and reads it again.
func TestRoundTrips(t *testing.T) {
	for name, kind := range map[string]metafile.Kind{
		"collections.meta": metafile.MetaGraph, "functions.meta": metafile.MetaGraph, "queues.meta": metafile.MetaGraph,
		"loop.meta": metafile.MetaGraph, "saved_model/saved_model.pb": metafile.SavedModel,
	} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			raw := testfiles.Read(t, "testdata/"+name)
			checkRoundTrip(t, raw, kind, metafile.Text)
			checkRoundTrip(t, raw, kind, metafile.JSON)
		})
	}
}

// TestRoundTripCorpus writes real files as text and as JSON and reads them again.
func TestRoundTripCorpus(t *testing.T) {
	for name, raw := range testfiles.Corpus(t) {
		if len(raw) > 80<<10 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			checkRoundTrip(t, raw, metafile.MetaGraph, metafile.Text)
			checkRoundTrip(t, raw, metafile.MetaGraph, metafile.JSON)
		})
	}
}

// withAny returns a MetaGraphDef with an Any in a collection.
func withAny(url string, value []byte) []byte {
	return wiretest.Message(fieldnum.MetaGraphDef_CollectionDef, wiretest.String(fieldnum.MapEntry_Key, "c"), wiretest.Message(fieldnum.MapEntry_Value, wiretest.Message(fieldnum.CollectionDef_AnyList, wiretest.Message(fieldnum.CollectionDef_AnyList_Value, wiretest.String(fieldnum.Any_TypeUrl, url), wiretest.Message(fieldnum.Any_Value, value)))))
}

// TestJSONOfAny: Anys of known types are written in readable form, others as bytes, and nothing is lost.
func TestJSONOfAny(t *testing.T) {
	const deviceInfo = 4 // of MachineConfiguration, which the schema does not have
	variable, err := proto.Marshal(&tfpb.VariableDef{VariableName: "v:0"})
	if err != nil {
		t.Fatal(err)
	}
	inner, err := proto.Marshal(&anypb.Any{TypeUrl: "type.googleapis.com/other.Type", Value: []byte{0x08, 0x05}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, url string
		value     []byte
		holds     string // expected part of the JSON; "" for an error
	}{
		{"known", "type.googleapis.com/tensorflow.VariableDef", variable, `"variableName": "v:0"`},
		{"known, empty", "type.googleapis.com/tensorflow.VariableDef", nil, `"@type": "type.googleapis.com/tensorflow.VariableDef"`},
		{"unknown", "type.googleapis.com/my.Config", []byte{0xff, 0x00}, `"value": "/wA="`},
		{"unknown, empty", "type.googleapis.com/my.Config", nil, `"@type": "type.googleapis.com/my.Config"`},
		{"unknown, without a package", "type.googleapis.com/Config", []byte{1}, `"value": "AQ=="`},
		{"unknown, without a host", "my.Config", []byte{1}, `"value": "AQ=="`},
		{"unknown, similar to the substitute", "type.googleapis.com/my.Config", wiretest.String(fieldnum.VariableDef_VariableName, "x"), `"value": "CgF4"`},
		{"known with an unknown field", "type.googleapis.com/tensorflow.VariableDef", wiretest.Join(variable, wiretest.Varint(99, 1)), ""},
		{"known and damaged", "type.googleapis.com/tensorflow.VariableDef", []byte{0x0a, 0x50}, ""},
		{"known, in an Any in an Any", "type.googleapis.com/google.protobuf.Any", inner, `"value": "CAU="`},
		{"TensorFlow type outside the schema", "type.googleapis.com/tensorflow.ConfigProto", []byte{0x38, 1}, `"allowSoftPlacement": true`},
		{"TensorFlow type, empty", "type.googleapis.com/tensorflow.ConfigProto", nil, `"@type": "type.googleapis.com/tensorflow.ConfigProto"`},
		{"TensorFlow type, damaged", "type.googleapis.com/tensorflow.ConfigProto", []byte{0xff}, ""},
		{"TensorFlow type with an unknown one inside", "type.googleapis.com/tensorflow.MachineConfiguration",
			wiretest.Message(deviceInfo, wiretest.String(fieldnum.Any_TypeUrl, "type.googleapis.com/my.Config"), wiretest.String(fieldnum.Any_Value, "x")), `"value": "eA=="`},
		{"no type", "", []byte{1}, ""},
		{"no name", "type.googleapis.com/not a name", []byte{1}, ""},
		{"nothing", "", nil, `{}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			raw := withAny(test.url, test.value)
			out, err := toFormat(raw, metafile.MetaGraph, metafile.WriteOptions{Format: metafile.JSON})
			if test.holds == "" {
				if err == nil {
					t.Errorf("no error; written was:\n%s", out)
				} else if len(out) > 0 {
					t.Error("output despite the error")
				}
				return
			}
			if err != nil || !strings.Contains(string(out), test.holds) {
				t.Fatalf("%v\n%s", err, out)
			}
			checkRoundTrip(t, raw, metafile.MetaGraph, metafile.JSON)
		})
	}
}

// TestManyOpaqueAnys: the cost is proportional to the number of Anys.
func TestManyOpaqueAnys(t *testing.T) {
	one := wiretest.Message(fieldnum.CollectionDef_AnyList_Value, wiretest.String(fieldnum.Any_TypeUrl, "type.googleapis.com/my.Config"), wiretest.String(fieldnum.Any_Value, "x"))
	raw := wiretest.Message(fieldnum.MetaGraphDef_CollectionDef, wiretest.String(fieldnum.MapEntry_Key, "c"), wiretest.Message(fieldnum.MapEntry_Value, wiretest.Message(fieldnum.CollectionDef_AnyList, bytes.Repeat(one, 20_000))))
	if allocated := allocatedBy(func() { checkRoundTrip(t, raw, metafile.MetaGraph, metafile.JSON) }); allocated > 500<<20 {
		t.Errorf("%d MiB were allocated for %d bytes", allocated>>20, len(raw))
	}
}

// TestUnknownFields: unknown fields are never lost silently. JSON cannot represent them; text can, if requested.
func TestUnknownFields(t *testing.T) {
	for name, raw := range map[string][]byte{
		"top level":       wiretest.Join(wiretest.Message(fieldnum.MetaGraphDef_GraphDef), wiretest.String(99, "x")),
		"node":            wiretest.Message(fieldnum.MetaGraphDef_GraphDef, wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, "n"), wiretest.Varint(99, 1))),
		"wrong wire type": wiretest.Message(fieldnum.MetaGraphDef_GraphDef, wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, "n"), wiretest.Varint(fieldnum.NodeDef_Op, 1))),
		"group":           wiretest.Join(wiretest.Message(fieldnum.MetaGraphDef_GraphDef), wiretest.Group(99, wiretest.Varint(99, 1))),
	} {
		for _, format := range []metafile.Format{metafile.Text, metafile.JSON} {
			out, err := toFormat(raw, metafile.MetaGraph, metafile.WriteOptions{Format: format})
			if err == nil || len(out) > 0 {
				t.Errorf("%s in %v: %v, %d bytes written", name, format, err, len(out))
			}
			path := filepath.Join(t.TempDir(), "out")
			if err := metafile.Write(context.Background(), path, wire.NewRope(raw), metafile.MetaGraph, metafile.WriteOptions{Format: format}); err == nil {
				t.Errorf("%s in %v: no error for a file", name, format)
			}
			if left := names(t, filepath.Dir(path)); len(left) > 0 {
				t.Errorf("%s in %v: %q is left", name, format, left)
			}
		}
		out, err := toFormat(raw, metafile.MetaGraph, metafile.WriteOptions{Format: metafile.Text, AllowUnknown: true})
		if err != nil || len(out) == 0 {
			t.Errorf("%s in text, allowed: %v", name, err)
		}
		if _, err := toFormat(raw, metafile.MetaGraph, metafile.WriteOptions{Format: metafile.JSON, AllowUnknown: true}); err == nil {
			t.Errorf("%s in JSON, allowed: no error", name)
		}
	}
}

// TestNotUTF8: strings that are not UTF-8 are errors in text and JSON, which cannot represent them, but not in binary.
func TestNotUTF8(t *testing.T) {
	raw := wiretest.Message(fieldnum.MetaGraphDef_GraphDef, wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, "n\xff")))
	for _, format := range []metafile.Format{metafile.Text, metafile.JSON} {
		if out, err := toFormat(raw, metafile.MetaGraph, metafile.WriteOptions{Format: format}); err == nil || len(out) > 0 {
			t.Errorf("%v: %v, %d bytes written", format, err, len(out))
		}
	}
	if out, err := toFormat(raw, metafile.MetaGraph, metafile.WriteOptions{}); err != nil || !bytes.Equal(out, raw) {
		t.Errorf("binary: %v", err)
	}
}

// names returns the names in a directory.
func names(tb testing.TB, dir string) []string {
	tb.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		tb.Fatal(err)
	}
	var out []string
	for _, entry := range entries {
		out = append(out, entry.Name())
	}
	return out
}
