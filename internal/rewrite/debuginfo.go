package rewrite

import (
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// ExportDebugInfo reduces a GraphDebugInfo to the nodes that Export copies with the same options, under their new names.
// Entries of functions stay. The error is a *wire.SyntaxError.
func ExportDebugInfo(m *wire.MetaGraph, o ExportOptions, info []byte) (*wire.Rope, error) {
	nodes, err := graph.NewNodes(m.Graph())
	if err != nil {
		return nil, err
	}
	savers := new(saverScopes)
	if o.ClearExtraneousSavers {
		saver, _ := m.Message(fieldnum.MetaGraphDef_SaverDef)
		if savers, err = findSavers(m.Graph(), saver); err != nil {
			return nil, err
		}
	}
	plan := &scope.Plan{Strip: scope.Clean(o.Scope), Drops: func(node []byte) bool {
		_, found := nodes.Find(node)
		return !found || savers.removes(node)
	}}
	cut, err := plan.DebugInfo(nil, info)
	if err != nil {
		return nil, err
	}
	return wire.NewRope(cut), nil
}
