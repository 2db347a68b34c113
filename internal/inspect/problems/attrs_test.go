package problems

import (
	"fmt"
	"testing"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// TestAttrNumbers: lookups work the same with few and with many attrs, and find the first of two attrs with one name.
func TestAttrNumbers(t *testing.T) {
	for _, count := range []int{1, fewAttrs, fewAttrs + 1, 1000} {
		def := new(tfpb.OpDef)
		for i := range count {
			def.Attr = append(def.Attr, &tfpb.OpDef_AttrDef{Name: fmt.Sprint("k", i), Type: "int"})
		}
		def.Attr = append(def.Attr, &tfpb.OpDef_AttrDef{Name: "k0", Type: "int"})
		op := newOpInfo("Big", registeredOp, def)
		for i := range count {
			if got := op.attr(fmt.Append(nil, "k", i)); got != i {
				t.Errorf("%d attrs: k%d is attr number %d", count, i, got)
			}
		}
		if got := op.attr([]byte("other")); got != -1 {
			t.Errorf("%d attrs: an attr that the op does not have is number %d", count, got)
		}
	}
}
