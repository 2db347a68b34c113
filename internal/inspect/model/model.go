// Package model holds what the inspect packages share: a MetaGraphDef with indexes that are built on first use, node
// filters, and readers of collection lists.
package model

import (
	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Model is one MetaGraphDef with indexes that are built on first use. Sections that use the same Model share its
// indexes, so the nodes are walked only once. A Model is not safe for concurrent use.
type Model struct {
	Meta *wire.MetaGraph

	// Checkpoint is the checkpoint that belongs to the graph, or nil if there is none. CheckpointErr is the error that
	// prevented reading it. Set both before reading the first section.
	Checkpoint    *checkpoint.Checkpoint
	CheckpointErr error

	match   *checkpoint.Match
	matched bool

	graph *graph.Graph
	types *opdef.Tensors
	err   error
}

// New returns the Model of a MetaGraphDef. It does not read the message yet.
func New(m *wire.MetaGraph) *Model { return &Model{Meta: m} }

// Graph returns the index of the nodes. The first call builds it. The error wraps a *wire.SyntaxError.
func (m *Model) Graph() (*graph.Graph, error) {
	if m.graph == nil && m.err == nil {
		m.graph, m.err = graph.New(m.Meta.Graph())
	}
	return m.graph, m.err
}

// Tensors returns the source of dtypes and shapes. The error is that of Graph.
func (m *Model) Tensors() (*opdef.Tensors, error) {
	if m.types == nil {
		g, err := m.Graph()
		if err != nil {
			return nil, err
		}
		m.types = opdef.NewTensors(g, m.Meta)
	}
	return m.types, nil
}

// Match returns how the checkpoint matches the variables that the graph's saver restores. It returns nil if there is
// no checkpoint or no saver. The error is that of Graph.
func (m *Model) Match() (*checkpoint.Match, error) {
	if m.matched || m.Checkpoint == nil {
		return m.match, nil
	}
	g, err := m.Graph()
	if err != nil {
		return nil, err
	}
	m.match, err = checkpoint.MatchGraph(m.Checkpoint, m.Meta, g)
	m.matched = err == nil
	return m.match, err
}
