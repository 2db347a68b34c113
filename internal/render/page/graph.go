package page

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// addGraph adds the nodes of a graph. side is the kind of side work of each node.
func (e *encoder) addGraph(g *graph.Graph, types *opdef.Tensors, side []uint8) {
	var n wire.Node
	var kinds []byte
	for i := range g.Len() {
		g.Node(i, &n)
		kinds = appendTypes(kinds[:0], types, &n)
		e.addNode(&n, kinds, side[i], g.Find)
		e.inputs.add(len(g.Inputs(i)))
		for k, edge := range g.Inputs(i) {
			if edge.Node == graph.Dangling || edge.Port == graph.BadPort {
				e.addMissing(n.Inputs[k])
			} else {
				e.addInput(i, int(edge.Node), edge.Port)
			}
		}
	}
}

// mostOutputs is the maximum number of outputs of a node whose types are shown.
const mostOutputs = 32

// appendTypes appends dtype and shape of each output of a node, one per line, as far as the file has them.
func appendTypes(b []byte, types *opdef.Tensors, n *wire.Node) []byte {
	for port := range mostOutputs {
		dtype := types.DType(n, port)
		if dtype == 0 {
			break
		}
		if port > 0 {
			b = append(b, '\n')
		}
		b = append(b, tensor.DTypeName(dtype)...)
		if shape, found := types.Written(n, port); found && shape != nil {
			b = append(append(b, ' '), shape.String()...)
		}
	}
	return b
}

// addFunctions adds the body of each function, with a node for each argument and each result.
func (e *encoder) addFunctions(g wire.Graph) error {
	for f, err := range g.Functions() {
		if err != nil {
			return err
		}
		if err := e.addFunction(f); err != nil {
			return fmt.Errorf("function %s: %w", f.Name(), err)
		}
	}
	return nil
}

// The ops that TensorFlow gives arguments and results when it instantiates a function
// (tensorflow/core/common_runtime/function.cc).
const (
	opArgument = "_Arg"
	opResult   = "_Retval"
)

// addFunction adds the body of one function.
func (e *encoder) addFunction(f wire.Function) error {
	entry := functionEntry{Scope: e.scopes.addRoot(e.texts.id([]byte(f.Name()))), First: e.count()}
	signature := new(tfpb.OpDef)
	if err := schema.Unmarshal(f.Signature(), signature); err != nil {
		return err
	}
	index := make(map[string]int)
	at := entry.First
	for _, a := range signature.GetInputArg() {
		index[a.GetName()] = at
		at++
	}
	var nodes []wire.Node
	for n, err := range f.Nodes() {
		if err != nil {
			return err
		}
		if _, found := index[string(n.Name)]; !found {
			index[string(n.Name)] = at
		}
		at++
		var own wire.Node
		if err := own.Parse(n.Raw); err != nil {
			return err
		}
		nodes = append(nodes, own)
	}
	find := func(name []byte) (int, bool) { k, found := index[string(name)]; return k, found }
	for _, a := range signature.GetInputArg() {
		e.addNode(&wire.Node{Name: []byte(a.GetName()), Op: []byte(opArgument)}, []byte(tensor.DTypeName(int32(a.GetType()))), 0, find)
		e.inputs.add(0)
	}
	for i := range nodes {
		e.addNode(&nodes[i], nil, 0, find)
		e.addNamedInputs(nodes[i].Inputs, find)
	}
	entry.Arguments = len(signature.GetInputArg())
	returns := f.Returns()
	for _, a := range signature.GetOutputArg() {
		e.addNode(&wire.Node{Name: []byte(a.GetName()), Op: []byte(opResult)}, []byte(tensor.DTypeName(int32(a.GetType()))), 0, find)
		var inputs [][]byte
		if returned, ok := returns[a.GetName()]; ok {
			inputs = [][]byte{returned}
		}
		e.addNamedInputs(inputs, find)
	}
	entry.Nodes = e.count() - entry.First
	e.functions = append(e.functions, entry)
	return nil
}

// bodyNames returns the names of the nodes that addFunction added for f: empty for arguments and results.
func (e *encoder) bodyNames(entry functionEntry, f wire.Function) []string {
	names := make([]string, entry.Nodes)
	at := entry.Arguments
	for n, err := range f.Nodes() {
		if err != nil || at >= len(names) {
			break
		}
		names[at] = string(n.Name)
		at++
	}
	return names
}

// addNamedInputs adds the inputs of the node that was added last, which is in a function: "argument", "node:output:0" or "^node".
func (e *encoder) addNamedInputs(inputs [][]byte, find func([]byte) (int, bool)) {
	e.inputs.add(len(inputs))
	for _, text := range inputs {
		input := wire.ParseInput(text)
		from, found := find(input.Node)
		if !found {
			e.addMissing(text)
			continue
		}
		port := graph.Control
		if !input.Control {
			number := input.Port[bytes.LastIndexByte(input.Port, ':')+1:]
			k, _ := strconv.ParseUint(string(number), 10, 31)
			port = int32(k)
		}
		e.addInput(e.count()-1, from, port)
	}
}
