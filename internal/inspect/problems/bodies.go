package problems

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A body is the parsed body of a function.
type body struct {
	flat      bool // every tensor of a node must have a number, as in a SavedModel of TensorFlow 2 (function_def_to_graph.py)
	signature *opInfo
	args      names
	nodes     names
	order     []bodyNode // by number in nodes
}

// A bodyNode is a node of a body.
type bodyNode struct {
	op    *opInfo
	types *opTypes // nil if unknown
	reads []int32  // the numbers of the nodes of its inputs and control inputs
}

// A bodyInput is what an input in a body refers to: the count tensors of types from number first on.
type bodyInput struct {
	node         int32     // -1 for an argument of the function
	types        []typeRun // nil if unknown
	first, count int64
}

// names numbers the names in a function. Most functions of a large library are small and need no map.
type names struct {
	list    []string
	numbers map[string]int // the first of each name; nil for a short list
}

// fewNames is the length up to which a list of names is searched.
const fewNames = 8

// add gives a name the next number.
func (x *names) add(name string) {
	x.list = append(x.list, name)
	if len(x.list) <= fewNames {
		return
	}
	from := len(x.list) - 1
	if x.numbers == nil {
		x.numbers, from = make(map[string]int), 0
	}
	for k, name := range x.list[from:] {
		if _, repeated := x.numbers[name]; !repeated {
			x.numbers[name] = from + k
		}
	}
}

// find returns the number of a name.
func (x *names) find(name string) (int, bool) {
	if x.numbers != nil {
		k, known := x.numbers[name]
		return k, known
	}
	k := slices.Index(x.list, name)
	return k, k >= 0
}

// checkBody checks the body of a function as TensorFlow does when it instantiates the function (FunctionInstantiationHelper in
// tensorflow/core/framework/function.cc, and GraphConstructor), unless its signature is not valid.
func (f *problemFinder) checkBody(name string, function wire.Function) error {
	signature := f.op(name)
	if signature.Source != opdef.InLibrary {
		return nil
	}
	b := &body{flat: f.hasObjects, signature: signature, args: f.checkArgs(name, "argument", signature.Inputs)}
	f.checkArgs(name, "output", signature.Outputs)
	if err := f.checkBodyNodes(name, function, b); err != nil {
		return err
	}
	next := 0 // the first node of b that is not checked yet; b lacks nodes that have the name of an earlier one
	for n, err := range function.Nodes() {
		if err != nil {
			return err
		}
		if next < len(b.order) && b.nodes.list[next] == string(n.Name) {
			f.checkBodyInputs(&nodePlace{name: n.Name, function: name}, n, &b.order[next], b)
			next++
		}
	}
	f.checkReturns(name, function, b)
	if cycle := b.cycle(); cycle != nil {
		f.report(&nodePlace{name: []byte(b.nodes.list[cycle[0]]), function: name}, graphCycle, "", func() string {
			return "is in a cycle: " + path(cycle, func(i int) string { return b.nodes.list[i] })
		})
	}
	return nil
}

// checkArgs checks the names and types of the arguments or outputs of a function. It returns the names.
func (f *problemFinder) checkArgs(function, what string, args []opdef.Arg) names {
	var seen names
	for _, arg := range args {
		p := nodePlace{name: []byte(arg.Name), function: function}
		if _, twice := seen.find(arg.Name); twice {
			f.report(&p, functionBody, "", fixed("another "+what+" has the same name"))
		}
		seen.add(arg.Name)
		if arg.TypeAttr < 0 && arg.TypesAttr < 0 && !validType(arg.Type) {
			f.report(&p, functionBody, "", fixed(fmt.Sprintf("the %s has the invalid type %d", what, arg.Type)))
		}
	}
	return seen
}

// checkBodyNodes checks the names, ops and attrs of the nodes of a body and adds them to b.
func (f *problemFinder) checkBodyNodes(function string, def wire.Function, b *body) error {
	replaced := hasReplacement(def)
	for n, err := range def.Nodes() {
		if err != nil {
			return err
		}
		p := nodePlace{name: n.Name, function: function}
		if !scope.ValidName(n.Name) {
			f.report(&p, invalidNodeName, "", fixed("TensorFlow does not allow this name"))
		}
		op := f.op(string(n.Op))
		var types *opTypes
		if f.checkOp(&p, op) {
			types = f.checkAttrs(&p, n.Raw, op).types
		}
		op.uses.add(p)
		if !replaced {
			op.runnable.add(p)
		}
		if version := op.removedIn(); version > 0 && f.producer >= int64(version) {
			f.report(&p, removedOp, op.Name, f.removal(op))
		}
		if b.isNode(string(n.Name)) || b.isArg(string(n.Name)) {
			f.report(&p, duplicateNode, "", fixed("another node or argument has the same name"))
			continue
		}
		b.nodes.add(string(n.Name))
		b.order = append(b.order, bodyNode{op: op, types: types})
	}
	return nil
}

// hasReplacement reports whether TensorFlow replaces a function by another one for some devices. Keras writes its LSTM and GRU
// twice, for GPUs and for CPUs (ImplementationSelector in tensorflow/core/grappler/optimizers/implementation_selector.h).
func hasReplacement(function wire.Function) bool {
	for key := range wire.MapEntries(function, fieldnum.FunctionDef_Attr) {
		if string(key) == "api_implements" {
			return true
		}
	}
	return false
}

// checkBodyInputs checks the inputs of a node: whether they exist, and whether their number and types are right. An input can stand
// for several tensors.
func (f *problemFinder) checkBodyInputs(p *nodePlace, n *wire.Node, node *bodyNode, b *body) {
	types := node.types // nil after an input whose types are unknown or wrong
	count := int64(0)   // of tensors
	data := 0
	for ; data < len(n.Inputs) && !wire.IsControl(n.Inputs[data]); data++ {
		input := n.Inputs[data]
		read, exists := b.find(string(input))
		if !exists {
			f.report(p, missingInput, "", func() string { return "reads " + shown(input) + ", which does not exist" })
		}
		if read.node >= 0 {
			node.reads = append(node.reads, read.node)
		}
		if types == nil || read.types == nil {
			types = nil
			continue
		}
		if k := differ(types.inputs, count, read.types, read.first, min(read.count, types.inputCount-count)); k >= 0 {
			want, given := tensor.BaseType(at(types.inputs, count+k)), tensor.BaseType(at(read.types, read.first+k))
			f.report(p, inputType, "", func() string {
				return fmt.Sprintf("input %d reads %s, which is %s; op %s takes %s", count+k, shown(input), tensor.DTypeName(given), shown(node.op.Name), tensor.DTypeName(want))
			})
			types = nil
		}
		count += read.count
	}
	f.checkBodyControls(p, n.Inputs[data:], node, b)
	if types != nil && count != types.inputCount {
		f.report(p, inputCount, "", func() string {
			return fmt.Sprintf("op %s takes %d inputs, but the node has %d", shown(node.op.Name), types.inputCount, count)
		})
	}
}

// checkBodyControls checks the inputs of a node from the first control input on.
func (f *problemFinder) checkBodyControls(p *nodePlace, inputs [][]byte, node *bodyNode, b *body) {
	for _, input := range inputs {
		if !wire.IsControl(input) {
			f.report(p, inputOrder, "", fixed("a control input comes before a data input"))
			return
		}
		name := string(input[1:])
		if source, isNode := b.nodes.find(name); isNode {
			node.reads = append(node.reads, int32(source))
		} else if !b.isArg(name) {
			f.report(p, missingInput, "", func() string { return "reads " + shown(input) + ", which does not exist" })
		}
	}
}

// checkReturns checks the results of a function.
func (f *problemFinder) checkReturns(name string, function wire.Function, b *body) {
	returned := function.Returns()
	types := b.signature.constant
	for k, out := range b.signature.Outputs {
		p := nodePlace{name: []byte(out.Name), function: name}
		value, known := returned[out.Name]
		read, exists := b.find(string(value))
		switch {
		case !known:
			f.report(&p, missingInput, "", fixed("the output returns nothing"))
		case !exists:
			f.report(&p, missingInput, "", fixed("the output returns "+shown(value)+", which does not exist"))
		case types == nil || read.types == nil:
		case read.count != 1 || differ(types.outputs, int64(k), read.types, read.first, 1) >= 0:
			given, want := tensor.DTypeName(tensor.BaseType(at(read.types, read.first))), tensor.DTypeName(tensor.BaseType(at(types.outputs, int64(k))))
			kind := inputType
			if f.hasObjects { // the import does not compare them
				kind = uncalledFunctionBody
			}
			f.report(&p, kind, "", fixed(fmt.Sprintf("the output returns %s, which is %s; it must be %s", shown(value), given, want)))
		}
	}
}

func (b *body) isArg(name string) bool {
	_, known := b.args.find(name)
	return known
}

func (b *body) isNode(name string) bool {
	_, known := b.nodes.find(name)
	return known
}

// find returns what a data input refers to, or false if that does not exist: "arg", "node:output" for all tensors of an output,
// or "node:output:0". An argument is one tensor, and "arg:0" is the same.
func (b *body) find(input string) (bodyInput, bool) {
	name, rest, deeper := strings.Cut(input, ":")
	if k, isArg := b.args.find(name); isArg {
		types := b.signature.constant
		if types == nil { // attrs of the call determine the types
			_, ok := tensorNumber(rest)
			return bodyInput{node: -1}, ok || !deeper
		}
		return bodyInput{-1, types.inputs, int64(k), 1}, !deeper || rest == "0"
	}
	i, known := b.nodes.find(name)
	if !known || !deeper {
		return bodyInput{node: -1}, false
	}
	n := &b.order[i]
	read := bodyInput{node: int32(i)}
	if n.op.Source == opdef.Undefined || n.types == nil {
		return read, true // the outputs of the op are unknown
	}
	output, index, single := strings.Cut(rest, ":")
	if b.flat && !single {
		return read, false
	}
	k := n.op.Output(output)
	if k < 0 {
		return read, false
	}
	read.types, read.count = n.types.outputs, n.types.outputEnds[k]
	if k > 0 {
		read.first = n.types.outputEnds[k-1]
		read.count -= read.first
	}
	if single {
		number, ok := tensorNumber(index)
		if !ok || number >= read.count {
			return read, false
		}
		read.first, read.count = read.first+number, 1
	}
	return read, true
}

// tensorNumber parses the number of a tensor in an output.
func tensorNumber(s string) (int64, bool) {
	n, err := strconv.ParseUint(s, 10, 31)
	return int64(n), err == nil
}

// cycle returns the nodes of a cycle, each of which waits for the next and the last for the first, or nil if there is none. A Merge
// that reads a NextIteration starts a loop and does not count.
func (b *body) cycle() []int {
	const (
		open = 1 // on the way from the root to the current node
		done = 2
	)
	state := make([]int8, len(b.order))
	var way []int
	for root := range b.order {
		if state[root] == 0 {
			way = append(way[:0], root)
			state[root] = open
		}
		for len(way) > 0 && state[root] != done {
			i := way[len(way)-1]
			n := &b.order[i]
			if len(n.reads) == 0 {
				state[i] = done
				way = way[:len(way)-1]
				continue
			}
			source := int(n.reads[0])
			n.reads = n.reads[1:]
			switch {
			case opdef.ClosesLoop(n.op.Name, b.order[source].op.Name), state[source] == done:
			case state[source] == open:
				return way[slices.Index(way, source):]
			default:
				state[source] = open
				way = append(way, source)
			}
		}
	}
	return nil
}
