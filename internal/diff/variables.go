package diff

import (
	"strings"

	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/wire"
)

// isVariable reports whether an op creates a variable, which may be temporary.
func isVariable(op []byte) bool { return opdef.Classify(string(op))&opdef.ClassVariable != 0 }

// A variableReporter reports differences between variables. These repeat differences between nodes, grouped by variable.
type variableReporter struct {
	sel    *selection
	found  *Part
	scopes map[scopePair]int // number of variables renamed with each scope
}

func newVariableReporter(sel *selection) *variableReporter {
	return &variableReporter{sel: sel, found: new(Part), scopes: make(map[scopePair]int)}
}

// part returns the differences, with renamed scopes in the given order.
func (v *variableReporter) part(scopes []Scope) *Part {
	if !v.sel.named() {
		v.found.addScopes(scopes, v.scopes)
	}
	return v.found
}

// addScopes adds the renamed scopes that have items in this part. The numbers of items are in counts.
func (p *Part) addScopes(scopes []Scope, counts map[scopePair]int) {
	for _, s := range scopes {
		if n := counts[s.pair()]; n > 0 {
			p.RenamedScopes = append(p.RenamedScopes, Scope{Name: s.Name, NewName: s.NewName, Nodes: n, Of: n})
		}
	}
}

// pair returns the names of a renamed scope without the slashes.
func (s *Scope) pair() scopePair {
	return scopePair{strings.TrimSuffix(s.Name, "/"), strings.TrimSuffix(s.NewName, "/")}
}

// equal counts a node that is equal on both sides.
func (v *variableReporter) equal(raw []byte) {
	n := count(isVariable(opOf(raw)))
	v.found.A, v.found.B = v.found.A+n, v.found.B+n
}

// removed reports a node that only A has, if it is a variable.
func (v *variableReporter) removed(n *nodeView) { v.only(n, &v.found.A, &v.found.Removed) }

// added reports a node that only B has, if it is a variable.
func (v *variableReporter) added(n *nodeView) { v.only(n, &v.found.B, &v.found.Added) }

// only counts a node that one side has, if it is a variable, and adds it to changes.
func (v *variableReporter) only(n *nodeView, count *int, changes *[]Change) {
	if !isVariable(n.op) {
		return
	}
	*count++
	if name := string(n.name); v.sel.name(name) {
		*changes = append(*changes, Change{Name: name, Op: string(n.op), Value: variableText(n)})
	}
}

// pair reports the differences between two paired nodes as differences of variables. fields holds the differences of the nodes.
func (v *variableReporter) pair(a, b *nodeView, fields []Field, inScope map[scopePair]bool) {
	isA, isB := isVariable(a.op), isVariable(b.op)
	if !isA && !isB {
		return
	}
	p := v.found
	p.A, p.B = p.A+count(isA), p.B+count(isB)
	change := Change{Name: string(a.name), Op: string(a.op)}
	if string(a.name) != string(b.name) {
		change.NewName = string(b.name)
	}
	if !v.sel.name(change.Name, change.NewName) {
		return
	}
	if !isB {
		change.Value = variableText(a)
		p.Removed = append(p.Removed, change)
		return
	}
	if !isA {
		change.Op, change.Value = string(b.op), variableText(b)
		p.Added = append(p.Added, change)
		return
	}
	for _, f := range fields {
		if f.Field == attrPrefix+"dtype" || f.Field == attrPrefix+"shape" {
			f.Field = f.Field[len(attrPrefix):]
			change.Fields = append(change.Fields, f)
		}
	}
	pair := scopesOf(change.Name, string(b.name))
	switch {
	case len(change.Fields) > 0:
		p.Changed = append(p.Changed, change)
	case change.NewName == "":
	case inScope[pair] && !v.sel.named():
		v.scopes[pair]++
	default:
		p.Renamed = append(p.Renamed, change)
	}
}

// variableText returns the dtype and shape of a variable as text.
func variableText(n *nodeView) string {
	text := ""
	if dtype, ok := n.attr("dtype"); ok {
		text = dtypeName(tfpb.DataType(wire.AttrTypeOf(dtype)))
	}
	value, _ := n.attr("shape")
	if raw, ok := wire.AttrBytes(value, fieldnum.AttrValue_Shape); ok {
		shape := new(tfpb.TensorShapeProto)
		if schema.Unmarshal(raw, shape) == nil {
			text += " " + shapeText(shape)
		}
	}
	return text
}
