package problems

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// A problemFinder finds the problems in one MetaGraphDef.
type problemFinder struct {
	m     *wire.MetaGraph
	g     *graph.Graph
	ops   *opdef.Ops
	list  *opdef.List // of the file
	found problemList

	forbidden []match.Glob // ops that must not occur

	producer   int64              // graph_def.versions.producer
	unbound    map[string]bool    // the inputs in the collection unbound_inputs
	infos      []*opInfo          // by op id
	kinds      int32              // number of kinds of nodes
	sound      bool               // protobuf accepts the file
	factsOf    []int32            // by node number: the number of its facts, which is its kind, if it has one
	facts      []nodeFacts        // facts[0] is empty
	called     []bool             // by index in library, whether the import instantiates the function
	hasObjects bool               // the file belongs to a SavedModel of TensorFlow 2
	library    []wire.Function    // of graph_def
	opInfos    map[string]*opInfo // by name
	attrs      [][]byte           // by number in the op: the attrs of the current node
	present    []bool             // by number in the op: which attrs the current node has
	recorded   recordedShapes     // recorded shapes of the graph's nodes
	group      []byte             // the colocation group of the previous node
	scratch    wire.Node          // buffer for messages about a node
}

func newProblemFinder(m *wire.MetaGraph, g *graph.Graph, ops *opdef.Ops) *problemFinder {
	return &problemFinder{
		m: m, g: g, ops: ops,
		list:    opdef.NewList(m),
		unbound: make(map[string]bool),
		opInfos: make(map[string]*opInfo),
	}
}

// findInMessage checks the size and the versions of the message.
func (f *problemFinder) findInMessage() {
	var size int64
	for i := range f.m.Fields {
		size += f.m.Fields[i].Size()
	}
	if size > math.MaxInt32 {
		f.found.add(tooLarge, "", fixed("the file"), fixed(fmt.Sprintf("has %d bytes; protobuf stops at %d", size, math.MaxInt32)))
	}
	f.findDamage()
	objects, _ := f.m.Message(fieldnum.MetaGraphDef_ObjectGraphDef)
	f.hasObjects = len(objects) > 0

	versions, _ := f.g.Rest().Versions()
	f.producer = int64(int32(wire.LastUint(versions, fieldnum.VersionDef_Producer)))
	refuse := func(message string) {
		f.found.add(refusedVersion, "", fixed("graph_def.versions"), fixed(message))
	}
	if f.producer < opdef.MinProducerVersion {
		refuse(fmt.Sprintf("producer %d is below %d, the minimum that TensorFlow %s supports", f.producer, opdef.MinProducerVersion, opdef.ReferenceVersion))
	}
	if least := int32(wire.LastUint(versions, fieldnum.VersionDef_MinConsumer)); least > opdef.GraphVersion {
		refuse(fmt.Sprintf("min_consumer %d is above %d, the version of TensorFlow %s", least, opdef.GraphVersion, opdef.ReferenceVersion))
	}
	for v := range wire.Varints(versions, fieldnum.VersionDef_BadConsumers) {
		if int32(v) == opdef.GraphVersion {
			refuse(fmt.Sprintf("bad_consumers lists %d, the version of TensorFlow %s", opdef.GraphVersion, opdef.ReferenceVersion))
		}
	}
	if f.producer > opdef.GraphVersion {
		f.found.add(newerProducer, "", fixed("graph_def.versions"),
			fixed(fmt.Sprintf("producer %d is above %d, the version of TensorFlow %s", f.producer, opdef.GraphVersion, opdef.ReferenceVersion)))
	}
	info, _ := f.m.Message(fieldnum.MetaGraphDef_MetaInfoDef)
	if version := string(wire.Last(info, fieldnum.MetaGraphDef_MetaInfoDef_TensorflowVersion)); version != "" && !validVersion(version) {
		f.found.add(unreadableVersion, "", fixed("meta_info_def.tensorflow_version"),
			fixed(fmt.Sprintf("InvalidVersion: %q is not a version", version)))
	}
	if f.g.Len() == 0 {
		f.found.add(emptyGraph, "", fixed("graph_def"), fixed("has no nodes"))
	}
}

// node returns the place of node i.
func (f *problemFinder) node(i int) func() string {
	return func() string { return "node " + shown(f.g.Name(i)) }
}

// findInOps checks the set of ops that the graph uses for deprecated ops and for ops that the file's own list does not define.
func (f *problemFinder) findInOps() {
	first := make([]int, len(f.infos))
	uses := make([]int, len(f.infos))
	for i := f.g.Len() - 1; i >= 0; i-- {
		first[f.g.Op(i)] = i
		uses[f.g.Op(i)]++
	}
	for id, op := range f.infos {
		version := op.removedIn()
		if op.Source != opdef.InTensorFlow || version == 0 {
			continue
		}
		kind := deprecatedOp
		if f.producer >= int64(version) {
			kind = removedOp
		}
		f.found.addTimes(kind, op.Name, uses[id], f.node(first[id]), f.removal(op))
	}
	bodies := f.opsInBodies()
	f.findUnrunnable(first, uses, bodies)
	info, _ := f.m.Message(fieldnum.MetaGraphDef_MetaInfoDef)
	if _, listed := wire.Merged(info, fieldnum.MetaGraphDef_MetaInfoDef_StrippedOpList); !listed {
		return
	}
	message := func(op *opInfo) func() string { return fixed("op " + op.Name + " is not in stripped_op_list") }
	// Each op counts once: if the list lacks MatMul, it does so for all nodes.
	inGraph := make(map[*opInfo]bool, len(f.infos))
	for id, op := range f.infos {
		inGraph[op] = true
		if f.unlisted(op) {
			f.found.add(unlistedOp, "", f.node(first[id]), message(op))
		}
	}
	for _, op := range bodies {
		if !inGraph[op] && f.unlisted(op) {
			f.found.add(unlistedOp, "", op.uses.place(), message(op))
		}
	}
}

// opsInBodies returns the ops that function bodies use, by name.
func (f *problemFinder) opsInBodies() []*opInfo {
	var ops []*opInfo
	for _, op := range f.opInfos {
		if op.uses.count > 0 {
			ops = append(ops, op)
		}
	}
	slices.SortFunc(ops, func(a, b *opInfo) int { return cmp.Compare(a.Name, b.Name) })
	return ops
}

// findUnrunnable reports ops that import but run only on some machines, or only in the process that built the graph. first and uses
// are indexed by op id; bodies has the ops of function bodies.
func (f *problemFinder) findUnrunnable(first, uses []int, bodies []*opInfo) {
	note := func(op *opInfo, times int, place func() string) {
		if op.Source != opdef.InTensorFlow {
			return
		}
		if need := opdef.MissingKernel(op.Name); need != "" {
			f.found.addTimes(missingKernel, op.Name, times, place, fixed("op "+op.Name+" has no CPU kernel; it needs "+need))
		}
		if opdef.RunsPython(op.Name) {
			f.found.addTimes(pythonFunction, op.Name, times, place, fixed("op "+op.Name+" calls a function of the Python process that built the graph"))
		}
	}
	for id, op := range f.infos {
		note(op, uses[id], f.node(first[id]))
	}
	for _, op := range bodies {
		if op.runnable.count > 0 {
			note(op, op.runnable.count, op.runnable.place())
		}
	}
}

// unlisted reports whether the file's own list should define an op but does not.
func (f *problemFinder) unlisted(op *opInfo) bool {
	return op.Source == opdef.InTensorFlow && !f.list.Has(op.Name)
}

// removal returns the message for a deprecated or removed op.
func (f *problemFinder) removal(op *opInfo) func() string {
	version := op.removedIn()
	return func() string {
		what := "stops working"
		if f.producer >= int64(version) {
			what = "was removed"
		}
		return fmt.Sprintf("op %s %s in GraphDef version %d (this graph: %d): %s", op.Name, what, version, f.producer, op.Deprecation.Explanation)
	}
}
