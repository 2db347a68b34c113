package render

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect"
)

// Scopes returns the section scopes: a tree for people, and full paths for scripts. The hint explains how to see deeper scopes.
func Scopes(t *inspect.ScopeTree, hint string) View {
	return View{
		Tables: []grid{{
			columns: []column{{name: "scope", tree: "/"}, numberColumn("nodes"), numberColumn("directly")},
			rows: formsOf(t.Scopes, func(s *inspect.Scope) []string {
				return []string{s.Scope, strconv.Itoa(s.Nodes), strconv.Itoa(s.Own)}
			}),
			note: scopesNote(t, hint),
		}},
		Values: each(t.Scopes, func(s *inspect.Scope) string { return s.Scope }),
		fields: []member{{"scopes", t.Scopes}, {"scope_nodes", t.Nodes}, {"top_nodes", t.Top}, {"deeper_nodes", t.Deeper}},
	}
}

// scopesNote returns a note on the nodes and scopes that the tree does not show.
func scopesNote(t *inspect.ScopeTree, hint string) string {
	var parts []string
	if t.Top > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s in no scope", numberText(t.Top), Count(t.Nodes, "node")))
	}
	if t.Deeper > 0 {
		parts = append(parts, Count(t.Deeper, "node")+" in deeper scopes ("+hint+")")
	}
	return strings.Join(parts, "; ")
}
