// Package graph indexes the nodes of one GraphDef by number and by name, and the edges between them.
package graph

import (
	"slices"
	"strconv"
	"sync"

	"github.com/metagraph/metagraph/internal/hugepage"
	"github.com/metagraph/metagraph/internal/parallel"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Graph holds the nodes of one GraphDef and the edges between them. It uses about 30
// bytes per node and 16 per input; attrs stay in the file's bytes. Function bodies are not included. A Graph is safe
// for concurrent use.
type Graph struct {
	Nodes
	rest       wire.Graph // the fields other than nodes
	restEnd    int        // where rest ends in bytes, while rest is a window on bytes
	restCopied bool
	ops        idList // op ids
	devices    idList // device ids
	opNames    nameIDs
	devNames   nameIDs
	numbers    []uint16 // what NewNumbered stored
	inputStart []int32  // the inputs of node i are edges[inputStart[i]:inputStart[i+1]]
	edges      []Edge
	colocated  []Colocation
	long       bool     // the tag or length of a node does not have its shortest encoding
	large      sync.Map // the large nodes parsed so far: *wire.Node by number

	consumersOnce sync.Once // fills the fields below at the first call of Consumers
	consumerStart []int32
	consumers     []Edge
}

// An Edge is one end of an input. In Inputs, Node is the producer; in Consumers, the reader. Port is the number of the producer's
// output.
type Edge struct {
	Node int32 // a node number, Dangling if the input names a node that does not exist
	Port int32 // an output number; Control for a control input; BadPort if the text after the colon is not a number
}

const (
	// Dangling is the number of a node that does not exist.
	Dangling int32 = -1
	// Control is the port of a control input.
	Control int32 = -1
	// BadPort is the port of an input like "name:x".
	BadPort int32 = -2
	// UnknownGroup is the group of a node whose attr "_class" New does not read.
	UnknownGroup int32 = -2
)

// A Colocation is a node with an attr "_class", and the node whose colocation group it is in.
type Colocation struct {
	Node  int32
	Group int32 // Dangling if there is no such node; UnknownGroup if the attr names several nodes or is encoded in a rare way
}

// A NodeNumber returns a number for node n. class is the field of n.Raw that holds the attr "_class", if it is one colocation group in
// the usual encoding; otherwise it is nil. Neither may be kept.
type NodeNumber func(n *wire.Node, class []byte) uint16

// New indexes g in one parallel walk. The error wraps a *wire.SyntaxError, or says that the graph is too large.
func New(g wire.Graph) (*Graph, error) { return NewNumbered(g, nil) }

// NewNumbered is New. In the same walk, it numbers the nodes for Number. Each part of the walk calls open, on its own goroutine.
func NewNumbered(g wire.Graph, open func() NodeNumber) (*Graph, error) {
	nodes, err := emptyNodes(g)
	if err != nil {
		return nil, err
	}
	x := &Graph{Nodes: nodes, inputStart: []int32{0}}
	x.devNames.id(nil) // reserve id 0 for "no device"
	var hashes []uint32
	var later []unresolved
	parts := partReader{graph: g, open: open}
	err = parallel.Ordered(g.Parts, parts.read, func(p *graphPart) error {
		if x.Len() == 0 {
			x.reserve(p)
			hashes = hugepage.Make[uint32](0, cap(x.starts))
		}
		later = append(later, unresolved{len(x.edges), len(x.colocated), slices.Clone(p.later)})
		x.join(p)
		hashes = x.Nodes.join(&p.nodesPart, hashes)
		parts.done.Put(p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	x.byName, x.duplicates = newNameTable(&x.Nodes, hashes)
	_ = parallel.Each(slices.Values(later), func(u unresolved) error {
		for _, e := range u.edges {
			i, found := x.byName.find(&x.Nodes, e.hash, g[e.at:e.at+e.length])
			switch {
			case !found:
			case e.edge >= 0:
				x.edges[u.edge+int(e.edge)].Node = int32(i)
			default:
				x.colocated[u.colocation+int(^e.edge)].Group = int32(i)
			}
		}
		return nil
	})
	x.leaveDuplicates()
	return x, nil
}

// leaveDuplicates moves the edges to nodes that have the same name as an earlier one, in another part, to that one.
func (g *Graph) leaveDuplicates() {
	if len(g.duplicates) == 0 {
		return
	}
	first := make(map[int32]int32, len(g.duplicates))
	for _, i := range g.duplicates {
		named, _ := g.Find(g.Name(int(i)))
		first[i] = int32(named)
	}
	for k, e := range g.edges {
		if i, ok := first[e.Node]; ok {
			g.edges[k].Node = i
		}
	}
	for k, c := range g.colocated {
		if i, ok := first[c.Group]; ok {
			g.colocated[k].Group = i
		}
	}
}

// Rest returns the GraphDef without its nodes: library, versions and unknown fields. It does not walk the nodes again.
func (g *Graph) Rest() wire.Graph { return g.rest }

// LargeNode is the size from which parsed nodes are cached. A node with many inputs, attrs or outputs is looked up once
// for each of them, and parsing it every time would take quadratic time.
const LargeNode = 4 << 10

// Node parses node i into n, reusing n's memory.
func (g *Graph) Node(i int, n *wire.Node) {
	raw := g.Raw(i)
	if len(raw) < LargeNode {
		// New has parsed every node, so this cannot fail.
		_ = n.Parse(raw)
		return
	}
	kept, known := g.large.Load(i)
	if !known {
		var parsed wire.Node
		_ = parsed.Parse(raw)
		shared := wire.Shared(&parsed)
		kept, _ = g.large.LoadOrStore(i, &shared)
	}
	*n = *kept.(*wire.Node)
}

// Op returns the id of node i's op. Ids count from 0 in the order of first occurrence in the file.
func (g *Graph) Op(i int) int32 { return g.ops.at(i) }

// OpName returns the op with the given id.
func (g *Graph) OpName(id int32) string { return g.opNames.list[id] }

// Ops returns the names of all ops of the graph, by id. The caller must not change them.
func (g *Graph) Ops() []string { return g.opNames.list }

// OpID returns the id of an op, and false if no node has it.
func (g *Graph) OpID(name string) (int32, bool) {
	id, ok := g.opNames.ids[name]
	return id, ok
}

// Device returns the id of node i's device, or 0 if it has none. Other ids count from 1 in the order of first
// occurrence in the file.
func (g *Graph) Device(i int) int32 { return g.devices.at(i) }

// Devices returns the device strings of the graph, by id; the first is the empty one. The caller must not change them.
func (g *Graph) Devices() []string { return g.devNames.list }

// Numbers returns the numbers of the nodes, in a new slice. They are those that NewNumbered found. If New made the graph, Numbers finds
// them in a walk of its own, for which it calls open like NewNumbered.
func (g *Graph) Numbers(open func() NodeNumber) []int32 {
	numbers := hugepage.Make[int32](g.Len(), g.Len())
	if g.numbers != nil {
		for i, number := range g.numbers {
			numbers[i] = int32(number)
		}
		return numbers
	}
	_ = parallel.Each(parallel.Runs(g.Len()), func(run parallel.Run) error {
		var n wire.Node
		number := open()
		for i := run.First; i < run.End; i++ {
			g.Node(i, &n)
			value, _ := n.Attr("_class")
			class, _ := classField(n.Raw, value)
			numbers[i] = int32(number(&n, class))
		}
		return nil
	})
	return numbers
}

// Colocated returns the nodes that have an attr "_class", in file order. The caller must not change the slice.
func (g *Graph) Colocated() []Colocation { return g.colocated }

// Shortest reports whether the tags and lengths of all nodes have their shortest encoding.
func (g *Graph) Shortest() bool { return !g.long }

// Inputs returns the producers that node i reads, in input order, including control inputs. The caller must not change
// the slice.
func (g *Graph) Inputs(i int) []Edge { return g.edges[g.inputStart[i]:g.inputStart[i+1]] }

// DataInputs returns Inputs up to the first control input. TensorFlow requires that control inputs come last.
func (g *Graph) DataInputs(i int) []Edge {
	edges := g.Inputs(i)
	for k, e := range edges {
		if e.Port == Control {
			return edges[:k]
		}
	}
	return edges
}

// Consumers returns the readers of node i in file order, one for each input that reads it. Node is the reader. Port is
// the output of node i, or Control for a control input. The caller must not change the slice.
func (g *Graph) Consumers(i int) []Edge {
	g.consumersOnce.Do(g.linkConsumers)
	return g.consumers[g.consumerStart[i]:g.consumerStart[i+1]]
}

// linkConsumers builds the consumer lists from the inputs.
func (g *Graph) linkConsumers() {
	n := g.Len()
	start := hugepage.Make[int32](n+2, n+2)
	for _, e := range g.edges {
		if e.Node != Dangling {
			start[e.Node+2]++
		}
	}
	for i := 2; i < len(start); i++ {
		start[i] += start[i-1]
	}
	// start[i+1] is the position of node i's next consumer. After the loop, it is where the consumers of node i+1
	// begin.
	count := int(start[n+1])
	g.consumers = hugepage.Make[Edge](count, count)
	for i := range n {
		for _, e := range g.Inputs(i) {
			if e.Node == Dangling {
				continue
			}
			g.consumers[start[e.Node+1]] = Edge{Node: int32(i), Port: e.Port}
			start[e.Node+1]++
		}
	}
	g.consumerStart = start[:n+1]
}

// TensorName returns the name of a tensor, such as "dense/BiasAdd:0".
func (g *Graph) TensorName(e Edge) string {
	return string(g.Name(int(e.Node))) + ":" + strconv.Itoa(int(e.Port))
}
