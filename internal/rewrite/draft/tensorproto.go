package draft

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// TensorContent returns a TensorProto whose tensor_content consists of windows: the elements in row-major order and little-endian.
// The windows are not copied.
func TensorContent(dtype int32, dims tensor.Shape, windows [][]byte) *wire.Rope {
	b := tensorHeader(dtype, dims)
	size := 0
	for _, w := range windows {
		size += len(w)
	}
	if size > 0 {
		b.Message(fieldnum.TensorProto_TensorContent, func() {
			for _, w := range windows {
				b.Window(w)
			}
		})
	}
	return b.Build()
}

// StringTensor returns a TensorProto of strings in row-major order. The strings are not copied.
func StringTensor(dims tensor.Shape, values ...[]byte) *wire.Rope {
	b := tensorHeader(tensor.String, dims)
	for _, v := range values {
		b.Bytes(fieldnum.TensorProto_StringVal, v)
	}
	return b.Build()
}

// IntTensor returns a TensorProto of an integer scalar with dtype int32 or int64.
func IntTensor(dtype int32, v int64) *wire.Rope {
	b := tensorHeader(dtype, tensor.Shape{})
	num := fieldnum.TensorProto_IntVal
	if dtype == tensor.Int64 {
		num = fieldnum.TensorProto_Int64Val
	}
	b.Bytes(num, protowire.AppendVarint(nil, uint64(v)))
	return b.Build()
}

// BoolTensor returns a TensorProto of a bool scalar.
func BoolTensor(v bool) *wire.Rope {
	b := tensorHeader(tensor.Bool, tensor.Shape{})
	b.Bytes(fieldnum.TensorProto_BoolVal, protowire.AppendVarint(nil, protowire.EncodeBool(v)))
	return b.Build()
}

// tensorHeader starts a TensorProto. It writes the shape even for a scalar.
func tensorHeader(dtype int32, dims tensor.Shape) *wire.Builder {
	b := new(wire.Builder)
	b.Varint(fieldnum.TensorProto_Dtype, uint64(dtype))
	b.Bytes(fieldnum.TensorProto_TensorShape, Shape(dims))
	return b
}
