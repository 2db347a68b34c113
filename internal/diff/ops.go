package diff

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/printable"
	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// compareOps compares the op lists by op name.
func (c *comparison) compareOps() *Part {
	return c.byKey(definitions(c.ops[0]), definitions(c.ops[1]), func([]byte) string { return "" }, func(_ string, x, y []byte) Change {
		return Change{Fields: opFields(x, y)}
	})
}

// definitions returns the op definitions in a list by op name.
func definitions(list *opdef.List) map[string][]byte {
	out := make(map[string][]byte)
	for _, name := range list.Names() {
		out[name], _ = list.Raw(name)
	}
	return out
}

// opFields returns the fields in which two definitions of an op differ. Attrs are identified by name, not by position.
func opFields(a, b []byte) []Field {
	x, y := new(tfpb.OpDef), new(tfpb.OpDef)
	m, n := decode(a, x), decode(b, y)
	fields := m.compare(n, nil)
	if len(fields) == 0 || m.decoded == nil || n.decoded == nil {
		return fields
	}
	d := messages{}
	if d.named("attr", x.GetAttr(), y.GetAttr()); d.fields == nil {
		return fields
	}
	fields = slices.DeleteFunc(fields, func(f Field) bool { return strings.HasPrefix(f.Field, "attr[") })
	return append(fields, d.fields...)
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
