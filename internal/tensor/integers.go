package tensor

import (
	"encoding/binary"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/wire"
)

// Integers returns the elements of an int32 or int64 TensorProto. It returns false for other dtypes, for damaged tensors, and for
// tensors of more than most elements, which it does not decode.
func Integers(encoded []byte, most int64) ([]int64, bool) {
	const perElement, overhead = 10, 1 << 10 // size in bytes of the longest varint; of shape and tags
	if int64(len(encoded)) > most*perElement+overhead {
		return nil, false
	}
	shape, _ := wire.Merged(encoded, fieldnum.TensorProto_TensorShape)
	count, ok := ParseShape(shape).Elements()
	if !ok || count > most {
		return nil, false
	}
	var decoded tfpb.TensorProto
	if err := schema.Unmarshal(encoded, &decoded); err != nil {
		return nil, false
	}
	out := make([]int64, 0, count)
	content := decoded.GetTensorContent()
	switch decoded.GetDtype() {
	case tfpb.DataType_DT_INT32:
		for ; len(content) >= 4; content = content[4:] {
			out = append(out, int64(int32(binary.LittleEndian.Uint32(content))))
		}
		for _, v := range decoded.GetIntVal() {
			out = append(out, int64(v))
		}
	case tfpb.DataType_DT_INT64:
		for ; len(content) >= 8; content = content[8:] {
			out = append(out, int64(binary.LittleEndian.Uint64(content)))
		}
		out = append(out, decoded.GetInt64Val()...)
	default:
		return nil, false
	}
	// A tensor may store fewer values than it has elements; the last value repeats.
	for int64(len(out)) < count {
		if len(out) == 0 {
			out = append(out, 0)
			continue
		}
		out = append(out, out[len(out)-1])
	}
	return out[:count], true
}
