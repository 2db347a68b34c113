package tensor

import (
	"slices"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// Strings holds the elements of a string tensor in row-major order, as windows on its TensorProto.
type Strings struct {
	values [][]byte
	count  int64
}

// ParseStrings returns the elements of a TensorProto of strings. If it stores fewer values than it has elements, the
// last value repeats (Tensor::FromProto in tensorflow/core/framework/tensor.cc).
func ParseStrings(tensor []byte) Strings {
	l := Strings{values: slices.Collect(wire.All(tensor, fieldnum.TensorProto_StringVal))}
	shape, _ := wire.Merged(tensor, fieldnum.TensorProto_TensorShape)
	l.count = int64(len(l.values))
	if n, ok := ParseShape(shape).Elements(); ok && len(l.values) > 0 {
		l.count = n
	}
	return l
}

// Len returns the number of elements, which may far exceed the number of stored values.
func (l Strings) Len() int64 { return l.count }

// Any reports whether an element is not empty.
func (l Strings) Any() bool {
	return slices.ContainsFunc(l.values, func(value []byte) bool { return len(value) > 0 })
}

// At returns element k, which must be less than Len.
func (l Strings) At(k int64) []byte { return l.values[min(k, int64(len(l.values))-1)] }
