package inspect

import (
	"bytes"
	"fmt"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/wire"
)

// A ScopeTree is the scopes of a graph: what stands before the slashes in the names of its nodes.
type ScopeTree struct {
	Scopes []Scope `json:"scopes"` // each before those in it, otherwise in the order in which they first stand in the file
	Nodes  int     `json:"nodes"`  // of the whole graph, as far as the filter picks them
	Top    int     `json:"top"`    // nodes in no scope
	Deeper int     `json:"deeper"` // nodes that lie in scopes deeper than those listed
}

// A Scope is one scope.
type Scope struct {
	Scope string `json:"scope"` // the whole path, without a slash at its end
	Depth int    `json:"depth"` // 1 at the top
	Nodes int    `json:"nodes"` // in it and in the scopes in it
	Own   int    `json:"own"`   // in it, but in none of the scopes in it
}

// ScopesOptions says which scopes to list.
type ScopesOptions struct {
	Filter model.Filter
	Depth  int // how deep; 0 for all
}

// Scopes returns the tree of scopes that the names of the nodes make. The error wraps a *wire.SyntaxError.
func Scopes(m *wire.MetaGraph, o ScopesOptions) (*ScopeTree, error) {
	b := scopeBuilder{depth: o.Depth, root: &scopeNode{}}
	for n, err := range m.Graph().Nodes() {
		if err != nil {
			return nil, fmt.Errorf("read the scopes: %w", err)
		}
		if o.Filter.Match(n) {
			b.add(n.Name)
		}
	}
	tree := &ScopeTree{Scopes: []Scope{}, Nodes: b.root.nodes, Top: b.root.own, Deeper: b.deeper}
	b.root.list(tree, 0)
	return tree, nil
}

// A scopeNode is a scope while the tree grows.
type scopeNode struct {
	path       string
	nodes, own int
	children   []*scopeNode
	byPart     map[string]*scopeNode
}

// child returns the scope in s that part, the last part of path, names.
func (s *scopeNode) child(part, path []byte) *scopeNode {
	if c := s.byPart[string(part)]; c != nil {
		return c
	}
	c := &scopeNode{path: string(path)}
	if s.byPart == nil {
		s.byPart = make(map[string]*scopeNode)
	}
	s.byPart[string(part)] = c
	s.children = append(s.children, c)
	return c
}

// list appends the scopes in s, and in those, to the tree.
func (s *scopeNode) list(tree *ScopeTree, depth int) {
	for _, c := range s.children {
		tree.Scopes = append(tree.Scopes, Scope{Scope: c.path, Depth: depth + 1, Nodes: c.nodes, Own: c.own})
		c.list(tree, depth+1)
	}
}

type scopeBuilder struct {
	depth  int
	deeper int
	root   *scopeNode
}

// add counts a node in the scopes that its name says.
func (b *scopeBuilder) add(name []byte) {
	at := b.root
	at.nodes++
	depth, start := 0, 0
	for {
		slash := bytes.IndexByte(name[start:], '/')
		if slash < 0 {
			at.own++
			return
		}
		if b.depth > 0 && depth == b.depth || depth == model.MaxScopeDepth {
			b.deeper++
			return
		}
		at = at.child(name[start:start+slash], name[:start+slash])
		at.nodes++
		start += slash + 1
		depth++
	}
}
