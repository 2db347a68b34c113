package shapes

import (
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// Limits on following calls into function bodies. Beyond them, the results of a call have unknown shapes.
const (
	maxCallDepth = 32      // nesting of calls
	maxCallNodes = 1 << 20 // nodes of all followed bodies, counted once per call
	maxBodyArgs  = 1 << 23 // arguments of the ops of all nodes of bodies
)

// call returns the shapes of the results of a function call. TensorFlow infers them again for each imported call
// (InferShapesForFunction in tensorflow/core/common_runtime/function_utils.cc).
func (w *Walk) call(i int, op *opdef.Op, outputs int) []tensor.Shape {
	name := op.Name
	if op.Source != opdef.InLibrary {
		value, _ := w.nodes.Attr(i, "f")
		function, _ := wire.AttrBytes(value, fieldnum.AttrValue_Func)
		name = string(wire.Last(function, fieldnum.NameAttrList_Name))
	}
	if off, ok := w.nodes.Attr(i, opdef.SkipsInference); ok && wire.LastUint(off, fieldnum.AttrValue_B) != 0 {
		return nil
	}
	args := make([]argument, len(w.edges))
	for k, e := range w.edges {
		args[k] = argument{w.Shape(e), w.Handle(e)}
	}
	return w.inference.call(name, args, outputs)
}

// An argument holds the known shape of a call's argument and, if it is a resource, the shape of the variable.
type argument struct{ shape, handle tensor.Shape }

// call returns the shapes of a function's results for the given arguments, and reports what TensorFlow would reject in its body.
func (c *Inference) call(name string, args []argument, outputs int) []tensor.Shape {
	b := c.body(name)
	if b == nil || len(args) != b.args || c.depth == maxCallDepth || c.followed > maxCallNodes {
		return nil
	}
	key := []byte(name + "\x00")
	for _, a := range args {
		key = appendShape(appendShape(key, a.shape), a.handle)
	}
	if number, ok := c.results[string(key)]; ok {
		return c.shapes.lists[number]
	}
	c.depth++
	c.followed += len(b.nodes)
	w := c.Walk(&call{inference: c, name: name, body: b, arguments: args, at: -1})
	w.Run(nil)
	c.depth--
	out := make([]tensor.Shape, outputs)
	for k := range out {
		if k < len(b.returned) {
			out[k] = w.Shape(b.returned[k])
		}
	}
	number := c.shapes.number(out)
	c.results[string(key)] = number
	return c.shapes.lists[number]
}

// A body is the body of a function. Its arguments come first, then its nodes.
type body struct {
	args     int
	nodes    []bodyNode
	returned []graph.Edge // the tensor that each output returns
}

type bodyNode struct {
	op              *opdef.Op
	inputs, outputs int64 // the numbers of tensors
	counted         bool  // these numbers are known
	raw             []byte
	edges           []graph.Edge
}

// body returns the body of a function, or nil if there is none or it is damaged.
func (c *Inference) body(name string) *body {
	b, known := c.bodies[name]
	if !known {
		if op := c.op(name); op.Source == opdef.InLibrary {
			b = c.readBody(op)
		}
		c.bodies[name] = b
	}
	return b
}

// readBody reads the body of a function. Of several nodes or arguments with one name, the first counts.
func (c *Inference) readBody(op *opdef.Op) *body {
	k, _ := c.ops.Function(op.Name)
	function := c.ops.Functions()[k]
	b := &body{args: len(op.Inputs)}
	numbers := make(map[string]int)
	for k := range op.Inputs {
		numbers[op.Inputs[k].Name] = k
	}
	for n, err := range function.Nodes() {
		if err != nil {
			return nil
		}
		if _, twice := numbers[string(n.Name)]; twice {
			continue
		}
		numbers[string(n.Name)] = b.args + len(b.nodes)
		node := bodyNode{op: c.op(string(n.Op)), raw: n.Raw}
		if c.args += len(node.op.Inputs) + len(node.op.Outputs); c.args <= maxBodyArgs {
			node.inputs, node.outputs, node.counted = tensors(node.op, n.Attr)
		}
		b.nodes = append(b.nodes, node)
	}
	var node wire.Node
	for i := range b.nodes {
		n := &b.nodes[i]
		_ = node.Parse(n.raw) // it has been parsed before
		for _, input := range node.Inputs {
			if wire.IsControl(input) {
				break
			}
			n.edges = append(n.edges, b.edge(string(input), numbers))
		}
	}
	returns := function.Returns()
	for _, out := range op.Outputs {
		b.returned = append(b.returned, b.edge(string(returns[out.Name]), numbers))
	}
	return b
}

// edge returns the tensor that an input in the body refers to: "arg", "node:output:number". It is Dangling if the tensor is
// uncertain. numbers holds the numbers of the arguments and nodes.
func (b *body) edge(input string, numbers map[string]int) graph.Edge {
	name, rest, _ := strings.Cut(input, ":")
	i, ok := numbers[name]
	switch {
	case !ok:
		return graph.Edge{Node: graph.Dangling}
	case i < b.args:
		return graph.Edge{Node: int32(i)}
	}
	output, index, _ := strings.Cut(rest, ":")
	number, err := strconv.ParseInt(index, 10, 31)
	if index != "" && err != nil {
		return graph.Edge{Node: graph.Dangling}
	}
	op := b.nodes[i-b.args].op
	k := op.Output(output)
	if k < 0 || op.ListBefore(k) { // or the number of tensors before it is unknown here
		return graph.Edge{Node: graph.Dangling}
	}
	return graph.Edge{Node: int32(i), Port: int32(k) + int32(number)}
}

// A call implements Nodes for the body of a function and the arguments of one call.
type call struct {
	inference *Inference
	name      string
	body      *body
	arguments []argument
	at        int // the number of parsed
	parsed    wire.Node
}

// argumentOp is the op of arguments, as their readers see it.
var argumentOp = &opdef.Op{Name: "_Arg"}

func (c *call) Len() int { return len(c.arguments) + len(c.body.nodes) }

// node returns node i, or nil if it is an argument.
func (c *call) node(i int) *bodyNode {
	if i < len(c.arguments) {
		return nil
	}
	return &c.body.nodes[i-len(c.arguments)]
}

func (c *call) Op(i int) *opdef.Op {
	if n := c.node(i); n != nil {
		return n.op
	}
	return argumentOp
}

func (c *call) Attr(i int, name string) ([]byte, bool) {
	n := c.node(i)
	if n == nil {
		return nil, false
	}
	if c.at != i {
		c.at = i
		_ = c.parsed.Parse(n.raw) // it has been parsed before
	}
	return c.parsed.Attr(name)
}

func (c *call) Inputs(i int) []graph.Edge {
	if n := c.node(i); n != nil {
		return n.edges
	}
	return nil
}

func (c *call) Tensors(i int) (inputs, outputs int64, known bool) {
	if n := c.node(i); n != nil {
		return n.inputs, n.outputs, n.counted
	}
	return 0, 0, false
}

// Settle returns the shape of an argument. TensorFlow ignores the recorded shapes of nodes in a body.
func (c *call) Settle(i int, inferred []tensor.Shape) []tensor.Shape {
	if i < len(c.arguments) {
		return []tensor.Shape{c.arguments[i].shape}
	}
	return inferred
}

func (c *call) Handle(i int) tensor.Shape {
	if i < len(c.arguments) {
		return c.arguments[i].handle
	}
	return nil
}

func (c *call) Reject(i int, err error) {
	if n := c.node(i); n != nil && c.inference.Reject != nil {
		c.inference.Reject(c.name, wire.Last(n.raw, fieldnum.NodeDef_Name), n.op.Name, err)
	}
}
