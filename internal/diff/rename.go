package diff

import (
	"strings"
	"unsafe"
)

// renames maps the renamed nodes, scopes and functions of A to their names in B. A nil *renames has no renames.
type renames struct {
	nodes     *matcher          // finds the node of B for a renamed node of A; may be nil
	scopes    map[string]string // scopes in which no node kept its name, without the slash; "" is the top level
	functions map[string]string
	locals    map[string]string // arguments of the function whose body is compared
}

// none reports whether nothing was renamed.
func (r *renames) none() bool {
	return r == nil || len(r.functions)+len(r.scopes)+len(r.locals) == 0 && (r.nodes == nil || r.nodes.pairs == 0)
}

// follows reports whether a was renamed to b. Both are names of a node, scope or function. The name of a node can have a leading
// `^` and a trailing output.
func (r *renames) follows(a, b string) bool { return !r.none() && r.translate(a) == b }

// followsNode is follows for the name of a node.
func (r *renames) followsNode(a, b string) bool { return !r.none() && r.node(a) == b }

// followsFunction is follows for the name of a function.
func (r *renames) followsFunction(a, b string) bool {
	if r.none() {
		return false
	}
	now, ok := r.functions[a]
	return ok && now == b
}

// translate returns the new name for a name, or the name itself if it was not renamed.
func (r *renames) translate(name string) string {
	if r.none() {
		return name
	}
	if now, ok := r.functions[name]; ok {
		return now
	}
	head, rest := "", name
	if strings.HasPrefix(rest, "^") {
		head, rest = rest[:1], rest[1:]
	}
	tail := ""
	if i := strings.IndexByte(rest, ':'); i >= 0 {
		rest, tail = rest[:i], rest[i:]
	}
	now := r.node(rest)
	if now == rest {
		return name
	}
	return head + now + tail
}

// node returns the new name of a node or scope.
func (r *renames) node(name string) string {
	if now, ok := r.locals[name]; ok {
		return now
	}
	if r.nodes != nil {
		if now, ok := r.nodes.renamed(name); ok {
			return now
		}
	}
	if len(r.scopes) == 0 {
		return name
	}
	for end := len(name); end > 0; end = strings.LastIndexByte(name[:end], '/') {
		if now, ok := r.scopes[name[:end]]; ok {
			return strings.TrimPrefix(now+name[end:], "/")
		}
	}
	if now, ok := r.scopes[""]; ok {
		return inScope(now, name)
	}
	return name
}

// inScope returns the full name of a name in a scope. The empty scope is the top level.
func inScope(scope, name string) string {
	if scope == "" {
		return name
	}
	return scope + "/" + name
}

// unsafeString returns bytes as a string without copying them. The string must not outlive the comparison.
func unsafeString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
