package problems

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// findInCollections checks the collections as import_scoped_meta_graph restores them (tensorflow/python/framework/meta_graph.py).
func (f *problemFinder) findInCollections() {
	registry := scope.NewRegistry()
	for key, def := range f.m.Entries(fieldnum.MetaGraphDef_CollectionDef) {
		kind, list := scope.KindOf(def)
		name := string(key)
		switch registered, ok := registry.Lookup(name); {
		case kind == 0:
			f.found.add(emptyCollectionKind, name, fixed("collection "+shown(name)), fixed("has no list"))
		case name == scope.UnboundInputsKey:
			// findUnbound handles this collection.
		case ok && kind == fieldnum.CollectionDef_BytesList:
			f.findInEntries(name, registered, list)
		default:
			if ok {
				f.found.add(otherCollectionKind, "", fixed("collection "+shown(name)),
					fixed(fmt.Sprintf("has kind %s, but TensorFlow expects serialized %s", scope.CollectionKinds[kind], registered.Message.Descriptor().Name())))
			}
			if kind == fieldnum.CollectionDef_NodeList {
				f.findInNodeList(name, list)
			}
		}
		if name == "variables" && kind != 0 && kind != fieldnum.CollectionDef_BytesList && !f.hasSaver() {
			f.findUnsavable(kind, list)
		}
	}
}

// findUnbound reports the inputs that an importer must map.
func (f *problemFinder) findUnbound() {
	def, ok := f.m.Collection(scope.UnboundInputsKey)
	if !ok {
		return
	}
	_, list := scope.KindOf(def)
	var names []string
	for s := wire.Scan(list); s.Next(); {
		if s.Num == scope.ListValue {
			f.unbound[string(s.Data)] = true
			names = append(names, shown(s.Data))
		}
	}
	if len(names) == 0 {
		return
	}
	f.found.addTimes(unboundInputs, "", len(names), fixed("collection "+scope.UnboundInputsKey), func() string {
		const few = 4
		more := ""
		if len(names) > few {
			more = fmt.Sprintf(" and %d more", len(names)-few)
		}
		return strings.Join(names[:min(few, len(names))], ", ") + more + " must be mapped"
	})
}

// findInNodeList checks the names in a collection of nodes and tensors.
func (f *problemFinder) findInNodeList(key string, list []byte) {
	entry := 0
	for name := range wire.All(list, scope.ListValue) {
		if _, wrong := f.element(string(name)); wrong != nil {
			f.found.add(missingCollectionNode, key, entryPlace(key, entry), wrong)
		}
		entry++
	}
}

// entryPlace returns the place of entry number i of a collection.
func entryPlace(key string, i int) func() string {
	return func() string { return fmt.Sprintf("collection %s[%d]", shown(key), i) }
}

// findInEntries checks the protos of a registered collection.
func (f *problemFinder) findInEntries(key string, t *scope.CollectionType, list []byte) {
	entry := -1
	for raw := range wire.All(list, scope.ListValue) {
		entry++
		place := entryPlace(key, entry)
		message, err := t.Decode(raw)
		if err != nil {
			f.found.add(unreadableEntry, key, place, fixed(fmt.Sprintf("is not a %s", t.Message.Descriptor().Name())))
			continue
		}
		switch m := message.(type) {
		case *tfpb.VariableDef:
			f.checkVariable(place, m)
		case *tfpb.QueueRunnerDef:
			f.checkQueueRunner(place, m)
		case *tfpb.SaverDef:
			f.checkSaver(place, m)
		case *tfpb.CondContextDef:
			f.checkCond(place, m, 0)
		case *tfpb.WhileContextDef:
			f.checkWhile(place, m, 0)
		}
	}
}

// names reports the names that do not exist. fields has pairs of a field name and the name in that field.
func (f *problemFinder) names(kind problemKind, place func() string, fields ...string) {
	for k := 0; k < len(fields); k += 2 {
		if _, wrong := f.element(fields[k+1]); wrong != nil {
			f.found.add(kind, "", place, func() string { return fields[k] + ": " + wrong() })
		}
	}
}

// maxEnum is the largest value of VariableSynchronization and of VariableAggregation.
const maxEnum = 3

// checkVariable checks a VariableDef (RefVariable._init_from_proto in tensorflow/python/ops/ref_variable.py and
// ResourceVariable._init_from_proto in resource_variable_ops.py).
func (f *problemFinder) checkVariable(place func() string, v *tfpb.VariableDef) {
	fields := []string{"variable_name", v.GetVariableName(), "initializer_name", v.GetInitializerName()}
	if v.GetInitialValueName() != "" {
		fields = append(fields, "initial_value_name", v.GetInitialValueName())
	}
	switch {
	case v.GetSnapshotName() != "":
		fields = append(fields, "snapshot_name", v.GetSnapshotName())
	case v.GetIsResource():
		fields = append(fields, "snapshot_name", wire.NodeOf(v.GetVariableName())+"/Read/ReadVariableOp:0")
	default:
		fields = append(fields, "snapshot_name", "")
	}
	f.names(missingVariableNode, place, fields...)
	if int(v.GetSynchronization()) > maxEnum || v.GetSynchronization() < 0 {
		f.found.add(unreadableEntry, "", place, fixed(fmt.Sprintf("synchronization %d does not exist", v.GetSynchronization())))
	}
	if int(v.GetAggregation()) > maxEnum || v.GetAggregation() < 0 {
		f.found.add(unreadableEntry, "", place, fixed(fmt.Sprintf("aggregation %d does not exist", v.GetAggregation())))
	}
	if !v.GetIsResource() {
		return
	}
	if handle, wrong := f.element(v.GetVariableName()); wrong == nil {
		op := f.infos[f.g.Op(handle.node)]
		switch {
		case !handle.tensor:
			f.found.add(missingVariableNode, "", place, fixed("variable_name: "+shown(v.GetVariableName())+" is an operation; a resource variable needs a tensor"))
		case op.Source != opdef.Undefined && (op.Attr([]byte("shape")) < 0 || op.Attr([]byte("dtype")) < 0):
			f.found.add(missingVariableNode, "", place, fixed("variable_name: "+shown(v.GetVariableName())+" is of op "+shown(op.Name)+", which is not a resource variable"))
		}
	}
	if snapshot, wrong := f.element(fields[len(fields)-1]); wrong == nil && !f.readsVariable(snapshot) {
		f.found.add(missingVariableNode, "", place, fixed("snapshot_name: "+shown(fields[len(fields)-1])+" does not read a resource variable"))
	}
}

// readsVariable reports whether following first inputs from a snapshot leads to the op that reads a resource variable.
func (f *problemFinder) readsVariable(snapshot element) bool {
	if !snapshot.tensor {
		return false
	}
	at := snapshot.node
	for range maxSnapshotSteps {
		if f.g.OpName(f.g.Op(at)) == "ReadVariableOp" {
			return true
		}
		edges := f.g.Inputs(at)
		if len(edges) == 0 || edges[0].Port == graph.Control || edges[0].Node == graph.Dangling {
			return false
		}
		at = int(edges[0].Node)
	}
	return true // unknown: report no problem
}

// maxSnapshotSteps limits the number of nodes between a snapshot and its variable. A cached value is one or two copies away.
const maxSnapshotSteps = 1 << 10

// checkQueueRunner checks a QueueRunnerDef (QueueRunner._init_from_proto in tensorflow/python/training/queue_runner_impl.py).
func (f *problemFinder) checkQueueRunner(place func() string, q *tfpb.QueueRunnerDef) {
	fields := []string{"queue_name", q.GetQueueName()}
	for _, name := range q.GetEnqueueOpName() {
		fields = append(fields, "enqueue_op_name", name)
	}
	f.names(missingQueueNode, place, append(fields, "close_op_name", q.GetCloseOpName(), "cancel_op_name", q.GetCancelOpName())...)
	for _, code := range q.GetQueueClosedExceptionTypes() {
		if code <= 0 || int(code) > maxErrorCode {
			f.found.add(unreadableEntry, "", place, fixed(fmt.Sprintf("queue_closed_exception_types: %d is not an error code", code)))
		}
	}
}

// maxErrorCode is the largest code that Python has an exception for (tensorflow/python/framework/errors_impl.py).
const maxErrorCode = 16

// maxContextDepth limits how deep nested contexts are followed. Protobuf stops at 100 messages.
const maxContextDepth = 64

// checkCond checks a CondContextDef (tensorflow/python/ops/control_flow_ops.py).
func (f *problemFinder) checkCond(place func() string, c *tfpb.CondContextDef, depth int) {
	f.names(missingContextNode, place, "pred_name", c.GetPredName(), "pivot_name", c.GetPivotName())
	f.checkValues(place, c.GetValuesDef())
	f.checkNested(place, c.GetNestedContexts(), depth)
}

// checkWhile checks a WhileContextDef.
func (f *problemFinder) checkWhile(place func() string, w *tfpb.WhileContextDef, depth int) {
	var fields []string
	if w.GetMaximumIterationsName() != "" {
		fields = append(fields, "maximum_iterations_name", w.GetMaximumIterationsName())
	}
	fields = append(fields, "pivot_for_pred_name", w.GetPivotForPredName(), "pivot_for_body_name", w.GetPivotForBodyName(),
		"pivot_name", w.GetPivotName())
	for _, name := range w.GetLoopExitNames() {
		fields = append(fields, "loop_exit_names", name)
	}
	for _, name := range w.GetLoopEnterNames() {
		fields = append(fields, "loop_enter_names", name)
	}
	f.names(missingContextNode, place, fields...)
	f.checkValues(place, w.GetValuesDef())
	f.checkNested(place, w.GetNestedContexts(), depth)
}

// checkValues checks the names that a context lists. For the values inside the context, only the nodes must exist.
func (f *problemFinder) checkValues(place func() string, v *tfpb.ValuesDef) {
	external := v.GetExternalValues()
	keys := make([]string, 0, len(external))
	for key := range external {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		f.names(missingContextNode, place, "values_def.external_values", external[key])
	}
	for _, value := range v.GetValues() {
		if _, outside := external[value]; outside {
			continue
		}
		f.names(missingContextNode, place, "values_def.values", wire.NodeOf(value))
	}
}

// checkNested checks the contexts inside a context.
func (f *problemFinder) checkNested(place func() string, nested []*tfpb.ControlFlowContextDef, depth int) {
	if depth == maxContextDepth {
		return
	}
	for _, c := range nested {
		switch {
		case c.GetCondCtxt() != nil:
			f.checkCond(place, c.GetCondCtxt(), depth+1)
		case c.GetWhileCtxt() != nil:
			f.checkWhile(place, c.GetWhileCtxt(), depth+1)
		default:
			f.found.add(unreadableEntry, "", place, fixed("nested_contexts: a context has no kind"))
		}
	}
}

// findUnsavable checks a collection `variables` that does not contain protos: without saver_def, TensorFlow creates a Saver for its
// entries (Saver in tensorflow/python/training/saver.py).
func (f *problemFinder) findUnsavable(kind protowire.Number, list []byte) {
	for s := wire.Scan(list); s.Next(); {
		if s.Num != scope.ListValue {
			continue
		}
		if kind == fieldnum.CollectionDef_NodeList {
			if e, wrong := f.element(string(s.Data)); wrong != nil || e.tensor && f.isVariable(e.node) {
				continue
			}
		}
		f.found.add(unsavableVariables, "", fixed("collection variables"), func() string { return "an entry of the " + string(scope.CollectionKinds[kind]) + " is not a variable" })
		return
	}
}

// isVariable reports whether node i is a variable.
func (f *problemFinder) isVariable(i int) bool {
	op := f.g.OpName(f.g.Op(i))
	return opdef.IsVariable(op) || op == "ReadVariableOp"
}

// hasSaver reports whether the file has a saver_def.
func (f *problemFinder) hasSaver() bool {
	_, ok := f.m.Message(fieldnum.MetaGraphDef_SaverDef)
	return ok
}

// findInSaver checks saver_def.
func (f *problemFinder) findInSaver() {
	raw, ok := f.m.Message(fieldnum.MetaGraphDef_SaverDef)
	if !ok {
		if slices.ContainsFunc(f.g.Ops(), func(op string) bool { return opdef.Classify(op)&opdef.ClassVariable != 0 }) {
			f.found.add(noSaver, "", fixed("saver_def"), fixed("is missing"))
		}
		return
	}
	saver := new(tfpb.SaverDef)
	if err := schema.Unmarshal(raw, saver); err != nil {
		return // findDamage reports it
	}
	place := fixed("saver_def")
	f.checkSaver(place, saver)
	if saver.GetVersion() != tfpb.SaverDef_V2 {
		f.found.add(oldCheckpointFormat, "", place, fixed("writes checkpoints of version "+saver.GetVersion().String()))
	}
}

// checkSaver checks a SaverDef (Saver._check_saver_def in tensorflow/python/training/saver.py). TensorFlow misses nonexistent names
// only when the Saver is used.
func (f *problemFinder) checkSaver(place func() string, s *tfpb.SaverDef) {
	for _, field := range []struct {
		name, value string
		needed      bool
	}{
		{"save_tensor_name", s.GetSaveTensorName(), true},
		{"restore_op_name", s.GetRestoreOpName(), true},
		{"filename_tensor_name", s.GetFilenameTensorName(), false},
	} {
		if field.value == "" && field.needed {
			f.found.add(incompleteSaver, "", place, fixed(field.name+" is empty"))
		} else if field.value != "" {
			f.names(missingSaverNode, place, field.name, field.value)
		}
	}
}
