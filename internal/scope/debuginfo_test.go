package scope

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

func debugInfo(t *testing.T, text string) (*tfpb.GraphDebugInfo, []byte) {
	t.Helper()
	m := new(tfpb.GraphDebugInfo)
	if err := prototext.Unmarshal([]byte(text), m); err != nil {
		t.Fatal(err)
	}
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return m, b
}

func checkDebugInfo(t *testing.T, want string, got []byte) {
	t.Helper()
	decoded := new(tfpb.GraphDebugInfo)
	if err := proto.Unmarshal(got, decoded); err != nil {
		t.Fatal(err)
	}
	message, _ := debugInfo(t, want)
	if diff := cmp.Diff(message, decoded, protocmp.Transform()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestDebugInfo removes the traces of removed nodes and the frames that only they use. Entries of functions stay.
func TestDebugInfo(t *testing.T) {
	_, info := debugInfo(t, `files: "a.py"
		frames_by_id { key: 1 value { line: 1 } } frames_by_id { key: 2 value { line: 2 } } frames_by_id { key: 3 value { line: 3 } } frames_by_id { key: 4 value { line: 4 } }
		traces_by_id { key: 7 value { frame_id: [1, 2] } } traces_by_id { key: 8 value { frame_id: 3 } }
		traces { key: "s/old@" value { frame_id: 4 } } traces { key: "old" value { file_line_cols { line: 9 } } }
		name_to_trace_id { key: "s/a@" value: 7 } name_to_trace_id { key: "b@" value: 8 } name_to_trace_id { key: "s/a@f" value: 7 }`)
	plan := &Plan{Strip: "s"}
	got, err := plan.DebugInfo(nil, info)
	if err != nil {
		t.Fatal(err)
	}
	checkDebugInfo(t, `files: "a.py"
		frames_by_id { key: 1 value { line: 1 } } frames_by_id { key: 2 value { line: 2 } } frames_by_id { key: 4 value { line: 4 } }
		traces_by_id { key: 7 value { frame_id: [1, 2] } } traces { key: "old@" value { frame_id: 4 } }
		name_to_trace_id { key: "a@" value: 7 } name_to_trace_id { key: "s/a@f" value: 7 }`, got)
}

// TestFollowDebugInfo continues the numbers of files, frames and traces after those of the base.
func TestFollowDebugInfo(t *testing.T) {
	_, base := debugInfo(t, `files: ["a.py", "b.py"] frames_by_id { key: 5 value { file_index: 1 } } traces_by_id { key: 0 value { frame_id: 5 } } name_to_trace_id { key: "x@" value: 0 }`)
	_, in := debugInfo(t, `files: "c.py" frames_by_id { key: 1 value { file_index: 0 line: 3 } } traces_by_id { key: 2 value { frame_id: [1, 1] } }
		traces { key: "z@" value { file_line_cols { file_index: 0 func: "g" } } } name_to_trace_id { key: "y@" value: 2 }`)
	got, err := FollowDebugInfo(base, base, in)
	if err != nil {
		t.Fatal(err)
	}
	checkDebugInfo(t, `files: ["a.py", "b.py", "c.py"]
		frames_by_id { key: 5 value { file_index: 1 } } frames_by_id { key: 7 value { file_index: 2 line: 3 } }
		traces_by_id { key: 0 value { frame_id: 5 } } traces_by_id { key: 3 value { frame_id: [7, 7] } }
		traces { key: "z@" value { file_line_cols { file_index: 2 func: "g" } } }
		name_to_trace_id { key: "x@" value: 0 } name_to_trace_id { key: "y@" value: 3 }`, got)
}

// TestFollowDebugInfoUnset shifts numbers that are omitted because they are 0, in frames and in map entries.
func TestFollowDebugInfoUnset(t *testing.T) {
	_, base := debugInfo(t, `files: "a.py" frames_by_id { key: 3 value { } } traces_by_id { key: 5 value { } }`)
	_, in := debugInfo(t, `files: "b.py" traces { key: "z@" value { file_line_cols { line: 1 } } }`)
	entry := func(num protowire.Number, fields ...[]byte) { in = append(in, wiretest.Message(num, fields...)...) }
	entry(fieldnum.GraphDebugInfo_FramesById, wiretest.Message(fieldnum.MapEntry_Value, wiretest.Varint(fieldnum.GraphDebugInfo_FileLineCol_Line, 4)))
	entry(fieldnum.GraphDebugInfo_TracesById, wiretest.Message(fieldnum.MapEntry_Value))
	entry(fieldnum.GraphDebugInfo_NameToTraceId, wiretest.String(fieldnum.MapEntry_Key, "y@"))
	got, err := FollowDebugInfo(base, base, in)
	if err != nil {
		t.Fatal(err)
	}
	checkDebugInfo(t, `files: ["a.py", "b.py"]
		frames_by_id { key: 3 value { } } frames_by_id { key: 4 value { file_index: 1 line: 4 } }
		traces_by_id { key: 5 value { } } traces_by_id { key: 6 value { } }
		traces { key: "z@" value { file_line_cols { file_index: 1 line: 1 } } } name_to_trace_id { key: "y@" value: 6 }`, got)
}
