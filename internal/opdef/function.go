package opdef

import (
	"bytes"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
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

// maxNesting is the maximum depth of functions in the attrs of functions: the recursion limit of protobuf in TensorFlow.
const maxNesting = 100

// EachFunction calls use with the name of each function that an AttrValue refers to, and of those in the attrs of these
// functions.
func EachFunction(value []byte, use func(name []byte)) { eachFunction(value, use, 0) }

func eachFunction(value []byte, use func(name []byte), depth int) {
	if depth > maxNesting {
		return
	}
	call := func(function []byte) {
		use(wire.Last(function, fieldnum.NameAttrList_Name))
		for _, value := range wire.MapEntries(function, fieldnum.NameAttrList_Attr) {
			eachFunction(value, use, depth+1)
		}
	}
	if function, ok := wire.AttrBytes(value, fieldnum.AttrValue_Func); ok {
		call(function)
		return
	}
	for function := range wire.AttrList(value, fieldnum.AttrValue_ListValue_Func) {
		call(function)
	}
}
