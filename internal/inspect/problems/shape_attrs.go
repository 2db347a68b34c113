package problems

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// shapeReaders are the ops whose shape function reads their shape attr, so that the import rejects an invalid one. Others, such as
// queues and datasets, read it when they run. The list comes from importing every op of TensorFlow with such attrs.
var shapeReaders = map[string]bool{
	"AccumulateNV2": true, "AnonymousMutableDenseHashTable": true, "AnonymousMutableHashTableOfTensors": true,
	"CollectiveBcastRecv": true, "CollectiveBcastSend": true, "EnsureShape": true, "FakeParam": true, "ImmutableConst": true,
	"InfeedDequeue": true, "MutableDenseHashTableV2": true, "MutableHashTableOfTensorsV2": true, "OutfeedDequeue": true,
	"OutfeedDequeueV2": true, "ParallelConcat": true, "Placeholder": true, "PlaceholderWithDefault": true, "TemporaryVariable": true,
	"TensorArrayGatherV3": true, "TensorArrayV3": true, "TensorListConcat": true, "VarHandleOp": true, "Variable": true, "VariableV2": true,
}

// wrongShape returns why a TensorShapeProto is not a valid shape, or "" if it is (PartialTensorShape::IsValidShape in
// tensorflow/core/framework/tensor_shape.cc).
func wrongShape(proto []byte) string {
	dims, unknown := 0, false
	elements := int64(1)
	for s := wire.Scan(proto); s.Next(); {
		switch {
		case s.Is(fieldnum.TensorShapeProto_Dim):
			size := int64(wire.LastUint(s.Data, fieldnum.TensorShapeProto_Dim_Size))
			if size < -1 {
				return fmt.Sprintf("is a shape with dimension %d", size)
			}
			if dims++; dims > tensor.MaxRank {
				return fmt.Sprintf("is a shape with more than %d dimensions", tensor.MaxRank)
			}
			if size < 0 || elements < 0 {
				elements = -1 // TensorFlow multiplies only the dimensions before the first unknown one
				continue
			}
			if size > 0 && elements > math.MaxInt64/size {
				return "is a shape with more than 2**63-1 elements"
			}
			elements *= size
		case s.Num == fieldnum.TensorShapeProto_UnknownRank && s.Type == protowire.VarintType:
			unknown = s.Uint() != 0
		}
	}
	if unknown && dims > 0 {
		return "is a shape of unknown rank that has dimensions"
	}
	return ""
}
