package diff

import (
	"hash/maphash"
	"slices"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// A matcher pairs renamed nodes: nodes that are equal except for their names. It first looks for renamed scopes, then follows the
// edges of the graph, and then looks for unique nodes.
type matcher struct {
	al      *alignment
	compare *comparer
	a, b    side
	pairs   int                      // number of paired nodes
	scopes  map[scopePair]scopeCount // the counts of findWholeScopes
	names   []string                 // the names of all nodes of A; nil until needed
	settled bool                     // all nodes of renamed scopes are equal; true until a pair is undone
}

// newMatcher finds the renames between aligned graphs and passes them to the comparer.
func newMatcher(al *alignment, c *comparer) *matcher {
	m := &matcher{al: al, compare: c}
	m.a.take(al.a, al.toB)
	m.b.take(al.b, al.toA)
	if len(m.a.left) == 0 || len(m.b.left) == 0 {
		return m
	}
	old := c.renames
	if old == nil {
		old = new(renames)
	}
	c.renames = &renames{nodes: m, functions: old.functions, scopes: old.scopes, locals: old.locals}
	seed := maphash.MakeSeed()
	m.a.fingerprint(newFingerprinter(c, seed, 0))
	m.b.fingerprint(newFingerprinter(c, seed, 1))
	m.matchScopes(seed)
	if m.anyFree() && m.related() {
		m.a.findReaders()
		m.b.findReaders()
		m.matchInputs()
		m.matchUnique(seed)
	}
	m.findWholeScopes()
	if m.verify() {
		m.findWholeScopes()
	}
	// renamed needs the rest for as long as names are translated.
	m.a = side{names: m.a.names, at: m.a.at, partner: m.a.partner}
	m.b = side{names: m.b.names}
	return m
}

// fewLeft is the number of nodes without a partner up to which matching continues even if the graphs have little in common.
const fewLeft = 50

// related reports whether the graphs have enough in common to look for renamed nodes. Unrelated graphs always have some nodes that
// look alike; reporting those as renamed would be misleading.
func (m *matcher) related() bool {
	left := max(len(m.a.left), len(m.b.left))
	common := len(m.al.a) - len(m.a.left) + m.pairs
	return left <= fewLeft || 2*common >= min(len(m.al.a), len(m.al.b))
}

// anyFree reports whether nodes without a partner are left on both sides.
func (m *matcher) anyFree() bool { return m.pairs < min(len(m.a.left), len(m.b.left)) }

// renamed returns the new name of a renamed node.
func (m *matcher) renamed(name string) (string, bool) {
	k, ok := m.a.at[name]
	if !ok || m.a.partner == nil || m.a.partner[k] == noPartner {
		return "", false
	}
	return m.b.names[m.a.partner[k]], true
}

// pair pairs node i of A with node j of B.
func (m *matcher) pair(i, j int32, scoped bool) {
	m.a.partner[i], m.b.partner[j] = j, i
	m.a.scoped[i], m.b.scoped[j] = scoped, scoped
	m.al.toB[m.a.left[i]], m.al.toA[m.b.left[j]] = m.b.left[j], m.a.left[i]
	m.pairs++
}

// unpair undoes the pairing of node i of A.
func (m *matcher) unpair(i int32) {
	j := m.a.partner[i]
	m.a.partner[i], m.b.partner[j] = noPartner, noPartner
	m.a.scoped[i], m.b.scoped[j] = false, false
	m.al.toB[m.a.left[i]], m.al.toA[m.b.left[j]] = noPartner, noPartner
	m.pairs--
	m.settled = false
}

// free reports whether neither node has a partner.
func (m *matcher) free(i, j int32) bool {
	return m.a.partner[i] == noPartner && m.b.partner[j] == noPartner
}

// rawA returns the NodeDef of node i of A.
func (m *matcher) rawA(i int32) []byte { return m.a.nodes[m.a.left[i]] }
func (m *matcher) rawB(j int32) []byte { return m.b.nodes[m.b.left[j]] }

// matchInputs pairs nodes with equal fingerprints that are the same input of paired nodes, and continues with their own inputs.
func (m *matcher) matchInputs() {
	var queue [][2]int32 // node numbers of the pairs whose inputs are still to be compared, each pair once
	queued := make(map[int32]bool)
	for i := range m.a.left {
		for _, r := range m.a.readers[i] {
			if to := m.al.toB[r.node]; to != noPartner && !m.al.equal[r.node] && !queued[r.node] {
				queued[r.node] = true
				queue = append(queue, [2]int32{r.node, to})
			}
		}
	}
	var n, o wire.Node
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if n.Parse(m.al.a[at[0]]) != nil || o.Parse(m.al.b[at[1]]) != nil {
			continue
		}
		for slot := range min(len(n.Inputs), len(o.Inputs)) {
			x, y := wire.ParseInput(n.Inputs[slot]), wire.ParseInput(o.Inputs[slot])
			i, ok := m.a.at[unsafeString(x.Node)]
			j, also := m.b.at[unsafeString(y.Node)]
			if !ok || !also || x.Control != y.Control || !m.free(i, j) || m.a.prints[i] != m.b.prints[j] {
				continue
			}
			m.pair(i, j, false)
			queue = append(queue, [2]int32{m.a.left[i], m.b.left[j]})
		}
	}
}

const (
	// rounds is the maximum number of searches for unique nodes. Each search uses the pairs that the previous one found.
	rounds = 6
	// manyLeft is the number of nodes above which only one search is made.
	manyLeft = 200_000
)

// matchUnique pairs nodes whose fingerprint and inputs occur once on each side. Once no more are found, it pairs nodes that occur
// equally often in A and in B, in the order of their names.
func (m *matcher) matchUnique(seed maphash.Seed) {
	times := rounds
	if len(m.a.left)+len(m.b.left) > manyLeft {
		times = 1
	}
	for range times {
		found := m.matchKeys(seed, false)
		m.matchReaders(found)
		if len(found) == 0 {
			break
		}
	}
	found := m.matchKeys(seed, true)
	m.matchReaders(found)
	if times > 1 && len(found) > 0 {
		m.matchKeys(seed, false)
	}
}

// matchReaders pairs the readers of newly found pairs, where that is unambiguous.
func (m *matcher) matchReaders(found []int32) {
	for len(found) > 0 {
		i := found[0]
		found = found[1:]
		j := m.a.partner[i]
		if j == noPartner {
			continue
		}
		for _, r := range m.a.readers[i] {
			x, ok := m.a.place(r.node)
			if !ok || m.a.partner[x] != noPartner {
				continue
			}
			match := int32(noPartner)
			for _, q := range m.b.readers[j] {
				y, ok := m.b.place(q.node)
				if !ok || q.slot != r.slot || !m.free(x, y) || m.a.prints[x] != m.b.prints[y] {
					continue
				}
				if match != noPartner && match != y {
					match = noPartner
					break
				}
				match = y
			}
			if match != noPartner {
				m.pair(x, match, false)
				found = append(found, x)
			}
		}
	}
}

// matchKeys pairs nodes whose fingerprint and inputs are unique on both sides. If groups is true, it also pairs nodes that occur
// equally often on both sides. It returns the places in A of the paired nodes.
func (m *matcher) matchKeys(seed maphash.Seed, groups bool) []int32 {
	a := m.group(seed, &m.a, 0)
	b := m.group(seed, &m.b, 1)
	var found []int32
	for i := range m.a.left {
		if m.a.partner[i] != noPartner {
			continue
		}
		key := a.key[i]
		as, bs := a.members[key], b.members[key]
		switch {
		case len(as) == 1 && len(bs) == 1:
			m.pair(int32(i), bs[0], false)
			found = append(found, int32(i))
		case groups && len(as) == len(bs) && as[0] == int32(i):
			found = append(found, m.pairGroup(as, bs)...)
		}
	}
	return found
}

// pairGroup pairs nodes that look the same: first those with the same last name part, then the others in order.
func (m *matcher) pairGroup(as, bs []int32) []int32 {
	byName := func(s *side) func(x, y int32) int {
		return func(x, y int32) int { return compareNatural(s.names[x], s.names[y]) }
	}
	as, bs = slices.SortedFunc(slices.Values(as), byName(&m.a)), slices.SortedFunc(slices.Values(bs), byName(&m.b))
	last := make(map[string][]int32)
	for _, j := range bs {
		name := lastPart(m.b.names[j])
		last[name] = append(last[name], j)
	}
	var found []int32
	for _, i := range as {
		name := lastPart(m.a.names[i])
		if same := last[name]; len(same) > 0 {
			m.pair(i, same[0], false)
			found, last[name] = append(found, i), same[1:]
		}
	}
	free := slices.DeleteFunc(bs, func(j int32) bool { return m.b.partner[j] != noPartner })
	for _, i := range as {
		if m.a.partner[i] == noPartner {
			m.pair(i, free[0], false)
			found, free = append(found, i), free[1:]
		}
	}
	return found
}

// A grouping holds the nodes of one side, grouped by hash.
type grouping struct {
	key     []uint64 // the hash for each place
	members map[uint64][]int32
}

// levels is how many levels of inputs the hash of a node includes.
const levels = 3

// group hashes the nodes without a partner, including their inputs and the inputs of those (see levels).
func (m *matcher) group(seed maphash.Seed, s *side, which int) grouping {
	key := slices.Clone(s.prints)
	next := make([]uint64, len(key))
	var n wire.Node
	for range levels {
		for k, i := range s.left {
			next[k] = key[k]
			if s.partner[k] != noPartner || n.Parse(s.nodes[i]) != nil {
				continue
			}
			h, controls := s.prints[k], uint64(0)
			for _, in := range n.Inputs {
				x := wire.ParseInput(in)
				var of uint64
				switch q, left := s.at[unsafeString(x.Node)]; {
				case !left:
					of = maphash.Bytes(seed, x.Node)
				case s.partner[q] == noPartner:
					of = key[q]
				case which == 0:
					of = mix(1, uint64(q))
				default:
					of = mix(1, uint64(s.partner[q]))
				}
				if x.Control {
					controls += mix(2, of)
				} else {
					h = mix(h, mix(of, maphash.Bytes(seed, plainPort(x.Port))))
				}
			}
			next[k] = mix(h, controls)
		}
		key, next = next, key
	}
	g := grouping{key, make(map[uint64][]int32)}
	for k := range s.left {
		if s.partner[k] == noPartner {
			g.members[key[k]] = append(g.members[key[k]], int32(k))
		}
	}
	return g
}

// passes is how often pairs are checked again after other pairs were undone.
const passes = 12

// verify undoes pairs of nodes that turn out to be different, and reports whether there were any. Nodes in a renamed scope can stay
// paired although they differ.
func (m *matcher) verify() bool {
	ever := false
	for range passes {
		unpaired := false
		for i := range m.a.left {
			k := int32(i)
			j := m.a.partner[k]
			if j == noPartner || m.a.scoped[k] {
				continue
			}
			if !m.compare.same(m.rawA(k), m.rawB(j)) || !m.haveCommonReader(k, j) {
				m.unpair(k)
				unpaired = true
			}
		}
		if m.verifyScopes() {
			unpaired = true
		}
		if !unpaired {
			break
		}
		ever = true
	}
	return ever
}

// haveCommonReader reports whether the readers of two nodes confirm that they are the same node. Constants without inputs often look
// alike, so at least one reader of the first must be paired with a reader of the second. Nodes without readers, or with more
// readers than are recorded, count as confirmed.
func (m *matcher) haveCommonReader(i, j int32) bool {
	a, b := m.a.readers[i], m.b.readers[j]
	if len(a) == 0 || len(b) == 0 || len(a) == manyReaders || len(b) == manyReaders || m.hasInputs(i) {
		return true
	}
	for _, r := range a {
		to := m.al.toB[r.node]
		if to != noPartner && slices.ContainsFunc(b, func(q reader) bool { return q.node == to }) {
			return true
		}
	}
	return false
}

// hasInputs reports whether node i of A has inputs.
func (m *matcher) hasInputs(i int32) bool {
	for range wire.All(m.rawA(i), fieldnum.NodeDef_Input) {
		return true
	}
	return false
}
