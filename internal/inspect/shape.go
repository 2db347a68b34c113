package inspect

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

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

// maxRank is how many dimensions a shape of TensorFlow can have (TensorShape::MaxDimensions in
// tensorflow/core/framework/tensor_shape.h). What has more is no shape, and counts as unknown.
const maxRank = 254

// Field numbers of TensorShapeProto and its Dim (tensorflow/core/framework/tensor_shape.proto).
const (
	shapeDim         = 2
	shapeUnknownRank = 3
	dimSize          = 1
)

// parseShape returns the shape that the bytes of a TensorShapeProto say.
func parseShape(proto []byte) Shape {
	shape := Shape{}
	s := wire.Scan(proto)
	for s.Next() {
		switch {
		case s.Is(shapeDim):
			if len(shape) == maxRank {
				return nil
			}
			shape = append(shape, max(-1, int64(wire.LastUint(s.Data, dimSize))))
		case s.Num == shapeUnknownRank && s.Type == protowire.VarintType && s.Uint() != 0:
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

// known reports whether rank and all dimensions are known.
func (s Shape) known() bool {
	for _, dim := range s {
		if dim < 0 {
			return false
		}
	}
	return s != nil
}

// scalar reports whether the shape is known to be that of a scalar.
func (s Shape) scalar() bool { return s != nil && len(s) == 0 }
