package rewrite_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// cutCallsTwin is the twin of the cut of loops, conditionals and calls on a decoded graph. It shortens those among the kept nodes, adds
// their functions to the library of m, and reports whether there was one to shorten. Calls inside of functions stay.
func cutCallsTwin(m *tfpb.MetaGraphDef, kept map[string]bool, outputs []string) bool {
	functions := make(map[string]*tfpb.FunctionDef)
	for _, f := range m.GraphDef.GetLibrary().GetFunction() {
		functions[f.Signature.Name] = f
	}
	changed := false
	for _, n := range m.GraphDef.Node {
		if !kept[n.Name] {
			continue
		}
		results := readTwin(m, n.Name, kept, outputs)
		switch n.Op {
		case "While", "StatelessWhile":
			changed = cutLoopTwin(m, n, functions, results) || changed
		case "If", "StatelessIf":
			changed = cutBranchesTwin(m, n, functions, results, 1, n.Attr["then_branch"].GetFunc(), n.Attr["else_branch"].GetFunc()) || changed
		case "Case", "StatelessCase":
			changed = cutBranchesTwin(m, n, functions, results, 1, n.Attr["branches"].GetList().Func...) || changed
		case "PartitionedCall", "StatefulPartitionedCall":
			changed = cutBranchesTwin(m, n, functions, results, 0, n.Attr["f"].GetFunc()) || changed
		}
	}
	return changed
}

// readTwin returns the numbers of the outputs of a node that kept nodes read, sorted. Those up to one that is fetched count as read.
func readTwin(m *tfpb.MetaGraphDef, node string, kept map[string]bool, outputs []string) []int {
	var read []int
	port := func(tensor string) (int, bool) {
		name, number, _ := strings.Cut(tensor, ":")
		k, _ := strconv.Atoi(number)
		return k, name == node
	}
	for _, n := range m.GraphDef.Node {
		for _, input := range n.Input {
			if k, ok := port(input); ok && kept[n.Name] {
				read = append(read, k)
			}
		}
	}
	for _, output := range outputs {
		if last, ok := port(output); ok {
			read = append(read, firstTwin(last+1)...)
		}
	}
	slices.Sort(read)
	return slices.Compact(read)
}

// firstTwin returns the numbers below n.
func firstTwin(n int) []int {
	var numbers []int
	for k := range n {
		numbers = append(numbers, k)
	}
	return numbers
}

// cutLoopTwin removes the variables of a loop that nothing needs.
func cutLoopTwin(m *tfpb.MetaGraphDef, loop *tfpb.NodeDef, functions map[string]*tfpb.FunctionDef, results []int) bool {
	cond, body := functions[loop.Attr["cond"].GetFunc().Name], functions[loop.Attr["body"].GetFunc().Name]
	variables := slices.Concat(results, argumentsTwin(cond, []int{0}))
	for before := -1; before != len(variables); {
		if before = len(variables); len(variables) > 0 {
			variables = append(variables, firstTwin(min(2, slices.Max(variables)+1))...)
		}
		variables = append(variables, argumentsTwin(body, variables)...)
		slices.Sort(variables)
		variables = slices.Compact(variables)
	}
	if len(variables) == len(loop.Attr["T"].GetList().Type) {
		return false
	}
	if original := loop.Attr["_num_original_outputs"]; original != nil {
		kept := slices.DeleteFunc(slices.Clone(variables), func(k int) bool { return int64(k) >= original.GetI() })
		original.Value = &tfpb.AttrValue_I{I: int64(len(kept))}
	}
	cutCallTwin(m, loop, 0, variables, variables, "T", "T")
	addCopyTwin(m, functions, loop.Attr["cond"].GetFunc(), []int{0}, variables)
	addCopyTwin(m, functions, loop.Attr["body"].GetFunc(), variables, variables)
	return true
}

// cutBranchesTwin removes the results of a conditional or call that are not read. Argument 0 is the input with number at.
func cutBranchesTwin(m *tfpb.MetaGraphDef, n *tfpb.NodeDef, functions map[string]*tfpb.FunctionDef, results []int, at int, branches ...*tfpb.NameAttrList) bool {
	if len(results) == 0 || len(results) == len(n.Attr["Tout"].GetList().Type) {
		return false
	}
	var args []int
	for _, branch := range branches {
		args = append(args, argumentsTwin(functions[branch.Name], results)...)
	}
	slices.Sort(args)
	args = slices.Compact(args)
	cutCallTwin(m, n, at, args, results, "Tin", "Tout")
	for _, branch := range branches {
		addCopyTwin(m, functions, branch, results, args)
	}
	return true
}

// cutCallTwin removes arguments and results from a caller, and renumbers what reads it. Argument 0 is the input with number at.
func cutCallTwin(m *tfpb.MetaGraphDef, n *tfpb.NodeDef, at int, args, results []int, in, out string) {
	inputs := slices.Clone(n.Input[:at])
	for k, input := range n.Input[at:] {
		if strings.HasPrefix(input, "^") || slices.Contains(args, k) {
			inputs = append(inputs, input)
		}
	}
	n.Input = inputs
	if in != out {
		n.Attr[in].GetList().Type = pickTwin(n.Attr[in].GetList().Type, args)
	}
	n.Attr[out].GetList().Type = pickTwin(n.Attr[out].GetList().Type, results)
	if shapes := n.Attr["output_shapes"].GetList(); shapes != nil {
		shapes.Shape = pickTwin(shapes.Shape, results)
	}
	delete(n.Attr, "_output_shapes")
	delete(n.Attr, "_read_only_resource_inputs")
	for _, reader := range m.GraphDef.Node {
		for k, input := range reader.Input {
			name, number, _ := strings.Cut(input, ":")
			port, _ := strconv.Atoi(number)
			if to := slices.Index(results, port); name == n.Name && to >= 0 && to != port {
				reader.Input[k] = strings.TrimSuffix(fmt.Sprintf("%s:%d", name, to), ":0")
			}
		}
	}
}

// pickTwin returns the elements with these numbers.
func pickTwin[E any](all []E, numbers []int) []E {
	var picked []E
	for _, k := range numbers {
		if k < len(all) {
			picked = append(picked, all[k])
		}
	}
	return picked
}

// neededTwin returns the nodes and arguments of a function that some results and its ops with side effects need.
func neededTwin(f *tfpb.FunctionDef, results []int) map[string]bool {
	needed := make(map[string]bool)
	var reach func(tensor string)
	reach = func(tensor string) {
		name, _, _ := strings.Cut(strings.TrimPrefix(tensor, "^"), ":")
		if needed[name] {
			return
		}
		needed[name] = true
		for _, n := range f.NodeDef {
			if n.Name == name {
				for _, input := range n.Input {
					reach(input)
				}
			}
		}
	}
	for _, result := range pickTwin(f.Signature.OutputArg, results) {
		reach(f.Ret[result.Name])
	}
	for _, n := range f.ControlRet {
		reach(n)
	}
	for _, n := range f.NodeDef {
		if strings.HasPrefix(n.Op, "Random") || strings.HasPrefix(n.Op, "Assign") {
			reach(n.Name)
		}
	}
	return needed
}

// argumentsTwin returns the numbers of the arguments that a function needs for some results.
func argumentsTwin(f *tfpb.FunctionDef, results []int) []int {
	var args []int
	needed := neededTwin(f, results)
	for k, arg := range f.Signature.InputArg {
		if needed[arg.Name] {
			args = append(args, k)
		}
	}
	return args
}

// addCopyTwin adds a copy of a called function with some of its results and arguments and what they need, and calls the copy.
func addCopyTwin(m *tfpb.MetaGraphDef, functions map[string]*tfpb.FunctionDef, called *tfpb.NameAttrList, results, args []int) {
	f := functions[called.Name]
	called.Name += "_cut"
	f, needed := proto.CloneOf(f), neededTwin(f, results)
	f.Signature.Name = called.Name
	for k, result := range f.Signature.OutputArg {
		if !slices.Contains(results, k) {
			delete(f.Ret, result.Name)
		}
	}
	f.Signature.InputArg, f.Signature.OutputArg = pickTwin(f.Signature.InputArg, args), pickTwin(f.Signature.OutputArg, results)
	f.NodeDef = slices.DeleteFunc(f.NodeDef, func(n *tfpb.NodeDef) bool { return !needed[n.Name] })
	delete(f.Attr, "_input_shapes")
	f.ArgAttr, f.ResourceArgUniqueId = renumberTwin(f.ArgAttr, args), renumberTwin(f.ResourceArgUniqueId, args)
	m.GraphDef.Library.Function = append(m.GraphDef.Library.Function, f)
}

// renumberTwin returns the values of these numbers under their places.
func renumberTwin[V any](all map[uint32]V, numbers []int) map[uint32]V {
	left := make(map[uint32]V)
	for to, k := range numbers {
		if v, ok := all[uint32(k)]; ok {
			left[uint32(to)] = v
		}
	}
	return left
}
