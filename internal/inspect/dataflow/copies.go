package dataflow

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
)

// maxChain is how many nodes lie at most between a tensor and the layer whose variable tells copies.
const maxChain = 16

// group joins the copies of one result. Copies are tensors that the same ops compute from a layer that reads the same variable (towers,
// a second graph for evaluation, the steps of an unrolled loop), and tensors whose names differ in numbers only (a model that was
// built twice, workers with variables of their own).
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

// maxCompared is how many of the likeliest results are looked at for copies with variables of their own.
const maxCompared = 256

// groupBy joins the candidates for which key returns the same string, and keeps those for which it reports false. The candidate that
// prefer prefers represents the others.
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

// preferShared reports whether a rather than b represents copies that share variables: one that training does not touch; of equals the
// last, because a graph that trains and evaluates builds what evaluates last.
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
		return a.edge.Node < b.edge.Node // one loss compares both, as in a siamese network: the model, then its repetition
	}
	return a.edge.Node > b.edge.Node
}

// preferBuilt reports whether a rather than b represents copies with variables of their own: one that training does not touch, or whose
// variables are saved; of equals the first.
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

// readBySaver reports whether a saver reads node i, through at most depth nodes that hand its value on.
func (d *ioFinder) readBySaver(i int32, depth int) bool {
	return slices.ContainsFunc(d.g.Consumers(int(i)), func(c graph.Edge) bool {
		return d.Is(c.Node, opdef.ClassSave) || depth > 0 && d.Is(c.Node, opdef.ClassSame) && d.readBySaver(c.Node, depth-1)
	})
}

// servingName returns how much a name says that the copy is there for others than training.
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

// chain returns what tells copies from different results: shape and dtype, the ops from a tensor up to a layer, and the variables it
// reads. It reports false where there is no layer close above, and below one of which several results are cut.
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

// numbered returns what tells copies that have variables of their own, as workers have: the name without its numbers, the op, and
// the name of the input without its numbers; and that input, which copies do not share, unlike the heads of one model, which may be
// numbered too.
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

// unnumbered returns a name without its digits, and without the underscores before them at the end of a scope.
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

// maxUp is how many nodes lie at most between a result and the input that it is computed from.
const maxUp = 2000

// sourceOf returns the source that is reached from node i by going up along the first input that descends from one.
func (d *ioFinder) sourceOf(i int32) (graph.Edge, bool) {
	for range maxUp {
		found := false
		for _, in := range d.firstInputs(i) {
			if in.Node == graph.Dangling || in.Port < 0 {
				continue
			}
			if d.comesIn(in.Node) {
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

// resultInput returns the first input of node i that descends from a layer, and its place, -1 where there is none.
func (d *ioFinder) resultInput(i int32) (graph.Edge, int) {
	for k, in := range d.firstInputs(i) {
		if in.Node != graph.Dangling && in.Port >= 0 && d.Has(in.Node, markBelow) {
			return in, k
		}
	}
	return graph.Edge{Node: graph.Dangling}, -1
}

// firstInputs returns the inputs of node i that are looked at where one of them is searched for.
func (d *ioFinder) firstInputs(i int32) []graph.Edge {
	in := d.g.Inputs(int(i))
	return in[:min(len(in), nearby)]
}

// weightRoot returns the first variable that weights are computed from.
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
