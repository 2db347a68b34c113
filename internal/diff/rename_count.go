package diff

import "strings"

// A scopeCount holds the size of a scope and how many of its nodes moved to another scope.
type scopeCount struct {
	nodes, of, kept int
}

// renamedScopes counts the nodes of all scopes from which a node moved to another scope.
func (m *matcher) renamedScopes() map[scopePair]scopeCount {
	found := make(map[scopePair]scopeCount)
	byScope := make(map[string]scopeCount)
	for k := range m.a.left {
		if j := m.a.partner[k]; j != noPartner {
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
	// A node named like the scope, such as a variable, belongs to it.
	for k := range m.a.left {
		if j := m.a.partner[k]; j != noPartner {
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

// countScopes counts the nodes of A in each scope, and how many of them kept their names.
func (m *matcher) countScopes(counts map[string]scopeCount) {
	if m.names == nil {
		m.names = make([]string, len(m.al.a))
		for i, raw := range m.al.a {
			m.names[i] = unsafeString(nameOf(raw))
		}
	}
	var last string
	var around []string // the counted scopes that contain the previous node
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

// findWholeScopes tells the comparer which scopes were renamed as a whole, so that no node kept its name. The comparer needs them
// for names that are not names of nodes: frames and control-flow contexts.
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
