package diff

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	dtypes "github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A tensor gives access to the values of a TensorProto in both of its forms: tensor_content, or typed values, the last of which is
// repeated to fill the shape (Tensor::FromProto in tensorflow/core/framework/tensor.cc).
type tensor struct {
	proto   *tfpb.TensorProto // without tensor_content
	element dtypes.Encoding   // opaque elements have one byte
	shape   []int64
	values  int64    // number of values; -1 if the shape does not determine it
	data    []byte   // stored values, little-endian, element.Size bytes each; may be a window on the file
	strings [][]byte // stored values of DT_STRING
	given   int64    // number of stored values
	stray   []byte   // fields that TensorFlow does not read for this dtype
	broken  bool     // the stored values do not fit the shape, or the shape is not fully known; the last value is not repeated
}

// readTensor reads the bytes of a TensorProto without copying tensor_content. It reports false if they are not a TensorProto.
func readTensor(message []byte) (*tensor, bool) {
	if wire.Check(message) != nil {
		return nil, false
	}
	content, rest := wire.Last(message, fieldnum.TensorProto_TensorContent), message
	if content != nil {
		rest = unknownFields(message, messageFields(fieldnum.TensorProto_TensorContent))
	}
	p := new(tfpb.TensorProto)
	if err := schema.Unmarshal(rest, p); err != nil {
		return nil, false
	}
	return newTensor(p, content), true
}

// newTensor reads a decoded TensorProto. The caller can pass tensor_content separately.
func newTensor(p *tfpb.TensorProto, content []byte) *tensor {
	if content == nil {
		content = p.GetTensorContent()
	}
	t := &tensor{proto: p, element: dtypes.EncodingOf(int32(p.GetDtype()))}
	if t.element.Kind == dtypes.Opaque {
		t.element.Size = 1
	}
	t.readShape(p.GetTensorShape())
	switch {
	case t.element.Size == 0:
		t.readUnsized(content)
	case len(content) > 0:
		t.data = content
		t.given = int64(len(content) / t.element.Size)
		t.broken = len(content)%t.element.Size != 0 || t.values >= 0 && t.given != t.values
	default:
		t.data = dtypes.TypedValues(p)
		t.given = int64(len(t.data) / t.element.Size)
	}
	if t.values < 0 {
		t.broken = true
	}
	if t.broken {
		t.values = t.given
	}
	t.stray = strayFields(p)
	return t
}

// readShape reads the shape and counts the values.
func (t *tensor) readShape(shape *tfpb.TensorShapeProto) {
	t.values = 1
	if shape.GetUnknownRank() {
		t.values = -1
	}
	for _, d := range shape.GetDim() {
		size := d.GetSize()
		t.shape = append(t.shape, size)
		switch {
		case t.values < 0 || size < 0 || t.values > 0 && size > math.MaxInt64/t.values:
			t.values = -1
		default:
			t.values *= size
		}
	}
}

// readUnsized reads the values of a dtype whose values have no fixed size.
func (t *tensor) readUnsized(content []byte) {
	if t.element.Kind == dtypes.Message {
		t.given = int64(max(len(t.proto.GetResourceHandleVal()), len(t.proto.GetVariantVal())))
		return
	}
	t.strings = t.proto.GetStringVal()
	if len(content) > 0 {
		list, ok := stringList(content, t.values)
		if !ok {
			list, t.broken = [][]byte{content}, true
		}
		t.strings = list
	}
	t.given = int64(len(t.strings))
}

// stringList reads n strings from a tensor_content: all lengths, then all bytes (DecodeStringList in
// tensorflow/core/platform/tensor_coding.cc).
func stringList(content []byte, n int64) ([][]byte, bool) {
	if n < 0 || n > int64(len(content)) {
		return nil, false
	}
	sizes := make([]uint64, n)
	for i := range sizes {
		size, used := protowire.ConsumeVarint(content)
		if used < 0 {
			return nil, false
		}
		sizes[i], content = size, content[used:]
	}
	list := make([][]byte, n)
	for i, size := range sizes {
		if size > uint64(len(content)) {
			return nil, false
		}
		list[i], content = content[:size], content[size:]
	}
	return list, len(content) == 0
}

// strayFields returns the value fields of a TensorProto that TensorFlow does not read for its dtype. Tensors that differ only in
// these still count as different.
func strayFields(p *tfpb.TensorProto) []byte {
	out := append([]byte{}, p.ProtoReflect().GetUnknown()...)
	used := dtypes.ValueField(int32(p.GetDtype()))
	note := func(num protowire.Number, n int, values any) {
		if n > 0 && num != used {
			out = fmt.Appendf(out, "%d:%v", num, values)
		}
	}
	note(fieldnum.TensorProto_HalfVal, len(p.GetHalfVal()), p.GetHalfVal())
	note(fieldnum.TensorProto_FloatVal, len(p.GetFloatVal()), p.GetFloatVal())
	note(fieldnum.TensorProto_DoubleVal, len(p.GetDoubleVal()), p.GetDoubleVal())
	note(fieldnum.TensorProto_IntVal, len(p.GetIntVal()), p.GetIntVal())
	note(fieldnum.TensorProto_StringVal, len(p.GetStringVal()), p.GetStringVal())
	note(fieldnum.TensorProto_ScomplexVal, len(p.GetScomplexVal()), p.GetScomplexVal())
	note(fieldnum.TensorProto_Int64Val, len(p.GetInt64Val()), p.GetInt64Val())
	note(fieldnum.TensorProto_BoolVal, len(p.GetBoolVal()), p.GetBoolVal())
	note(fieldnum.TensorProto_DcomplexVal, len(p.GetDcomplexVal()), p.GetDcomplexVal())
	note(fieldnum.TensorProto_Uint32Val, len(p.GetUint32Val()), p.GetUint32Val())
	note(fieldnum.TensorProto_Uint64Val, len(p.GetUint64Val()), p.GetUint64Val())
	note(fieldnum.TensorProto_Float8Val, len(p.GetFloat8Val()), p.GetFloat8Val())
	return out
}

// strayText returns the result of strayFields as text.
func strayText(stray []byte) string {
	if wire.Check(stray) == nil {
		return unknownText(stray)
	}
	return bytesText(stray)
}
