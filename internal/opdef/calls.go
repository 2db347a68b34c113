package opdef

import (
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Call describes how an op passes its inputs to functions and returns their results.
type Call struct {
	Attrs   []string // the attrs that hold a function, or a list of functions
	First   int      // the input that becomes argument 0
	In, Out string   // the attrs with the types of the arguments and of the results; they are the same for a loop
}

// Loops reports whether the results of one call become the arguments of the next.
func (c Call) Loops() bool { return c.In != "" && c.In == c.Out }

var calls = map[string]Call{
	"PartitionedCall":         {Attrs: []string{"f"}, In: "Tin", Out: "Tout"},
	"StatefulPartitionedCall": {Attrs: []string{"f"}, In: "Tin", Out: "Tout"},
	"If":                      {Attrs: []string{"then_branch", "else_branch"}, First: 1, In: "Tin", Out: "Tout"},
	"StatelessIf":             {Attrs: []string{"then_branch", "else_branch"}, First: 1, In: "Tin", Out: "Tout"},
	"Case":                    {Attrs: []string{"branches"}, First: 1, In: "Tin", Out: "Tout"},
	"StatelessCase":           {Attrs: []string{"branches"}, First: 1, In: "Tin", Out: "Tout"},
	"While":                   {Attrs: []string{"cond", "body"}, In: "T", Out: "T"},
	"StatelessWhile":          {Attrs: []string{"cond", "body"}, In: "T", Out: "T"},
}

// CallOf returns how an op passes its inputs to the functions in its attrs, or false if it does not.
func CallOf(op string) (Call, bool) {
	c, ok := calls[op]
	return c, ok
}

// Called returns the names of the functions in an AttrValue of a function or of a list of functions, in order.
func Called(value []byte) []string {
	if function, ok := wire.AttrBytes(value, fieldnum.AttrValue_Func); ok {
		return []string{string(wire.Last(function, fieldnum.NameAttrList_Name))}
	}
	var names []string
	for function := range wire.AttrList(value, fieldnum.AttrValue_ListValue_Func) {
		names = append(names, string(wire.Last(function, fieldnum.NameAttrList_Name)))
	}
	return names
}

// SkipsInference is a boolean attr of calls. If it is true, the import neither builds the called function nor infers its shapes
// (ShapeRefiner::RunShapeFn in tensorflow/core/common_runtime/shape_refiner.cc).
const SkipsInference = "_disable_call_shape_inference"

// IsFunctionCall reports whether an op calls the function in its attr f.
func IsFunctionCall(op string) bool {
	return op == "PartitionedCall" || op == "StatefulPartitionedCall"
}

// DeclaresShapes reports whether an op declares the shapes of its outputs in the attr output_shapes, as loops and conditionals do.
func DeclaresShapes(op string) bool {
	_, calls := calls[op]
	return calls && !IsFunctionCall(op)
}
