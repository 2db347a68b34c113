package rewrite

import (
	"maps"
	"slices"

	"github.com/metagraph/metagraph/internal/nearest"
	"github.com/metagraph/metagraph/internal/wire"
)

// An AttrCount counts how often an attr was removed.
type AttrCount struct {
	Attr  string `json:"attr"`
	Count int    `json:"count"` // number of nodes that lost it
	// Nearest is the most similar attr of the graph if no node has Attr. It is empty if there is none.
	Nearest string `json:"-"`
}

// countDropped reports how often each requested attr was removed from graph, given the removals of all attrs by name.
func (e *exporter) countDropped(graph wire.Graph, removals map[string]int) {
	for _, name := range e.o.DropAttrs {
		count := AttrCount{Attr: name, Count: removals[name]}
		if count.Count == 0 {
			count.Nearest = nearest.Name(name, attrNames(graph))
		}
		e.report.AttrsDropped = append(e.report.AttrsDropped, count)
		e.report.Attrs -= count.Count
	}
}

// attrNames returns the names of the attrs that the nodes of a graph have, sorted.
func attrNames(graph wire.Graph) []string {
	names := make(map[string]bool)
	for n, err := range graph.Nodes() {
		if err != nil {
			break // the caller has walked the graph and returns the error
		}
		for key := range n.Attrs {
			names[string(key)] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
