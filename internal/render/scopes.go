package render

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect"
)

// Scopes is the section scopes: a tree for people, whole paths for scripts.
func Scopes(t *inspect.ScopeTree) View {
	g := Grid{Title: "scopes", Columns: []Column{{Name: "scope", Tree: "/"}, Number("nodes"), Number("directly")}}
	var paths []string
	for _, s := range t.Scopes {
		paths = append(paths, s.Scope)
		g.Rows = append(g.Rows, []string{s.Scope, strconv.Itoa(s.Nodes), strconv.Itoa(s.Own)})
	}
	g.Note = scopesNote(t)
	return View{Section: "scopes", Tables: []Grid{g}, Values: Lines(paths), Fields: []Member{
		{"scopes", t.Scopes}, {"scope_nodes", t.Nodes}, {"top_nodes", t.Top}, {"deeper_nodes", t.Deeper},
	}}
}

// scopesNote says what the tree does not show.
func scopesNote(t *inspect.ScopeTree) string {
	var parts []string
	if t.Top > 0 {
		parts = append(parts, fmt.Sprintf("%s of %d in no scope", count(t.Top, "node"), t.Nodes))
	}
	if t.Deeper > 0 {
		parts = append(parts, count(t.Deeper, "node")+" in deeper scopes (--depth 0 shows all)")
	}
	return strings.Join(parts, "; ")
}
