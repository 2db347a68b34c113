package problems

import (
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// A sharedName is the name by which an op finds the resource that it stands for, on which device.
type sharedName struct{ container, name, device string }

// findSharedVariables looks for variables that are one at run time: VarHandleOp, VariableV2 and Variable look their tensor up
// by container and shared_name (ResourceMgr in tensorflow/core/framework/resource_mgr.h), and an import under another scope
// leaves both as they are.
func (f *problemFinder) findSharedVariables() {
	var holds []bool
	for _, op := range f.g.Ops() {
		holds = append(holds, op == "VarHandleOp" || op == "VariableV2" || op == "Variable")
	}
	first := make(map[sharedName]int)
	for i := range f.g.Len() {
		if !holds[f.g.Op(i)] {
			continue
		}
		f.g.Node(i, &f.scratch)
		name := textAttr(&f.scratch, "shared_name")
		if name == "" {
			continue // VariableV2 goes by the name of its node then
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

// textAttr returns a string attr, empty where it is not there.
func textAttr(n *wire.Node, key string) string {
	value, _ := n.Attr(key)
	text, _ := wire.AttrBytes(value, fieldnum.AttrValue_S)
	return string(text)
}
