package rewrite_test

import (
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// shortenLoopsTwin is the twin of the cut of functional loops on a decoded graph. It shortens the loops among the kept nodes, adds their
// functions to the library of m, and reports whether there was one to shorten. Loops inside of functions stay.
func shortenLoopsTwin(m *tfpb.MetaGraphDef, kept map[string]bool, outputs []string) bool {
	functions := make(map[string]*tfpb.FunctionDef)
	for _, f := range m.GraphDef.GetLibrary().GetFunction() {
		functions[f.Signature.Name] = f
	}
	changed := false
	for _, loop := range m.GraphDef.Node {
		if !kept[loop.Name] || loop.Op != "While" && loop.Op != "StatelessWhile" {
			continue
		}
		keep := 0
		read := func(tensor string) {
			if name, port, _ := strings.Cut(tensor, ":"); name == loop.Name {
				n, _ := strconv.Atoi(port)
				keep = max(keep, n+1)
			}
		}
		for _, n := range m.GraphDef.Node {
			for _, input := range n.Input {
				if kept[n.Name] {
					read(input)
				}
			}
		}
		for _, output := range outputs {
			if !strings.HasPrefix(output, "^") {
				read(output)
			}
		}
		cond, body := functions[loop.Attr["cond"].GetFunc().Name], functions[loop.Attr["body"].GetFunc().Name]
		keep = max(keep, needsTwin(cond, 1))
		for needsTwin(body, keep) > keep {
			keep = needsTwin(body, keep)
		}
		count := len(loop.Attr["T"].GetList().Type)
		if keep == count {
			continue
		}
		changed = true
		loop.Input = append(loop.Input[:keep:keep], loop.Input[count:]...)
		loop.Attr["T"].GetList().Type = loop.Attr["T"].GetList().Type[:keep]
		loop.Attr["output_shapes"].GetList().Shape = loop.Attr["output_shapes"].GetList().Shape[:keep]
		delete(loop.Attr, "_output_shapes")
		delete(loop.Attr, "_read_only_resource_inputs")
		if original := loop.Attr["_num_original_outputs"]; original != nil && original.GetI() > int64(keep) {
			original.Value = &tfpb.AttrValue_I{I: int64(keep)}
		}
		for key, results := range map[string]int{"cond": 1, "body": keep} {
			f := loop.Attr[key].GetFunc()
			m.GraphDef.Library.Function = append(m.GraphDef.Library.Function, firstTwin(functions[f.Name], results, keep))
			f.Name += "_cut"
		}
	}
	return changed
}

// neededTwin returns the nodes and arguments of a function that its first results and its ops with side effects need.
func neededTwin(f *tfpb.FunctionDef, results int) map[string]bool {
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
	for _, result := range f.Signature.OutputArg[:results] {
		reach(f.Ret[result.Name])
	}
	for _, n := range f.ControlRet {
		reach(n)
	}
	for _, n := range f.NodeDef {
		if strings.HasPrefix(n.Op, "Random") || strings.HasPrefix(n.Op, "Stateful") || strings.Contains(n.Op, "Variable") {
			reach(n.Name)
		}
	}
	return needed
}

// needsTwin returns how many of its arguments a function needs for its first results: the number of the last one, plus one.
func needsTwin(f *tfpb.FunctionDef, results int) int {
	count, needed := 0, neededTwin(f, results)
	for k, arg := range f.Signature.InputArg {
		if needed[arg.Name] {
			count = k + 1
		}
	}
	return count
}

// firstTwin returns a copy of a function with its first results and arguments and what they need.
func firstTwin(f *tfpb.FunctionDef, results, args int) *tfpb.FunctionDef {
	f, needed := proto.CloneOf(f), neededTwin(f, results)
	f.Signature.Name += "_cut"
	for _, result := range f.Signature.OutputArg[results:] {
		delete(f.Ret, result.Name)
	}
	f.Signature.InputArg, f.Signature.OutputArg = f.Signature.InputArg[:args], f.Signature.OutputArg[:results]
	var nodes []*tfpb.NodeDef
	for _, n := range f.NodeDef {
		if needed[n.Name] {
			nodes = append(nodes, n)
		}
	}
	f.NodeDef = nodes
	delete(f.Attr, "_input_shapes")
	for k := range f.ArgAttr {
		if int(k) >= args {
			delete(f.ArgAttr, k)
		}
	}
	for k := range f.ResourceArgUniqueId {
		if int(k) >= args {
			delete(f.ResourceArgUniqueId, k)
		}
	}
	return f
}
