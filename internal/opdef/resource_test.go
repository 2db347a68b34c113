package opdef

import (
	"testing"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// TestResourceKinds checks that exactly the registered ops with a shared_name have a kind.
func TestResourceKinds(t *testing.T) {
	internal := map[string]bool{"StubResourceHandleOp": true} // a placeholder for tests of TensorFlow
	r := NewRegistered()
	for name := range resourceKinds {
		if !r.Has(name) {
			t.Errorf("TensorFlow has no op %s", name)
		}
	}
	for _, raw := range r.defs {
		name := string(wire.Last(raw, fieldnum.OpDef_Name))
		shared := decodeOp(name, InTensorFlow, raw).Attr([]byte("shared_name")) >= 0
		if has := ResourceKind([]byte(name)) != ""; has != shared && name[0] != '_' && !internal[name] {
			t.Errorf("%s has a shared_name: %v, and a kind: %v", name, shared, has)
		}
	}
}
