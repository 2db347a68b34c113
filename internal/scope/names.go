// Package scope changes names in a MetaGraphDef. It adds and removes scopes, knows every place where a name can occur,
// and applies a Plan, which maps old names to new ones, to nodes, collections, signatures and debug info.
package scope

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/wire"
)

// UnboundPrefix starts the name of an input from outside an exported scope: $unbound_inputs_NAME (_UNBOUND_INPUT_PREFIX
// in tensorflow/python/framework/meta_graph.py).
const UnboundPrefix = "$unbound_inputs_"

// Clean removes trailing slashes from a scope. They have no meaning.
func Clean(scope string) string { return strings.TrimRight(scope, "/") }

// Split splits a name in a file into three parts: the mark before it (`^` of a control input, `loc:@` of a colocation
// group, or nothing), the name of the node or scope, and the port after it (`:1`, or nothing).
func Split(name []byte) (mark, node, port []byte) {
	switch {
	case len(name) > 0 && name[0] == '^':
		mark, name = name[:1], name[1:]
	case bytes.HasPrefix(name, []byte(wire.GroupPrefix)):
		mark, name = name[:len(wire.GroupPrefix)], name[len(wire.GroupPrefix):]
	}
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return mark, name[:i], name[i:]
	}
	return mark, name, nil
}

// Under reports whether name is inside scope: the scope, a slash and at least one more character. tower_10/x is
// therefore not in tower_1. The empty scope contains every name.
func Under(name []byte, scope string) bool {
	if scope == "" {
		return true
	}
	if len(name) <= len(scope)+1 || string(name[:len(scope)]) != scope || name[len(scope)] != '/' {
		return false
	}
	return len(bytes.TrimLeft(name[len(scope):], "/")) > 0
}

// Prepend inserts scope and a slash before a name, after a leading `^` or `loc:@` (prepend_name_scope in
// tensorflow/python/framework/ops.py).
func Prepend(name, scope string) string {
	if scope = Clean(scope); scope == "" {
		return name
	}
	mark, _, _ := Split([]byte(name))
	return string(mark) + scope + "/" + name[len(mark):]
}

// Parent returns the scope that contains a name, without a trailing slash. It is empty for a name at the top level
// (_get_scope in tensorflow/python/framework/meta_graph.py).
func Parent(name string) string {
	return name[:max(strings.LastIndexByte(name, '/'), 0)]
}

// Unique returns name if it is free, or else the first free name of name_1, name_2, ...
// (GraphConstructor::FindUniqueName in tensorflow/core/common_runtime/graph_constructor.cc).
func Unique(name string, taken func(string) bool) string {
	unique := name
	for i := 1; taken(unique); i++ {
		unique = name + "_" + strconv.Itoa(i)
	}
	return unique
}

// ValidName reports whether TensorFlow accepts a name for a node, and therefore for a scope. A name consists of letters,
// digits and `_.-/`, and does not start with `_`, `-` or `/`. Several such parts can be joined by `>` (IsValidNodeName
// in tensorflow/core/graph/tensor_id.h and node_def_util.cc). Python's name_scope also accepts a backslash, but the
// importer does not.
func ValidName[S string | []byte](name S) bool {
	if plain([]byte(name)) {
		return len(name) > 0 && nameBytes[name[0]] == startByte
	}
	start := true
	for i := range len(name) {
		class := nameBytes[name[i]]
		if class == otherByte || start && class != startByte {
			return false
		}
		start = class == joinByte
	}
	return !start
}

// plain reports whether all bytes of a name may be anywhere in it, except at its beginning. Names are checked a million at a time, so plain
// looks at eight bytes at once.
func plain(name []byte) bool {
	if len(name) < 8 {
		var all byteClass
		for _, c := range name {
			all |= nameBytes[c]
		}
		return all&^(startByte|innerByte) == 0
	}
	last := len(name) - 8
	other := otherBytes(binary.LittleEndian.Uint64(name[last:]))
	for at := 0; at < last; at += 8 {
		other |= otherBytes(binary.LittleEndian.Uint64(name[at:]))
	}
	return other == 0
}

// otherBytes returns a word that is 0 if plain accepts the eight bytes of word.
func otherBytes(word uint64) uint64 {
	// The first sum of a range sets the upper bit of the bytes from its start on; the second, that of the bytes after its end.
	const each = 0x0101010101010101 // times a byte: that byte in all places
	lower := word | ('a'-'A')*each
	letters := (lower + (0x80-'a')*each) &^ (lower + (0x7f-'z')*each)
	digits := (word + (0x80-'-')*each) &^ (word + (0x7f-'9')*each) // and '-', '.' and '/'
	joints := (word + (0x80-'_')*each) &^ (word + (0x7f-'_')*each)
	return (^(letters | digits | joints) | word) & (0x80 * each)
}

// A byteClass says where a byte is allowed in the name of a node.
type byteClass uint8

const (
	startByte byteClass = 1 << iota // everywhere
	innerByte                       // after the first byte of a part
	joinByte                        // between two parts
	otherByte                       // nowhere
)

var nameBytes = func() (table [256]byteClass) {
	for c := range table {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.':
			table[c] = startByte
		case c == '_' || c == '-' || c == '/':
			table[c] = innerByte
		case c == '>':
			table[c] = joinByte
		default:
			table[c] = otherByte
		}
	}
	return table
}()
