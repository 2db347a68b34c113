package diff

import (
	"fmt"

	"github.com/metagraph/metagraph/internal/printable"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
)

// compareSignatures compares the signatures by key.
func (c *comparison) compareSignatures() *Part {
	a, b := fieldMap(c.a, fieldnum.MetaGraphDef_SignatureDef), fieldMap(c.b, fieldnum.MetaGraphDef_SignatureDef)
	return c.byKey(a, b, signatureText, func(x, y []byte) []Field {
		return decode(x, new(tfpb.SignatureDef)).compare(decode(y, new(tfpb.SignatureDef)), c.renames)
	})
}

// byKey compares the items of a part by key. text returns a short text for an item, and compare the differing fields of two items.
func (c *comparison) byKey(a, b map[string][]byte, text func([]byte) string, compare func(x, y []byte) []Field) *Part {
	p := &Part{A: len(a), B: len(b)}
	for _, key := range keysOf(a, b) {
		if !c.sel.name(key) {
			continue
		}
		x, inA := a[key]
		y, inB := b[key]
		switch {
		case !inA:
			p.Added = append(p.Added, Change{Name: key, Value: text(y)})
		case !inB:
			p.Removed = append(p.Removed, Change{Name: key, Value: text(x)})
		default:
			if fields := compare(x, y); len(fields) > 0 {
				p.Changed = append(p.Changed, Change{Name: key, Fields: fields})
			}
		}
	}
	return p
}

// signatureText returns a short text for a signature.
func signatureText(raw []byte) string {
	s := new(tfpb.SignatureDef)
	if schema.Unmarshal(raw, s) != nil {
		return bytesText(raw)
	}
	return fmt.Sprintf("%s, inputs: %d, outputs: %d", printable.Quote(s.GetMethodName()), len(s.GetInputs()), len(s.GetOutputs()))
}
