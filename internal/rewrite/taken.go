package rewrite

import (
	"bytes"
	"hash/maphash"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/wire"
)

// A nameSet is the names that a graph takes up: of its nodes and of the scopes that they lie in (existing_nodes_ and
// existing_prefixes_ of GraphConstructor in tensorflow/core/common_runtime/graph_constructor.cc).
//
// A scope is known by its hash, which takes as much time and room as a name has characters, however many slashes they are.
// Should two hashes ever be the same, then a name that is free counts as taken.
type nameSet struct {
	nodes  *wire.Index
	seed   maphash.Seed
	scopes map[uint64]struct{}
}

func newNameSet(g wire.Graph) (*nameSet, error) {
	nodes, err := wire.IndexNodes(g)
	if err != nil {
		return nil, err
	}
	s := &nameSet{nodes: nodes, seed: maphash.MakeSeed(), scopes: make(map[uint64]struct{})}
	var last []byte // the scope of the node before: nodes of one scope often stand together
	for i := range nodes.Len() {
		name := nodes.Name(i)
		if at := name[:bytes.LastIndexByte(name, '/')+1]; !bytes.Equal(at, last) {
			s.addScopes(at)
			last = at
		}
	}
	return s, nil
}

// addScopes adds the scopes that end at the slashes of a name.
func (s *nameSet) addScopes(name []byte) {
	var h maphash.Hash
	h.SetSeed(s.seed)
	for {
		slash := bytes.IndexByte(name, '/')
		if slash < 0 {
			return
		}
		_, _ = h.Write(name[:slash]) // never fails
		s.scopes[h.Sum64()] = struct{}{}
		_ = h.WriteByte('/')
		name = name[slash+1:]
	}
}

// has reports whether a name is taken.
func (s *nameSet) has(name []byte) bool {
	if _, ok := s.nodes.Find(name); ok {
		return true
	}
	_, ok := s.scopes[maphash.Bytes(s.seed, name)]
	return ok
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
			var err error
			if taken, err = newNameSet(base); err != nil {
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
		if taken.has(name) {
			return true, nil
		}
	}
	return false, nil
}

// findNodes returns the nodes with the given names, those that there are.
func findNodes(g wire.Graph, wanted map[string]bool) (map[string]*wire.Node, error) {
	found := make(map[string]*wire.Node)
	if len(wanted) == 0 {
		return found, nil
	}
	for n, err := range g.Nodes() {
		if err != nil {
			return nil, err
		}
		if !wanted[string(n.Name)] || found[string(n.Name)] != nil {
			continue
		}
		node := new(wire.Node)
		if err := node.Parse(n.Raw); err != nil {
			return nil, err
		}
		found[string(n.Name)] = node
	}
	return found, nil
}

// nodeNames returns the names of all nodes, for a message about one that is not among them.
func nodeNames(g wire.Graph) ([]string, error) {
	var names []string
	for n, err := range g.Nodes() {
		if err != nil {
			return nil, err
		}
		names = append(names, string(n.Name))
	}
	return names, nil
}

// tensor returns an input as the name of a tensor, which always says the output.
func tensor(input string) string {
	if strings.Contains(input, ":") || strings.HasPrefix(input, "^") {
		return input
	}
	return input + ":0"
}

// checkOutput returns what is wrong with the output that port, `:k` or nothing, names of a node: nothing as far as the file
// tells.
func checkOutput(m *wire.MetaGraph, ops *opList, n *wire.Node, port []byte) string {
	k, ok := outputNumber(port)
	if !ok {
		return "what stands behind the colon is no output number"
	}
	types, known := outputTypes(m, ops, n)
	if !known || k < len(types) {
		return ""
	}
	return "the node has " + countOf(len(types), "output")
}

// outputNumber returns the output that a port names.
func outputNumber(port []byte) (int, bool) {
	if len(port) == 0 {
		return 0, true
	}
	in := wire.Input{Port: port[1:]}
	return in.Output()
}

// countOf returns "no output", "1 output", "2 outputs".
func countOf(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun
	case 1:
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
