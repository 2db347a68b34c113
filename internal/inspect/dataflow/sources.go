package dataflow

import (
	"bytes"
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A source is a tensor by which data comes into a graph.
type source struct {
	edge  graph.Edge // the node and its output
	role  Role
	why   string
	dtype int32
	shape tensor.Shape
	early bool // known to be no data before anything is known about the model
	guess bool // early because of what it looks like, not because of who reads it
}

// An ioFinder finds the inputs and outputs of one graph.
type ioFinder struct {
	*Flow
	t         *opdef.Tensors
	m         *wire.MetaGraph
	declared  declared
	machinery map[graph.Edge]bool // file names of the saver and of assets
	trainable []int32             // variables; constants where a frozen graph has none
	frozen    bool                // whether trainable are constants
	fed       bool                // whether there is a source of data
	deployed  bool                // whether the graph holds no variables, so that all of it serves inference
	losses    int                 // that gradients start from
	questions int                 // for which the whole graph may still be gone through
	standIns  map[graph.Edge]bool // tensors that layers read in place of data
	sources   []source
	methods   []Method
	sourceAt  map[graph.Edge]int // place in sources
	layers    []int32
}

// findSources lists the tensors by which data comes in, in file order, those apart that cannot be the model's data.
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
				continue // what fills a queue with the records of a file cannot be fed in its place
			}
			d.sourceAt[s.edge] = len(d.sources)
			d.sources = append(d.sources, s)
		}
	}
}

// maxPorts is how many outputs of one source are listed.
const maxPorts = 256

// portsRead returns the outputs of a source that are of interest: the one that a placeholder has, of others those that
// somebody reads.
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

// savers reports whether a source is the file name of a saver and nothing else.
func (d *ioFinder) savers(source graph.Edge) bool {
	saves := false
	for _, e := range d.readers(source) {
		if !d.Is(e, opdef.ClassSave) {
			// The name goes through a default, a join with a suffix or a shard's name before it gets to the saver.
			if op := d.g.OpName(d.g.Op(int(e))); op != "PlaceholderWithDefault" && op != "StringJoin" && op != "Identity" {
				return false
			}
		}
		saves = true
	}
	return saves && d.leadsTo(source, opdef.ClassSave)
}

// readers returns the nodes that read a tensor, in file order.
func (d *ioFinder) readers(source graph.Edge) []int32 {
	var readers []int32
	for _, e := range d.g.Consumers(int(source.Node)) {
		if e.Port == source.Port {
			readers = append(readers, e.Node)
		}
	}
	return readers
}

// nearby is how many nodes a question about what lies close to a tensor looks at.
const nearby = 48

// leadsTo reports whether a node of one of the classes lies close below a tensor.
func (d *ioFinder) leadsTo(source graph.Edge, class opdef.Class) bool {
	found := false
	d.below(source, func(i int32) bool {
		found = found || d.Is(i, class)
		return !found
	})
	return found
}

// below calls look with the nodes close below a tensor, the closest first, and goes on below those for which it reports true.
func (d *ioFinder) below(source graph.Edge, look func(i int32) bool) {
	queue := d.readers(source)
	seen := make(map[int32]bool, nearby)
	for head := 0; head < len(queue) && len(seen) < nearby; head++ {
		i := queue[head]
		if seen[i] {
			continue
		}
		seen[i] = true
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

// unread lists what queues and iterators hand out that nobody reads: what a graph makes that is an input pipeline and nothing else.
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

// setAside gives a source its role where that can be told by what it is and by who reads it.
func (d *ioFinder) setAside(s *source) {
	if role, why := d.bookkeeping(s); role != "" {
		s.role, s.why, s.early = role, why, true
		return
	}
	switch {
	case tensor.DTypeName(s.dtype) == "bool":
		s.role, s.why, s.early = RoleAuxiliary, "a bool, which switches parts of the model", true
	case d.rate(s):
		s.role, s.why, s.early = RoleAuxiliary, "a dropout rate", true
	case s.shape.IsScalar() && tensor.DTypeName(s.dtype) != "string":
		s.role, s.why, s.early = RoleAuxiliary, "a scalar", true
	case (s.shape == nil || d.pickedApart(s)) && d.auxiliaryName(s.edge.Node):
		s.role, s.why, s.early = RoleAuxiliary, "the name of a switch or a rate", true
	}
	s.guess = s.early
}

// bookkeeping returns role and sign of a source that is read for a purpose other than the model, "" for any other.
func (d *ioFinder) bookkeeping(s *source) (Role, string) {
	readers := d.readers(s.edge)
	if len(readers) == 0 {
		return RoleUnused, "nobody reads it"
	}
	if hubTemplate(d.g.Name(int(s.edge.Node))) {
		return RoleUnused, "stands in for the input of a TF-Hub module"
	}
	update, queue, summary, gradient, iterator := 0, 0, 0, 0, 0
	for _, i := range readers {
		switch op := d.g.OpName(d.g.Op(int(i))); {
		case d.Is(i, opdef.ClassUpdate):
			update++
		case d.Has(i, markKeeping) && d.leadsTo(s.edge, opdef.ClassUpdate):
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
		return RoleAuxiliary, "goes into a dataset that the model reads"
	case summary == n:
		return RoleUnused, "only summaries read it"
	case update == n:
		return RoleAuxiliary, "only the optimizer or an assignment reads it"
	case update+gradient+summary == n:
		return RoleAuxiliary, "only the optimizer reads it"
	}
	return "", ""
}

// rate reports whether a source is a dropout's rate or keep probability: random numbers are compared with it, or it is added to them
// and the sum is rounded off.
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

// pickedApart reports whether a source is a vector of which single numbers are all that is read.
func (d *ioFinder) pickedApart(s *source) bool {
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

// floored reports whether what node i makes is rounded off.
func (d *ioFinder) floored(i int32) bool {
	for _, c := range d.g.Consumers(int(i)) {
		if d.g.OpName(d.g.Op(int(c.Node))) == "Floor" {
			return true
		}
	}
	return false
}

// readsRandom reports whether node i reads random numbers, scaled or not.
func (d *ioFinder) readsRandom(i int32) bool {
	for _, e := range d.g.Inputs(int(i)) {
		if e.Node != graph.Dangling && e.Port >= 0 && d.randomAbove(e.Node, 4) {
			return true
		}
	}
	return false
}

// randomAbove reports whether random numbers come into node i through at most depth nodes' first inputs.
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

// isFloat reports whether a DataType is one of floating point numbers.
func isFloat(dtype int32) bool {
	name := tensor.DTypeName(dtype)
	return len(name) > 5 && (name[:5] == "float" || name == "bfloat16")
}

// isHandle reports whether a DataType is one of handles rather than data.
func isHandle(dtype int32) bool {
	return tfpb.DataType(dtype) == tfpb.DataType_DT_RESOURCE || tfpb.DataType(dtype) == tfpb.DataType_DT_VARIANT
}

// hubTemplate reports whether a placeholder belongs to the graph of a TF-Hub module as such, of which every use of the module makes a
// copy (tensorflow_hub/native_module.py).
func hubTemplate(name []byte) bool {
	return bytes.HasPrefix(name, []byte("hub_input/")) || bytes.Contains(name, []byte("/hub_input/"))
}

// findMachinery lists the tensors by which TensorFlow itself passes file names: to the saver, to what loads assets.
func (d *ioFinder) findMachinery() {
	d.machinery = make(map[graph.Edge]bool)
	saver, _ := d.m.Message(wire.SaverDef)
	if name := wire.Last(saver, saverFilename); len(name) > 0 {
		d.machinery[FindTensor(d.g, name)] = true
	}
	for i := range d.m.Fields {
		if f := &d.m.Fields[i]; f.Is(wire.AssetFileDef) {
			info, _ := wire.Merged(f.Data, 1)
			d.machinery[FindTensor(d.g, wire.Last(info, 1))] = true
		}
	}
}

// saverFilename is the field of SaverDef that names the tensor with the file's name (tensorflow/core/protobuf/saver.proto).
const saverFilename = 1

// isDeployed reports whether the graph was frozen: it has inputs and weights, but no variables, nor placeholders that stand for them.
// Nothing in such a graph is a label, a loss or a metric, and its outputs are what no node reads.
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

// adoptGradients makes the gradients in a frozen graph part of the model if something else is computed from them, such as the forces in a
// model of energies. It reports false if the graph has gradients that nothing else uses: those train the model elsewhere.
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
