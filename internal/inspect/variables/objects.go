package variables

import (
	"slices"

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
	count := 0
	for s := wire.Scan(objects); s.Next(); {
		if s.Is(fieldnum.SavedObjectGraph_Nodes) {
			if _, is := wire.Merged(s.Data, fieldnum.SavedObject_Variable); is {
				count++
			}
		}
	}
	r.list, r.facts = slices.Grow(r.list, count), slices.Grow(r.facts, count)
	names := r.handleNames()
	var at []int             // index in list of each object's variable; -1 if it has none
	var v tfpb.SavedVariable // scratch space
	var slots []*tfpb.TrackableObjectGraph_TrackableObject_SlotVariableReference
	for s := wire.Scan(objects); s.Next(); {
		if !s.Is(fieldnum.SavedObjectGraph_Nodes) {
			continue
		}
		at = append(at, -1)
		for o := wire.Scan(s.Data); o.Next(); {
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
			v := &r.list[at[is]]
			v.Kind, v.Of = KindOptimizer, r.list[at[of]].Name
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
	v, facts := &r.list[at], &r.facts[at]
	if v.DType == "" {
		facts.dtype, v.DType = int32(saved.GetDtype()), tensor.DTypeName(int32(saved.GetDtype()))
	}
	if !v.Shape.FullyDefined() {
		r.setShape(at, tensor.ShapeOf(saved.GetShape()))
	}
	v.Trainable = v.Trainable || saved.GetTrainable() && !r.keyed
	return at
}
