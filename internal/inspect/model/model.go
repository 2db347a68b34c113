// Package model holds what the packages of inspect share: one MetaGraphDef with the indexes that are built when a section first
// needs them, the filters that select nodes, and the lists in collections.
package model

import (
	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Model is one MetaGraphDef and what has been found out about it so far, so that sections of show that are asked for together
// share the walk over the nodes. It is not safe for concurrent use.
type Model struct {
	Meta *wire.MetaGraph

	// Checkpoint is the checkpoint that belongs to the graph, nil if there is none. CheckpointErr says why it cannot be
	// read. Both are set before the first section is asked for.
	Checkpoint    *checkpoint.Checkpoint
	CheckpointErr error

	match   *checkpoint.Match
	matched bool

	graph *graph.Graph
	types *opdef.Tensors
	err   error
}

// New returns the Model of a MetaGraphDef. Nothing has been looked at yet.
func New(m *wire.MetaGraph) *Model { return &Model{Meta: m} }

// Graph returns the index over the nodes, made when it is first asked for. The error wraps a *wire.SyntaxError.
func (m *Model) Graph() (*graph.Graph, error) {
	if m.graph == nil && m.err == nil {
		m.graph, m.err = graph.New(m.Meta.Graph())
	}
	return m.graph, m.err
}

// Tensors returns what answers for dtypes and shapes. The error is that of Graph.
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

// Match returns how the checkpoint fits what the graph's saver restores: nil if there is no checkpoint or no saver. The error is
// that of Graph.
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
