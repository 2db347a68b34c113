package diff

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/scope"
)

// matchScopes pairs the nodes of scopes that were renamed or moved. Their names within the scope are unchanged.
func (m *matcher) matchScopes(seed maphash.Seed) {
	m.matchWholeScopes(seed, func(s *side, k int) uint64 { return s.prints[k] }, 2)
	if m.anyFree() {
		m.matchWholeScopes(seed, func(s *side, k int) uint64 { return maphash.Bytes(seed, opOf(s.nodes[s.left[k]])) }, 3)
	}
	if m.anyFree() {
		m.matchMostOfScopes(seed)
	}
	for range passes {
		if !m.verifyScopes() {
			break
		}
	}
}

// A scopeSum combines the hashes of the nodes without a partner in one scope, including their names within the scope.
type scopeSum struct {
	sum   uint64
	nodes int
}

// deepest is how many enclosing scopes, and how many endings, of a name are examined. Each one is hashed: a name with a megabyte of
// slashes would take hours. Renames at a deeper level are reported node by node.
const deepest = 64

// scopes calls use with each scope that contains the name, from the top level down to the deepest examined one, and with the rest
// of the name.
func scopes(name string, use func(scope, rest string)) {
	use("", name)
	at := 0
	for range deepest {
		next := strings.IndexByte(name[at:], '/')
		if next < 0 {
			return
		}
		at += next + 1
		use(name[:at-1], name[at:])
	}
}

// sums returns the sum of each scope that contains a free node.
func (s *side) sums(seed maphash.Seed, leaf func(s *side, k int) uint64) map[string]scopeSum {
	at := make(map[string]int)
	var sums []scopeSum
	var last []scopePlace // of the previous node, which usually is in the same scopes
	for k, name := range s.names {
		if s.partner[k] != noPartner {
			continue
		}
		h := leaf(s, k)
		depth := 0
		scopes(name, func(scope, rest string) {
			if depth == len(last) {
				last = append(last, scopePlace{at: noPartner})
			}
			if p := &last[depth]; p.at == noPartner || p.scope != scope {
				i, known := at[scope]
				if !known {
					i = len(sums)
					at[scope], sums = i, append(sums, scopeSum{})
				}
				*p = scopePlace{scope, i}
			}
			sum := &sums[last[depth].at]
			sum.sum += mix(maphash.String(seed, rest), h)
			sum.nodes++
			depth++
		})
	}
	out := make(map[string]scopeSum, len(at))
	for scope, i := range at {
		out[scope] = sums[i]
	}
	return out
}

// A scopePlace is a scope and the index of its sum.
type scopePlace struct {
	scope string
	at    int
}

// matchWholeScopes pairs scopes with at least the given number of nodes whose nodes have equal names and hashes.
func (m *matcher) matchWholeScopes(seed maphash.Seed, leaf func(s *side, k int) uint64, least int) {
	inA, inB := m.a.sums(seed, leaf), m.b.sums(seed, leaf)
	bySum := make(map[scopeSum]*candidates)
	for name, sum := range inB {
		if sum.nodes >= least {
			if bySum[sum] == nil {
				bySum[sum] = new(candidates)
			}
			bySum[sum].all = append(bySum[sum].all, name)
		}
	}
	for _, c := range bySum {
		c.index()
	}
	now, taken := make(map[string]string), make(map[string]bool)
	gone := func(scope string) bool { return inside(scope, func(s string) bool { return taken[s] }) }
	for _, from := range largestFirst(inA, func(sum scopeSum) bool { return sum.nodes >= least && bySum[sum] != nil }) {
		if inside(from, func(s string) bool { _, ok := now[s]; return ok }) {
			continue
		}
		if to, ok := bySum[inA[from]].closest(from, gone); ok {
			now[from], taken[to] = to, true
		}
	}
	if len(now) == 0 {
		return
	}
	for k, name := range m.a.names {
		if m.a.partner[k] != noPartner {
			continue
		}
		done := false
		scopes(name, func(scope, rest string) {
			to, ok := now[scope]
			if done || !ok {
				return
			}
			if j, there := m.b.at[inScope(to, rest)]; there && m.free(int32(k), j) {
				m.pair(int32(k), j, true)
				done = true
			}
		})
	}
}

// candidates are the scopes of B that a scope of A may have become. Indexes by last part and by parent find the most similar one
// without a full search.
type candidates struct {
	all      []string // in natural order
	byLast   map[string][]string
	byParent map[string][]string
}

// index sorts the candidates and fills the maps.
func (c *candidates) index() {
	slices.SortFunc(c.all, compareNatural)
	c.byLast, c.byParent = make(map[string][]string), make(map[string][]string)
	for _, name := range c.all {
		last, parent := lastPart(name), scope.Parent(name)
		c.byLast[last] = append(c.byLast[last], name)
		c.byParent[parent] = append(c.byParent[parent], name)
	}
}

// closest returns the candidate most similar to a scope of A (see likeness): among equals, the first in natural order. It reports
// false if no candidate is left. It skips the scope itself and candidates for which gone is true; these must stay gone.
func (c *candidates) closest(from string, gone func(string) bool) (string, bool) {
	for _, few := range []struct {
		names map[string][]string
		key   string
	}{{c.byLast, lastPart(from)}, {c.byParent, scope.Parent(from)}} {
		names, known := few.names[few.key]
		if !known {
			continue
		}
		names, to, ok := firstLeft(names, from, gone)
		if few.names[few.key] = names; ok {
			return to, true
		}
	}
	var to string
	var ok bool
	c.all, to, ok = firstLeft(c.all, from, gone)
	return to, ok
}

// firstLeft returns the first name that is neither gone nor skip. It also returns names without the gone ones at its start, so that
// each is examined only once. It modifies names.
func firstLeft(names []string, skip string, gone func(string) bool) (left []string, first string, ok bool) {
	at := 0 // 1 once skip was found at the start
	for at < len(names) {
		switch name := names[at]; {
		case gone(name):
			if at == 1 {
				names[1] = names[0]
			}
			names = names[1:]
		case name == skip:
			at++
		default:
			return names, name, true
		}
	}
	return names, "", false
}

// largestFirst returns the scopes whose sum fits, sorted by decreasing number of nodes, then outer scopes first.
func largestFirst(sums map[string]scopeSum, fits func(scopeSum) bool) []string {
	type scope struct {
		name         string
		nodes, depth int
	}
	var found []scope
	for name, sum := range sums {
		if fits(sum) {
			found = append(found, scope{name, sum.nodes, strings.Count(name, "/")})
		}
	}
	slices.SortFunc(found, func(x, y scope) int {
		if c := cmp.Or(y.nodes-x.nodes, x.depth-y.depth); c != 0 {
			return c
		}
		return compareNatural(x.name, y.name)
	})
	out := make([]string, len(found))
	for i, s := range found {
		out[i] = s.name
	}
	return out
}

// inside reports whether is returns true for a scope or one that contains it.
func inside(name string, is func(string) bool) bool {
	for {
		if is(name) {
			return true
		}
		if name == "" {
			return false
		}
		name = scope.Parent(name)
	}
}

// similarity rates a possible new name of a scope: higher for the same last part, and for the same parent.
func similarity(a, b string) int {
	n := 0
	if lastPart(a) == lastPart(b) {
		n += 2
	}
	if scope.Parent(a) == scope.Parent(b) {
		n++
	}
	return n
}
