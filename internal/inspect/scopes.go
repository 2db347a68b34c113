package inspect

import (
	"bytes"
	"fmt"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/wire"
)

// A ScopeTree holds the scopes of a graph, which are the slash-separated prefixes of its node names.
type ScopeTree struct {
	Scopes []Scope `json:"scopes"` // in order of first occurrence, each before its subscopes
	Nodes  int     `json:"nodes"`  // number of nodes that the filter selects
	Top    int     `json:"top"`    // nodes outside any scope
	Deeper int     `json:"deeper"` // nodes in scopes deeper than those listed
}

// A Scope is one scope.
type Scope struct {
	Scope string `json:"scope"` // the full path, without a trailing slash
	Depth int    `json:"depth"` // 1 at the top level
	Nodes int    `json:"nodes"` // including subscopes
	Own   int    `json:"own"`   // excluding subscopes
}

// ScopesOptions selects the scopes to list.
type ScopesOptions struct {
	Filter model.Filter
	Depth  int // the greatest depth to list; 0 means all
}

// Scopes returns the tree of scopes of the selected nodes. The error wraps a *wire.SyntaxError.
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

// A scopeNode is one scope while the tree is built.
type scopeNode struct {
	path       string
	nodes, own int
	children   []*scopeNode
	byPart     map[string]*scopeNode
}

// child returns the subscope of s called part, whose full path is path. It creates the subscope if necessary.
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

// list appends the subscopes of s to the tree, recursively.
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

// add counts a node in each of its scopes.
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
