package inspect

import (
	"encoding/binary"
	"strings"
)

// maxChain is how many nodes lie at most between a tensor and the layer whose variable tells copies.
const maxChain = 16

// group puts the copies of one result together: tensors that are made by the same ops from a layer that reads the same
// variable, as in towers, in a second graph for evaluation, in the steps of an unrolled loop. One stands for all: one that training does not
// touch rather than one that it does, and of equals the last: who trains and evaluates in one graph builds what evaluates last.
func (d *finder) group(all []candidate) []candidate {
	places := make(map[string]int, len(all))
	var out []candidate
	for _, c := range all {
		key, ok := d.chain(c.edge)
		if !ok {
			out = append(out, c)
			continue
		}
		at, seen := places[key]
		if !seen {
			places[key] = len(out)
			out = append(out, c)
			continue
		}
		kept := &out[at]
		kept.copies = append(kept.copies, c.edge)
		if d.standsBefore(c, *kept) {
			c.copies = kept.copies
			c.copies[len(c.copies)-1] = kept.edge
			*kept = c
		}
	}
	return out
}

// standsBefore reports whether a rather than b should stand for the copies that both are of.
func (d *finder) standsBefore(a, b candidate) bool {
	if x, y := d.has(a.edge.Node, markToLoss), d.has(b.edge.Node, markToLoss); x != y {
		return y
	}
	if x, y := d.servingName(a.edge.Node), d.servingName(b.edge.Node); x != y {
		return x > y
	}
	return a.score >= b.score
}

// servingName returns how much a name says that the copy is there for others than training.
func (d *finder) servingName(i int32) int {
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

// chain returns what tells copies from different results: the ops from a tensor up to a layer, and the variables it reads. It
// reports false where there is no layer close above.
func (d *finder) chain(e Edge) (string, bool) {
	key := binary.AppendVarint(nil, int64(e.Port))
	for range maxChain {
		key = binary.AppendVarint(key, int64(d.g.Op(int(e.Node))))
		if d.has(e.Node, markLayer) {
			for k, in := range d.firstInputs(e.Node) {
				if in.Node == Dangling || in.Port < 0 || !d.has(in.Node, markWeights) {
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

// resultInput returns the first input of node i that descends from a layer, and its place, -1 where there is none.
func (d *finder) resultInput(i int32) (Edge, int) {
	for k, in := range d.firstInputs(i) {
		if in.Node != Dangling && in.Port >= 0 && d.has(in.Node, markBelow) {
			return in, k
		}
	}
	return Edge{Node: Dangling}, -1
}

// firstInputs returns the inputs of node i that are looked at where one of them is searched for.
func (d *finder) firstInputs(i int32) []Edge {
	in := d.g.Inputs(int(i))
	return in[:min(len(in), nearby)]
}

// weightRoot returns the first variable that weights are computed from.
func (d *finder) weightRoot(i int32) (int32, bool) {
	for range maxChain {
		if d.is(i, opVariable) || d.is(i, opConst) && d.frozen {
			return i, true
		}
		found := false
		for _, in := range d.firstInputs(i) {
			if in.Node != Dangling && in.Port >= 0 && d.has(in.Node, markWeights) {
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
