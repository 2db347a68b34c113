package problems

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
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
	call := func(p nodePlace, n *wire.Node) {
		if off, ok := n.Attr(opdef.SkipsInference); ok && wire.LastUint(off, fieldnum.AttrValue_B) != 0 {
			return
		}
		name := string(n.Op)
		if attr := callAttr(name); attr != "" {
			value, _ := n.Attr(attr)
			function, _ := wire.AttrBytes(value, fieldnum.AttrValue_Func)
			name = string(wire.Last(function, fieldnum.NameAttrList_Name))
		}
		k, known := f.ops.Function(name)
		if known && !f.called[k] {
			f.called[k] = true
			queue = append(queue, k)
		}
		if known && opdef.IsFunctionCall(string(n.Op)) {
			f.checkArguments(&p, n, name)
		}
	}
	calls := make([]bool, len(f.infos))
	for id, op := range f.infos {
		calls[id] = op.Source == opdef.InLibrary || callAttr(op.Name) != ""
	}
	for i := range f.g.Len() {
		if calls[f.g.Op(i)] {
			f.g.Node(i, &f.scratch)
			call(nodePlace{name: f.scratch.Name}, &f.scratch)
		}
	}
	for len(queue) > 0 {
		function := f.library[queue[0]]
		name := function.Name()
		queue = queue[1:]
		for n, err := range function.Nodes() {
			if err != nil {
				return fmt.Errorf("read function %q: %w", name, err)
			}
			call(nodePlace{n.Name, name}, n)
		}
	}
	return nil
}

// checkArguments checks that a call passes at least as many arguments as its function takes. TensorFlow checks the rest when the call
// runs.
func (f *problemFinder) checkArguments(p *nodePlace, call *wire.Node, function string) {
	value, _ := call.Attr("Tin")
	if given, taken := len(tensor.TypesIn(value)), len(f.op(function).Inputs); given < taken {
		f.report(p, inputCount, "", func() string {
			return fmt.Sprintf("passes %d arguments to function %s, which takes %d", given, shown(function), taken)
		})
	}
}
