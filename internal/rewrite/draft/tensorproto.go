package draft

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// Field numbers of TensorProto (tensorflow/core/framework/tensor.proto) beside those in package tensor.
const (
	tensorContent   protowire.Number = 4
	tensorIntVal    protowire.Number = 7
	tensorStringVal protowire.Number = 8
	tensorInt64Val  protowire.Number = 10
	tensorBoolVal   protowire.Number = 11
)

// int64Type is DT_INT64.
const int64Type = 9

// TensorContent returns a TensorProto whose elements are windows, in row-major order and little endian. The windows are not copied.
func TensorContent(dtype int32, dims tensor.Shape, windows [][]byte) *wire.Rope {
	b := tensorHeader(dtype, dims)
	size := 0
	for _, w := range windows {
		size += len(w)
	}
	if size > 0 {
		b.Message(tensorContent, func() {
			for _, w := range windows {
				b.Window(w)
			}
		})
	}
	return b.Build()
}

// StringTensor returns a TensorProto of strings in row-major order. The strings are not copied.
func StringTensor(dims tensor.Shape, values ...[]byte) *wire.Rope {
	const stringType = 7
	b := tensorHeader(stringType, dims)
	for _, v := range values {
		b.Bytes(tensorStringVal, v)
	}
	return b.Build()
}

// IntTensor returns a TensorProto of one integer of the dtype int32 or int64, a scalar.
func IntTensor(dtype int32, v int64) *wire.Rope {
	b := tensorHeader(dtype, tensor.Shape{})
	num := tensorIntVal
	if dtype == int64Type {
		num = tensorInt64Val
	}
	b.Bytes(num, protowire.AppendVarint(nil, uint64(v)))
	return b.Build()
}

// BoolTensor returns a TensorProto of one bool, a scalar.
func BoolTensor(v bool) *wire.Rope {
	b := tensorHeader(10, tensor.Shape{})
	b.Bytes(tensorBoolVal, protowire.AppendVarint(nil, protowire.EncodeBool(v)))
	return b.Build()
}

// tensorHeader starts a TensorProto. The shape is there even for a scalar.
func tensorHeader(dtype int32, dims tensor.Shape) *wire.Builder {
	b := new(wire.Builder)
	b.Varint(tensor.TensorDType, uint64(dtype))
	b.Bytes(tensor.TensorShape, Shape(dims))
	return b
}
