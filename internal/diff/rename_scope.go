package diff

import (
	"cmp"
	"hash/fnv"
	"hash/maphash"
	"io"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/wire"
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
		if s.partner[k] != alone {
			continue
		}
		h := leaf(s, k)
		depth := 0
		scopes(name, func(scope, rest string) {
			if depth == len(last) {
				last = append(last, scopePlace{at: alone})
			}
			if p := &last[depth]; p.at == alone || p.scope != scope {
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
		if m.a.partner[k] != alone {
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
		last, parent := lastPart(name), parentOf(name)
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
	}{{c.byLast, lastPart(from)}, {c.byParent, parentOf(from)}} {
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
func inside(scope string, is func(string) bool) bool {
	for {
		if is(scope) {
			return true
		}
		if scope == "" {
			return false
		}
		scope = parentOf(scope)
	}
}

// likeness rates a possible new name of a scope: higher for the same last part, and for the same parent.
func likeness(a, b string) int {
	n := 0
	if lastPart(a) == lastPart(b) {
		n += 2
	}
	if parentOf(a) == parentOf(b) {
		n++
	}
	return n
}

// parentOf returns the parent of a scope, or "" for the top level.
func parentOf(scope string) string { return scope[:max(strings.LastIndexByte(scope, '/'), 0)] }

const (
	// maxSameEnd is how many nodes may share the ending of a name for it to be significant.
	maxSameEnd = 16
	// sampleSize is the approximate number of nodes that are examined to find scopes.
	sampleSize = 100_000
	// votesNeeded is the number of votes that a scope needs.
	votesNeeded = 3
)

// A scopePair is a scope of A and its possible new name in B.
type scopePair struct{ a, b string }

// matchMostOfScopes pairs the nodes of scopes that were both renamed and changed. Each node votes for a pair of scopes: those that
// remain after removing the longest name ending that it shares with a node of the other side.
func (m *matcher) matchMostOfScopes(seed maphash.Seed) {
	ends := make(map[uint64][]int32)
	every := uint64(1 + (len(m.a.left)+len(m.b.left))/sampleSize)
	m.ends(seed, &m.a, every, func(k int32, end uint64, _ int) bool {
		if same := ends[end]; len(same) <= maxSameEnd {
			ends[end] = append(same, k)
		}
		return true
	})
	votes := make(map[scopePair]int)
	m.vote(seed, ends, every, func(p scopePair) { votes[p]++ })
	for p, n := range votes {
		if n < votesNeeded {
			delete(votes, p)
		}
	}
	if len(votes) == 0 {
		return
	}
	order := make([]scopePair, 0, len(votes))
	for p := range votes {
		order = append(order, p)
	}
	slices.SortFunc(order, func(x, y scopePair) int {
		return cmp.Or(cmp.Compare(votes[y], votes[x]), cmp.Compare(likeness(y.a, y.b), likeness(x.a, x.b)), compareNatural(x.a, y.a), compareNatural(x.b, y.b))
	})
	now, taken := make(map[string]string), make(map[string]bool)
	for _, p := range order {
		if _, ok := now[p.a]; !ok && !taken[p.b] {
			now[p.a], taken[p.b] = p.b, true
		}
	}
	var n, o wire.Node
	for k, name := range m.a.names {
		if m.a.partner[k] != alone || n.Parse(m.rawA(int32(k))) != nil {
			continue
		}
		scopes(name, func(scope, rest string) {
			to, ok := now[scope]
			if !ok || m.a.partner[k] != alone {
				return
			}
			j, there := m.b.at[inScope(to, rest)]
			if there && m.free(int32(k), j) && o.Parse(m.rawB(j)) == nil && string(n.Op) == string(o.Op) {
				m.pair(int32(k), j, true)
			}
		})
	}
}

// sampleHash decides which nodes are examined if there are too many. Unlike maphash it is the same in every run, so that two runs
// on the same files find the same renames (FNV-1a).
func sampleHash(s string) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, s) // never fails
	return h.Sum64()
}

// ends calls use with the hash of each ending of a free node's name and its position, from the whole name to the deepest examined
// scope. It continues with the next node once use returns false. If every is greater than 1, it samples the nodes by their last
// name part, which selects the same nodes on both sides.
func (m *matcher) ends(seed maphash.Seed, s *side, every uint64, use func(k int32, end uint64, at int) bool) {
	var n wire.Node
	for k, name := range s.names {
		if s.partner[k] != alone || every > 1 && sampleHash(lastPart(name))%every != 0 {
			continue
		}
		if n.Parse(s.nodes[s.left[k]]) != nil {
			continue
		}
		op := maphash.Bytes(seed, n.Op)
		at := 0
		for range deepest {
			if !use(int32(k), mix(op, maphash.String(seed, name[at:])), at) {
				break
			}
			next := strings.IndexByte(name[at:], '/')
			if next < 0 {
				break
			}
			at += next + 1
		}
	}
}

// vote calls count with a pair of scopes for each free node of B and each node of A with the longest shared name ending.
func (m *matcher) vote(seed maphash.Seed, ends map[uint64][]int32, every uint64, count func(scopePair)) {
	m.ends(seed, &m.b, every, func(j int32, end uint64, at int) bool {
		same := ends[end]
		if len(same) == 0 {
			return true
		}
		if len(same) > maxSameEnd {
			return false
		}
		name := m.b.names[j]
		rest := name[at:]
		for _, i := range same {
			if from, ok := strings.CutSuffix(m.a.names[i], rest); ok {
				count(scopePair{strings.TrimSuffix(from, "/"), strings.TrimSuffix(name[:at], "/")})
			}
		}
		return false
	})
}

// verifyScopes undoes the pairs of scopes whose nodes have too little in common apart from their names, and reports whether there
// were any. A scope counts as renamed if most of its nodes are equal, apart from devices; the other nodes then count as changed.
func (m *matcher) verifyScopes() bool {
	if m.settled {
		return false
	}
	same := make([]bool, len(m.a.left))
	tallies := make(map[scopePair]*tally)
	inA, inB := make(map[string]int), make(map[string]int)
	for k := range m.a.left {
		j := m.a.partner[k]
		if j == alone || !m.a.scoped[k] {
			continue
		}
		p := scopesOf(m.a.names[k], m.b.names[j])
		t := tallies[p]
		if t == nil {
			t = new(tally)
			tallies[p] = t
			inA[p.a], inB[p.b] = 0, 0
		}
		t.nodes++
		fields := m.compare.node(m.rawA(int32(k)), m.rawB(j), false)
		same[k] = len(fields) == 0
		if len(fields) == 0 || len(fields) == 1 && fields[0].Field == "device" {
			t.same++
		}
	}
	m.a.countIn(inA)
	m.b.countIn(inB)
	m.settled = true
	for k := range m.a.left {
		m.settled = m.settled && (same[k] || !m.a.scoped[k])
	}
	unpaired := false
	for k := range m.a.left {
		j := m.a.partner[k]
		if j == alone || !m.a.scoped[k] {
			continue
		}
		p := scopesOf(m.a.names[k], m.b.names[j])
		t, related := tallies[p], m.related()
		if (related || t.nodes >= manyAlike) && t.most(max(inA[p.a], inB[p.b])) || same[k] && t.same == t.nodes && related {
			continue
		}
		m.unpair(int32(k))
		unpaired = true
	}
	return unpaired
}

// manyAlike is the number of nodes that a renamed scope must have if the graphs have little else in common.
const manyAlike = 8

// A tally counts the paired nodes of a scope, and how many of them are equal.
type tally struct{ nodes, same int }

// most reports whether most of the given number of nodes are equal.
func (t *tally) most(nodes int) bool {
	const percent = 60
	return 100*t.same >= percent*nodes
}

// countIn counts, for each scope in counts, the nodes that have no partner of the same name.
func (s *side) countIn(counts map[string]int) {
	if len(counts) == 0 {
		return
	}
	for _, name := range s.names {
		scopes(name, func(scope, _ string) {
			if n, ok := counts[scope]; ok {
				counts[scope] = n + 1
			}
		})
	}
}

// scopesOf returns the scopes that remain after removing the name parts that a and b share at the end. If their last parts differ,
// it returns a and b.
func scopesOf(a, b string) scopePair {
	for {
		i, j := strings.LastIndexByte(a, '/'), strings.LastIndexByte(b, '/')
		if a[i+1:] != b[j+1:] {
			return scopePair{a, b}
		}
		if i < 0 || j < 0 {
			return scopePair{a[:max(i, 0)], b[:max(j, 0)]}
		}
		a, b = a[:i], b[:j]
	}
}
