package draft

import (
	"fmt"

	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// Apply transfers the changes to the plan and the rewriter, which then write the changed graph. It drops the nodes for which keep
// is false; a nil keep keeps all. It returns an error if a new node has the name of a kept node.
func (g *Graph) Apply(keep []bool, plan *scope.Plan, rewriter *scope.NodeRewriter) error {
	all := keep == nil
	kept := func(i int) bool { return all || i < len(keep) && keep[i] }
	if keep != nil {
		plan.Drops = func(node []byte) bool {
			i, ok := g.Graph.Find(node)
			return !ok || !keep[i]
		}
		plan.Mutes = func(node []byte) bool {
			i, ok := g.Graph.Find(node)
			return ok && g.Edited(i) && g.Edit(i).Op == "NoOp"
		}
		plan.Whole, plan.Prune = true, true
		rewriter.KeepNode = func(i int) bool { return keep[i] }
	}
	plan.New = make(map[string]bool)
	for k, n := range g.added {
		if !kept(g.Files() + k) {
			continue
		}
		if i, ok := g.Graph.Find([]byte(n.Name)); ok && kept(i) {
			return fmt.Errorf("the name %q is taken by a node that the outputs need", n.Name)
		}
		plan.New[n.Name] = true
	}
	if len(g.cut) > 0 {
		plan.Cut = make(map[string]string, len(g.cut))
		for e, i := range g.cut {
			plan.Cut[string(scope.Spelling([]byte(g.TensorName(e))))] = g.Name(i)
		}
	}
	rewriter.Edits = g.edits
	rewriter.After = make(map[int][]*scope.NewNode, len(g.after))
	for at, nodes := range g.after {
		for _, n := range nodes {
			if plan.New[n.Name] {
				rewriter.After[at] = append(rewriter.After[at], n)
			}
		}
	}
	return nil
}

// NewOps returns the ops that changes bring: those of new nodes, and the new ops of nodes of the file. Nodes for which keep is false do
// not count; a nil keep keeps all.
func (g *Graph) NewOps(keep []bool) map[string]bool {
	ops := make(map[string]bool)
	all := keep == nil
	kept := func(i int) bool { return all || i < len(keep) && keep[i] }
	for k, n := range g.added {
		if kept(g.Files() + k) {
			ops[n.Op] = true
		}
	}
	for i, e := range g.edits {
		if e.Op != "" && kept(i) {
			ops[e.Op] = true
		}
	}
	return ops
}

// Kept calls use with the number and the content of each node for which keep is true, in order. The node is valid during the call
// only. It returns the first error of use.
func (g *Graph) Kept(keep []bool, use func(i int, n *wire.Node) error) error {
	var n wire.Node
	for i, kept := range keep {
		if !kept {
			continue
		}
		g.Node(i, &n)
		if err := use(i, &n); err != nil {
			return err
		}
	}
	return nil
}
