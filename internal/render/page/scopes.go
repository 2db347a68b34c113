package page

import "bytes"

// A scopeKey identifies a scope by its parent and its last name part.
type scopeKey struct {
	parent int32
	text   int32
}

// scopeTree is the scopes of all node names. Scope 0 is the graph itself; each function's body is another root. A scope's
// number is larger than that of its parent.
type scopeTree struct {
	texts   *texts
	ids     map[scopeKey]int32
	parents []int32 // its own number for a root
	names   []int32 // the last name part of a scope, the name of a function
	path    []step  // path of the previous name
	last    []byte
	root    int32
}

// A step is one scope on the path to a node: the name up to end.
type step struct {
	end   int
	scope int32
}

// addRoot adds a separate graph and makes it the current one for place.
func (s *scopeTree) addRoot(name int32) int32 {
	s.root = int32(len(s.parents))
	s.parents = append(s.parents, s.root)
	s.names = append(s.names, name)
	s.path, s.last = s.path[:0], s.last[:0]
	return s.root
}

// place returns the scope of a node and the rest of its name. It adds new scopes. Adjacent nodes usually share their scope, so place
// keeps the path of the previous name.
func (s *scopeTree) place(name []byte) (scope int32, leaf []byte) {
	common := 0
	for limit := min(len(name), len(s.last)); common < limit && name[common] == s.last[common]; {
		common++
	}
	keep := len(s.path)
	for keep > 0 && s.path[keep-1].end >= common {
		keep--
	}
	s.path = s.path[:keep]
	start, at := 0, s.root
	if keep > 0 {
		start, at = s.path[keep-1].end+1, s.path[keep-1].scope
	}
	for {
		slash := bytes.IndexByte(name[start:], '/')
		if slash < 0 {
			break
		}
		at = s.child(at, s.texts.id(name[start:start+slash]))
		s.path = append(s.path, step{start + slash, at})
		start += slash + 1
	}
	s.last = append(s.last[:0], name...)
	return at, name[start:]
}

// child returns the scope with that last name part in parent.
func (s *scopeTree) child(parent, text int32) int32 {
	key := scopeKey{parent, text}
	id, found := s.ids[key]
	if !found {
		id = int32(len(s.parents))
		s.ids[key] = id
		s.parents = append(s.parents, parent)
		s.names = append(s.names, text)
	}
	return id
}
