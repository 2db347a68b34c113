package text_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/text"
)

// compareWithProtojson checks that ParseJSON and protojson accept the same JSON and read the same message.
func compareWithProtojson(t *testing.T, data []byte, md protoreflect.MessageDescriptor) {
	t.Helper()
	want := newMessage(md)
	wantErr := protojson.UnmarshalOptions{Resolver: allTypes{dynamicpb.NewTypes(text.Pool())}}.Unmarshal(data, want)
	raw, err := text.ParseJSON(data, md)
	switch {
	case err != nil && strings.Contains(err.Error(), "deep"):
		return // protobuf rejects the message in binary
	case (err == nil) != (wantErr == nil):
		t.Fatalf("ParseJSON: %v, protojson: %v\n%s", err, wantErr, data)
	case err != nil:
		return
	}
	got := newMessage(md)
	if err := proto.Unmarshal(raw, got); err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	if !proto.Equal(got, want) {
		t.Fatalf("got:  %v\nwant: %v\n%s", got, want, data)
	}
}

// jsonCases are messages in JSON, valid and invalid, by type.
var jsonCases = map[string][]string{
	"MetaGraphDef": {
		`{}`, ` { } `, ``, `[]`, `null`, `{"graphDef":{}} {}`, `{"graphDef":{}`, `{"graph_def":{}}`, `{"graphDef":null}`, `{"graphDef":[]}`, `{"graphDef":1}`,
		`{"graphDef":{},"graph_def":{}}`, `{"nothing":1}`, `{"metaInfoDef":{"tags":["a","b"],"tensorflowVersion":"1\u00e9\ud83d\ude00","strippedDefaultAttrs":true}}`,
		`{"metaInfoDef":{"tags":[null]}}`, `{"metaInfoDef":{"tags":null}}`, `{"metaInfoDef":{"tags":"a"}}`, `{"metaInfoDef":{"tags":[1]}}`,
		`{"metaInfoDef":{"strippedDefaultAttrs":"true"}}`, `{"metaInfoDef":{"tensorflowVersion":"\ud83d"}}`, `{"metaInfoDef":{"tensorflowVersion":"\udE00\ud83d"}}`,
		`{"metaInfoDef":{"tensorflowVersion":"\\ud83d"}}`, "{\"metaInfoDef\":{\"tensorflowVersion\":\"\xff\"}}",
		`{"collectionDef":{"a":{"nodeList":{"value":["x"]}},"b":{"int64List":{"value":["1",-2,3.0,1e3,"1e2"]}}}}`, `{"collectionDef":{"a":{},"a":{}}}`, `{"collectionDef":{"a":null}}`,
		`{"collectionDef":[]}`, `{"collectionDef":null}`, `{"collectionDef":{"a":{"nodeList":{},"bytesList":{}}}}`, `{"collectionDef":{"a":{"nodeList":{},"bytesList":null}}}`,
		`{"collectionDef":{"a":{"bytesList":{"value":["","AA==","AA","-_8","+/8=","A","=","*","A A="]}}}}`, `{"collectionDef":{"a":{"bytesList":{"value":["AQI=","-_8","+/8"]}}}}`,
		`{"collectionDef":{"a":{"floatList":{"value":[1,"2.5","NaN","Infinity","-Infinity",-0.0,1e-50,3.4e38]}}}}`, `{"collectionDef":{"a":{"floatList":{"value":[1e39]}}}}`,
		`{"collectionDef":{"a":{"floatList":{"value":["0x1p3"]}}}}`, `{"collectionDef":{"a":{"floatList":{"value":[""]}}}}`, `{"collectionDef":{"a":{"floatList":{"value":["inf"]}}}}`,
		`{"collectionDef":{"a":{"floatList":{"value":[true]}}}}`, `{"collectionDef":{"a":{"int64List":{"value":["+1"]}}}}`, `{"collectionDef":{"a":{"int64List":{"value":[" 1"]}}}}`,
		`{"collectionDef":{"a":{"int64List":{"value":[1.5]}}}}`, `{"collectionDef":{"a":{"int64List":{"value":["9223372036854775808"]}}}}`, `{"collectionDef":{"a":{"int64List":{"value":[1e99999999]}}}}`,
		`{"collectionDef":{"a":{"anyList":{"value":[{"variableName":"v","@type":"x/tensorflow.VariableDef","trainable":true}]}}}}`,
		`{"collectionDef":{"a":{"anyList":{"value":[{},null]}}}}`, `{"collectionDef":{"a":{"anyList":{"value":[{}]}}}}`, `{"collectionDef":{"a":{"anyList":{"value":[{"value":"AA=="}]}}}}`,
		`{"collectionDef":{"a":{"anyList":{"value":[{"@type":1}]}}}}`, `{"collectionDef":{"a":{"anyList":{"value":[{"@type":"x/tensorflow.VariableDef","nothing":1}]}}}}`,
		`{"collectionDef":{"a":{"anyList":{"value":[{"@type":"x/google.protobuf.Duration","value":"1.5s"}]}}}}`, `{"collectionDef":{"a":{"anyList":{"value":[{"@type":"x/google.protobuf.Duration","value":"x"}]}}}}`,
		`{"collectionDef":{"a":{"anyList":{"value":[{"@type":"x/google.protobuf.Any","value":{"@type":"x/tensorflow.SaverDef","maxToKeep":5}}]}}}}`,
		`{"collectionDef":{"a":{"anyList":{"value":[{"@type":"x/google.protobuf.StringValue","value":"a"}]}}}}`,
		`{"saverDef":{"version":"V2","maxToKeep":-1}}`, `{"saverDef":{"version":2}}`, `{"saverDef":{"version":"V9"}}`, `{"saverDef":{"version":77}}`, `{"saverDef":{"version":1.5}}`,
		`{"saverDef":{"maxToKeep":2147483648}}`, `{"saverDef":{"maxToKeep":0,"sharded":false,"filenameTensorName":""}}`, `{"saverDef":{"keepCheckpointEveryNHours":"1e-3"}}`,
	},
	"AttrValue": {
		`{"i":"0"}`, `{"i":"5","f":1}`, `{"f":0}`, `{"b":false}`, `{"s":""}`, `{"type":"DT_FLOAT"}`, `{"type":9999}`, `{"func":{"name":"f","attr":{"x":{"list":{"type":["DT_INT8",3],"b":[true,false]}}}}}`,
		`{"shape":{"dim":[{"size":"-1"},{},{"size":3,"name":"n"}],"unknownRank":true}}`,
	},
	"TensorProto": {
		`{"dtype":"DT_HALF","halfVal":[15360],"tensorContent":"AAE=","intVal":[],"boolVal":[true],"uint32Val":[4294967295],"uint64Val":["18446744073709551615"]}`,
		`{"uint32Val":[-1]}`, `{"uint32Val":[4294967296]}`, `{"doubleVal":[1e308,1e309]}`, `{"scomplexVal":[1,2],"doubleVal":["-0"]}`,
	},
}

func TestParseJSON(t *testing.T) {
	for name, cases := range jsonCases {
		md := descriptor(t, "tensorflow."+name)
		for _, data := range cases {
			compareWithProtojson(t, []byte(data), md)
		}
	}
}

// TestParseJSONTwin compares ParseJSON with protojson on the files of testdata.
func TestParseJSONTwin(t *testing.T) {
	for _, raw := range testfiles.Testdata(t) {
		compareWithProtojson(t, writeJSON(t, raw), (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor())
	}
}

// TestParseJSONKeepsOrder: the fields in an Any keep the order of the JSON, so that its bytes survive.
func TestParseJSONKeepsOrder(t *testing.T) {
	packed := varint(8, 1) + field(3, "snapshot") + field(1, "v")
	raw := []byte(field(4, field(1, "c")+field(2, field(5, field(1, field(1, "x/tensorflow.VariableDef")+field(2, packed))))))
	got, err := text.ParseJSON(writeJSON(t, raw), (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor())
	if err != nil || string(got) != string(raw) {
		t.Errorf("got %q, want %q (%v)", got, raw, err)
	}
}

// TestParseJSONErrors: an error names the line and column after the incorrect value.
func TestParseJSONErrors(t *testing.T) {
	md := descriptor(t, "tensorflow.MetaGraphDef")
	for data, want := range map[string]string{
		"{\n  \"graphDefs\": {}}":        `line 2, column 14: tensorflow.MetaGraphDef has no field "graphDefs"; did you mean "graph_def"?`,
		`{"saverDef":{"maxToKeep":"x"}}`: `line 1, column 29: field "max_to_keep": invalid integer "x"`,
	} {
		if _, err := text.ParseJSON([]byte(data), md); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// FuzzParseJSON: ParseJSON and protojson agree.
func FuzzParseJSON(f *testing.F) {
	for name, cases := range jsonCases {
		for _, data := range cases {
			f.Add(name == "MetaGraphDef", []byte(data))
		}
	}
	f.Fuzz(func(t *testing.T, whole bool, data []byte) {
		if strings.Contains(string(data), "@") {
			t.Skip() // ParseJSON also accepts an Any of an unknown type
		}
		name := "tensorflow.AttrValue"
		if whole {
			name = "tensorflow.MetaGraphDef"
		}
		compareWithProtojson(t, data, descriptor(t, name))
	})
}
