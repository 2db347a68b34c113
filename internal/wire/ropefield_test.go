package wire_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/wire"
)

// TestRopeFields: the fields of messages in pieces of one byte, including groups, are the same as those that protowire finds in one
// piece.
func TestRopeFields(t *testing.T) {
	tag := func(num protowire.Number, typ protowire.Type) string {
		return string(protowire.AppendTag(nil, num, typ))
	}
	const start, end = protowire.StartGroupType, protowire.EndGroupType
	text := string(protowire.AppendBytes([]byte(tag(2, protowire.BytesType)), []byte("text")))
	number := tag(3, protowire.VarintType) + "\x80\x01"
	var deep string
	for range 10_001 {
		deep += tag(1, start)
	}
	for name, message := range map[string]string{
		"fields":                  text + number + text,
		"empty group":             text + tag(9, start) + tag(9, end) + number,
		"nested groups":           tag(9, start) + text + tag(8, start) + number + tag(8, end) + tag(8, start) + tag(8, end) + tag(9, end) + text,
		"group closed by another": text + tag(9, start) + tag(8, end) + text,
		"group end without start": text + tag(9, end) + text,
		"group without end":       text + tag(9, start) + text,
		"truncated field":         text + text[:3],
		"too many groups":         deep,
	} {
		type found struct {
			Num  protowire.Number
			Size int
		}
		var want []found
		broken := false
		for rest := []byte(message); len(rest) > 0; {
			num, typ, n := protowire.ConsumeTag(rest)
			m := protowire.ConsumeFieldValue(num, typ, rest[n:])
			if broken = m < 0; broken {
				break
			}
			size := m
			if payload, _ := protowire.ConsumeBytes(rest[n:]); typ == protowire.BytesType {
				size = len(payload)
			}
			want = append(want, found{num, size})
			rest = rest[n+m:]
		}
		var b wire.Builder
		for i := range len(message) {
			b.Window([]byte(message[i : i+1]))
		}
		rope := b.Build()
		var got []found
		_, err := rope.Fields(0, rope.Size(), func(f wire.RopeField) bool {
			got = append(got, found{f.Num, int(f.Size)})
			return true
		})
		if diff := cmp.Diff(want, got); diff != "" || (err != nil) != broken {
			t.Errorf("%s: error %v, want one: %v (-want +got):\n%s", name, err, broken, diff)
		}
	}
}
