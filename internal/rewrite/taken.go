package rewrite

import (
	"bytes"
	"hash/maphash"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/wire"
)

// A nameSet is the names that graphs take up: of their nodes and of the scopes that those lie in (existing_nodes_ and
// existing_prefixes_ of GraphConstructor in tensorflow/core/common_runtime/graph_constructor.cc).
//
// A name is known by its hash, which takes no room for its characters and as much time as it has, however many slashes they
// are. Should two hashes ever be the same, then a name that is free counts as taken.
type nameSet struct {
	seed  maphash.Seed
	names map[uint64]owners
}

// owners says whose a name is.
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
	var last []byte // the scope of the node before: nodes of one scope often stand together
	for n, err := range g.Nodes() {
		if err != nil {
			return err
		}
		s.names[maphash.Bytes(s.seed, n.Name)] |= owner
		if at := n.Name[:bytes.LastIndexByte(n.Name, '/')+1]; !bytes.Equal(at, last) {
			s.addScopes(at, owner)
			last = at
		}
	}
	return nil
}

// addScopes adds the scopes that end at the slashes of a name.
func (s *nameSet) addScopes(name []byte, owner owners) {
	var h maphash.Hash
	h.SetSeed(s.seed)
	for {
		slash := bytes.IndexByte(name, '/')
		if slash < 0 {
			return
		}
		_, _ = h.Write(name[:slash]) // never fails
		s.names[h.Sum64()] |= owner
		_ = h.WriteByte('/')
		name = name[slash+1:]
	}
}

// owners returns whose a name is, 0 for one that is free.
func (s *nameSet) owners(name []byte) owners { return s.names[maphash.Bytes(s.seed, name)] }

// A numbering tells which nodes of a graph become NAME_N because their own name is taken.
type numbering struct {
	nodes   *wire.Index
	numbers []uint32 // the N of each node, 0 for one that keeps its name; nil where all do
}

// numberTaken numbers the nodes of in whose names base takes up, as TensorFlow does (GraphConstructor::UniquifyNames in
// tensorflow/core/common_runtime/graph_constructor.cc): the first number counts with which a name is taken in neither.
func numberTaken(in, base wire.Graph) (*numbering, error) {
	taken := newNameSet()
	if err := taken.addGraph(base, ofBase); err != nil {
		return nil, err
	}
	nodes, err := wire.IndexNodes(in)
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
			continue // one of several nodes of a name, of which number asks for another
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

// number returns the number of a node, 0 for one that keeps its name or is not there.
func (t *numbering) number(node []byte) int {
	if i, ok := t.nodes.Find(node); ok {
		return int(t.numbers[i])
	}
	return 0
}

// freeScope returns want or the first of want_1, want_2, ... under which all nodes of in can go into base: no node of base
// is called like the scope (Graph.unique_name in tensorflow/python/framework/ops.py, which does not tell a from A), and no
// node of in gets a name that is taken. A scope that base has already is free as long as nothing collides in it.
func freeScope(want string, in, base wire.Graph) (string, error) {
	nodes := make(map[string]bool)  // nodes of base that are called like a scope in question, in lower case
	scopes := make(map[string]bool) // scopes in question that base has
	for n, err := range base.Nodes() {
		if err != nil {
			return "", err
		}
		if len(n.Name) < len(want) {
			continue
		}
		if isNumbered(string(n.Name), want) {
			nodes[strings.ToLower(string(n.Name))] = true
		} else if at, ok := numberedScope(string(n.Name), want); ok {
			scopes[at] = true
		}
	}
	var taken *nameSet
	for i := 0; ; i++ {
		at := want
		if i > 0 {
			at += "_" + strconv.Itoa(i)
		}
		if nodes[strings.ToLower(at)] {
			continue
		}
		if !scopes[at] {
			return at, nil
		}
		if taken == nil {
			taken = newNameSet()
			if err := taken.addGraph(base, ofBase); err != nil {
				return "", err
			}
		}
		collides, err := collides(at, in, taken)
		if err != nil || !collides {
			return at, err
		}
	}
}

// isNumbered reports whether name is want or want_N, whatever the case of its letters.
func isNumbered(name, want string) bool {
	return strings.EqualFold(name[:len(want)], want) && numbered(name[len(want):])
}

// numberedScope returns the beginning of name that is want or want_N, where a slash follows it.
func numberedScope(name, want string) (string, bool) {
	if !strings.HasPrefix(name, want) {
		return "", false
	}
	end := strings.IndexByte(name[len(want):], '/')
	if end < 0 || !numbered(name[len(want):len(want)+end]) {
		return "", false
	}
	return name[:len(want)+end], true
}

// numbered reports whether s is what may stand behind a name to make it unique: nothing, or _N.
func numbered(s string) bool {
	if s == "" {
		return true
	}
	if s[0] != '_' || len(s) == 1 {
		return false
	}
	for _, c := range []byte(s[1:]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// collides reports whether a node of in would, under a scope, get a name that is taken.
func collides(at string, in wire.Graph, taken *nameSet) (bool, error) {
	name := append([]byte(at), '/')
	for n, err := range in.Nodes() {
		if err != nil {
			return false, err
		}
		name = append(name[:len(at)+1], n.Name...)
		if taken.owners(name) != 0 {
			return true, nil
		}
	}
	return false, nil
}
