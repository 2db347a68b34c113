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
	depth := o.Depth
	if depth == 0 {
		depth = model.MaxScopeDepth
	}
	tree := &ScopeTree{Scopes: []Scope{}}
	root := new(scopeNode)
	for n, err := range m.Graph().Nodes() {
		if err != nil {
			return nil, fmt.Errorf("read the scopes: %w", err)
		}
		if o.Filter.Match(n) && !root.add(n.Name, min(depth, model.MaxScopeDepth)) {
			tree.Deeper++
		}
	}
	tree.Nodes, tree.Top = root.Nodes, root.Own
	root.list(tree)
	return tree, nil
}

// A scopeNode is one scope while the tree is built. The root has all nodes.
type scopeNode struct {
	Scope
	children []*scopeNode // in order of first occurrence
	byPart   map[string]*scopeNode
}

// add counts a node in each of its scopes down to the given depth. It reports false if the node is in a deeper scope.
func (s *scopeNode) add(name []byte, depth int) bool {
	for start := 0; ; {
		s.Nodes++
		slash := bytes.IndexByte(name[start:], '/')
		if slash < 0 {
			s.Own++
			return true
		}
		if s.Depth == depth {
			return false
		}
		s = s.child(name[start:start+slash], name[:start+slash])
		start += slash + 1
	}
}

// child returns the subscope of s called part, whose full path is path. It creates the subscope if necessary.
func (s *scopeNode) child(part, path []byte) *scopeNode {
	if c := s.byPart[string(part)]; c != nil {
		return c
	}
	c := &scopeNode{Scope: Scope{Scope: string(path), Depth: s.Depth + 1}}
	if s.byPart == nil {
		s.byPart = make(map[string]*scopeNode)
	}
	s.byPart[string(part)] = c
	s.children = append(s.children, c)
	return c
}

// list appends the subscopes of s to the tree, recursively.
func (s *scopeNode) list(tree *ScopeTree) {
	for _, c := range s.children {
		tree.Scopes = append(tree.Scopes, c.Scope)
		c.list(tree)
	}
}
