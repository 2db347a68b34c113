package diff

import (
	"cmp"
	"slices"
	"strings"
)

// A nodeTeller says what differs between the nodes of two graphs or function bodies that are aligned.
type nodeTeller struct {
	of      string // the part that the nodes count as: Nodes or Functions
	sel     *selection
	al      *alignment
	compare *comparer
	matcher *matcher
	scopes  []Scope
	inScope map[scopePair]bool // the scopes that are told as renamed
	ops     map[string]string  // the ops that were told, each once

	variables *variableTeller // nil where variables are not told
}

// newNodeTeller finds the renamed nodes. The comparer knows the renames afterwards.
func (c *comparison) newNodeTeller(of string, al *alignment, compare *comparer) *nodeTeller {
	t := &nodeTeller{of: of, sel: c.sel, al: al, compare: compare, inScope: make(map[scopePair]bool), ops: make(map[string]string)}
	t.matcher = newMatcher(al, compare)
	t.findScopes()
	return t
}

// part returns what differs.
func (t *nodeTeller) part() *Part {
	p := &Part{A: len(t.al.a), B: len(t.al.b)}
	whole := t.sel.whole(t.of)
	if whole && !t.sel.named() {
		p.Removed, p.Added = make([]Change, 0, lonely(t.al.toB)), make([]Change, 0, lonely(t.al.toA))
		p.RenamedScopes = t.scopes
	}
	var n nodeView
	for i, raw := range t.al.a {
		switch j := t.al.toB[i]; {
		case j == alone:
			if !n.read(raw) {
				continue
			}
			if whole && t.sel.name(view(n.name)) {
				p.Removed = append(p.Removed, t.change(&n))
			}
			if t.variables != nil {
				t.variables.removed(&n)
			}
		case !t.al.equal[i]:
			t.pair(p, raw, t.al.b[j], whole)
		case t.variables != nil:
			t.variables.equal(raw)
		}
	}
	for j, raw := range t.al.b {
		if t.al.toA[j] != alone || !n.read(raw) {
			continue
		}
		if whole && t.sel.name(view(n.name)) {
			p.Added = append(p.Added, t.change(&n))
		}
		if t.variables != nil {
			t.variables.added(&n)
		}
	}
	return p
}

// change returns the change of a node: its name and its op, of which a graph has few.
func (t *nodeTeller) change(n *nodeView) Change {
	op, ok := t.ops[view(n.op)]
	if !ok {
		op = string(n.op)
		t.ops[op] = op
	}
	return Change{Name: string(n.name), Op: op}
}

// pair adds what differs between two nodes that are one.
func (t *nodeTeller) pair(p *Part, a, b []byte, whole bool) {
	fields := t.compare.node(a, b, false)
	from, to := &t.compare.a, &t.compare.b
	if t.variables != nil {
		t.variables.pair(from, to, fields, t.inScope)
	}
	was, now := view(from.name), view(to.name)
	told := was != now && whole && (t.sel.named() || !t.inScope[scopesOf(was, now)])
	if len(fields) == 0 && !told || !t.sel.name(was, now) {
		return
	}
	change := t.change(from)
	if was != now {
		change.NewName = string(to.name)
	}
	for _, f := range fields {
		if t.sel.field(t.of, f.Field) {
			change.Fields = append(change.Fields, f)
		}
	}
	switch {
	case len(change.Fields) > 0:
		p.Changed = append(p.Changed, change)
	case told:
		p.Renamed = append(p.Renamed, change)
	}
}

// tellScope is from how many nodes on a scope is told as renamed instead of its nodes.
const tellScope = 2

// findScopes finds the scopes that were renamed: those of which several nodes have kept the rest of their names.
func (t *nodeTeller) findScopes() {
	for p, s := range t.matcher.scopes {
		if s.nodes >= tellScope {
			t.inScope[p] = true
			t.scopes = append(t.scopes, Scope{Name: withSlash(p.a), NewName: withSlash(p.b), Nodes: s.nodes, Of: s.of})
		}
	}
	slices.SortFunc(t.scopes, func(x, y Scope) int {
		return cmp.Or(cmp.Compare(y.Nodes, x.Nodes), compareNatural(x.Name, y.Name), compareNatural(x.NewName, y.NewName))
	})
}

// withSlash returns a scope as it is written, with a slash at the end; the top is empty.
func withSlash(scope string) string {
	if scope == "" {
		return ""
	}
	return scope + "/"
}

// A scopeCount is how many nodes of a scope have got their names behind another one, and how many it has.
type scopeCount struct {
	nodes, of, kept int
}

// renamedScopes counts the nodes of all scopes that any node has left for another.
func (m *matcher) renamedScopes() map[scopePair]scopeCount {
	found := make(map[scopePair]scopeCount)
	byScope := make(map[string]scopeCount)
	for k := range m.a.left {
		if j := m.a.partner[k]; j != alone {
			p := scopesOf(m.a.names[k], m.b.names[j])
			if lastPart(m.a.names[k]) == lastPart(m.b.names[j]) {
				s := found[p]
				s.nodes++
				found[p] = s
				byScope[p.a] = scopeCount{}
			}
		}
	}
	if len(found) == 0 {
		return found
	}
	// A node that is called like the scope, as a variable is, goes with it.
	for k := range m.a.left {
		if j := m.a.partner[k]; j != alone {
			p := scopePair{m.a.names[k], m.b.names[j]}
			if s, ok := found[p]; ok {
				s.nodes++
				found[p] = s
			}
		}
	}
	m.countScopes(byScope)
	for p, s := range found {
		s.of, s.kept = byScope[p.a].of, byScope[p.a].kept
		found[p] = s
	}
	return found
}

// countScopes counts the nodes of A in each of the scopes, and those of them that have kept their names.
func (m *matcher) countScopes(counts map[string]scopeCount) {
	if m.names == nil {
		m.names = make([]string, len(m.al.a))
		for i, raw := range m.al.a {
			m.names[i] = view(nameOf(raw))
		}
	}
	var last string
	var around []string // the scopes counted in which the nodes of last are
	left := m.a.left
	for i, name := range m.names {
		kept := 1
		if len(left) > 0 && int(left[0]) == i {
			left, kept = left[1:], 0
		}
		if scope := name[:max(strings.LastIndexByte(name, '/'), 0)]; i == 0 || scope != last {
			last, around = scope, around[:0]
			inside(scope, func(s string) bool {
				if _, ok := counts[s]; ok {
					around = append(around, s)
				}
				return false
			})
		}
		for _, s := range around {
			c := counts[s]
			counts[s] = scopeCount{of: c.of + 1, kept: c.kept + kept}
		}
		if c, ok := counts[name]; ok {
			counts[name] = scopeCount{of: c.of + 1, kept: c.kept + kept}
		}
	}
}

// findWholeScopes tells the comparer which scopes have another name, for the names that are not those of nodes: frames and
// control-flow contexts. A scope counts where none of its nodes has kept its name.
func (m *matcher) findWholeScopes() {
	best := make(map[string]int)
	now := make(map[string]string)
	m.scopes = m.renamedScopes()
	for p, s := range m.scopes {
		if s.kept == 0 && (s.nodes > best[p.a] || s.nodes == best[p.a] && p.b < now[p.a]) {
			best[p.a], now[p.a] = s.nodes, p.b
		}
	}
	m.compare.renames.scopes = now
}
