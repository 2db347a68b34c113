package problems

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// findInLibrary checks the function library as a whole (FunctionLibraryDefinition in tensorflow/core/framework/function.cc,
// from_library in tensorflow/python/framework/function.py).
func (f *problemFinder) findInLibrary() error {
	var gradients []wire.Field
	for field, err := range f.g.Rest().Library() {
		if err != nil {
			return fmt.Errorf("read the function library: %w", err)
		}
		if field.Is(fieldnum.FunctionDefLibrary_Gradient) {
			gradients = append(gradients, field)
		}
	}
	f.library = f.ops.Functions()
	for k, function := range f.library {
		f.checkFunctionName(k, function)
	}
	f.called = make([]bool, len(f.library))
	f.findInGradients(gradients)
	return nil
}

// checkFunctionName checks that function k of the library is the only one with its name.
func (f *problemFinder) checkFunctionName(k int, function wire.Function) {
	name := function.Name()
	place := func() string { return "function " + shown(name) }
	switch first, _ := f.ops.Function(name); {
	case first != k && !opdef.SameFunction(f.library[first], function):
		f.found.add(duplicateFunction, name, place, fixed("an earlier function with a different body has the same name"))
	case first == k && f.ops.Registers(name):
		f.found.add(functionNamedLikeOp, name, place, fixed("TensorFlow registers an op with this name"))
	}
}

// findInGradients checks the pairs of function and gradient function. TensorFlow ignores them if there are no functions.
func (f *problemFinder) findInGradients(gradients []wire.Field) {
	if len(f.library) == 0 {
		return
	}
	gradientOf := make(map[string]string, len(gradients))
	for _, field := range gradients {
		function, gradient := string(wire.Last(field.Data, fieldnum.GradientDef_FunctionName)), string(wire.Last(field.Data, fieldnum.GradientDef_GradientFunc))
		place := func() string { return "gradient of function " + shown(function) }
		for _, name := range []string{function, gradient} {
			if _, known := f.ops.Function(name); !known {
				f.found.add(functionGradient, "", place, fixed("function "+shown(name)+" is not in the library"))
			}
		}
		if other, known := gradientOf[function]; known && other != gradient {
			f.found.add(functionGradient, "", place, fixed("has two gradients, "+shown(other)+" and "+shown(gradient)))
		}
		gradientOf[function] = gradient
	}
	for _, function := range f.library {
		if gradientOf[function.Name()] == "" {
			return // a function without a gradient: no cycle
		}
	}
	f.found.add(functionGradient, "", fixed("graph_def.library"), fixed("every function has a gradient, so they form a cycle"))
}

// looksLikeFunction reports whether an undefined op has the name of a function. In TensorFlow, names of tf.functions and of
// functions of datasets and control flow end in a number, and a Defun has the name of a Python function. Ops have CamelCase names,
// as REGISTER_OP requires.
func looksLikeFunction(op string) bool {
	if op != "" && op[0] != '_' && (op[0] < 'A' || op[0] > 'Z') {
		return true
	}
	for _, prefix := range []string{"__inference_", "__forward_", "__backward_"} {
		if strings.HasPrefix(op, prefix) {
			return true
		}
	}
	i := strings.LastIndexByte(op, '_')
	if i < 0 {
		return false
	}
	_, err := strconv.ParseUint(op[i+1:], 10, 32)
	return err == nil
}

// findInFunctions checks the bodies of the functions. The import instantiates those that the graph calls, to infer the shapes of
// the call; the others are instantiated when they run.
func (f *problemFinder) findInFunctions() error {
	if len(f.library) == 0 {
		return nil
	}
	if err := f.findCalled(); err != nil {
		return err
	}
	for k, function := range f.library {
		name := function.Name()
		if first, _ := f.ops.Function(name); first == k {
			if err := f.checkBody(name, function); err != nil {
				return fmt.Errorf("read function %q: %w", name, err)
			}
		}
	}
	return nil
}

// callAttr returns the attr in which a node with the given op names the function that it calls. It returns "" if the op itself may
// be a function (Node::IsFunctionCall in tensorflow/core/graph/graph.h).
func callAttr(op string) string {
	if opdef.IsFunctionCall(op) || op == "SymbolicGradient" {
		return "f"
	}
	return ""
}

// findCalled finds the functions that the graph calls, directly or indirectly.
func (f *problemFinder) findCalled() error {
	var queue []int
	call := func(n *wire.Node) {
		name := string(n.Op)
		if attr := callAttr(name); attr != "" {
			value, _ := n.Attr(attr)
			function, _ := wire.AttrBytes(value, fieldnum.AttrValue_Func)
			name = string(wire.Last(function, fieldnum.NameAttrList_Name))
		}
		if k, known := f.ops.Function(name); known && !f.called[k] {
			f.called[k] = true
			queue = append(queue, k)
		}
	}
	calls := make([]bool, len(f.infos))
	for id, op := range f.infos {
		calls[id] = op.Source == opdef.InLibrary || callAttr(op.Name) != ""
	}
	for i := range f.g.Len() {
		if calls[f.g.Op(i)] {
			f.g.Node(i, &f.scratch)
			call(&f.scratch)
		}
	}
	for len(queue) > 0 {
		function := f.library[queue[0]]
		queue = queue[1:]
		for n, err := range function.Nodes() {
			if err != nil {
				return fmt.Errorf("read function %q: %w", function.Name(), err)
			}
			call(n)
		}
	}
	return nil
}

// A body is the parsed body of a function.
type body struct {
	args  names
	nodes names
	order []bodyNode // by number in nodes
}

type bodyNode struct {
	op    *opInfo
	types *opTypes
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

// checkBody checks the body of a function, unless its signature is not valid.
func (f *problemFinder) checkBody(name string, function wire.Function) error {
	signature := f.op(name)
	if signature.Source != opdef.InLibrary {
		return nil
	}
	b := new(body)
	for _, arg := range signature.Inputs {
		b.args.add(arg.Name)
	}
	replaced := hasReplacement(function)
	for n, err := range function.Nodes() {
		if err != nil {
			return err
		}
		p := nodePlace{name: n.Name, function: name}
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
		b.order = append(b.order, bodyNode{op, types})
	}
	for n, err := range function.Nodes() {
		if err != nil {
			return err
		}
		p := nodePlace{name: n.Name, function: name}
		for _, input := range n.Inputs {
			if !b.has(string(input)) {
				f.report(&p, missingInput, "", func() string { return "reads " + shown(input) + ", which does not exist" })
			}
		}
	}
	f.checkReturns(name, function, signature, b)
	return nil
}

// hasReplacement reports whether TensorFlow replaces a function by another one for some devices. Keras writes its LSTM and GRU
// twice, for GPUs and for CPUs (ImplementationSelector in tensorflow/core/grappler/optimizers/implementation_selector.h).
func hasReplacement(function wire.Function) bool {
	for s := wire.Scan(function); s.Next(); {
		if !s.Is(fieldnum.FunctionDef_Attr) {
			continue
		}
		if key, _ := wire.MapEntry(s.Data); string(key) == "api_implements" {
			return true
		}
	}
	return false
}

// checkReturns checks the results of a function.
func (f *problemFinder) checkReturns(name string, function wire.Function, signature *opInfo, b *body) {
	returned := function.Returns()
	for _, out := range signature.Outputs {
		p := nodePlace{name: []byte(out.Name), function: name}
		value, known := returned[out.Name]
		tensor := string(value)
		switch {
		case !known:
			f.report(&p, missingInput, "", fixed("the output returns nothing"))
		case !b.has(tensor):
			f.report(&p, missingInput, "", fixed("the output returns "+shown(tensor)+", which does not exist"))
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

// has reports whether an input refers to something in the body: "arg", "node:output", "node:output:0" or "^node"
// (FunctionInstantiationHelper in tensorflow/core/framework/function.cc).
func (b *body) has(input string) bool {
	if name, control := strings.CutPrefix(input, "^"); control {
		return b.isNode(name) || b.isArg(name)
	}
	name, rest, deeper := strings.Cut(input, ":")
	if b.isArg(name) {
		if !deeper {
			return true
		}
		_, err := strconv.ParseUint(rest, 10, 31)
		return err == nil
	}
	k, known := b.nodes.find(name)
	if !known || !deeper {
		return false
	}
	n := &b.order[k]
	if n.op.Source == opdef.Undefined || n.types == nil {
		return true // the outputs of the op are unknown
	}
	output, index, _ := strings.Cut(rest, ":")
	for _, arg := range n.op.Outputs {
		if arg.Name != output {
			continue
		}
		if index == "" {
			return !strings.HasSuffix(rest, ":")
		}
		number, err := strconv.ParseUint(index, 10, 31)
		return err == nil && int64(number) < max(n.types.outputCount, 1)
	}
	return false
}
