package diff

import (
	"strings"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

// isVariable reports whether an op makes a variable (tensorflow/core/ops/state_ops.cc, resource_variable_ops.cc).
func isVariable(op []byte) bool {
	switch string(op) {
	case "Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable", "TemporaryVariable":
		return true
	}
	return false
}

// variables tells how the variables of the graph differ. It says again, from their side, what is a difference of nodes.
func (c *comparison) variables(t *nodeTeller) *Part {
	p := new(Part)
	var n, o wire.Node
	scopes := make(map[scopePair]int)
	for i, raw := range t.al.a {
		if n.Parse(raw) != nil {
			continue
		}
		j := t.al.toB[i]
		isA := isVariable(n.Op)
		p.A += count(isA)
		if j == alone {
			if name := string(n.Name); isA && c.sel.name(name) {
				p.Removed = append(p.Removed, Change{Name: name, Op: string(n.Op), Value: variableText(&n)})
			}
			continue
		}
		if t.al.equal[i] {
			p.B += count(isA)
			continue
		}
		if o.Parse(t.al.b[j]) != nil {
			continue
		}
		isB := isVariable(o.Op)
		p.B += count(isB)
		c.variable(p, t, scopes, &n, &o, isA, isB)
	}
	for j, raw := range t.al.b {
		if t.al.toA[j] != alone || o.Parse(raw) != nil || !isVariable(o.Op) {
			continue
		}
		p.B++
		if name := string(o.Name); c.sel.name(name) {
			p.Added = append(p.Added, Change{Name: name, Op: string(o.Op), Value: variableText(&o)})
		}
	}
	for _, s := range t.scopes {
		pair := scopePair{trimSlash(s.Name), trimSlash(s.NewName)}
		if n := scopes[pair]; n > 0 && !c.sel.named() {
			p.RenamedScopes = append(p.RenamedScopes, Scope{Name: s.Name, NewName: s.NewName, Nodes: n, Of: n})
		}
	}
	return p
}

func trimSlash(s string) string { return strings.TrimSuffix(s, "/") }

// variable tells how two nodes that are one differ as variables.
func (c *comparison) variable(p *Part, t *nodeTeller, scopes map[scopePair]int, n, o *wire.Node, isA, isB bool) {
	change := Change{Name: string(n.Name), Op: string(n.Op)}
	if string(n.Name) != string(o.Name) {
		change.NewName = string(o.Name)
	}
	if !c.sel.name(change.Name, change.NewName) {
		return
	}
	switch {
	case isA && !isB:
		change.Value = variableText(n)
		p.Removed = append(p.Removed, change)
	case isB && !isA:
		change.Op, change.Value = string(o.Op), variableText(o)
		p.Added = append(p.Added, change)
	case !isA:
	default:
		for _, f := range t.compare.node(n.Raw, o.Raw, false) {
			if f.Field == attrPrefix+"dtype" || f.Field == attrPrefix+"shape" {
				f.Field = f.Field[len(attrPrefix):]
				change.Fields = append(change.Fields, f)
			}
		}
		pair := scopesOf(change.Name, string(o.Name))
		switch {
		case len(change.Fields) > 0:
			p.Changed = append(p.Changed, change)
		case change.NewName != "" && t.inScope[pair] && !c.sel.named():
			scopes[pair]++
		case change.NewName != "":
			p.Renamed = append(p.Renamed, change)
		}
	}
}

// variableText returns dtype and shape of a variable.
func variableText(n *wire.Node) string {
	text := ""
	if dtype, ok := n.Attr("dtype"); ok {
		text = dtypeName(tfpb.DataType(wire.AttrTypeOf(dtype)))
	}
	value, _ := n.Attr("shape")
	if raw, ok := wire.AttrBytes(value, wire.AttrShape); ok {
		shape := new(tfpb.TensorShapeProto)
		if proto.Unmarshal(raw, shape) == nil {
			text += " " + shapeText(shape)
		}
	}
	return text
}
