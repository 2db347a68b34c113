package tensor

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Shape is the shape of a tensor, with one entry per dimension and -1 for an unknown dimension. A nil Shape has
// unknown rank; an empty one is a scalar. JSON represents it as an array, or null for unknown rank.
type Shape []int64

// String formats the shape as TensorFlow does: "()", "(784)", "(?, 784)", and "?" for unknown rank.
func (s Shape) String() string {
	if s == nil {
		return "?"
	}
	var b strings.Builder
	b.WriteByte('(')
	for i, dim := range s {
		if i > 0 {
			b.WriteString(", ")
		}
		if dim < 0 {
			b.WriteByte('?')
		} else {
			b.WriteString(strconv.FormatInt(dim, 10))
		}
	}
	b.WriteByte(')')
	return b.String()
}

// MarshalJSON writes the dimensions as an array, or null for unknown rank.
func (s Shape) MarshalJSON() ([]byte, error) { return s.AppendJSON(nil), nil }

// AppendJSON appends the dimensions as an array, or null for unknown rank.
func (s Shape) AppendJSON(b []byte) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i, dim := range s {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendInt(b, dim, 10)
	}
	return append(b, ']')
}

// MaxRank is the largest rank that TensorFlow supports (TensorShape::MaxDimensions in
// tensorflow/core/framework/tensor_shape.h). A shape with more dimensions is treated as unknown.
const MaxRank = 254

// ParseShape decodes a TensorShapeProto.
func ParseShape(proto []byte) Shape {
	for s := wire.Scan(proto); s.Next(); {
		if s.Num == fieldnum.TensorShapeProto_UnknownRank && s.Type == protowire.VarintType && s.Uint() != 0 {
			return nil
		}
	}
	return ParseKnownShape(proto)
}

// ParseKnownShape decodes the TensorShapeProto of a value, whose rank TensorFlow always takes for known (TensorShapeBase in
// tensorflow/core/framework/tensor_shape.cc).
func ParseKnownShape(proto []byte) Shape {
	shape := Shape{}
	for dim := range wire.All(proto, fieldnum.TensorShapeProto_Dim) {
		if len(shape) == MaxRank {
			return nil
		}
		shape = append(shape, max(-1, int64(wire.LastUint(dim, fieldnum.TensorShapeProto_Dim_Size))))
	}
	return shape
}

// Elements returns the number of elements, and false if it is unknown or too large.
func (s Shape) Elements() (int64, bool) {
	if s == nil {
		return 0, false
	}
	n := int64(1)
	for _, dim := range s {
		if dim < 0 {
			return 0, false
		}
		high, low := bits.Mul64(uint64(n), uint64(dim))
		if high != 0 || low > math.MaxInt64 {
			return 0, false
		}
		n = int64(low)
	}
	return n, true
}

// FullyDefined reports whether the rank and all dimensions are known.
func (s Shape) FullyDefined() bool {
	for _, dim := range s {
		if dim < 0 {
			return false
		}
	}
	return s != nil
}

// IsScalar reports whether the shape is known to be a scalar's.
func (s Shape) IsScalar() bool { return s != nil && len(s) == 0 }

// ShapeOf returns the shape of a TensorShapeProto. It returns nil if shape is nil or of unknown rank.
func ShapeOf(shape *tfpb.TensorShapeProto) Shape {
	if shape == nil || shape.GetUnknownRank() {
		return nil
	}
	s := make(Shape, 0, len(shape.GetDim()))
	for _, d := range shape.GetDim() {
		s = append(s, max(-1, d.GetSize()))
	}
	return s
}
