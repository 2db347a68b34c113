package diff

import (
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
)

// compareSaver compares the SaverDef.
func (c *comparison) compareSaver() *Part {
	a, inA := c.a.Message(fieldnum.MetaGraphDef_SaverDef)
	b, inB := c.b.Message(fieldnum.MetaGraphDef_SaverDef)
	p := &Part{A: count(inA), B: count(inB)}
	if c.sel.named() {
		return p
	}
	x, y := decode(a, new(tfpb.SaverDef)), decode(b, new(tfpb.SaverDef))
	switch {
	case inA && inB:
		p.Fields = x.compare(y, c.renames)
	case inA:
		p.Removed = []Change{{Name: "saver_def", Value: x.text()}}
	case inB:
		p.Added = []Change{{Name: "saver_def", Value: y.text()}}
	}
	return p
}

// count returns 1 for true and 0 for false.
func count(condition bool) int {
	if condition {
		return 1
	}
	return 0
}
