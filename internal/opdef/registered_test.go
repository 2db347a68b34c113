package opdef

import (
	"testing"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// The list that is embedded can be read to the last op, and is sorted, as the search in it needs.
func TestRegisteredOps(t *testing.T) {
	var list tfpb.OpList
	if err := proto.Unmarshal(registeredList, &list); err != nil {
		t.Fatal(err)
	}
	ops := NewRegistered()
	last := ""
	for _, op := range list.GetOp() {
		if op.GetName() <= last {
			t.Errorf("%s stands behind %s", op.GetName(), last)
		}
		last = op.GetName()
		if ops.Find(op.GetName()) == nil {
			t.Errorf("%s is not found", op.GetName())
		}
	}
	for _, name := range []string{"", "!", "TimesTwo", "zzz"} {
		if ops.Has(name) {
			t.Errorf("%q is found", name)
		}
	}
}
