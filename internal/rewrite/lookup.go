package rewrite

import (
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/wire"
)

// findNodes returns the nodes with the given names, those that there are.
func findNodes(g wire.Graph, wanted map[string]bool) (map[string]*wire.Node, error) {
	found := make(map[string]*wire.Node)
	if len(wanted) == 0 {
		return found, nil
	}
	for n, err := range g.Nodes() {
		if err != nil {
			return nil, err
		}
		if !wanted[string(n.Name)] || found[string(n.Name)] != nil {
			continue
		}
		node := new(wire.Node)
		if err := node.Parse(n.Raw); err != nil {
			return nil, err
		}
		found[string(n.Name)] = node
	}
	return found, nil
}

// nodeNames returns the names of all nodes, for suggestions.
func nodeNames(g *graph.Graph) []string {
	names := make([]string, g.Len())
	for i := range names {
		names[i] = string(g.Name(i))
	}
	return names
}
