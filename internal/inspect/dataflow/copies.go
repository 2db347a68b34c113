package dataflow

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
)

// maxChain limits how many nodes are followed from a tensor to the layer whose variable identifies its copies.
const maxChain = 16

// group merges the copies of each result into one candidate. Two results are copies in either of these cases:
//
//   - The same ops compute both from a layer that reads the same variable: towers, a second graph for evaluation, the steps of an unrolled loop.
//   - Their names differ only in numbers: a model that was built twice, workers with their own variables.
func (d *ioFinder) group(all []candidate) []candidate {
	all = d.groupBy(all, d.chain, d.preferShared)
	slices.SortStableFunc(all, d.compare)
	all = all[:min(len(all), maxCompared)]
	seen := make(map[string]bool)
	return d.groupBy(all, func(c candidate) (string, bool) {
		key, source, ok := d.numbered(c)
		of := key + "\x00" + source
		if !ok || seen[of] {
			return "", false // another head of the same model
		}
		seen[of] = true
		return key, true
	}, d.preferBuilt)
}

// maxCompared limits how many of the likeliest results are checked for copies with separate variables.
const maxCompared = 256

// groupBy merges candidates with the same key; the one that prefer selects represents the group. Candidates for which
// key returns false are kept as they are.
func (d *ioFinder) groupBy(all []candidate, key func(c candidate) (string, bool), prefer func(a, b candidate) bool) []candidate {
	places := make(map[string]int, len(all))
	var out []candidate
	for _, c := range all {
		k, ok := key(c)
		if !ok {
			out = append(out, c)
			continue
		}
		at, seen := places[k]
		if !seen {
			places[k] = len(out)
			out = append(out, c)
			continue
		}
		kept := &out[at]
		if prefer(c, *kept) {
			c, *kept = *kept, c
		}
		kept.copies = append(append(kept.copies, c.copies...), c.edge)
	}
	return out
}

// preferShared reports whether a, rather than b, represents copies that share variables. A copy outside training wins.
// Ties go to the later one, because a graph that trains and evaluates builds the evaluation last.
func (d *ioFinder) preferShared(a, b candidate) bool {
	if x, y := d.Has(a.edge.Node, markToLoss), d.Has(b.edge.Node, markToLoss); x != y {
		return y
	}
	if x, y := d.servingName(a.edge.Node), d.servingName(b.edge.Node); x != y {
		return x > y
	}
	if a.score != b.score {
		return a.score > b.score
	}
	if d.losses == 1 && d.Has(a.edge.Node, markToLoss) {
		return a.edge.Node < b.edge.Node // one loss compares both, as in a siamese network; the first is the original
	}
	return a.edge.Node > b.edge.Node
}

// preferBuilt reports whether a, rather than b, represents copies with separate variables. A copy outside training, or
// whose variables are saved, wins. Ties go to the first one.
func (d *ioFinder) preferBuilt(a, b candidate) bool {
	if x, y := d.Has(a.edge.Node, markToLoss), d.Has(b.edge.Node, markToLoss); x != y {
		return y
	}
	if x, y := d.servingName(a.edge.Node), d.servingName(b.edge.Node); x != y {
		return x > y
	}
	if x, y := d.saved(a.edge.Node), d.saved(b.edge.Node); x != y {
		return x
	}
	return a.edge.Node < b.edge.Node
}

// saved reports whether a saver reads the first variable of the layer that node i is computed from.
func (d *ioFinder) saved(i int32) bool {
	layer, ok := d.lastLayer(i)
	if !ok {
		return false
	}
	for _, e := range d.firstInputs(layer) {
		if e.Node == graph.Dangling || e.Port < 0 || !d.Has(e.Node, markWeights) {
			continue
		}
		root, ok := d.weightRoot(e.Node)
		return ok && d.readBySaver(root, 1)
	}
	return false
}

// readBySaver reports whether a saver reads node i, directly or through at most depth nodes that pass its value on.
func (d *ioFinder) readBySaver(i int32, depth int) bool {
	return slices.ContainsFunc(d.g.Consumers(int(i)), func(c graph.Edge) bool {
		return d.Is(c.Node, opdef.ClassSave) || depth > 0 && d.Is(c.Node, opdef.ClassSame) && d.readBySaver(c.Node, depth-1)
	})
}

// servingName returns a score for how clearly a name indicates that the copy is not used for training.
func (d *ioFinder) servingName(i int32) int {
	scopes, _ := nameParts(d.g.Name(int(i)))
	first, _, _ := strings.Cut(scopes, "/")
	switch {
	case says(first, []string{"infer", "serving", "predict"}):
		return 3
	case says(first, []string{"global", "eval", "valid", "test"}):
		return 2
	case says(first, []string{"train"}):
		return -1
	}
	return 0
}

// chain returns a key that copies of a result share: shape, dtype, the ops up to a layer, and the variables that the
// layer reads. It returns false if no layer is close upstream, or if several results are cut from one tensor.
func (d *ioFinder) chain(c candidate) (string, bool) {
	e := c.edge
	key := binary.AppendVarint([]byte(c.shape.String()), int64(c.dtype))
	key = binary.AppendVarint(key, int64(e.Port))
	for range maxChain {
		if d.Is(e.Node, opdef.ClassCut) {
			return "", false
		}
		key = binary.AppendVarint(key, int64(d.g.Op(int(e.Node))))
		if d.Has(e.Node, markLayer) {
			for k, in := range d.firstInputs(e.Node) {
				if in.Node == graph.Dangling || in.Port < 0 || !d.Has(in.Node, markWeights) {
					continue
				}
				if root, ok := d.weightRoot(in.Node); ok {
					key = binary.AppendVarint(binary.AppendVarint(key, int64(k)), int64(root))
				}
			}
			return string(key), true
		}
		next, at := d.resultInput(e.Node)
		if at < 0 {
			return "", false
		}
		key = binary.AppendVarint(binary.AppendVarint(key, int64(at)), int64(next.Port))
		e = next
	}
	return "", false
}

// numbered returns a key that copies with separate variables share: the op and the names of the result and its input,
// without numbers. It also returns that input. Copies have different inputs; numbered heads of one model have the same
// input.
func (d *ioFinder) numbered(c candidate) (key, input string, ok bool) {
	i := c.edge.Node
	source, ok := d.sourceOf(i)
	if !ok {
		return "", "", false
	}
	name := d.g.Name(int(i))
	input = d.tensorName(source)
	bare, inputBare := unnumbered(name), unnumbered(d.g.Name(int(source.Node)))
	return strings.Join([]string{
		bare, inputBare, d.g.OpName(d.g.Op(int(i))), c.shape.String(), strconv.Itoa(int(c.edge.Port)), strconv.Itoa(int(source.Port)),
	}, "\x00"), input, true
}

// unnumbered returns a name without digits and without the "_N" suffixes of its scopes. Only the first maxName bytes
// count.
func unnumbered(name []byte) string {
	var b strings.Builder
	for part := range strings.SplitSeq(string(name[:min(len(name), maxName)]), "/") {
		if at := strings.LastIndexByte(part, '_'); at > 0 && graph.UniqueSuffix(part[at:]) {
			part = part[:at]
		}
		b.WriteByte('/')
		for _, r := range part {
			if r < '0' || r > '9' {
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}

// maxUp limits how many nodes are followed from a result to its input.
const maxUp = 2000

// sourceOf returns the source of node i. It follows the first input that descends from a source.
func (d *ioFinder) sourceOf(i int32) (graph.Edge, bool) {
	for range maxUp {
		found := false
		for _, in := range d.firstInputs(i) {
			if in.Node == graph.Dangling || in.Port < 0 {
				continue
			}
			if d.isDataSource(in.Node) {
				return in, true
			}
			if d.Has(in.Node, markSource) {
				i, found = in.Node, true
				break
			}
		}
		if !found {
			break
		}
	}
	return graph.Edge{}, false
}

// resultInput returns the first input of node i that descends from a layer, and its index, which is -1 if there is
// none.
func (d *ioFinder) resultInput(i int32) (graph.Edge, int) {
	for k, in := range d.firstInputs(i) {
		if in.Node != graph.Dangling && in.Port >= 0 && d.Has(in.Node, markBelow) {
			return in, k
		}
	}
	return graph.Edge{Node: graph.Dangling}, -1
}

// firstInputs returns at most the first nearby inputs of node i, which bounds searches among them.
func (d *ioFinder) firstInputs(i int32) []graph.Edge {
	in := d.g.Inputs(int(i))
	return in[:min(len(in), nearby)]
}

// weightRoot returns the first variable or frozen constant that a weight is computed from.
func (d *ioFinder) weightRoot(i int32) (int32, bool) {
	for range maxChain {
		if d.Is(i, opdef.ClassVariable) || d.Is(i, opdef.ClassConst) && d.frozen {
			return i, true
		}
		found := false
		for _, in := range d.firstInputs(i) {
			if in.Node != graph.Dangling && in.Port >= 0 && d.Has(in.Node, markWeights) {
				i, found = in.Node, true
				break
			}
		}
		if !found {
			return i, true // a placeholder that stands for a variable
		}
	}
	return 0, false
}
