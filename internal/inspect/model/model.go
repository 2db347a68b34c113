// Package model holds what the inspect packages share: a MetaGraphDef with indexes that are built on first use, node
// filters, and readers of collection lists.
package model

import (
	"sync"
	"sync/atomic"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Model is one MetaGraphDef with indexes that are built on first use. Sections that use the same Model share its
// indexes, so the nodes are walked only once. Graph and Match are safe for concurrent use, Tensors is not.
type Model struct {
	Meta *wire.MetaGraph

	// Checkpoint is the checkpoint that belongs to the graph, or nil if there is none. CheckpointErr is the error that
	// prevented reading it. Set both before reading the first section.
	Checkpoint    *checkpoint.Checkpoint
	CheckpointErr error

	graph   func() (*graph.Graph, error)
	kinds   func() *kindTable
	sorted  atomic.Bool // whether graph sorts the nodes into kinds
	tensors func() (*opdef.Tensors, error)
	match   func() (*checkpoint.Match, error)
}

// New returns the Model of a MetaGraphDef. It does not read the message yet.
func New(meta *wire.MetaGraph) *Model {
	m := &Model{Meta: meta}
	m.kinds = sync.OnceValue(func() *kindTable { return newKindTable(meta.Graph()) })
	m.graph = sync.OnceValues(func() (*graph.Graph, error) {
		if m.sorted.Load() {
			return graph.NewNumbered(meta.Graph(), m.kinds().open)
		}
		return graph.New(meta.Graph())
	})
	m.tensors = sync.OnceValues(func() (*opdef.Tensors, error) {
		g, err := m.Graph()
		if err != nil {
			return nil, err
		}
		return opdef.NewTensors(g, meta), nil
	})
	m.match = sync.OnceValues(func() (*checkpoint.Match, error) {
		g, err := m.Graph()
		if err != nil {
			return nil, err
		}
		return checkpoint.MatchGraph(m.Checkpoint, meta, g)
	})
	return m
}

// Graph returns the index of the nodes. The error wraps a *wire.SyntaxError.
func (m *Model) Graph() (*graph.Graph, error) { return m.graph() }

// Kinds returns the kind of each node, and the largest one. Nodes of one kind have the same op and the same attrs, apart from
// colocation groups, and protobuf accepts these attrs. Kinds count from 1; a node without one has NoKind. The caller owns the slice. The
// error is that of Graph.
func (m *Model) Kinds() (kinds []int32, count int32, err error) {
	m.SortNodes()
	g, err := m.Graph()
	if err != nil {
		return nil, 0, err
	}
	kinds = g.Numbers(m.kinds().open)
	return kinds, m.kinds().used.Load(), nil
}

// SortNodes makes Graph find the kinds of the nodes, too. It has no effect after the first call of Graph. Then Kinds needs a walk of its
// own.
func (m *Model) SortNodes() { m.sorted.Store(true) }

// Tensors returns the source of dtypes and shapes. The error is that of Graph.
func (m *Model) Tensors() (*opdef.Tensors, error) { return m.tensors() }

// Match returns how the checkpoint matches the variables that the graph's saver restores. It returns nil if there is
// no checkpoint or no saver. The error is that of Graph.
func (m *Model) Match() (*checkpoint.Match, error) {
	if m.Checkpoint == nil {
		return nil, nil
	}
	return m.match()
}
