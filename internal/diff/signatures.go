package diff

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/printable"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
)

// compareSignatures compares the signatures by key.
func (c *comparison) compareSignatures() *Part {
	a, b := fieldMap(c.a, fieldnum.MetaGraphDef_SignatureDef), fieldMap(c.b, fieldnum.MetaGraphDef_SignatureDef)
	return c.byKey(a, b, signatureText, func(_ string, x, y []byte) Change {
		return Change{Fields: decode(x, new(tfpb.SignatureDef)).compare(decode(y, new(tfpb.SignatureDef)), c.renames)}
	})
}

// byKey compares the items of a part by key. text returns a short text for an item, and compare the difference of two items, without a
// name.
func (c *comparison) byKey(a, b map[string][]byte, text func([]byte) string, compare func(key string, x, y []byte) Change) *Part {
	p := &Part{A: len(a), B: len(b)}
	for _, key := range keysOf(a, b) {
		x, inA := a[key]
		y, inB := b[key]
		named := c.sel.name(key)
		switch {
		case inA && inB && !bytes.Equal(x, y):
			change := compare(key, x, y)
			change.Name = key
			if !named {
				// The key is not selected, but the names of entries may be.
				change.Fields = nil
				change.Entries = change.Entries.filter(c.sel)
			}
			if change.Entries != nil && change.Entries.Empty() {
				change.Entries = nil
			}
			if len(change.Fields) > 0 || change.Entries != nil {
				p.Changed = append(p.Changed, change)
			}
		case !named:
		case !inA:
			p.Added = append(p.Added, Change{Name: key, Value: text(y)})
		case !inB:
			p.Removed = append(p.Removed, Change{Name: key, Value: text(x)})
		}
	}
	return p
}

// signatureText returns a short text for a signature, such as "x -> probs", with its method unless that is the usual one.
func signatureText(raw []byte) string {
	s := new(tfpb.SignatureDef)
	if schema.Unmarshal(raw, s) != nil {
		return bytesText(raw)
	}
	text := keysText(s.GetInputs(), "inputs") + " -> " + keysText(s.GetOutputs(), "outputs")
	if method := s.GetMethodName(); method != "tensorflow/serving/predict" {
		text += ", method " + printable.Quote(method)
	}
	return text
}

// keysText returns the sorted keys of tensors, or the number of tensors unless it is 1, 2 or 3.
func keysText(tensors map[string]*tfpb.TensorInfo, noun string) string {
	if n := len(tensors); n == 0 || n > 3 {
		return fmt.Sprintf("%d %s", n, noun)
	}
	keys := slices.Sorted(maps.Keys(tensors))
	for i, key := range keys {
		keys[i] = printable.Quote(key)
	}
	return strings.Join(keys, ", ")
}
