package diff

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/printable"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/schema"
)

// compareOps compares the op lists by op name.
func (c *comparison) compareOps() error {
	a, b := c.ops[0], c.ops[1]
	p := &Part{A: a.Len(), B: b.Len()}
	c.report.Ops = p
	for _, name := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.Names(), b.Names())))) {
		if !c.sel.name(name) {
			continue
		}
		x, inA := a.Raw(name)
		y, inB := b.Raw(name)
		switch {
		case !inA:
			p.Added = append(p.Added, Change{Name: name})
		case !inB:
			p.Removed = append(p.Removed, Change{Name: name})
		default:
			fields := decode(x, new(tfpb.OpDef)).compare(decode(y, new(tfpb.OpDef)), nil)
			if len(fields) > 0 {
				p.Changed = append(p.Changed, Change{Name: name, Fields: c.opFields(x, y, fields)})
			}
		}
	}
	return nil
}

// opFields returns the fields in which two definitions of an op differ. Attrs are identified by name, not by position.
func (c *comparison) opFields(a, b []byte, fields []Field) []Field {
	x, y := new(tfpb.OpDef), new(tfpb.OpDef)
	if schema.Unmarshal(a, x) != nil || schema.Unmarshal(b, y) != nil {
		return fields
	}
	d := messages{}
	d.named("attr", x.GetAttr(), y.GetAttr())
	if d.fields == nil {
		return fields
	}
	out := make([]Field, 0, len(fields))
	for _, f := range fields {
		if !strings.HasPrefix(f.Field, "attr[") {
			out = append(out, f)
		}
	}
	return append(out, d.fields...)
}

// named compares attr definitions by name, regardless of their order.
func (d *messages) named(path string, a, b []*tfpb.OpDef_AttrDef) {
	inA, inB := make(map[string]protoreflect.Message), make(map[string]protoreflect.Message)
	for _, m := range a {
		inA[m.GetName()] = m.ProtoReflect()
	}
	for _, m := range b {
		inB[m.GetName()] = m.ProtoReflect()
	}
	for _, name := range keysOf(inA, inB) {
		x, y := inA[name], inB[name]
		at := join(path, printable.Quote(name))
		switch {
		case x == nil:
			d.added(at, describe(y))
		case y == nil:
			d.removed(at, describe(x))
		default:
			d.plain(at, x, y)
		}
	}
}
