package inspect

import (
	"fmt"
	"sort"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Function is one function of the graph's library (tensorflow/core/framework/function.proto).
type Function struct {
	Name     string         `json:"name"`
	Inputs   []Argument     `json:"inputs"`    // in order
	Outputs  []Argument     `json:"outputs"`   // in order
	Nodes    int            `json:"nodes"`     // number of nodes in its body
	Bytes    int            `json:"bytes"`     // size of the FunctionDef
	Devices  []FunctionNode `json:"devices"`   // device strings of its nodes, sorted by name; unplaced nodes are omitted
	Gradient string         `json:"gradient"`  // its gradient function; empty if it has none
	Callers  int            `json:"callers"`   // number of nodes that use it as their op or in an attr
	CalledBy []string       `json:"called_by"` // the first of these nodes
}

// An Argument is one input or output of a function.
type Argument struct {
	Name  string `json:"name"`
	DType string `json:"dtype"` // TensorFlow's short name, or the attr that determines it
}

// A FunctionNode counts the nodes of a function's body on one device.
type FunctionNode struct {
	Device string `json:"device"`
	Nodes  int    `json:"nodes"`
}

// maxCallers is how many callers of a function are listed.
const maxCallers = 5

// Functions returns the functions whose names the filter selects, in file order. CalledBy lists the first callers in
// file order: "node" in the graph, "node in function" in a function's body. The error names the part that cannot be
// read.
func Functions(m *wire.MetaGraph, f model.Filter) ([]Function, error) {
	l := functionList{at: make(map[string]int)}
	for function, err := range m.Graph().Functions() {
		if err != nil {
			return nil, fmt.Errorf("read the functions: %w", err)
		}
		if err := l.add(function); err != nil {
			return nil, fmt.Errorf("read function %q: %w", function.Name(), err)
		}
	}
	if len(l.all) > 0 {
		if err := l.call(m); err != nil {
			return nil, fmt.Errorf("find who calls the functions: %w", err)
		}
	}
	picked := []Function{}
	for _, function := range l.all {
		if f.MatchKey(function.Name) {
			picked = append(picked, function)
		}
	}
	return picked, nil
}

// A functionList holds the functions of a library and the index of each by name.
type functionList struct {
	all    []Function
	at     map[string]int
	nodes  int   // number of nodes that were read
	caller []int // by function: the last node that refers to it
}

func (l *functionList) add(raw wire.Function) error {
	var def tfpb.OpDef
	if err := schema.Unmarshal(raw.Signature(), &def); err != nil {
		return err
	}
	f := Function{
		Name:     def.GetName(),
		Inputs:   arguments(def.GetInputArg()),
		Outputs:  arguments(def.GetOutputArg()),
		Bytes:    len(raw),
		Devices:  []FunctionNode{},
		CalledBy: []string{},
	}
	devices := make(map[string]int)
	for n, err := range raw.Nodes() {
		if err != nil {
			return err
		}
		f.Nodes++
		if len(n.Device) > 0 {
			devices[string(n.Device)]++
		}
	}
	for device, nodes := range devices {
		f.Devices = append(f.Devices, FunctionNode{device, nodes})
	}
	sort.Slice(f.Devices, func(i, j int) bool { return f.Devices[i].Device < f.Devices[j].Device })
	if _, seen := l.at[f.Name]; !seen {
		l.at[f.Name] = len(l.all)
	}
	l.all, l.caller = append(l.all, f), append(l.caller, 0)
	return nil
}

func arguments(defs []*tfpb.OpDef_ArgDef) []Argument {
	arguments := make([]Argument, 0, len(defs))
	for _, def := range defs {
		a := Argument{Name: def.GetName(), DType: tensor.DTypeName(int32(def.GetType()))}
		switch {
		case def.GetTypeAttr() != "":
			a.DType = def.GetTypeAttr()
		case def.GetTypeListAttr() != "":
			a.DType = def.GetTypeListAttr()
		}
		if def.GetNumberAttr() != "" {
			a.DType += "[" + def.GetNumberAttr() + "]"
		}
		arguments = append(arguments, a)
	}
	return arguments
}

// call counts the references to each function in graph nodes, function bodies and the library's gradients.
func (l *functionList) call(m *wire.MetaGraph) error {
	for n, err := range m.Graph().Nodes() {
		if err != nil {
			return err
		}
		l.node(n, "")
	}
	function := ""
	err := eachFunctionNode(m.Graph(), func(name string) { function = " in " + name }, func(n *wire.Node) { l.node(n, function) })
	if err != nil {
		return err
	}
	for field, err := range m.Graph().Library() {
		if err != nil {
			return err
		}
		if field.Is(fieldnum.FunctionDefLibrary_Gradient) {
			var def tfpb.GradientDef
			if err := schema.Unmarshal(field.Data, &def); err != nil {
				return err
			}
			if i, ok := l.at[def.GetFunctionName()]; ok {
				l.all[i].Gradient = def.GetGradientFunc()
			}
		}
	}
	return nil
}

// node counts each function that a node refers to once. where is the function that contains the node.
func (l *functionList) node(n *wire.Node, where string) {
	l.nodes++
	add := func(name []byte) {
		i, ok := l.at[string(name)]
		if !ok || l.caller[i] == l.nodes {
			return
		}
		l.caller[i] = l.nodes
		f := &l.all[i]
		f.Callers++
		if len(f.CalledBy) < maxCallers {
			f.CalledBy = append(f.CalledBy, string(n.Name)+where)
		}
	}
	add(n.Op)
	for _, value := range n.Attrs {
		opdef.EachFunction(value, add)
	}
}
