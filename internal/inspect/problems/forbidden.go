package problems

import (
	"slices"

	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/wire"
)

// findForbidden reports forbidden ops in the graph and in all function bodies.
func (f *problemFinder) findForbidden() error {
	if len(f.forbidden) == 0 {
		return nil
	}
	matches := make(map[string]bool)
	forbidden := func(op string) bool {
		m, known := matches[op]
		if !known {
			m = slices.ContainsFunc(f.forbidden, func(g match.Glob) bool { return g.Match(op) })
			matches[op] = m
		}
		return m
	}
	message := func(op string) func() string { return func() string { return "op " + shown(op) + " is forbidden" } }
	ids := make([]bool, len(f.g.Ops()))
	for id, op := range f.g.Ops() {
		ids[id] = forbidden(op)
	}
	if slices.Contains(ids, true) {
		for i := range f.g.Len() {
			if id := f.g.Op(i); ids[id] {
				f.found.add(forbiddenOp, f.g.OpName(id), f.node(i), message(f.g.OpName(id)))
			}
		}
	}
	for _, function := range f.library {
		name := function.Name()
		for n, err := range function.Nodes() {
			if err != nil {
				return err
			}
			if op := string(n.Op); forbidden(op) {
				f.found.add(forbiddenOp, op, inBody(name, n), message(op))
			}
		}
	}
	return nil
}

// inBody returns the place of a node in a function body.
func inBody(function string, n *wire.Node) func() string {
	return func() string { return "function " + shown(function) + ", node " + shown(n.Name) }
}
