package problems

import (
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// A sharedName identifies the resource of an op on a device.
type sharedName struct{ container, name, device string }

// findSharedVariables reports variables that share one value at run time: VarHandleOp, VariableV2 and Variable find their tensor by
// container and shared_name (ResourceMgr in tensorflow/core/framework/resource_mgr.h). An import into a scope changes neither.
func (f *problemFinder) findSharedVariables() {
	var holds []bool
	for _, op := range f.g.Ops() {
		holds = append(holds, opdef.IsVariable(op))
	}
	first := make(map[sharedName]int)
	for i := range f.g.Len() {
		if !holds[f.g.Op(i)] {
			continue
		}
		f.g.Node(i, &f.scratch)
		name := textAttr(&f.scratch, "shared_name")
		if name == "" {
			continue // without a shared_name, VariableV2 uses the name of its node
		}
		shared := sharedName{textAttr(&f.scratch, "container"), name, string(f.scratch.Device)}
		other, taken := first[shared]
		if !taken {
			first[shared] = i
			continue
		}
		f.found.add(sharedVariable, "", f.node(i), func() string {
			return "has the shared_name " + shown(name) + " of " + shown(f.g.Name(other))
		})
	}
}

// textAttr returns a string attr, or "" if it is absent.
func textAttr(n *wire.Node, key string) string {
	value, _ := n.Attr(key)
	text, _ := wire.AttrBytes(value, fieldnum.AttrValue_S)
	return string(text)
}
