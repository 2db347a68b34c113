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
		return cmp.Or(cmp.Compare(votes[y], votes[x]), cmp.Compare(similarity(y.a, y.b), similarity(x.a, x.b)), compareNatural(x.a, y.a), compareNatural(x.b, y.b))
	})
	now, taken := make(map[string]string), make(map[string]bool)
	for _, p := range order {
		if _, ok := now[p.a]; !ok && !taken[p.b] {
			now[p.a], taken[p.b] = p.b, true
		}
	}
	var n, o wire.Node
	for k, name := range m.a.names {
		if m.a.partner[k] != noPartner || n.Parse(m.rawA(int32(k))) != nil {
			continue
		}
		scopes(name, func(scope, rest string) {
			to, ok := now[scope]
			if !ok || m.a.partner[k] != noPartner {
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
		if s.partner[k] != noPartner || every > 1 && sampleHash(lastPart(name))%every != 0 {
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
		if j == noPartner || !m.a.scoped[k] {
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
		if j == noPartner || !m.a.scoped[k] {
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
