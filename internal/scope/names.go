// Package scope is about names: how one scope is put before another and taken off again, where in a MetaGraphDef names stand,
// and what a rewrite makes of each of them. It also holds what users write to pick out names and devices.
//
// The files: names.go, single names; table.go and registry.go, where names stand, in protos of collections too; plan.go, what
// becomes of every name; nodes.go, collection.go, message.go and debuginfo.go, a plan applied; anytype.go, messages in an Any;
// glob.go and device.go, patterns and devices.
package scope

import (
	"bytes"
	"strconv"
	"strings"
)

// UnboundPrefix is what an input from outside an exported scope is called by: $unbound_inputs_NAME
// (_UNBOUND_INPUT_PREFIX in tensorflow/python/framework/meta_graph.py).
const UnboundPrefix = "$unbound_inputs_"

// Clean returns a scope as a user may write it without the slashes at its end, which mean nothing.
func Clean(scope string) string { return strings.TrimRight(scope, "/") }

// Split takes a name apart as it stands in a file: what may stand before it (`^` of a control input, `loc:@` of a
// colocation group, or nothing), the name of the node or scope, and what stands behind it (`:1`, or nothing).
func Split(name []byte) (mark, node, port []byte) {
	switch {
	case len(name) > 0 && name[0] == '^':
		mark, name = name[:1], name[1:]
	case bytes.HasPrefix(name, []byte("loc:@")):
		mark, name = name[:5], name[5:]
	}
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return mark, name[:i], name[i:]
	}
	return mark, name, nil
}

// Under reports whether name lies in scope: whether it is more than the scope and a slash. A scope ends at a slash, so that
// tower_10/x does not lie in tower_1. Everything lies in the scope without a name.
func Under(name []byte, scope string) bool {
	if scope == "" {
		return true
	}
	if len(name) <= len(scope)+1 || string(name[:len(scope)]) != scope || name[len(scope)] != '/' {
		return false
	}
	return len(bytes.TrimLeft(name[len(scope):], "/")) > 0
}

// Strip takes scope and the slashes behind it off a name, which `^` or `loc:@` may precede. A name outside the scope stays
// as it is (strip_name_scope in tensorflow/python/framework/ops.py).
func Strip(name, scope string) string {
	mark, node, port := Split([]byte(name))
	if scope = Clean(scope); scope == "" || !Under(node, scope) {
		return name
	}
	return string(mark) + string(bytes.TrimLeft(node[len(scope):], "/")) + string(port)
}

// Prepend puts scope and a slash before a name, behind the `^` or `loc:@` that may precede it (prepend_name_scope in
// tensorflow/python/framework/ops.py).
func Prepend(name, scope string) string {
	if scope = Clean(scope); scope == "" {
		return name
	}
	mark, _, _ := Split([]byte(name))
	return string(mark) + scope + "/" + name[len(mark):]
}

// Parent returns the scope in which a name lies, without a slash at its end: empty at the top (_get_scope in
// tensorflow/python/framework/meta_graph.py).
func Parent(name string) string {
	return name[:max(strings.LastIndexByte(name, '/'), 0)]
}

// Unique returns name where it is not taken, else the first of name_1, name_2, ... that is not
// (GraphConstructor::FindUniqueName in tensorflow/core/common_runtime/graph_constructor.cc).
func Unique(name string, taken func(string) bool) string {
	unique := name
	for i := 1; taken(unique); i++ {
		unique = name + "_" + strconv.Itoa(i)
	}
	return unique
}

// ValidName reports whether TensorFlow accepts a name for a node, and so for the scope that nodes lie in: letters, digits,
// `_.-/`, the first no `_`, `-` or `/`, and parts of such a kind with `>` between them (IsValidNodeName in
// tensorflow/core/graph/tensor_id.h and node_def_util.cc). Python's name_scope lets a backslash pass, the importer does not.
func ValidName(name string) bool {
	for part := range strings.SplitSeq(name, ">") {
		if part == "" {
			return false
		}
		for i, c := range []byte(part) {
			letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.'
			if !letter && (i == 0 || strings.IndexByte(`_-/`, c) < 0) {
				return false
			}
		}
	}
	return true
}
