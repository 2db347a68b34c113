package page

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/diff"
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/inspect/picture"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/wire"
)

// DiffContent is the input for the page of a comparison.
type DiffContent struct {
	A, B   *model.Model
	Report *diff.Report
}

// The changes of a node or an input, with the numbers of changeNames in color.js.
const (
	same byte = iota
	added
	removed
	changed
	renamed
)

// A half is one of the two graphs of a comparison.
type half struct {
	graph *graph.Graph
	types *opdef.Tensors
	side  []uint8
	rest  wire.Graph
}

// newHalf indexes one of the graphs.
func newHalf(m *model.Model) (h half, names []string, err error) {
	if h.graph, err = m.Graph(); err != nil {
		return h, nil, err
	}
	if h.types, err = m.Tensors(); err != nil {
		return h, nil, err
	}
	h.rest = h.graph.Rest()
	h.side, names, err = picture.SideWork(m)
	return h, names, err
}

// Diff writes the page of a comparison. The error is that of reading a graph, or of w.
func Diff(w io.Writer, c DiffContent) error {
	a, names, err := newHalf(c.A)
	if err != nil {
		return err
	}
	b, _, err := newHalf(c.B)
	if err != nil {
		return err
	}
	u := newUnion(a, b, c.Report)
	u.addNodes()
	nodes := u.e.count()
	if err := u.addFunctions(c.Report); err != nil {
		return err
	}
	u.e.settle()
	o := u.e.outline()
	o.Kind, o.Name, o.Graph, o.Sides = "diff", sideName(c.Report.A)+" → "+sideName(c.Report.B), nodes, names
	facts := func(w io.Writer) error { return render.Diff(w, c.Report, render.DiffOptions{Format: render.JSON}) }
	return write(w, o, append(u.e.blocks(), block{"facts", nil, facts}))
}

// sideName returns the label of a side, or the last part of its path.
func sideName(s diff.Side) string {
	return cmp.Or(s.Label, s.File[strings.LastIndexAny(s.File, `/\`)+1:])
}

// A union holds the nodes of B, followed by those of A that have no counterpart in B.
type union struct {
	e       *encoder
	a, b    half
	toB     []int32         // by node of A: its counterpart, or -1
	toA     []int32         // by node of B: its counterpart, or -1
	number  []int32         // by node of A: its number in the union
	changed map[string]bool // names in B of the changed nodes
}

// newUnion pairs the nodes: by the renames of the report, then by name.
func newUnion(a, b half, report *diff.Report) *union {
	none := []int32{-1}
	u := &union{e: newEncoder(), a: a, b: b, toB: slices.Repeat(none, a.graph.Len()), toA: slices.Repeat(none, b.graph.Len()),
		number: make([]int32, a.graph.Len()), changed: make(map[string]bool)}
	u.e.change, u.e.inputChange = []byte{}, []byte{}
	r := renames{make(map[string]string), make(map[string]string), make(map[int]bool)}
	gone := make(map[string]bool)
	if part := report.Nodes; part != nil {
		for _, s := range part.RenamedScopes {
			r.scopes[s.Name], r.lengths[len(s.Name)] = s.NewName, true
		}
		for _, c := range part.Removed {
			gone[c.Name] = true
		}
		for _, c := range slices.Concat(part.Renamed, part.Changed) {
			if c.NewName != "" {
				r.names[c.Name] = c.NewName
			}
		}
		for _, c := range part.Changed {
			u.changed[cmp.Or(c.NewName, c.Name)] = true
		}
	}
	for i := range a.graph.Len() {
		if now, found := r.find(string(a.graph.Name(i))); found {
			u.join(i, []byte(now))
		}
	}
	for i := range a.graph.Len() {
		if u.toB[i] < 0 && !gone[string(a.graph.Name(i))] {
			u.join(i, a.graph.Name(i))
		}
	}
	next := int32(b.graph.Len())
	for i, to := range u.toB {
		if u.number[i] = to; to < 0 {
			u.number[i] = next
			next++
		}
	}
	return u
}

// renames maps names in A to names in B.
type renames struct {
	names   map[string]string
	scopes  map[string]string // with slashes at their ends
	lengths map[int]bool      // lengths of the names of scopes
}

// find returns the name in B of a node of A, if the node or an enclosing scope was renamed.
func (r *renames) find(name string) (string, bool) {
	if now, found := r.names[name]; found {
		return now, true
	}
	if r.lengths[len(name)+1] {
		if now, found := r.scopes[name+"/"]; found {
			return strings.TrimSuffix(now, "/"), true
		}
	}
	for end := len(name); end >= 0; end-- {
		if (end == 0 || name[end-1] == '/') && r.lengths[end] {
			if now, found := r.scopes[name[:end]]; found {
				return now + name[end:], true
			}
		}
	}
	return "", false
}

// join pairs node i of A with the node of B that has the name, unless that node is already paired.
func (u *union) join(i int, name []byte) {
	if k, found := u.b.graph.Find(name); found && u.toA[k] < 0 {
		u.toA[k], u.toB[i] = int32(i), int32(k)
	}
}

// addNodes adds all nodes with their changes.
func (u *union) addNodes() {
	var n, old wire.Node
	for k := range u.b.graph.Len() {
		what, former := added, []byte(nil)
		if i := u.toA[k]; i >= 0 {
			what = same
			if name := u.a.graph.Name(int(i)); !bytes.Equal(name, u.b.graph.Name(k)) {
				what, former = renamed, name
			}
			if u.changed[string(u.b.graph.Name(k))] {
				what = changed
			}
		}
		u.b.graph.Node(k, &n)
		u.e.addNode(&n, appendTypes(nil, u.b.types, &n), u.b.side[k], u.b.graph.Find)
		u.e.note(what, former)
		if what == changed {
			u.a.graph.Node(int(u.toA[k]), &old)
		}
		u.addInputs(k, what, &n, &old)
	}
	find := func(name []byte) (int, bool) {
		i, found := u.a.graph.Find(name)
		if !found {
			return 0, false
		}
		return int(u.number[i]), true
	}
	for i := range u.a.graph.Len() {
		if u.toB[i] >= 0 {
			continue
		}
		u.a.graph.Node(i, &n)
		u.e.addNode(&n, appendTypes(nil, u.a.types, &n), u.a.side[i], find)
		u.e.note(removed, nil)
		u.e.inputs.add(len(u.a.graph.Inputs(i)))
		for j, edge := range u.a.graph.Inputs(i) {
			u.addOld(int(u.number[i]), edge, n.Inputs[j])
		}
	}
}

// note appends the change of the most recently added node.
func (e *encoder) note(what byte, former []byte) {
	e.change = append(e.change, what)
	e.former.add(int(e.optional(former)))
}

// addInputs adds the inputs of node k of B. For a changed node, it also adds the inputs that only A has.
func (u *union) addInputs(k int, what byte, n, old *wire.Node) {
	now := u.b.graph.Inputs(k)
	if what != changed {
		u.e.inputs.add(len(now))
		for j, edge := range now {
			if what == added {
				u.addNew(k, edge, n.Inputs[j], added)
			} else {
				u.addNew(k, edge, n.Inputs[j], same)
			}
		}
		return
	}
	i := int(u.toA[k])
	before := make(map[graph.Edge]int)
	for _, edge := range u.a.graph.Inputs(i) {
		before[u.moved(edge)]++
	}
	left := len(u.a.graph.Inputs(i))
	marks := make([]byte, len(now))
	for j, edge := range now {
		if marks[j] = added; before[edge] > 0 {
			before[edge]--
			left--
			marks[j] = same
		}
	}
	u.e.inputs.add(len(now) + left)
	for j, edge := range now {
		u.addNew(k, edge, n.Inputs[j], marks[j])
	}
	for j, edge := range u.a.graph.Inputs(i) {
		if at := u.moved(edge); before[at] > 0 {
			before[at]--
			u.addOld(k, edge, old.Inputs[j])
		}
	}
}

// moved returns an edge of A with the node's number in the union.
func (u *union) moved(edge graph.Edge) graph.Edge {
	if edge.Node != graph.Dangling {
		edge.Node = u.number[edge.Node]
	}
	return edge
}

// addNew adds an input of B.
func (u *union) addNew(k int, edge graph.Edge, text []byte, what byte) {
	u.e.inputChange = append(u.e.inputChange, what)
	if edge.Node == graph.Dangling || edge.Port == graph.BadPort {
		u.e.addMissing(text)
		return
	}
	u.e.addInput(k, int(edge.Node), edge.Port)
}

// addOld adds an input that only A has.
func (u *union) addOld(k int, edge graph.Edge, text []byte) {
	u.addNew(k, u.moved(edge), text, removed)
}

// addFunctions adds the functions of B, then those that only A has.
func (u *union) addFunctions(report *diff.Report) error {
	what := make(map[string]byte)
	parts := make(map[string]*diff.Part)
	if part := report.Functions; part != nil {
		for _, c := range part.Added {
			what[c.Name] = added
		}
		for _, c := range part.Renamed {
			what[c.NewName] = renamed
		}
		for _, c := range part.Changed {
			parts[cmp.Or(c.NewName, c.Name)] = c.Nodes
		}
	}
	for f, err := range u.b.rest.Functions() {
		if err != nil {
			return err
		}
		if err := u.addFunction(f, what[f.Name()], parts[f.Name()]); err != nil {
			return err
		}
	}
	gone := make(map[string]bool)
	if report.Functions != nil {
		for _, c := range report.Functions.Removed {
			gone[c.Name] = true
		}
	}
	for f, err := range u.a.rest.Functions() {
		if err != nil {
			return err
		}
		if gone[f.Name()] {
			if err := u.addFunction(f, removed, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// addFunction adds one function. part has the changes of its nodes; the change of all other nodes is what.
func (u *union) addFunction(f wire.Function, what byte, part *diff.Part) error {
	inputs := u.e.inputCount
	if err := u.e.addFunction(f); err != nil {
		return err
	}
	names := make(map[string]byte)
	if part != nil {
		for _, c := range part.Added {
			names[c.Name] = added
		}
		for _, c := range part.Changed {
			names[c.Name] = changed
			if c.NewName != "" {
				names[c.NewName] = changed
			}
		}
	}
	entry := u.e.functions[len(u.e.functions)-1]
	for _, name := range u.e.bodyNames(entry, f) {
		if mark, found := names[name]; found {
			u.e.note(mark, nil)
		} else {
			u.e.note(what, nil)
		}
	}
	mark := same
	if what == added || what == removed {
		mark = what
	}
	for range u.e.inputCount - inputs {
		u.e.inputChange = append(u.e.inputChange, mark)
	}
	return nil
}
