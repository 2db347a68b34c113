package inspect

import (
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/printable"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Suggestion is a text from the file that completes what a user is typing.
type Suggestion struct {
	Text string
	Note string // a short description; may be empty
}

const (
	// maxSuggested is the most suggestions that are returned.
	maxSuggested = 200
	// maxSuggestible is how many different suggestions are collected before sorting.
	maxSuggestible = 20_000
	// maxWalked is the most nodes that are examined. Half a million nodes take a tenth of a second.
	maxWalked = 500_000
)

// SuggestNodes returns names of nodes that begin with prefix, one level at a time: nodes in a deeper scope are
// replaced by that scope, with a trailing slash. The note of a node is its op.
//
// All Suggest functions return at most 200 suggestions, sorted by text. They examine only the first half million
// nodes, omit unprintable texts, and stop where a file is damaged.
func SuggestNodes(m *wire.MetaGraph, prefix string) []Suggestion {
	found := newSuggestions(prefix)
	found.walkLevels(m, func(node, level []byte, whole bool) bool {
		note := ""
		if whole {
			note = string(wire.Last(node, fieldnum.NodeDef_Op))
		}
		return found.add(level, note)
	})
	return found.list()
}

// SuggestScopes returns the scopes that begin with prefix, one level at a time, with a trailing slash.
func SuggestScopes(m *wire.MetaGraph, prefix string) []Suggestion {
	found := newSuggestions(prefix)
	found.walkLevels(m, func(_, level []byte, whole bool) bool { return whole || found.add(level, "") })
	if len(found.notes) == 0 && strings.HasSuffix(prefix, "/") {
		found.add([]byte(prefix), "") // a scope without subscopes is complete
	}
	return found.list()
}

// maxNames is how many names are compared with a misspelled one, which takes a tenth of a second.
const maxNames = 100_000

// maxNameLength is the longest name, in bytes, that is a useful suggestion.
const maxNameLength = 1024

// NodeNames returns the names of the first nodes, as candidates for a misspelled name. It omits unprintable names.
func NodeNames(m *wire.MetaGraph) []string {
	var names []string
	walk(m, func(node []byte) bool {
		if name := string(wire.Last(node, fieldnum.NodeDef_Name)); len(name) <= maxNameLength && printable.Is(name) {
			names = append(names, name)
		}
		return len(names) < maxNames
	})
	return names
}

// ScopeNames returns the distinct scopes of the first nodes, at all levels.
func ScopeNames(m *wire.MetaGraph) []string {
	var names []string
	seen := make(map[string]bool)
	for _, name := range NodeNames(m) {
		for end := strings.LastIndexByte(name, '/'); end > 0 && !seen[name[:end]]; end = strings.LastIndexByte(name[:end], '/') {
			seen[name[:end]] = true
			names = append(names, name[:end])
		}
	}
	return names
}

// SuggestOps returns the ops that begin with prefix.
func SuggestOps(m *wire.MetaGraph, prefix string) []Suggestion {
	found := newSuggestions(prefix)
	walk(m, func(node []byte) bool { return found.add(wire.Last(node, fieldnum.NodeDef_Op), "") })
	return found.list()
}

// SuggestDevices returns the device strings of nodes that begin with prefix.
func SuggestDevices(m *wire.MetaGraph, prefix string) []Suggestion {
	found := newSuggestions(prefix)
	add := func(node []byte) bool {
		device := wire.Last(node, fieldnum.NodeDef_Device)
		return len(device) == 0 || found.add(device, "")
	}
	walk(m, add)
	walkFunctions(m, add)
	return found.list()
}

// SuggestInputs returns the names beginning with prefix that an import can map: placeholders and the inputs listed in
// the collection whose key is unbound.
func SuggestInputs(m *wire.MetaGraph, unbound, prefix string) []Suggestion {
	found := newSuggestions(prefix)
	collection, _ := m.Collection(unbound)
	for input := range scope.Entries(collection, fieldnum.CollectionDef_BytesList, fieldnum.CollectionDef_NodeList) {
		found.add(input, "unbound input")
	}
	walk(m, func(node []byte) bool {
		op := string(wire.Last(node, fieldnum.NodeDef_Op))
		return !strings.HasPrefix(op, "Placeholder") || found.add(wire.Last(node, fieldnum.NodeDef_Name), op)
	})
	return found.list()
}

// SuggestCollections returns the keys of collections that begin with prefix. The note is the kind of list.
func SuggestCollections(m *wire.MetaGraph, prefix string) []Suggestion {
	found := newSuggestions(prefix)
	for key, collection := range m.Entries(fieldnum.MetaGraphDef_CollectionDef) {
		kind, _ := scope.KindOf(collection)
		if !found.add(key, string(scope.CollectionKinds[kind])) {
			break
		}
	}
	return found.list()
}

// SuggestSignatures returns the keys of signatures that begin with prefix.
func SuggestSignatures(m *wire.MetaGraph, prefix string) []Suggestion {
	found := newSuggestions(prefix)
	for key := range m.Entries(fieldnum.MetaGraphDef_SignatureDef) {
		if !found.add(key, "") {
			break
		}
	}
	return found.list()
}

// SuggestAttrs returns the keys of the attrs of nodes that begin with prefix.
func SuggestAttrs(m *wire.MetaGraph, prefix string) []Suggestion {
	found := newSuggestions(prefix)
	walk(m, func(node []byte) bool {
		for key := range wire.MapEntries(node, fieldnum.NodeDef_Attr) {
			if !found.add(key, "") {
				return false
			}
		}
		return true
	})
	return found.list()
}

// SuggestFunctions returns the names of functions that begin with prefix.
func SuggestFunctions(m *wire.MetaGraph, prefix string) []Suggestion {
	found := newSuggestions(prefix)
	for f, err := range m.Graph().Functions() {
		if err != nil || !found.add([]byte(f.Name()), "") {
			break
		}
	}
	return found.list()
}

// walk calls visit with each NodeDef of the graph until visit returns false, at most maxWalked times.
func walk(m *wire.MetaGraph, visit func(node []byte) bool) {
	left := maxWalked
	for node := range wire.All(m.Graph(), fieldnum.GraphDef_Node) {
		if left--; left < 0 || !visit(node) {
			return
		}
	}
}

// walkFunctions calls visit with each NodeDef of function bodies until visit returns false, within the limit of walk.
func walkFunctions(m *wire.MetaGraph, visit func(node []byte) bool) {
	left := maxWalked
	for library := range wire.All(m.Graph(), fieldnum.GraphDef_Library) {
		for function := range wire.All(library, fieldnum.FunctionDefLibrary_Function) {
			for node := range wire.All(function, fieldnum.FunctionDef_NodeDef) {
				if left--; left < 0 || !visit(node) {
					return
				}
			}
		}
	}
}

// suggestions collects distinct texts that begin with a prefix.
type suggestions struct {
	prefix string
	notes  map[string]string
	last   string // neighbors in a file are often equal
}

func newSuggestions(prefix string) *suggestions {
	return &suggestions{prefix: prefix, notes: make(map[string]string)}
}

// fits reports whether a text begins with the prefix.
func (s *suggestions) fits(text []byte) bool {
	return len(text) >= len(s.prefix) && string(text[:len(s.prefix)]) == s.prefix
}

// walkLevels calls visit with each node whose name begins with the prefix and what level returns for the name, until visit returns
// false.
func (s *suggestions) walkLevels(m *wire.MetaGraph, visit func(node, level []byte, whole bool) bool) {
	walk(m, func(node []byte) bool {
		name := wire.Last(node, fieldnum.NodeDef_Name)
		if !s.fits(name) {
			return true
		}
		level, whole := s.level(name)
		return visit(node, level, whole)
	})
}

// level cuts a matching name after the first slash that follows the prefix. If there is none, it returns the whole
// name and true.
func (s *suggestions) level(name []byte) (text []byte, whole bool) {
	for i := len(s.prefix); i < len(name); i++ {
		if name[i] == '/' {
			return name[:i+1], false
		}
	}
	return name, true
}

// add adds a printable text that begins with the prefix. It returns false once the collection is full.
func (s *suggestions) add(text []byte, note string) bool {
	if len(text) == 0 || s.last == string(text) || !s.fits(text) {
		return true
	}
	s.last = string(text)
	if _, known := s.notes[s.last]; !known && printable.Is(s.last) {
		if !printable.Is(note) {
			note = ""
		}
		s.notes[s.last] = note
	}
	return len(s.notes) < maxSuggestible
}

// list returns the first suggestions, sorted by text.
func (s *suggestions) list() []Suggestion {
	out := make([]Suggestion, 0, len(s.notes))
	for text, note := range s.notes {
		out = append(out, Suggestion{text, note})
	}
	slices.SortFunc(out, func(a, b Suggestion) int { return strings.Compare(a.Text, b.Text) })
	return out[:min(len(out), maxSuggested)]
}
