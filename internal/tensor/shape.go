package tensor

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Shape is the shape of a tensor: one entry a dimension, -1 where a dimension is unknown. A nil Shape is one of unknown
// rank, an empty one that of a scalar. In JSON that is an array, with -1 for an unknown dimension, or null.
type Shape []int64

// String returns the shape as TensorFlow's users read it: "()", "(784)", "(?, 784)", and "?" for unknown rank.
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

// MarshalJSON writes the dimensions as an array, and null for unknown rank.
func (s Shape) MarshalJSON() ([]byte, error) {
	if s == nil {
		return []byte("null"), nil
	}
	b := []byte{'['}
	for i, dim := range s {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendInt(b, dim, 10)
	}
	return append(b, ']'), nil
}

// MaxRank is how many dimensions a shape of TensorFlow can have (TensorShape::MaxDimensions in
// tensorflow/core/framework/tensor_shape.h). What has more is no shape, and counts as unknown.
const MaxRank = 254

// Field numbers of TensorShapeProto and its Dim (tensorflow/core/framework/tensor_shape.proto).
const (
	ShapeDim         = 2
	ShapeUnknownRank = 3
	DimSize          = 1
)

// ParseShape returns the shape that the bytes of a TensorShapeProto say.
func ParseShape(proto []byte) Shape {
	shape := Shape{}
	s := wire.Scan(proto)
	for s.Next() {
		switch {
		case s.Is(ShapeDim):
			if len(shape) == MaxRank {
				return nil
			}
			shape = append(shape, max(-1, int64(wire.LastUint(s.Data, DimSize))))
		case s.Num == ShapeUnknownRank && s.Type == protowire.VarintType && s.Uint() != 0:
			return nil
		}
	}
	return shape
}

// Elements returns the number of elements, and whether it is known and fits.
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

// FullyDefined reports whether rank and all dimensions are FullyDefined.
func (s Shape) FullyDefined() bool {
	for _, dim := range s {
		if dim < 0 {
			return false
		}
	}
	return s != nil
}

// IsScalar reports whether the shape is known to be that of a IsScalar.
func (s Shape) IsScalar() bool { return s != nil && len(s) == 0 }

// ShapeOf returns the shape that a TensorShapeProto says; nil for none and for unknown rank.
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
