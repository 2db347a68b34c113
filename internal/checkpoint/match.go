package checkpoint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/nearest"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Match describes how a checkpoint matches what a graph's saver restores.
type Match struct {
	Wanted    int          `json:"wanted"`          // distinct keys that the saver restores
	Found     int          `json:"found"`           // number of those keys that the checkpoint has
	Missing   []Missing    `json:"missing"`         // keys that the checkpoint lacks
	Different []Difference `json:"different"`       // tensors that do not match
	Unused    []string     `json:"unused"`          // keys of the checkpoint that the saver does not restore, sorted
	Hints     []string     `json:"hints,omitempty"` // probable causes and remedies
}

// A Missing is a key that the checkpoint lacks.
type Missing struct {
	Key     string   `json:"key"`
	Node    string   `json:"node"`    // the variable or table that needs it; "" if unknown
	Nearest []string `json:"nearest"` // similar keys of the checkpoint, most similar first
}

// A Difference is a tensor that the checkpoint has but the saver cannot restore.
type Difference struct {
	Key        string `json:"key"`
	Node       string `json:"node"`
	What       string `json:"what"` // "shape", "dtype", or "format" (the saver reads only V1 checkpoints)
	Graph      string `json:"graph"`
	Checkpoint string `json:"checkpoint"`
}

// Fits reports whether the saver can restore from the checkpoint.
func (m *Match) Fits() bool { return len(m.Missing) == 0 && len(m.Different) == 0 }

// MatchGraph compares a checkpoint with what the saver of a graph restores. It returns nil if the graph has no saver. Lists are
// sorted by key. The error is that of RestoredBy.
func MatchGraph(c *Checkpoint, m *wire.MetaGraph, g *graph.Graph) (*Match, error) {
	restored, err := RestoredBy(m, g)
	if err != nil || restored == nil {
		return nil, err
	}
	return c.match(restored, g), nil
}

// match compares a checkpoint with restored tensors.
func (c *Checkpoint) match(restored []Restored, g *graph.Graph) *Match {
	r := &Match{Missing: []Missing{}, Different: []Difference{}, Unused: []string{}}
	order := make([]int32, len(restored)) // indexes sorted by key
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return strings.Compare(restored[a].Key, restored[b].Key) })
	used := make([]bool, len(c.Tensors))
	at := 0
	for i, at32 := range order {
		t := &restored[at32]
		again := i > 0 && restored[order[i-1]].Key == t.Key
		for at < len(c.Tensors) && c.Tensors[at].Name < t.Key {
			at++
		}
		have := at < len(c.Tensors) && c.Tensors[at].Name == t.Key
		if !again {
			r.Wanted++
		}
		switch {
		case have:
			if !again {
				r.Found++
			}
			used[at] = true
			r.Different = append(r.Different, differences(t, &c.Tensors[at], nodeName(g, t.Node))...)
		case !again:
			r.Missing = append(r.Missing, Missing{Key: t.Key, Node: nodeName(g, t.Node), Nearest: []string{}})
		}
	}
	for i := range c.Tensors {
		if !used[i] {
			r.Unused = append(r.Unused, c.Tensors[i].Name)
		}
	}
	if c.Version == V2 && slices.ContainsFunc(restored, func(t Restored) bool { return t.V1Only }) {
		first := restored[slices.IndexFunc(restored, func(t Restored) bool { return t.V1Only })]
		r.Different = append(r.Different, Difference{Key: first.Key, Node: nodeName(g, first.Restore), What: "format", Graph: string(V1), Checkpoint: string(V2)})
		r.Hints = append(r.Hints, "the saver's ops read only V1 checkpoints; convert the checkpoint, or build the graph with a saver that writes V2")
	}
	c.suggest(r)
	return r
}

func nodeName(g *graph.Graph, i int32) string {
	if i == graph.Dangling {
		return ""
	}
	return string(g.Name(int(i)))
}

// differences returns why a tensor cannot be restored.
func differences(want *Restored, have *Tensor, node string) []Difference {
	var out []Difference
	add := func(what, inGraph, inCheckpoint string) {
		out = append(out, Difference{want.Key, node, what, inGraph, inCheckpoint})
	}
	if want.DType != 0 && want.DType != have.DType {
		add("dtype", tensor.DTypeName(want.DType), tensor.DTypeName(have.DType))
	}
	switch {
	case want.Shape != nil && !slices.Equal(want.Shape, have.Shape):
		add("shape", want.Shape.String(), have.Shape.String())
		return out
	case want.converted || want.Variable == nil:
		return out
	}
	restored := have.Shape
	if want.Slice.Start != nil {
		within, ok := want.Slice.Within(have.Shape)
		if !ok {
			add("shape", fmt.Sprintf("slice from %v of length %v", tensor.Shape(want.Slice.Start), tensor.Shape(want.Slice.Length)), have.Shape.String())
			return out
		}
		restored = within.Length
	}
	if want.Reshaped {
		a, knownA := want.Variable.Elements()
		b, knownB := restored.Elements()
		if knownA && knownB && a != b {
			add("shape", want.Variable.String(), restored.String())
		}
		return out
	}
	if !compatible(want.Variable, restored) {
		add("shape", want.Variable.String(), restored.String())
	}
	return out
}

// compatible reports whether a shape with unknown dimensions matches a full one.
func compatible(partial, full tensor.Shape) bool {
	return slices.EqualFunc(partial, full, func(a, b int64) bool { return a < 0 || a == b })
}

const (
	// maxNearest is the maximum number of missing keys with suggestions. Each one requires a scan of all keys.
	maxNearest = 20
	// maxCompared is the maximum number of keys that are compared with each missing one.
	maxCompared = 100_000
)

// suggest sets the nearest keys and the hints.
func (c *Checkpoint) suggest(m *Match) {
	if len(m.Missing) == 0 {
		return
	}
	shift := m.prefixes()
	candidates := m.Unused[:min(len(m.Unused), maxCompared)]
	for i := range m.Missing {
		missing := &m.Missing[i]
		if key, ok := shift[missing.Key]; ok {
			missing.Nearest = append(missing.Nearest, key)
		}
		if i >= maxNearest {
			continue
		}
		for _, key := range nearest.Names(missing.Key, candidates, 3) {
			if !slices.Contains(missing.Nearest, key) {
				missing.Nearest = append(missing.Nearest, key)
			}
		}
		missing.Nearest = missing.Nearest[:min(len(missing.Nearest), 3)]
	}
	m.hintPrefix(shift)
	if c.Find(ObjectGraphKey) != nil {
		m.Hints = append(m.Hints, "the checkpoint is object-based: tf.train.Checkpoint or Keras wrote it, with keys that follow Python objects; the saver restores by variable name")
	}
	if len(m.Hints) == 0 {
		m.hintMissing()
	}
}

// prefixes returns, for each missing key, the unused key that differs only in the enclosing scope: one ends with the other. It
// omits ambiguous keys.
func (m *Match) prefixes() map[string]string {
	byTail := make(map[string]string)
	note := func(tail, key string) {
		if old, seen := byTail[tail]; seen && old != key {
			key = "" // ambiguous
		}
		byTail[tail] = key
	}
	for _, key := range m.Unused {
		if key == ObjectGraphKey {
			continue
		}
		for tail := range tails(key) {
			note(tail, key)
		}
	}
	unused := make(map[string]bool, len(m.Unused))
	for _, key := range m.Unused {
		unused[key] = true
	}
	shift := make(map[string]string)
	for _, missing := range m.Missing {
		if key := byTail[missing.Key]; key != "" {
			shift[missing.Key] = key
			continue
		}
		for tail := range tails(missing.Key) {
			if unused[tail] {
				shift[missing.Key] = tail
				break
			}
		}
	}
	return shift
}

// maxTails limits how many scopes are removed from a key.
const maxTails = 16

// tails calls yield with a key without its first scope, without its first two, and so on.
func tails(key string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for range maxTails {
			_, tail, ok := strings.Cut(key, "/")
			if !ok || !yield(tail) {
				return
			}
			key = tail
		}
	}
}

// hintPrefix adds a hint if the checkpoint has most missing keys under another scope.
func (m *Match) hintPrefix(shift map[string]string) {
	type change struct{ graph, checkpoint string }
	counts := make(map[change]int)
	for key, other := range shift {
		if scope, ok := strings.CutSuffix(other, key); ok {
			counts[change{"", scope}]++
		} else {
			counts[change{strings.TrimSuffix(key, other), ""}]++
		}
	}
	var best change
	for one, n := range counts {
		if n > counts[best] || n == counts[best] && cmp.Or(cmp.Compare(one.graph, best.graph), cmp.Compare(one.checkpoint, best.checkpoint)) < 0 {
			best = one
		}
	}
	if n := counts[best]; n < 2 || 2*n < len(m.Missing) {
		return
	}
	if best.checkpoint != "" {
		m.Hints = append(m.Hints, fmt.Sprintf("%d missing keys are in the checkpoint under the scope %q: the checkpoint was saved from a graph with that scope", counts[best], best.checkpoint))
		return
	}
	m.Hints = append(m.Hints, fmt.Sprintf("%d missing keys are in the checkpoint without the scope %q: the graph was built or imported under that scope", counts[best], best.graph))
}

// slotNames are the names of optimizer slots (tensorflow/python/training), without the number that makes a name unique.
var slotNames = []string{"Adam", "Momentum", "RMSProp", "Adagrad", "AdagradDA", "Ftrl", "Adadelta", "AdaMax", "Nadam", "LazyAdam", "LAMB", "adam_m", "adam_v", "ExponentialMovingAverage"}

// hintMissing adds a hint if the missing keys belong to an optimizer, or if so many others are missing that the checkpoint must be that of
// another model.
func (m *Match) hintMissing() {
	slots, averages := 0, 0
	for _, missing := range m.Missing {
		last := missing.Key[strings.LastIndexByte(missing.Key, '/')+1:]
		stem, number, cut := strings.Cut(last, "_")
		switch {
		case last == "ExponentialMovingAverage":
			averages++
		case slices.Contains(slotNames, last), cut && slices.Contains(slotNames, stem) && len(number) <= 2,
			strings.HasPrefix(last, "beta1_power"), strings.HasPrefix(last, "beta2_power"):
			slots++
		}
	}
	switch model := m.Wanted - slots - averages; {
	case 2*m.Found < model:
		m.Hints = append(m.Hints, fmt.Sprintf("the checkpoint has only %d of the %d keys of the model's variables: it was probably saved from another model", m.Found, model))
	case slots > 0 && 2*slots >= len(m.Missing):
		m.Hints = append(m.Hints, fmt.Sprintf("%d missing keys are the state of an optimizer: the checkpoint was saved for inference, and the graph is for training; restore with a Saver over the other variables", slots))
	case averages > 0 && 2*averages >= len(m.Missing):
		m.Hints = append(m.Hints, fmt.Sprintf("%d missing keys are moving averages, which the checkpoint does not have; restore the variables themselves", averages))
	}
}
