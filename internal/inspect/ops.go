package inspect

import (
	"fmt"
	"sort"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/wire"
)

// An Op is one op and the number of nodes that use it.
type Op struct {
	Op            string `json:"op"`
	Nodes         int    `json:"nodes"`          // in the graph
	FunctionNodes int    `json:"function_nodes"` // in function bodies
	InOpList      bool   `json:"in_op_list"`     // whether the file's stripped_op_list defines it
	Function      bool   `json:"function"`       // whether it is a function of the file's library rather than an op
}

// Ops returns the ops of the nodes that the filter selects, the most frequent first, then by name. The error wraps a
// *wire.SyntaxError.
func Ops(m *wire.MetaGraph, f model.Filter) ([]Op, error) {
	counts := make(map[string]*Op)
	count := func(n *wire.Node) *Op {
		op := counts[string(n.Op)]
		if op == nil {
			op = &Op{Op: string(n.Op)}
			counts[op.Op] = op
		}
		return op
	}
	for n, err := range m.Graph().Nodes() {
		if err != nil {
			return nil, fmt.Errorf("count the ops: %w", err)
		}
		if f.Match(n) {
			count(n).Nodes++
		}
	}
	functions := make(map[string]bool)
	err := eachFunctionNode(m.Graph(), func(name string) { functions[name] = true }, func(n *wire.Node) {
		if f.Match(n) {
			count(n).FunctionNodes++
		}
	})
	if err != nil {
		return nil, fmt.Errorf("count the ops: %w", err)
	}
	defs := opdef.NewList(m)
	ops := make([]Op, 0, len(counts))
	for _, op := range counts {
		op.InOpList = defs.Has(op.Op)
		op.Function = functions[op.Op]
		ops = append(ops, *op)
	}
	sort.Slice(ops, func(i, j int) bool {
		a, b := ops[i].Nodes+ops[i].FunctionNodes, ops[j].Nodes+ops[j].FunctionNodes
		return a > b || a == b && ops[i].Op < ops[j].Op
	})
	return ops, nil
}

// eachFunctionNode calls function with the name of each library function, followed by node for each node of its body,
// in file order.
func eachFunctionNode(g wire.Graph, function func(name string), node func(*wire.Node)) error {
	for f, err := range g.Functions() {
		if err != nil {
			return err
		}
		if function != nil {
			function(f.Name())
		}
		for n, err := range f.Nodes() {
			if err != nil {
				return fmt.Errorf("read function %q: %w", f.Name(), err)
			}
			node(n)
		}
	}
	return nil
}
