package variables

import (
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// readObjectGraph reads the variables in the object graph of a TensorFlow 2 SavedModel. The objects record which
// variables are trainable and which slots an optimizer keeps for each.
func (r *variableReader) readObjectGraph() {
	objects, ok := r.meta.Message(fieldnum.MetaGraphDef_ObjectGraphDef)
	if !ok {
		return
	}
	names := r.handleNames()
	var at []int             // index in list of each object's variable; -1 if it has none
	var v tfpb.SavedVariable // scratch space
	var slots []*tfpb.TrackableObjectGraph_TrackableObject_SlotVariableReference
	for object := range wire.All(objects, fieldnum.SavedObjectGraph_Nodes) {
		at = append(at, -1)
		for o := wire.Scan(object); o.Next(); {
			switch {
			case o.Is(fieldnum.SavedObject_Variable):
				if schema.Unmarshal(o.Data, &v) == nil && v.GetName() != "" {
					at[len(at)-1] = r.readSavedVariable(&v, names)
				}
			case o.Is(fieldnum.SavedObject_SlotVariables):
				slot := new(tfpb.TrackableObjectGraph_TrackableObject_SlotVariableReference)
				if schema.Unmarshal(o.Data, slot) == nil {
					slots = append(slots, slot)
				}
			}
		}
	}
	for _, slot := range slots {
		of, is := int(slot.GetOriginalVariableNodeId()), int(slot.GetSlotVariableNodeId())
		if of >= 0 && of < len(at) && is >= 0 && is < len(at) && at[of] >= 0 && at[is] >= 0 {
			v := r.list[at[is]]
			v.kind, v.of = optimizerKind, int32(at[of])
		}
	}
}

// handleNames returns the names of the variable nodes, keyed by shared name.
func (r *variableReader) handleNames() map[string]string {
	names := make(map[string]string)
	id, ok := r.g.OpID("VarHandleOp")
	if !ok {
		return names
	}
	var n wire.Node
	for i := range r.g.Len() {
		if r.g.Op(i) != id {
			continue
		}
		r.g.Node(i, &n)
		value, _ := n.Attr("shared_name")
		shared, _ := wire.AttrBytes(value, fieldnum.AttrValue_S)
		if _, seen := names[string(shared)]; !seen && len(shared) > 0 {
			names[string(shared)] = string(n.Name)
		}
	}
	return names
}

// readSavedVariable adds the variable of an object and returns its index in the list.
func (r *variableReader) readSavedVariable(saved *tfpb.SavedVariable, names map[string]string) int {
	name := saved.GetName()
	if node, ok := names[name]; ok {
		name = node
	}
	at := r.find(name)
	r.addSource(at, SourceObjectGraph)
	v := r.list[at]
	if v.dtype == 0 {
		v.dtype = int32(saved.GetDtype())
	}
	if !v.known().shape.FullyDefined() {
		v.detail().shape = tensor.ShapeOf(saved.GetShape())
	}
	v.trainable = v.trainable || saved.GetTrainable() && !r.keyed
	return at
}
