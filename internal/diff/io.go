package diff

import (
	"bytes"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/wire"
)

// An Endpoint is an input or output of a graph.
type Endpoint struct {
	Tensor string // name:k
	Input  bool   // an input, otherwise an output
	Role   string // "data", "label", "prediction", "loss", ...
	DType  string // empty if unknown
	Shape  string // in display form, such as (?, 784)
}

// kind returns "input" or "output".
func (e *Endpoint) kind() string {
	if e.Input {
		return "input"
	}
	return "output"
}

// text returns a short description of an endpoint.
func (e *Endpoint) text() string {
	parts := []string{e.Role + " " + e.kind()}
	if e.DType != "" {
		parts = append(parts, e.DType)
	}
	return strings.Join(append(parts, e.Shape), " ")
}

// readIO reads the inputs and outputs of both graphs. That takes much memory for a while, so it comes before the nodes
// are compared, which takes as much.
func (c *comparison) readIO(find func(*wire.MetaGraph) ([]Endpoint, error)) error {
	if find == nil || !c.sel.part(IO) || sameFields(c.a, c.b) {
		return nil
	}
	var io [2][]Endpoint
	for i, m := range []*wire.MetaGraph{c.a, c.b} {
		var err error
		if io[i], err = find(m); err != nil {
			return err
		}
	}
	c.io = &io
	return nil
}

// compareIO compares inputs and outputs by tensor. Tensors of renamed nodes are matched under their new names.
func (c *comparison) compareIO() *Part {
	if c.io == nil {
		return nil
	}
	a, b := c.io[0], c.io[1]
	p := &Part{A: len(a), B: len(b)}
	type key struct {
		tensor string
		input  bool
	}
	at := make(map[key]int, len(b))
	for j := range b {
		at[key{b[j].Tensor, b[j].Input}] = j
	}
	taken := make([]bool, len(b))
	for i := range a {
		x := &a[i]
		j, ok := at[key{c.renames.translate(x.Tensor), x.Input}]
		if !ok || taken[j] {
			if c.sel.name(x.Tensor, wire.NodeOf(x.Tensor)) {
				p.Removed = append(p.Removed, Change{Name: x.Tensor, Value: x.text()})
			}
			continue
		}
		taken[j] = true
		c.endpoint(p, x, &b[j])
	}
	c.foldScopes(p)
	for j := range b {
		if y := &b[j]; !taken[j] && c.sel.name(y.Tensor, wire.NodeOf(y.Tensor)) {
			p.Added = append(p.Added, Change{Name: y.Tensor, Value: y.text()})
		}
	}
	return p
}

// endpoint adds the differences between two versions of an endpoint.
func (c *comparison) endpoint(p *Part, x, y *Endpoint) {
	if !c.sel.name(x.Tensor, wire.NodeOf(x.Tensor), y.Tensor, wire.NodeOf(y.Tensor)) {
		return
	}
	change := Change{Name: x.Tensor}
	if x.Tensor != y.Tensor {
		change.NewName = y.Tensor
	}
	for _, f := range []struct{ name, a, b string }{
		{"role", x.Role, y.Role}, {"dtype", x.DType, y.DType}, {"shape", x.Shape, y.Shape},
	} {
		if f.a != f.b {
			change.Fields = append(change.Fields, optional(f.name, f.a, f.b))
		}
	}
	switch {
	case len(change.Fields) > 0:
		p.Changed = append(p.Changed, change)
	case change.NewName != "":
		change.Value = x.text()
		p.Renamed = append(p.Renamed, change)
	}
}

// foldScopes replaces the renames of a renamed scope with one line for the scope.
func (c *comparison) foldScopes(p *Part) {
	if c.sel.named() {
		return
	}
	counts := make(map[scopePair]int, len(c.scopes))
	for _, s := range c.scopes {
		counts[s.pair()] = 0
	}
	p.Renamed = slices.DeleteFunc(p.Renamed, func(change Change) bool {
		pair := scopesOf(wire.NodeOf(change.Name), wire.NodeOf(change.NewName))
		n, folded := counts[pair]
		if folded {
			counts[pair] = n + 1
		}
		return folded
	})
	p.addScopes(c.scopes, counts)
}

// sameFields reports whether two MetaGraphDefs have the same bytes.
func sameFields(a, b *wire.MetaGraph) bool {
	return slices.EqualFunc(a.Fields, b.Fields, func(x, y wire.Field) bool {
		return x.Num == y.Num && x.Type == y.Type && bytes.Equal(x.Data, y.Data)
	})
}
