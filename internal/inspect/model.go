// Package inspect says what a file holds: each section of show is a function that reads a MetaGraphDef and returns plain structs
// with JSON names, sorted or in file order. It prints nothing and touches no file.
//
// The files: model.go, what the sections share; graph.go, the nodes by number and who reads whom; nametable.go, nodes by name; filter.go,
// which nodes are asked for; attrvalue.go, dtype.go, shape.go and tensor*.go, what attrs, dtypes and shapes say; opdefs.go and
// registered.go, the definitions of ops; picture*.go, the scopes drawn; then a file or more for each section, called like it.
package inspect

import (
	"github.com/metagraph/metagraph/internal/wire"
)

// A Model is one MetaGraphDef and what has been found out about it so far, so that sections of show that are asked for together
// share the walk over the nodes. It is not safe for concurrent use.
type Model struct {
	Meta *wire.MetaGraph

	graph *Graph
	types *tensors
	err   error
}

// NewModel returns the Model of a MetaGraphDef. Nothing has been looked at yet.
func NewModel(m *wire.MetaGraph) *Model { return &Model{Meta: m} }

// Graph returns the index over the nodes, made when it is first asked for. The error wraps a *wire.SyntaxError.
func (m *Model) Graph() (*Graph, error) {
	if m.graph == nil && m.err == nil {
		m.graph, m.err = NewGraph(m.Meta.Graph())
	}
	return m.graph, m.err
}

// tensors returns what answers for dtypes and shapes. The error is that of Graph.
func (m *Model) tensors() (*tensors, error) {
	if m.types == nil {
		g, err := m.Graph()
		if err != nil {
			return nil, err
		}
		m.types = newTensors(g, m.Meta)
	}
	return m.types, nil
}
