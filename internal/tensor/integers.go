package tensor

import (
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
	dtype := int32(decoded.GetDtype())
	held, ok := elementsOf(&decoded, count)
	if !ok || dtype != Int32 && dtype != Int64 {
		return nil, false
	}
	out := make([]int64, count)
	for i := range out {
		out[i] = EncodingOf(dtype).Int(held.at(int64(i)))
	}
	return out, true
}
