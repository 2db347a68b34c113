package diff

import (
	"fmt"

	"github.com/metagraph/metagraph/internal/printable"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
)

// compareSignatures compares the signatures by key.
func (c *comparison) compareSignatures() error {
	a, b := fieldMap(c.a, fieldnum.MetaGraphDef_SignatureDef), fieldMap(c.b, fieldnum.MetaGraphDef_SignatureDef)
	p := &Part{A: len(a), B: len(b)}
	c.report.Signatures = p
	for _, key := range keysOf(a, b) {
		if !c.sel.name(key) {
			continue
		}
		x, inA := a[key]
		y, inB := b[key]
		switch {
		case !inA:
			p.Added = append(p.Added, Change{Name: key, Value: signatureText(y)})
		case !inB:
			p.Removed = append(p.Removed, Change{Name: key, Value: signatureText(x)})
		default:
			if fields := decode(x, new(tfpb.SignatureDef)).compare(decode(y, new(tfpb.SignatureDef)), c.renames); len(fields) > 0 {
				p.Changed = append(p.Changed, Change{Name: key, Fields: fields})
			}
		}
	}
	return nil
}

// signatureText returns a short text for a signature.
func signatureText(raw []byte) string {
	s := new(tfpb.SignatureDef)
	if schema.Unmarshal(raw, s) != nil {
		return bytesText(raw)
	}
	return fmt.Sprintf("%s, inputs: %d, outputs: %d", printable.Quote(s.GetMethodName()), len(s.GetInputs()), len(s.GetOutputs()))
}
