package freeze

import (
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/wire"
)

// A change is the value of a variable after an update.
type change struct{ variable, update int }

// orderUpdates finds reads of variables that run after updates. Such a read gets the value that the last update before it computes, if
// the inputs and control inputs of the nodes decide which one that is.
func (f *Freezing) orderUpdates() {
	shared := make(map[int]bool) // variables whose value other nodes share
	for _, first := range f.same {
		shared[first] = true
	}
	w := &walk{f: f, left: maxSteps}
	for _, v := range f.variables {
		if updates, reads, ok := f.uses(v); ok && len(updates) > 0 && !shared[v] {
			f.orderReads(v, updates, reads, w)
		}
	}
}

// orderReads finds the reads of variable v that run after updates.
func (f *Freezing) orderReads(v int, updates, reads []int, w *walk) {
	before := make(map[int]int) // number of updates that run before each read
	for k, update := range updates {
		w.start(update)
		if next := k + 1; next < len(updates) && !w.reaches(updates[next]) {
			return
		}
		if w.left -= len(reads); w.left <= 0 {
			return
		}
		for _, read := range reads {
			if w.reaches(read) {
				before[read] = k + 1
			}
		}
	}
	for k, update := range updates {
		if f.isRead(update) { // an update of a reference returns its value
			f.useValue(v, updates[:k], update)
		}
	}
	for _, read := range reads {
		k := before[read]
		if k > 0 && k < len(updates) {
			if w.start(read); !w.reaches(updates[k]) {
				continue
			}
		}
		if w.left > 0 && k > 0 {
			f.useValue(v, updates[:k], read)
		}
	}
}

// useValue makes a read of variable v use the value that the last of the updates before it computes.
func (f *Freezing) useValue(v int, updates []int, read int) {
	for k := len(updates) - 1; k >= 0; k-- {
		last := change{v, updates[k]}
		if f.changes[read] == last {
			return
		}
		f.changes[read], f.computed[last.update] = last, true
		read = last.update
	}
}

// maxSteps limits the search for the order of updates and reads, over all variables.
const maxSteps = 1 << 24

// A walk finds the nodes that run after another one.
type walk struct {
	f    *Freezing
	seen []int // for each node, the number of the last start that reached it
	run  int   // the number of starts
	left int   // the steps that are left
}

// start finds the kept nodes that run after node i because they need it, directly or indirectly.
func (w *walk) start(i int) {
	if w.seen == nil {
		w.seen = make([]int, w.f.g.Files())
	}
	w.run++
	for next := []int{i}; len(next) > 0; {
		i, next = next[len(next)-1], next[:len(next)-1]
		for _, c := range w.f.g.Consumers(i) {
			if w.left--; w.left <= 0 {
				return
			}
			if j := int(c.Node); w.f.kept(j) && w.seen[j] != w.run {
				w.seen[j] = w.run
				next = append(next, j)
			}
		}
	}
}

// reaches reports whether node i runs after the one of the last start.
func (w *walk) reaches(i int) bool { return w.seen[i] == w.run }

// uses returns the kept nodes that update variable v and those that only read it, in file order. It returns false if any other node uses
// the variable, such as a loop.
func (f *Freezing) uses(v int) (updates, reads []int, ok bool) {
	if by, ok := f.g.Through(graph.Edge{Node: int32(v)}); !ok || by != v {
		return nil, nil, false
	}
	var n wire.Node
	f.g.Graph.Node(v, &n)
	handle := !opdef.IsRefVariable(n.Op)
	for _, c := range f.g.Consumers(v) {
		i := int(c.Node)
		if c.Port == graph.Control || !f.kept(i) {
			continue
		}
		f.g.Graph.Node(i, &n)
		_, computes := f.updateOf(i, &n)
		switch first, _ := f.g.Source(n.Inputs[0]); {
		case computes && first == v && !f.passesReference(i):
			updates = append(updates, i)
		case handle && opdef.OnlyReads(n.Op), !handle && !f.wantsReference(&n):
			reads = append(reads, i)
		default:
			return nil, nil, false
		}
	}
	return updates, reads, true
}

// passesReference reports whether a kept node changes the variable that node i returns a reference to.
func (f *Freezing) passesReference(i int) bool {
	var n wire.Node
	return slices.ContainsFunc(f.g.Consumers(i), func(c graph.Edge) bool {
		f.g.Graph.Node(int(c.Node), &n)
		return c.Port != graph.Control && f.kept(int(c.Node)) && f.wantsReference(&n)
	})
}

// readChanges makes the reads after updates read the new values.
func (f *Freezing) readChanges() {
	var n wire.Node
	for i, c := range f.changes {
		f.g.Node(i, &n)
		inputs := wire.InputNames(n.Inputs)
		for k, input := range n.Inputs {
			if source, ok := f.g.Source(input); ok && source == c.variable && !wire.IsControl(input) {
				inputs[k] = f.g.Name(c.update)
			}
		}
		f.g.Edit(i).Inputs = inputs
	}
}

// updateOf returns the replacement of a node that updates a variable, or false if no op computes the new value.
func (f *Freezing) updateOf(i int, n *wire.Node) (replacement, bool) {
	op := updateOp(n.Op)
	m, ok := replacements[op]
	if !ok || !m.update || m.op == "Identity" && m.first == 0 {
		return m, false
	}
	if strings.HasPrefix(op, "Scatter") {
		// Ops on tensors do not expand a scalar.
		inputs := f.g.DataInputs(i)
		ok = len(inputs) > 2 && len(f.facts.Shape(int(inputs[2].Node), int(inputs[2].Port))) > 0
	}
	return m, ok
}

// updateOp returns the op on references that updates a variable as op does.
func updateOp(op []byte) string {
	return strings.TrimPrefix(strings.TrimSuffix(string(op), "VariableOp"), "Resource")
}
