package inspect

import (
	"strconv"
	"strings"
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
