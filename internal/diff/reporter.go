package diff

import (
	"cmp"
	"slices"
)

// A nodeReporter reports the differences between the nodes of two aligned graphs or function bodies.
type nodeReporter struct {
	of      string // the part that the nodes belong to: Nodes or Functions
	sel     *selection
	al      *alignment
	compare *comparer
	matcher *matcher
	scopes  []Scope
	inScope map[scopePair]bool // scopes that are reported as renamed
	ops     map[string]string  // interned names of reported ops

	variables *variableReporter // nil if variables are not reported
}

// newNodeReporter finds the renamed nodes and passes them to the comparer.
func (c *comparison) newNodeReporter(of string, al *alignment, compare *comparer) *nodeReporter {
	t := &nodeReporter{of: of, sel: c.sel, al: al, compare: compare, inScope: make(map[scopePair]bool), ops: make(map[string]string)}
	t.matcher = newMatcher(al, compare)
	t.findScopes()
	return t
}

// part returns the differences between the nodes.
func (t *nodeReporter) part() *Part {
	p := &Part{A: len(t.al.a), B: len(t.al.b)}
	whole := t.sel.whole(t.of)
	if whole && !t.sel.named() {
		p.Removed, p.Added = make([]Change, 0, countUnpaired(t.al.toB)), make([]Change, 0, countUnpaired(t.al.toA))
		p.RenamedScopes = t.scopes
	}
	var n nodeView
	for i, raw := range t.al.a {
		switch j := t.al.toB[i]; {
		case j == noPartner:
			if !n.read(raw) {
				continue
			}
			if whole && t.sel.name(unsafeString(n.name)) {
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
		if t.al.toA[j] != noPartner || !n.read(raw) {
			continue
		}
		if whole && t.sel.name(unsafeString(n.name)) {
			p.Added = append(p.Added, t.change(&n))
		}
		if t.variables != nil {
			t.variables.added(&n)
		}
	}
	return p
}

// change returns the change of a node, with its name and op.
func (t *nodeReporter) change(n *nodeView) Change {
	op, ok := t.ops[unsafeString(n.op)]
	if !ok {
		op = string(n.op)
		t.ops[op] = op
	}
	return Change{Name: string(n.name), Op: op}
}

// pair adds the differences between two paired nodes.
func (t *nodeReporter) pair(p *Part, a, b []byte, whole bool) {
	fields := t.compare.node(a, b, false)
	from, to := &t.compare.a, &t.compare.b
	if t.variables != nil {
		t.variables.pair(from, to, fields, t.inScope)
	}
	was, now := unsafeString(from.name), unsafeString(to.name)
	renamed := was != now && whole && (t.sel.named() || !t.inScope[scopesOf(was, now)])
	if len(fields) == 0 && !renamed || !t.sel.name(was, now) {
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
	case renamed:
		p.Renamed = append(p.Renamed, change)
	}
}

// reportScope is the number of renamed nodes from which their scope is reported instead.
const reportScope = 2

// findScopes finds the renamed scopes in which several nodes kept the rest of their names.
func (t *nodeReporter) findScopes() {
	for p, s := range t.matcher.scopes {
		if s.nodes >= reportScope {
			t.inScope[p] = true
			t.scopes = append(t.scopes, Scope{Name: withSlash(p.a), NewName: withSlash(p.b), Nodes: s.nodes, Of: s.of})
		}
	}
	slices.SortFunc(t.scopes, func(x, y Scope) int {
		return cmp.Or(cmp.Compare(y.Nodes, x.Nodes), compareNatural(x.Name, y.Name), compareNatural(x.NewName, y.NewName))
	})
}

// withSlash returns a scope in its usual spelling, with a slash at the end. The top level is empty.
func withSlash(scope string) string {
	if scope == "" {
		return ""
	}
	return scope + "/"
}
