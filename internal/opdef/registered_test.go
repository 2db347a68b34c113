package opdef

import (
	"testing"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// TestRegisteredOps checks that the embedded list can be decoded completely and is sorted, which the binary search
// requires.
func TestRegisteredOps(t *testing.T) {
	var list tfpb.OpList
	if err := proto.Unmarshal(registeredList, &list); err != nil {
		t.Fatal(err)
	}
	ops := NewOps(nil)
	last := ""
	for _, op := range list.GetOp() {
		if op.GetName() <= last {
			t.Errorf("%s is listed after %s", op.GetName(), last)
		}
		last = op.GetName()
		if ops.Find([]byte(op.GetName())) == nil {
			t.Errorf("%s: not found", op.GetName())
		}
	}
	for _, name := range []string{"", "!", "TimesTwo", "zzz"} {
		if ops.Registers(name) {
			t.Errorf("%q is found", name)
		}
	}
}
