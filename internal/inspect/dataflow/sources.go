package dataflow

import (
	"bytes"
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A source is a tensor through which data enters the graph.
type source struct {
	edge  graph.Edge // the node and its output number
	role  Role
	why   string
	dtype int32
	shape tensor.Shape
	early bool // has a role other than data that is known without looking at the model
	guess bool // early because of its type or name, not because of its consumers
}

// An ioFinder finds the inputs and outputs of one graph.
type ioFinder struct {
	*Flow
	t           *opdef.Tensors
	m           *wire.MetaGraph
	declared    declared
	machinery   map[graph.Edge]bool // file names used by the saver and by assets
	trainable   []int32             // variables; in a frozen graph, constants
	frozen      bool                // whether trainable holds constants
	fed         bool                // whether any source is data
	deployed    bool                // whether the graph has no variables and serves only inference
	losses      int                 // number of losses that gradients are computed for
	questions   int                 // how many more walks over the whole graph are allowed
	substitutes map[graph.Edge]bool // tensors that layers read instead of data
	sources     []source
	methods     []Method
	sourceAt    map[graph.Edge]int // index in sources
	layers      []int32
}

// findSources lists the tensors through which data enters, in file order, and assigns roles to those that cannot be
// model data.
func (d *ioFinder) findSources() {
	var n wire.Node
	for _, i := range d.withClass(opdef.ClassSource) {
		if d.marks[i]&MarkGradient != 0 {
			continue
		}
		d.g.Node(int(i), &n)
		for _, port := range d.portsRead(i) {
			s := source{edge: graph.Edge{Node: i, Port: port}}
			s.dtype, s.shape = d.t.DType(&n, int(port)), d.t.Shape(int(i), int(port))
			if d.machinery[s.edge] || isHandle(s.dtype) || d.savers(s.edge) {
				continue
			}
			if d.setAside(&s); s.early && d.Is(i, opdef.ClassReader) {
				continue // a source that fills a queue with file records cannot be fed in its place
			}
			d.sourceAt[s.edge] = len(d.sources)
			d.sources = append(d.sources, s)
		}
	}
}

// maxPorts limits how many outputs of one source are listed.
const maxPorts = 256

// portsRead returns the relevant outputs of a source: the only output of a placeholder, or the outputs of another op
// that are read.
func (d *ioFinder) portsRead(i int32) []int32 {
	if d.Is(i, opdef.ClassPlaceholder) {
		return []int32{0}
	}
	var ports []int32
	seen := make(map[int32]bool)
	for _, e := range d.g.Consumers(int(i)) {
		if e.Port >= 0 && !seen[e.Port] && len(seen) < maxPorts {
			seen[e.Port] = true
			ports = append(ports, e.Port)
		}
	}
	slices.Sort(ports)
	return ports
}

// savers reports whether a source is used only as the file name of a saver.
func (d *ioFinder) savers(source graph.Edge) bool {
	saves := false
	for _, e := range d.readers(source) {
		if !d.Is(e, opdef.ClassSave) {
			// The name may pass through a default, a suffix join or a shard name before it reaches the saver.
			if op := d.g.OpName(d.g.Op(int(e))); op != "PlaceholderWithDefault" && op != "StringJoin" && op != "Identity" {
				return false
			}
		}
		saves = true
	}
	return saves && d.isCloseBefore(source, opdef.ClassSave)
}

// readers returns the nodes that consume a tensor, in file order.
func (d *ioFinder) readers(source graph.Edge) []int32 {
	var readers []int32
	for _, e := range d.g.Consumers(int(source.Node)) {
		if e.Port == source.Port {
			readers = append(readers, e.Node)
		}
	}
	return readers
}

// nearby limits how many nodes a search close to a tensor visits.
const nearby = 48

// isCloseBefore reports whether a node of one of the classes is close downstream of a tensor.
func (d *ioFinder) isCloseBefore(source graph.Edge, class opdef.Class) bool {
	found := false
	d.below(source, func(i int32) bool {
		found = found || d.Is(i, class)
		return !found
	})
	return found
}

// below calls look with the nodes close downstream of a tensor, nearest first. It continues past a node only if look
// returns true.
func (d *ioFinder) below(source graph.Edge, look func(i int32) bool) {
	queue := d.readers(source)
	seen := make([]int32, 0, nearby)
	for head := 0; head < len(queue) && len(seen) < nearby; head++ {
		i := queue[head]
		if slices.Contains(seen, i) {
			continue
		}
		seen = append(seen, i)
		if !look(i) {
			continue
		}
		for _, e := range d.g.Consumers(int(i)) {
			if e.Port >= 0 && len(queue) < 4*nearby {
				queue = append(queue, e.Node)
			}
		}
	}
}

// unread lists the outputs of queues and iterators that have no consumer. They are the results of a graph that is only
// an input pipeline.
func (d *ioFinder) unread() []graph.Edge {
	var all []graph.Edge
	var n wire.Node
	for _, i := range d.withClass(opdef.ClassSource) {
		if d.Is(i, opdef.ClassPlaceholder|opdef.ClassReader) || len(all) >= maxPredictions {
			continue
		}
		d.g.Node(int(i), &n)
		for port := range min(d.t.Outputs(&n), maxPortsOut) {
			if e := (graph.Edge{Node: i, Port: int32(port)}); len(d.readers(e)) == 0 {
				all = append(all, e)
			}
		}
	}
	return all
}

// setAside assigns a role to a source if its type, name and consumers determine it.
func (d *ioFinder) setAside(s *source) {
	if role, why := d.bookkeeping(s); role != "" {
		s.role, s.why, s.early = role, why, true
		return
	}
	switch {
	case s.dtype == tensor.Bool:
		s.role, s.why, s.early = RoleAuxiliary, "a bool, which switches parts of the model", true
	case d.rate(s):
		s.role, s.why, s.early = RoleAuxiliary, "a dropout rate", true
	case s.shape.IsScalar() && s.dtype != tensor.String:
		s.role, s.why, s.early = RoleAuxiliary, "a scalar", true
	case (s.shape == nil || d.isReadByElement(s)) && d.auxiliaryName(s.edge.Node):
		s.role, s.why, s.early = RoleAuxiliary, "named like a switch or a rate", true
	}
	s.guess = s.early
}

// bookkeeping returns the role of a source that is used outside the model and how it was identified. It returns "" for
// other sources.
func (d *ioFinder) bookkeeping(s *source) (Role, string) {
	readers := d.readers(s.edge)
	if len(readers) == 0 {
		return RoleUnused, "no node reads it"
	}
	if hubTemplate(d.g.Name(int(s.edge.Node))) {
		return RoleUnused, "placeholder in the template of a TF-Hub module"
	}
	update, queue, summary, gradient, iterator := 0, 0, 0, 0, 0
	for _, i := range readers {
		switch op := d.g.OpName(d.g.Op(int(i))); {
		case d.Is(i, opdef.ClassUpdate):
			update++
		case d.Has(i, markKeeping) && d.isCloseBefore(s.edge, opdef.ClassUpdate):
			update++
		case d.Has(i, markKeeping):
			queue++
		case d.Is(i, opdef.ClassEnqueue):
			queue++
		case d.Is(i, opdef.ClassSummary):
			summary++
		case d.Has(i, MarkGradient):
			gradient++
		case bytes.Contains([]byte(op), []byte("Dataset")), bytes.HasPrefix([]byte(op), []byte("IteratorFromString")):
			iterator++
		}
	}
	switch n := len(readers); {
	case queue == n:
		return RoleAuxiliary, "fills a queue that the model reads"
	case iterator == n:
		return RoleAuxiliary, "feeds a dataset that the model reads"
	case summary == n:
		return RoleUnused, "only summaries read it"
	case update == n:
		return RoleAuxiliary, "only the optimizer or an assignment reads it"
	case update+gradient+summary == n:
		return RoleAuxiliary, "only the optimizer reads it"
	}
	return "", ""
}

// rate reports whether a source is the rate or keep probability of a dropout: it is compared with random numbers, or
// added to them and the sum rounded down.
func (d *ioFinder) rate(s *source) bool {
	if s.shape != nil && !s.shape.IsScalar() || !isFloat(s.dtype) {
		return false
	}
	found := false
	d.below(s.edge, func(i int32) bool {
		switch op := d.g.OpName(d.g.Op(int(i))); op {
		case "GreaterEqual", "Greater", "Less", "LessEqual":
			found = found || d.readsRandom(i)
		case "Add", "AddV2":
			found = found || d.readsRandom(i) && d.floored(i)
		case "Sub", "Identity", "Cast", "Switch", "Merge", "StopGradient":
			return !found
		}
		return false
	})
	return found
}

// isReadByElement reports whether a source is a vector from which only single elements are read.
func (d *ioFinder) isReadByElement(s *source) bool {
	if len(s.shape) != 1 || !isFloat(s.dtype) {
		return false
	}
	for _, i := range d.readers(s.edge) {
		if !d.Is(i, opdef.ClassCut) || !d.t.Shape(int(i), 0).IsScalar() {
			return false
		}
	}
	return true
}

// floored reports whether the result of node i is rounded down.
func (d *ioFinder) floored(i int32) bool {
	for _, c := range d.g.Consumers(int(i)) {
		if d.g.OpName(d.g.Op(int(c.Node))) == "Floor" {
			return true
		}
	}
	return false
}

// readsRandom reports whether node i reads random numbers, possibly scaled.
func (d *ioFinder) readsRandom(i int32) bool {
	for _, e := range d.g.Inputs(int(i)) {
		if e.Node != graph.Dangling && e.Port >= 0 && d.randomAbove(e.Node, 4) {
			return true
		}
	}
	return false
}

// randomAbove reports whether node i, or a node at most depth steps upstream along first inputs, generates random
// numbers.
func (d *ioFinder) randomAbove(i int32, depth int) bool {
	for range depth {
		if d.Is(i, opdef.ClassRandom) {
			return true
		}
		in := d.g.Inputs(int(i))
		if len(in) == 0 || in[0].Node == graph.Dangling || in[0].Port < 0 {
			return false
		}
		i = in[0].Node
	}
	return false
}

// isFloat reports whether a DataType is a floating-point type.
func isFloat(dtype int32) bool {
	name := tensor.DTypeName(dtype)
	return len(name) > 5 && (name[:5] == "float" || name == "bfloat16")
}

// isHandle reports whether a DataType is a handle type rather than a data type.
func isHandle(dtype int32) bool { return dtype == tensor.Resource || dtype == tensor.Variant }

// hubTemplate reports whether a placeholder belongs to the template graph of a TF-Hub module. Each use of the module
// copies that graph (tensorflow_hub/native_module.py).
func hubTemplate(name []byte) bool {
	return bytes.HasPrefix(name, []byte("hub_input/")) || bytes.Contains(name, []byte("/hub_input/"))
}

// findMachinery lists the tensors that pass file names to the saver and to asset loaders.
func (d *ioFinder) findMachinery() {
	d.machinery = make(map[graph.Edge]bool)
	saver, _ := d.m.Message(fieldnum.MetaGraphDef_SaverDef)
	if name := wire.Last(saver, fieldnum.SaverDef_FilenameTensorName); len(name) > 0 {
		d.machinery[FindTensor(d.g, name)] = true
	}
	for asset := range d.m.All(fieldnum.MetaGraphDef_AssetFileDef) {
		info, _ := wire.Merged(asset, fieldnum.AssetFileDef_TensorInfo)
		d.machinery[FindTensor(d.g, wire.Last(info, fieldnum.TensorInfo_Name))] = true
	}
}

// isDeployed reports whether the graph is frozen: it has weights but no variables and no placeholders that stand for
// variables. A frozen graph has no labels, losses or metrics, and its outputs have no consumers.
func (d *ioFinder) isDeployed() bool {
	if d.anyOp(opdef.ClassVariable|opdef.ClassUpdate|opdef.ClassSave) || !d.anyOp(opdef.ClassWeighted) {
		return false
	}
	var n wire.Node
	for _, i := range d.withClass(opdef.ClassSource) {
		d.g.Node(int(i), &n)
		if isHandle(tensor.AttrType(&n, "dtype")) {
			return false
		}
	}
	return len(variableNames(d.m, "trainable_variables")) == 0
}

// adoptGradients makes the gradients of a frozen graph part of the model if other nodes use them, such as the forces
// in a model of energies. It returns false if the graph has gradients that nothing else uses, because those train the
// model elsewhere.
func (d *ioFinder) adoptGradients() bool {
	gradients, used := false, false
	for i := range int32(d.g.Len()) {
		if d.Has(i, MarkGradient) {
			gradients = true
			used = used || len(d.g.Consumers(int(i))) == 0 && !d.gradientName(d.g.Name(int(i))) && !d.Is(i, opdef.ClassTerminal)
		}
	}
	if used {
		clear(d.marks)
	}
	return used || !gradients
}
