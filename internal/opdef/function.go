package opdef

import (
	"bytes"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/wire"
)

// SameFunction reports whether two FunctionDefs are equal, ignoring the order of map entries (FunctionDefsEqual in
// tensorflow/core/framework/function.cc). Functions that cannot be decoded are equal only if their bytes are.
func SameFunction(a, b wire.Function) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y tfpb.FunctionDef
	return schema.Unmarshal(a, &x) == nil && schema.Unmarshal(b, &y) == nil && proto.Equal(&x, &y)
}
