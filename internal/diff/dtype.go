package diff

import (
	tfpb "github.com/metagraph/metagraph/internal/proto"
	dtypes "github.com/metagraph/metagraph/internal/tensor"
)

// dtypeName returns TensorFlow's short name of a DataType, as tensor.DTypeName does, and "no dtype" for DT_INVALID.
func dtypeName(dtype tfpb.DataType) string {
	if dtype == tfpb.DataType_DT_INVALID {
		return "no dtype"
	}
	return dtypes.DTypeName(int32(dtype))
}
