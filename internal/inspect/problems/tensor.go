package problems

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// checkTensor returns the dtype of a TensorProto and a function that returns what is wrong with it, or nil. It does not read the
// content.
func checkTensor(encoded []byte) (int32, func() string) {
	var dtype int32
	var shape, content []byte
	shapes := 0
	s := wire.Scan(encoded)
	for s.Next() {
		switch {
		case s.Num == fieldnum.TensorProto_Dtype && s.Type == protowire.VarintType:
			dtype = int32(s.Uint())
		case s.Is(fieldnum.TensorProto_TensorShape):
			shape = s.Data
			shapes++
		case s.Is(fieldnum.TensorProto_TensorContent):
			content = s.Data
		}
	}
	if err := s.Err(); err != nil {
		return dtype, func() string { return "is truncated: " + err.Error() }
	}
	if shapes > 1 {
		shape, _ = wire.Merged(encoded, fieldnum.TensorProto_TensorShape)
	}
	if !validType(dtype) {
		return dtype, func() string { return fmt.Sprintf("is a tensor of invalid type %d", dtype) }
	}
	dims := tensor.ParseKnownShape(shape)
	elements, ok := dims.Elements()
	if !ok {
		return dtype, func() string {
			return "is a tensor of shape " + dims.String() + ", which is not fully defined or too large"
		}
	}
	size := tensor.DTypeSize(dtype)
	if size > 0 && len(content) > 0 && (int64(len(content))/size != elements || int64(len(content))%size != 0) {
		return dtype, func() string {
			return fmt.Sprintf("has %d bytes of content for %s %s, %d elements of %d bytes", len(content), tensor.DTypeName(dtype), dims, elements, size)
		}
	}
	return dtype, nil
}

// checkConstant compares the attrs dtype and value of a Const node, which are in f.attrs.
func (f *problemFinder) checkConstant(p *nodePlace, op *opInfo) {
	value, dtype := op.Attr([]byte("value")), op.Attr([]byte("dtype"))
	if value < 0 || dtype < 0 {
		return
	}
	encoded, ok := wire.AttrBytes(f.attrs[value], fieldnum.AttrValue_Tensor)
	if !ok {
		return
	}
	said := wire.AttrTypeOf(f.attrs[dtype])
	if held := int32(wire.LastUint(encoded, fieldnum.TensorProto_Dtype)); held != said && held != 0 && said != 0 {
		f.report(p, invalidTensor, "", func() string {
			return fmt.Sprintf("attr dtype is %s, but the value is a tensor of %s", tensor.DTypeName(said), tensor.DTypeName(held))
		})
	}
}

// checkOutputShapes checks that a node records a shape for each of its outputs. findInShapes compares them with the inferred ones
// (GraphConstructor::ValidateShape in tensorflow/core/common_runtime/graph_constructor.cc).
func (f *problemFinder) checkOutputShapes(p *nodePlace, op *opInfo, types *opTypes, value []byte) {
	list, ok := wire.AttrBytes(value, fieldnum.AttrValue_List)
	if !ok && len(value) > 0 {
		return // TensorFlow ignores other kinds of values
	}
	var count int64
	for s := wire.Scan(list); s.Next(); {
		if s.Is(fieldnum.AttrValue_ListValue_Shape) {
			if wrong := wrongShape(s.Data); wrong != "" {
				output := count
				f.report(p, inconsistentShapes, op.Name, func() string { return fmt.Sprintf("_output_shapes: output #%d %s", output, wrong) })
				return
			}
			count++
		} else if s.Num >= fieldnum.AttrValue_ListValue_S && s.Num <= fieldnum.AttrValue_ListValue_Func {
			return
		}
	}
	if count < types.outputCount {
		f.report(p, inconsistentShapes, op.Name, func() string {
			return fmt.Sprintf("_output_shapes records %d shapes for %d outputs", count, types.outputCount)
		})
	}
}
