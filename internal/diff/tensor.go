package diff

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/schema"
	dtypes "github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A tensor is the values of a TensorProto however they were written down: as tensor_content, or as typed values of which
// the last stands for all that follow (Tensor::FromProto in tensorflow/core/framework/tensor.cc).
type tensor struct {
	proto   *tfpb.TensorProto // without tensor_content
	element element
	shape   []int64
	values  int64    // how many there are; -1 where the shape does not say
	data    []byte   // the values that are written down, little-endian, element.width bytes each; may be a window
	strings [][]byte // of DT_STRING: the values that are written down
	given   int64    // how many values are written down
	stray   []byte   // what is neither shape nor dtype nor values of this dtype: fields that TensorFlow does not read
	broken  bool     // what is written down does not fit the shape, or there is none: no value stands for others
}

const tensorContent protowire.Number = 4

// readTensor reads the bytes of a TensorProto. The content stays where it is. It reports false for bytes that are none.
func readTensor(message []byte) (*tensor, bool) {
	var content []byte
	rest := message
	s := wire.Scan(message)
	for s.Next() {
		if !s.Is(tensorContent) {
			continue
		}
		if content == nil {
			rest = nil
		}
		content = s.Data
	}
	if s.Err() != nil {
		return nil, false
	}
	if content != nil {
		for s := wire.Scan(message); s.Next(); {
			if !s.Is(tensorContent) {
				rest = append(rest, s.Raw...)
			}
		}
	}
	p := new(tfpb.TensorProto)
	if err := schema.Unmarshal(rest, p); err != nil {
		return nil, false
	}
	return newTensor(p, content), true
}

// newTensor reads a decoded TensorProto, whose tensor_content may be handed in apart.
func newTensor(p *tfpb.TensorProto, content []byte) *tensor {
	if content == nil {
		content = p.GetTensorContent()
	}
	t := &tensor{proto: p, element: elementOf(p.GetDtype())}
	t.readShape(p.GetTensorShape())
	switch {
	case t.element.width == 0:
		t.readUnsized(content)
	case len(content) > 0:
		t.data = content
		t.given = int64(len(content) / t.element.width)
		t.broken = len(content)%t.element.width != 0 || t.values >= 0 && t.given != t.values
	default:
		t.data = dtypes.TypedValues(p)
		t.given = int64(len(t.data) / t.element.width)
	}
	if t.values < 0 {
		t.broken = true
	}
	if t.broken {
		t.values = t.given
	}
	t.stray = strayFields(p, t.element)
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
	if t.element.kind == messageKind {
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

// stringList reads n strings out of a tensor_content: all the lengths, then all the bytes (DecodeStringList in
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

// strayFields returns the fields of a TensorProto in which its dtype has no values, so that TensorFlow does not read them.
// Two tensors that differ in them only are still told apart.
func strayFields(p *tfpb.TensorProto, e element) []byte {
	out := append([]byte{}, p.ProtoReflect().GetUnknown()...)
	used := valueField(e)
	note := func(num protowire.Number, n int, values any) {
		if n > 0 && num != used {
			out = fmt.Appendf(out, "%d:%v", num, values)
		}
	}
	note(13, len(p.GetHalfVal()), p.GetHalfVal())
	note(5, len(p.GetFloatVal()), p.GetFloatVal())
	note(6, len(p.GetDoubleVal()), p.GetDoubleVal())
	note(7, len(p.GetIntVal()), p.GetIntVal())
	note(8, len(p.GetStringVal()), p.GetStringVal())
	note(9, len(p.GetScomplexVal()), p.GetScomplexVal())
	note(10, len(p.GetInt64Val()), p.GetInt64Val())
	note(11, len(p.GetBoolVal()), p.GetBoolVal())
	note(12, len(p.GetDcomplexVal()), p.GetDcomplexVal())
	note(16, len(p.GetUint32Val()), p.GetUint32Val())
	note(17, len(p.GetUint64Val()), p.GetUint64Val())
	note(18, len(p.GetFloat8Val()), p.GetFloat8Val())
	return out
}

// strayText returns the fields of a TensorProto that TensorFlow does not read as text.
func strayText(stray []byte) string {
	if wire.Check(stray) == nil {
		return unknownText(stray)
	}
	return bytesText(stray)
}

// valueField returns the number of the TensorProto field that holds the typed values of a dtype.
func valueField(e element) protowire.Number {
	switch e.kind {
	case boolean:
		return 11
	case signed, unsigned:
		switch {
		case e.kind == signed && e.width == 8:
			return 10
		case e.width == 8:
			return 17
		case e.kind == unsigned && e.width == 4:
			return 16
		}
		return 7
	case float, brainFloat:
		return map[int]protowire.Number{2: 13, 4: 5, 8: 6}[e.width]
	case complexes:
		return map[int]protowire.Number{8: 9, 16: 12}[e.width]
	case stringKind:
		return 8
	case messageKind:
		return 0
	}
	return 18
}
