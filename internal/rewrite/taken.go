package rewrite

import (
	"bytes"
	"hash/maphash"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/parallel"
	"github.com/metagraph/metagraph/internal/wire"
)

// A nameSet is the set of names that graphs use: nodes and the scopes that contain them (existing_nodes_ and
// existing_prefixes_ of GraphConstructor in tensorflow/core/common_runtime/graph_constructor.cc).
//
// It stores hashes instead of names, which saves memory. If two hashes ever collide, a free name counts as taken.
type nameSet struct {
	seed  maphash.Seed
	names map[uint64]owners
}

// An owners value tells which graphs use a name.
type owners uint8

const (
	ofBase owners = 1 << iota
	ofImported
)

func newNameSet() *nameSet {
	return &nameSet{seed: maphash.MakeSeed(), names: make(map[uint64]owners)}
}

// addGraph adds the names of a graph.
func (s *nameSet) addGraph(g wire.Graph, owner owners) error {
	return parallel.Ordered(g.Parts, func(p wire.Part) (hashes []uint64, err error) {
		var last []byte // the scope of the previous node: nodes of one scope are often side by side
		for n, err := range wire.Graph(p.Fields).Nodes() {
			if err != nil {
				return nil, err
			}
			hashes = append(hashes, maphash.Bytes(s.seed, n.Name))
			if at := n.Name[:bytes.LastIndexByte(n.Name, '/')+1]; !bytes.Equal(at, last) {
				hashes = slices.AppendSeq(hashes, s.scopes(at))
				last = at
			}
		}
		return hashes, nil
	}, func(hashes []uint64) error {
		for _, hash := range hashes {
			s.names[hash] |= owner
		}
		return nil
	})
}

// scopes returns the hash of each scope that contains a name, outermost first. It extends one hash along the name, so
// the cost is linear in the length of the name.
func (s *nameSet) scopes(name []byte) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		var h maphash.Hash
		h.SetSeed(s.seed)
		for {
			slash := bytes.IndexByte(name, '/')
			if slash < 0 {
				return
			}
			_, _ = h.Write(name[:slash]) // never fails
			if !yield(h.Sum64()) {
				return
			}
			_ = h.WriteByte('/')
			name = name[slash+1:]
		}
	}
}

// add adds a single name.
func (s *nameSet) add(name []byte, owner owners) { s.names[maphash.Bytes(s.seed, name)] |= owner }

// owners returns which graphs use a name, or 0 if the name is free.
func (s *nameSet) owners(name []byte) owners { return s.names[maphash.Bytes(s.seed, name)] }

// hasPrefix reports whether the set contains the name or one of its scopes.
func (s *nameSet) hasPrefix(name []byte) bool {
	if s.owners(name) != 0 {
		return true
	}
	for hash := range s.scopes(name) {
		if s.names[hash] != 0 {
			return true
		}
	}
	return false
}

// A numbering tells which nodes of a graph become NAME_N because their name is taken.
type numbering struct {
	nodes   *graph.Nodes
	numbers []uint32 // the N of each node, 0 for a node that keeps its name; nil if all do
}

// numberTaken numbers the nodes of in whose names base uses, as TensorFlow does (GraphConstructor::UniquifyNames in
// tensorflow/core/common_runtime/graph_constructor.cc). Each gets the smallest number that makes its name free in both
// graphs.
func numberTaken(in, base wire.Graph) (*numbering, error) {
	taken := newNameSet()
	if err := taken.addGraph(base, ofBase); err != nil {
		return nil, err
	}
	nodes, err := graph.NewNodes(in)
	if err != nil {
		return nil, err
	}
	t := &numbering{nodes: nodes}
	var name []byte
	for i := range nodes.Len() {
		own := nodes.Name(i)
		if taken.owners(own)&ofBase == 0 {
			continue
		}
		if found, _ := nodes.Find(own); found != i {
			continue // a duplicate name: number looks up the first node only
		}
		if t.numbers == nil {
			t.numbers = make([]uint32, nodes.Len())
			if err := taken.addGraph(in, ofImported); err != nil {
				return nil, err
			}
		}
		name = append(append(name[:0], own...), '_')
		for free := false; !free; free = taken.owners(name) == 0 {
			t.numbers[i]++
			name = strconv.AppendUint(name[:len(own)+1], uint64(t.numbers[i]), 10)
		}
	}
	return t, nil
}

// number returns the number of a node, 0 for a node that keeps its name or does not exist.
func (t *numbering) number(node []byte) int {
	if i, ok := t.nodes.Find(node); ok {
		return int(t.numbers[i])
	}
	return 0
}

// freeScope returns the first of want, want_1, want_2, ... that can hold all nodes of in within base, whose numbered names
// are used. No node of base has the scope's name (Graph.unique_name in tensorflow/python/framework/ops.py, which ignores
// case), and no node of in gets a taken name. A scope that base already uses is free if no names in it collide.
func freeScope(want string, in, base wire.Graph, used numberedNames) (string, error) {
	var collide map[string]bool
	for i := 0; ; i++ {
		at := want
		if i > 0 {
			at += "_" + strconv.Itoa(i)
		}
		if used.nodes[strings.ToLower(at)] {
			continue
		}
		if !used.scopes[at] {
			return at, nil
		}
		if collide == nil {
			var err error
			if collide, err = collidingScopes(want, in, base); err != nil {
				return "", err
			}
		}
		if !collide[at] {
			return at, nil
		}
	}
}

// A numberedNames holds the names in a graph that are a wanted scope or have the form SCOPE_N.
type numberedNames struct {
	nodes  map[string]bool // names of nodes, in lower case
	scopes map[string]bool
}

// add adds the name of a node, or a scope that contains it, if that is want or want_N.
func (s *numberedNames) add(name []byte, want string) {
	if len(name) < len(want) || !strings.EqualFold(string(name[:len(want)]), want) {
		return
	}
	if graph.UniqueSuffix(name[len(want):]) {
		s.nodes[strings.ToLower(string(name))] = true
	} else if at, ok := numberedScope(name, want); ok && !s.scopes[string(at)] {
		s.scopes[string(at)] = true
	}
}

// collidingScopes returns which of the scopes want and want_N of base contain a node or scope with the name of a node of
// in. It takes time linear in the length of all names, regardless of the number of scopes.
func collidingScopes(want string, in, base wire.Graph) (map[string]bool, error) {
	own := newNameSet()
	for n, err := range in.Nodes() {
		if err != nil {
			return nil, err
		}
		own.add(n.Name, ofImported)
	}
	collide := make(map[string]bool)
	for n, err := range base.Nodes() {
		if err != nil {
			return nil, err
		}
		if at, ok := numberedScope(n.Name, want); ok && !collide[string(at)] && own.hasPrefix(n.Name[len(at)+1:]) {
			collide[string(at)] = true
		}
	}
	return collide, nil
}

// numberedScope returns the prefix of name that is want or want_N, if a slash follows it.
func numberedScope(name []byte, want string) ([]byte, bool) {
	if len(name) < len(want) || string(name[:len(want)]) != want {
		return nil, false
	}
	end := bytes.IndexByte(name[len(want):], '/')
	if end < 0 || !graph.UniqueSuffix(string(name[len(want):len(want)+end])) {
		return nil, false
	}
	return name[:len(want)+end], true
}
