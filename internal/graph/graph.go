// Package graph indexes one GraphDef: its nodes by number and by name, and the edges between them.
package graph

import (
	"fmt"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/wire"
)

// A Graph is the nodes of one GraphDef by number, their place in file order from 0 on, and who reads whom. It is made in a
// single pass and costs about 30 bytes a node and 16 an input; names and attrs stay in the file's bytes. Function bodies are
// no part of it. A Graph is not safe for concurrent use.
type Graph struct {
	bytes      wire.Graph
	rest       wire.Graph // what is no node
	restEnd    int        // where in bytes rest ends, as long as it is a window
	restCopied bool
	starts     []uint32 // where in bytes the length of each NodeDef stands
	nameAt     []uint8  // the name's length stands this far into the NodeDef; farAway where it does not fit
	ops        []int32  // op ids
	devices    []int32  // device ids
	opNames    nameIDs
	devNames   nameIDs
	inputStart []int32 // of node i the inputs are edges[inputStart[i]:inputStart[i+1]]
	edges      []Edge
	names      nameTable
	duplicates []int32
	colocated  []int32

	consumerStart []int32 // nil until somebody asks for consumers
	consumers     []Edge
}

// An Edge is one end of an input. In Inputs, Node is the node that is read; in Consumers, the node that reads. Port is the
// number of the output that is read.
type Edge struct {
	Node int32 // a node number, Dangling where the input names no node
	Port int32 // an output number, Control for a control input, BadPort where what stands behind the colon is no number
}

const (
	// Dangling stands for a node that is not there.
	Dangling int32 = -1
	// Control is the port of a control input.
	Control int32 = -1
	// BadPort is the port of an input like "name:x".
	BadPort int32 = -2
)

// maxGraph is how large a graph can be for its positions to fit 32 bits. Protobuf itself stops at half of it.
const maxGraph = math.MaxUint32

// noOffset marks a name that does not stand at the beginning of its NodeDef.
const noOffset = math.MaxUint8

// pending is an input that names no earlier node.
type pending struct {
	edge   int32
	at     uint32 // where in the graph the node name that it reads begins
	length uint32
}

// New goes once over the nodes of g. The error wraps a *wire.SyntaxError.
func New(g wire.Graph) (*Graph, error) {
	if uint64(len(g)) > maxGraph {
		return nil, fmt.Errorf("index a graph of %d bytes: it is too large for TensorFlow to read", len(g))
	}
	count, inputs := estimate(g)
	x := &Graph{
		bytes:      g,
		starts:     make([]uint32, 0, count),
		nameAt:     make([]uint8, 0, count),
		ops:        make([]int32, 0, count),
		devices:    make([]int32, 0, count),
		inputStart: make([]int32, 1, count+1),
		edges:      make([]Edge, 0, inputs),
		names:      newNameTable(count),
	}
	x.devNames.id(nil) // so that 0 is no device
	var later []pending
	var node wire.Node
	s := wire.Scan(g)
	for s.Next() {
		if !s.Is(wire.GraphNode) {
			x.keep(s.Raw)
			continue
		}
		if err := node.Parse(s.Data); err != nil {
			return nil, fmt.Errorf("read node %d: %w", len(x.starts), err)
		}
		later = x.add(s.Raw, &node, later)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("read the graph: %w", err)
	}
	x.names.flush(x)
	for _, p := range later {
		if i, found := x.Find(g[p.at : p.at+p.length]); found {
			x.edges[p.edge].Node = int32(i)
		}
	}
	x.settleDuplicates()
	return x, nil
}

// settleDuplicates makes every input read the first of the nodes that have the name.
func (g *Graph) settleDuplicates() {
	if len(g.duplicates) == 0 {
		return
	}
	first := make(map[int32]int32, len(g.duplicates))
	for _, i := range g.duplicates {
		if j, found := g.Find(g.Name(int(i))); found {
			first[i] = int32(j)
		}
	}
	for k := range g.edges {
		if j, duplicate := first[g.edges[k].Node]; duplicate {
			g.edges[k].Node = j
		}
	}
}

const (
	// sampledBytes is how much of a graph is looked at to estimate how many nodes it has.
	sampledBytes = 256 << 10
	// maxEstimate bounds the estimate: behind many small nodes one of a gigabyte may follow.
	maxEstimate = 2 << 20
)

// estimate returns about how many nodes g has and how many inputs they have, so that most tables get their room at once. Counting them
// would be another walk through the whole file.
func estimate(g wire.Graph) (nodes, inputs int) {
	var node wire.Node
	end := 0
	s := wire.Scan(g)
	for end < sampledBytes && s.Next() {
		if s.Is(wire.GraphNode) && node.Parse(s.Data) == nil {
			nodes++
			inputs += len(node.Inputs)
		}
		at, _ := wire.Offset(g, s.Raw)
		end = at + len(s.Raw)
	}
	if end < sampledBytes {
		return nodes, inputs
	}
	// A sixteenth more, so that a little less than enough does not make a table be copied.
	all := func(sampled int) int { return int(min(int64(sampled)*int64(len(g))/int64(end)*17/16, maxEstimate)) }
	return all(nodes), all(inputs)
}

// add enters a node, whose whole field is raw, and resolves its inputs as far as they name it or earlier nodes. The others are
// appended to later: nearly every graph lists a node behind what it reads.
func (g *Graph) add(raw []byte, n *wire.Node, later []pending) []pending {
	i := len(g.starts)
	start, _ := wire.Offset(g.bytes, raw)
	_, tag := protowire.ConsumeVarint(raw)
	g.starts = append(g.starts, uint32(start+tag))
	g.nameAt = append(g.nameAt, nameOffset(n))

	g.ops = append(g.ops, g.opNames.id(n.Op))
	g.devices = append(g.devices, g.devNames.id(n.Device))
	if _, ok := n.Attr("_class"); ok {
		g.colocated = append(g.colocated, int32(i))
	}
	g.names.add(g, n.Name, i)
	for _, input := range n.Inputs {
		in := wire.ParseInput(input)
		edge := Edge{Node: Dangling, Port: Control}
		if !in.Control {
			edge.Port = BadPort
			if port, ok := in.Output(); ok {
				edge.Port = int32(port)
			}
		}
		if read, found := g.names.lookUp(g, in.Node); found {
			edge.Node = int32(read)
		} else if at, ok := wire.Offset(g.bytes, in.Node); ok {
			later = append(later, pending{edge: int32(len(g.edges)), at: uint32(at), length: uint32(len(in.Node))})
		}
		g.edges = append(g.edges, edge)
	}
	g.inputStart = append(g.inputStart, int32(len(g.edges)))
	return later
}

// nameOffset returns where in the NodeDef the length of its name stands.
func nameOffset(n *wire.Node) uint8 {
	at, ok := wire.Offset(n.Raw, n.Name)
	size := protowire.SizeVarint(uint64(len(n.Name)))
	if !ok || n.Name == nil || at-size < 0 || at-size >= noOffset {
		return noOffset
	}
	// A length that is not in its shortest form does not stand where it should.
	if length, m := protowire.ConsumeVarint(n.Raw[at-size:]); m != size || length != uint64(len(n.Name)) {
		return noOffset
	}
	return uint8(at - size)
}

// keep appends a field to rest: the window gets longer where the field lies right behind it, else rest becomes a copy.
func (g *Graph) keep(field []byte) {
	switch at, ok := wire.Offset(g.bytes, field); {
	case len(g.rest) == 0:
		g.rest, g.restEnd = field, at+len(field)
	case g.restCopied:
		g.rest = append(g.rest, field...)
	case ok && at == g.restEnd:
		g.restEnd += len(field)
		g.rest = g.bytes[g.restEnd-len(g.rest)-len(field) : g.restEnd]
	default:
		g.rest, g.restCopied = append(append(make(wire.Graph, 0, len(g.rest)+len(field)), g.rest...), field...), true
	}
}

// Rest returns the GraphDef without its nodes: library, versions and what else there is, without another walk past them.
func (g *Graph) Rest() wire.Graph { return g.rest }

// Len returns the number of nodes.
func (g *Graph) Len() int { return len(g.starts) }

// Raw returns the NodeDef of node i, a window on the file's bytes.
func (g *Graph) Raw(i int) []byte {
	raw, _ := protowire.ConsumeBytes(g.bytes[g.starts[i]:])
	return raw
}

// Name returns the name of node i, a window on the file's bytes.
func (g *Graph) Name(i int) []byte {
	start := g.starts[i]
	if g.nameAt[i] == noOffset {
		return wire.Last(g.Raw(i), wire.NodeName)
	}
	for g.bytes[start] >= 0x80 { // the NodeDef's length
		start++
	}
	at := start + 1 + uint32(g.nameAt[i])
	if length := g.bytes[at]; length < 0x80 {
		return g.bytes[at+1 : at+1+uint32(length)]
	}
	name, _ := protowire.ConsumeBytes(g.bytes[at:])
	return name
}

// Node takes node i apart into n, whose room is used again.
func (g *Graph) Node(i int, n *wire.Node) {
	// NewGraph has parsed every node, so that there is no error left to return.
	_ = n.Parse(g.Raw(i))
}

// Op returns the id of node i's op, from 0 on in the order in which the ops first stand in the file.
func (g *Graph) Op(i int) int32 { return g.ops[i] }

// OpName returns the op with that id.
func (g *Graph) OpName(id int32) string { return g.opNames.list[id] }

// Ops returns the names of all ops of the graph, by id. The caller must not change them.
func (g *Graph) Ops() []string { return g.opNames.list }

// OpID returns the id of an op, and whether a node has it.
func (g *Graph) OpID(name string) (int32, bool) {
	id, ok := g.opNames.ids[name]
	return id, ok
}

// Device returns the id of node i's device: 0 where it has none, the others in the order in which they first stand in the file.
func (g *Graph) Device(i int) int32 { return g.devices[i] }

// Devices returns the device strings of the graph, by id; the first is the empty one. The caller must not change them.
func (g *Graph) Devices() []string { return g.devNames.list }

// Colocated returns the numbers of the nodes that have an attr "_class", in file order. The caller must not change it.
func (g *Graph) Colocated() []int32 { return g.colocated }

// Inputs returns what node i reads in the order of its inputs, control inputs included. The caller must not change it.
func (g *Graph) Inputs(i int) []Edge { return g.edges[g.inputStart[i]:g.inputStart[i+1]] }

// Consumers returns who reads node i in file order, once for every input that does: Node is the reader and Port the output
// of i that is read, Control for a control input. The caller must not change it.
func (g *Graph) Consumers(i int) []Edge {
	if g.consumerStart == nil {
		g.linkConsumers()
	}
	return g.consumers[g.consumerStart[i]:g.consumerStart[i+1]]
}

// linkConsumers turns the edges around.
func (g *Graph) linkConsumers() {
	n := g.Len()
	start := make([]int32, n+2)
	for _, e := range g.edges {
		if e.Node != Dangling {
			start[e.Node+2]++
		}
	}
	for i := 2; i < len(start); i++ {
		start[i] += start[i-1]
	}
	// start[i+1] is where the next consumer of node i goes. When all are placed, that is where those of node i+1 begin.
	g.consumers = make([]Edge, start[n+1])
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

// Find returns the number of the node called name, the first where several are, and whether there is one.
func (g *Graph) Find(name []byte) (int, bool) { return g.names.find(g, name) }

// Duplicates returns the numbers of the nodes whose name an earlier node has, in file order. The caller must not change it.
func (g *Graph) Duplicates() []int32 { return g.duplicates }

// nameIDs numbers strings of which there are few.
type nameIDs struct {
	list []string
	ids  map[string]int32
	last int32 // nodes of one kind stand side by side
}

// id returns the number of a string, a new one where it has none.
func (s *nameIDs) id(name []byte) int32 {
	if len(s.list) > 0 && s.list[s.last] == string(name) {
		return s.last
	}
	id, known := s.ids[string(name)]
	if !known {
		if s.ids == nil {
			s.ids = make(map[string]int32)
		}
		id = int32(len(s.list))
		s.list = append(s.list, string(name))
		s.ids[s.list[id]] = id
	}
	s.last = id
	return id
}

// TensorName returns "name:k".
func TensorName(g *Graph, e Edge) string {
	return string(g.Name(int(e.Node))) + ":" + strconv.Itoa(int(e.Port))
}
