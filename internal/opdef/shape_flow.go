package opdef

import (
	"strings"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// placeholder handles Placeholder. Old producers wrote an empty shape for an unknown one.
func placeholder(c *inference) {
	s := c.shapeAttr()
	if len(s) == 0 && c.Producer < scalarProducer {
		s = nil
	}
	c.set(0, s)
}

// placeholderWithDefault has the shape in its attr. The default must be compatible with it.
func placeholderWithDefault(c *inference) {
	s := c.shapeAttr()
	c.merge(c.input(0), s, "the shape of the default and attr shape")
	c.set(0, s)
}

// shapeAttrOut handles ops whose output has the shape in the attr shape.
func shapeAttrOut(c *inference) { c.set(0, c.shapeAttr()) }

// oldVariable handles Variable, for which an empty shape means an unknown one.
func oldVariable(c *inference) {
	if s := c.shapeAttr(); len(s) > 0 {
		c.set(0, s)
	}
}

// constant handles Const.
func constant(c *inference) {
	raw, ok := wire.AttrBytes(c.Attr("value"), fieldnum.AttrValue_Tensor)
	if !ok {
		return
	}
	shape, _ := wire.Merged(raw, fieldnum.TensorProto_TensorShape)
	c.set(0, tensor.ParseKnownShape(shape))
}

// loopMerge handles Merge, which receives one input at a time. The result is what all inputs have in common.
func loopMerge(c *inference) {
	s := c.input(0)
	for i := range c.Inputs {
		in := c.input(i)
		if s == nil || in == nil || len(in) != len(s) {
			s = nil
			break
		}
		for k := range s {
			if s[k] != in[k] {
				s = replace(s, k, unknown)
			}
		}
	}
	c.set(0, s)
	c.set(1, tensor.Shape{})
}

// branch handles Switch.
func branch(c *inference) {
	c.rank(1, 0)
	c.setAll(c.input(0))
}

// enter keeps the shape of a loop invariant.
func enter(c *inference) {
	if c.boolAttr("is_constant") {
		c.set(0, c.input(0))
	}
}

// assign handles Assign, which may change the shape if validate_shape is false.
func assign(c *inference) {
	if c.Attr("validate_shape") != nil && !c.boolAttr("validate_shape") {
		c.set(0, c.input(1))
		return
	}
	c.set(0, c.merge(c.input(0), c.input(1), "the shapes of the variable and the value"))
}

// readVariable handles ReadVariableOp.
func readVariable(c *inference) {
	if c.Handle != nil {
		c.set(0, c.Handle(0))
	}
}

// assignVariable handles AssignVariableOp and similar ops.
func assignVariable(c *inference) {
	if c.Handle != nil {
		c.merge(c.Handle(0), c.input(1), "the shapes of the variable and the value")
	}
}

// resourceGather selects rows of a resource variable.
func resourceGather(c *inference) {
	s := c.variable(0)
	if c.intAttr("batch_dims") != 0 {
		return
	}
	if s != nil && len(s) < 1 {
		c.fail("the variable is a scalar and has no rows")
		return
	}
	c.set(0, join(c.input(1), from(s, 1)))
}

// elementShapes handles ops that return elements of a dataset.
func elementShapes(c *inference) {
	shapes := tensor.ShapesIn(c.Attr("output_shapes"))
	if len(shapes) != len(c.out) {
		return
	}
	copy(c.out, shapes)
}

// resourcePrefix starts the name of an op on a resource variable that has a counterpart on references.
const resourcePrefix = "Resource"

// variable returns the shape of the variable that input i refers to: a handle if the op works on resource variables, otherwise a reference.
func (c *inference) variable(i int) tensor.Shape {
	switch {
	case !strings.HasPrefix(c.Op, resourcePrefix):
		return c.input(i)
	case c.Handle == nil:
		return nil
	}
	return c.Handle(i)
}

// scatterParts updates parts of a variable.
func scatterParts(c *inference) {
	c.set(0, c.updatesFit(c.variable(0), c.rankAtLeast(1, 1), c.rankAtLeast(2, 1)))
}

// scatter updates rows of a variable.
func scatter(c *inference) {
	s, indices := c.variable(0), c.input(1)
	if updates := c.input(2); updates == nil || len(updates) > 0 {
		c.merge(updates, join(indices, from(s, 1)), "the shape of the updates and of the rows they are for")
	}
	c.set(0, s)
}

// training describes the inputs of a training op. The slots and the gradient have the shape of the variable in input 0, and the others
// are scalars.
type training struct {
	slots    []int
	gradient int
	scalars  []int
	always   bool // the shape of a gradient for a resource variable is checked, too
}

// trainingOps lists the dense training ops on reference variables. The op on a resource variable has the prefix "Resource"
// (tensorflow/core/ops/training_ops.cc).
var trainingOps = map[string]training{
	"ApplyGradientDescent":         {nil, 2, []int{1}, true},
	"ApplyProximalGradientDescent": {nil, 4, []int{1, 2, 3}, false},
	"ApplyAdagrad":                 {[]int{1}, 3, []int{2}, false},
	"ApplyAdagradV2":               {[]int{1}, 4, []int{2, 3}, false},
	"ApplyAdagradDA":               {[]int{1, 2}, 3, []int{4, 5, 6, 7}, false},
	"ApplyProximalAdagrad":         {[]int{1}, 5, []int{2, 3, 4}, true},
	"ApplyAdadelta":                {[]int{1, 2}, 6, []int{3, 4, 5}, false},
	"ApplyMomentum":                {[]int{1}, 3, []int{2, 4}, false},
	"ApplyKerasMomentum":           {[]int{1}, 3, []int{2, 4}, false},
	"ApplyAdam":                    {[]int{1, 2}, 9, []int{3, 4, 5, 6, 7, 8}, false},
	"ApplyAdamWithAmsgrad":         {[]int{1, 2, 3}, 10, []int{4, 5, 6, 7, 8, 9}, false},
	"ApplyAdaMax":                  {[]int{1, 2}, 8, []int{3, 4, 5, 6, 7}, false},
	"ApplyRMSProp":                 {[]int{1, 2}, 7, []int{3, 4, 5, 6}, false},
	"ApplyCenteredRMSProp":         {[]int{1, 2, 3}, 8, []int{4, 5, 6, 7}, false},
	"ApplyFtrl":                    {[]int{1, 2}, 3, []int{4, 5, 6, 7}, false},
	"ApplyFtrlV2":                  {[]int{1, 2}, 3, []int{4, 5, 6, 7}, false},
	"ApplyPowerSign":               {[]int{1}, 6, []int{2, 3, 4, 5}, false},
	"ApplyAddSign":                 {[]int{1}, 6, []int{2, 3, 4, 5}, false},
}

func train(c *inference) {
	name, resource := strings.CutPrefix(c.Op, resourcePrefix)
	t := trainingOps[name]
	const equal = "the shapes of the variable, its slots and the gradient"
	s := c.variable(0)
	for _, i := range t.slots {
		s = c.merge(s, c.variable(i), equal)
	}
	if !resource || t.always {
		s = c.merge(s, c.input(t.gradient), equal)
	}
	for _, i := range t.scalars {
		c.rank(i, 0)
	}
	c.set(0, s)
}
