package picture

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/metagraph/metagraph/internal/inspect/model"
)

// A pictureTree holds the scopes of a picture, and which of them are open.
type pictureTree struct {
	depth  int
	scopes []pictureScope // the first is the whole graph; each is before the scopes in it
	byPart map[scopePart]int32
	drawn  []int32 // by scope: itself, or the scope whose box or cluster contains it
}

// A scopePart is the last part of the path of a scope, and its parent.
type scopePart struct {
	parent int32
	part   string
}

// A pictureScope is a scope of a picture.
type pictureScope struct {
	path      []byte // part of the name of a node
	parent    int32  // nowhere for the whole graph
	level     int
	own       int // nodes directly in it, without graph inputs and outputs
	nodes     int // all nodes in it
	scopes    int // all scopes in it
	hidden    int // scopes in it that share the BoxRest of its nodes
	children  []int32
	open      bool      // drawn as a cluster
	depthLeft bool      // deep enough to distinguish its contents
	shape     uint64    // equal for scopes with the same ops, at any order and under any names
	series    [][]int32 // its children as boxes of one or more scopes; nil until they are needed
	copies    []int32   // the scopes that its box represents, itself first; nil if only itself
}

func newPictureTree(depth int) pictureTree {
	if depth == 0 || depth > model.MaxScopeDepth {
		depth = model.MaxScopeDepth
	}
	return pictureTree{depth: depth, scopes: []pictureScope{{parent: nowhere, depthLeft: true}}, byPart: make(map[scopePart]int32)}
}

// add returns the scope of a node with the given name, down to the depth of the tree. It adds the scopes that are new.
func (t *pictureTree) add(name []byte) int32 {
	at, start := int32(0), 0
	for level := 1; level <= t.depth; level++ {
		slash := bytes.IndexByte(name[start:], '/')
		if slash < 0 {
			break
		}
		part := name[start : start+slash]
		next, known := t.byPart[scopePart{at, string(part)}]
		if !known {
			next = int32(len(t.scopes))
			t.byPart[scopePart{at, string(part)}] = next
			t.scopes = append(t.scopes, pictureScope{path: name[:start+slash], parent: at, level: level, depthLeft: level < t.depth})
			t.scopes[at].children = append(t.scopes[at].children, next)
		}
		at = next
		start += slash + 1
	}
	return at
}

// settle counts a node in scope at and returns its scope. If a scope in at has the name of the node, that is its scope.
func (t *pictureTree) settle(at int32, name []byte, tensor bool) int32 {
	if rest := len(t.scopes[at].path); at == 0 || len(name) > rest {
		if at > 0 {
			name = name[rest+1:]
		}
		if same, ok := t.byPart[scopePart{at, string(name)}]; ok && !tensor {
			at = same
		}
	}
	t.scopes[at].nodes++
	if !tensor {
		t.scopes[at].own++
	}
	return at
}

// count adds the nodes and scopes of each scope to its parent.
func (t *pictureTree) count() {
	for k := len(t.scopes) - 1; k > 0; k-- {
		s := &t.scopes[k]
		parent := &t.scopes[s.parent]
		parent.nodes += s.nodes
		parent.scopes += s.scopes + 1
		parent.shape += mix(^s.shape)
	}
}

// open opens scopes level by level, the largest first, while there are at most the given number of boxes.
func (t *pictureTree) open(boxes int) {
	t.drawn = make([]int32, len(t.scopes))
	level := []int32{0}
	boxes -= t.openScope(0)
	for len(level) > 0 {
		var next []int32
		for _, k := range level {
			for _, child := range t.scopes[k].children {
				if t.drawn[child] == child && t.scopes[child].copies == nil {
					next = append(next, child)
				}
			}
		}
		slices.SortStableFunc(next, func(a, b int32) int { return cmp.Compare(t.scopes[b].nodes, t.scopes[a].nodes) })
		level = level[:0]
		for _, k := range next {
			s := &t.scopes[k]
			if !s.depthLeft || len(s.children) == 0 || t.cost(k)-1 > boxes {
				continue
			}
			boxes -= t.openScope(k) - 1
			level = append(level, k)
		}
	}
	for k := 1; k < len(t.scopes); k++ {
		if t.drawn[k] == 0 {
			t.drawn[k] = t.drawn[t.scopes[k].parent]
		}
	}
}

// cost returns the number of boxes that replace scope k when it is opened.
func (t *pictureTree) cost(k int32) int {
	s, children := &t.scopes[k], len(t.seriesIn(k))
	boxes := min(children, maxChildren)
	if s.own <= maxSingles {
		boxes += s.own
	}
	if s.own > maxSingles || children > maxChildren {
		boxes++
	}
	return boxes
}

// openScope makes a cluster of scope k, with a box for each of its largest children or series of children. It returns the number of
// boxes in the cluster.
func (t *pictureTree) openScope(k int32) int {
	shown := slices.Clone(t.seriesIn(k))
	s := &t.scopes[k]
	s.open = true
	t.drawn[k] = k
	if len(shown) > maxChildren {
		slices.SortStableFunc(shown, func(a, b []int32) int { return cmp.Compare(t.nodesIn(b), t.nodesIn(a)) })
		for _, members := range shown[maxChildren:] {
			for _, child := range members {
				s.hidden += 1 + t.scopes[child].scopes
			}
		}
		shown = shown[:maxChildren]
	}
	for _, members := range shown {
		for _, child := range members {
			t.drawn[child] = members[0]
		}
		if len(members) > 1 {
			t.scopes[members[0]].copies = members
		}
	}
	return t.cost(k)
}

// nodesIn returns the number of nodes in several scopes.
func (t *pictureTree) nodesIn(scopes []int32) int {
	nodes := 0
	for _, k := range scopes {
		nodes += t.scopes[k].nodes
	}
	return nodes
}

// box returns the box of a scope that is not open, in a cluster.
func (t *pictureTree) box(s *pictureScope, cluster int) Box {
	if s.copies == nil {
		return Box{Kind: BoxScope, Name: string(s.path), In: cluster, Scopes: s.scopes}
	}
	last := s.copies[len(s.copies)-1]
	box := Box{Kind: BoxRepeat, Name: string(s.path), Last: string(t.scopes[last].path), Copies: len(s.copies), In: cluster}
	for _, k := range s.copies {
		box.Scopes += t.scopes[k].scopes
	}
	return box
}
