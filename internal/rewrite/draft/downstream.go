package draft

import (
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/wire"
)

// Downstream returns, for each node, whether it is one of the given nodes or reads one of them, directly or indirectly. It ignores
// control inputs.
func (g *Graph) Downstream(from []int) []bool {
	starts, readers := g.readers()
	has := make([]bool, g.Len())
	stack := append([]int(nil), from...)
	for _, i := range from {
		has[i] = true
	}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, j := range readers[starts[i]:starts[i+1]] {
			if !has[j] {
				has[j] = true
				stack = append(stack, int(j))
			}
		}
	}
	return has
}

// readers returns the readers of each node: those of node i are readers[starts[i]:starts[i+1]].
func (g *Graph) readers() (starts []int, readers []int32) {
	var sources, nodes []int32
	for i := range g.Len() {
		// A missing node has no outputs to follow.
		_ = g.Inputs(i, func(source int, port int32) error {
			if port != graph.Control {
				sources, nodes = append(sources, int32(source)), append(nodes, int32(i))
			}
			return nil
		})
	}
	starts = make([]int, g.Len()+1)
	for _, j := range sources {
		starts[j+1]++
	}
	for i := range g.Len() {
		starts[i+1] += starts[i]
	}
	next := append([]int(nil), starts...)
	readers = make([]int32, len(nodes))
	for k, j := range sources {
		readers[next[j]] = nodes[k]
		next[j]++
	}
	return starts, readers
}

// SetAttr changes an attr of node i; a nil value removes it.
func (g *Graph) SetAttr(i int, key string, value *wire.Rope) {
	if k := i - g.Files(); k >= 0 {
		g.added[k].Attrs[key] = value
		return
	}
	g.Edit(i).Attrs[key] = value
}
