// Package graph indexes the nodes of one GraphDef by number and by name, and the edges between them.
package graph

import (
	"fmt"
	"strconv"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Graph holds the nodes of one GraphDef and the edges between them. New builds it in one pass. It uses about 30
// bytes per node and 16 per input; attrs stay in the file's bytes. Function bodies are not included. A Graph is not
// safe for concurrent use.
type Graph struct {
	Nodes
	rest       wire.Graph // the fields other than nodes
	restEnd    int        // where rest ends in bytes, while rest is a window on bytes
	restCopied bool
	ops        []int32 // op ids
	devices    []int32 // device ids
	opNames    nameIDs
	devNames   nameIDs
	inputStart []int32 // the inputs of node i are edges[inputStart[i]:inputStart[i+1]]
	edges      []Edge
	colocated  []int32
	large      map[int32]wire.Node // the large nodes parsed so far

	consumerStart []int32 // nil until the first call of Consumers
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
)

// pending is an input that names a node not yet seen.
type pending struct {
	edge   int32
	at     uint32 // offset of the producer's name in the graph
	length uint32
}

// New indexes g in one pass. The error wraps a *wire.SyntaxError or is ErrTooLarge.
func New(g wire.Graph) (*Graph, error) {
	count, inputs := estimate(g)
	nodes, err := emptyNodes(g, count)
	if err != nil {
		return nil, err
	}
	x := &Graph{
		Nodes:      nodes,
		ops:        make([]int32, 0, count),
		devices:    make([]int32, 0, count),
		inputStart: make([]int32, 1, count+1),
		edges:      make([]Edge, 0, inputs),
	}
	x.devNames.id(nil) // reserve id 0 for "no device"
	var later []pending
	var node wire.Node
	s := wire.Scan(g)
	for s.Next() {
		if !s.Is(fieldnum.GraphDef_Node) {
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
	for _, p := range later {
		if i, found := x.Find(g[p.at : p.at+p.length]); found {
			x.edges[p.edge].Node = int32(i)
		}
	}
	return x, nil
}

const (
	// sampledBytes is how much of a graph is read to estimate its number of nodes.
	sampledBytes = 256 << 10
	// maxEstimate caps the estimate, because a gigabyte node may follow many small ones.
	maxEstimate = 2 << 20
)

// estimate returns the approximate numbers of nodes and inputs in g, so that most tables are allocated once. Exact
// counts would take another pass over the file.
func estimate(g wire.Graph) (nodes, inputs int) {
	var node wire.Node
	end := 0
	s := wire.Scan(g)
	for end < sampledBytes && s.Next() {
		if s.Is(fieldnum.GraphDef_Node) && node.Parse(s.Data) == nil {
			nodes++
			inputs += len(node.Inputs)
		}
		at, _ := wire.Offset(g, s.Raw)
		end = at + len(s.Raw)
	}
	if end < sampledBytes {
		return nodes, inputs
	}
	// Add a sixteenth, so that a slightly low estimate does not force a copy of the tables.
	all := func(sampled int) int { return int(min(int64(sampled)*int64(len(g))/int64(end)*17/16, maxEstimate)) }
	return all(nodes), all(inputs)
}

// add adds a node, whose complete field is raw. It resolves inputs that name this node or earlier ones and appends the
// others to later. There are few of those, because nearly every graph lists a node after its inputs.
func (g *Graph) add(raw []byte, n *wire.Node, later []pending) []pending {
	i := g.Nodes.add(raw, n.Raw, n.Name)
	g.ops = append(g.ops, g.opNames.id(n.Op))
	g.devices = append(g.devices, g.devNames.id(n.Device))
	if _, ok := n.Attr("_class"); ok {
		g.colocated = append(g.colocated, int32(i))
	}
	for _, input := range n.Inputs {
		in := wire.ParseInput(input)
		edge := Edge{Node: Dangling, Port: Control}
		if !in.Control {
			edge.Port = BadPort
			if port, ok := in.Output(); ok {
				edge.Port = int32(port)
			}
		}
		if read, found := g.Find(in.Node); found {
			edge.Node = int32(read)
		} else if at, ok := wire.Offset(g.bytes, in.Node); ok {
			later = append(later, pending{edge: int32(len(g.edges)), at: uint32(at), length: uint32(len(in.Node))})
		}
		g.edges = append(g.edges, edge)
	}
	g.inputStart = append(g.inputStart, int32(len(g.edges)))
	return later
}

// keep appends a field to rest. It extends the window if the field follows directly; otherwise it turns rest into a
// copy.
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

// Rest returns the GraphDef without its nodes: library, versions and unknown fields. It does not walk the nodes again.
func (g *Graph) Rest() wire.Graph { return g.rest }

// LargeNode is the size from which a parsed node is kept. A node with many inputs, attrs or outputs is asked for once
// for each, and parsing it every time would take quadratic time.
const LargeNode = 4 << 10

// Node parses node i into n, reusing n's memory.
func (g *Graph) Node(i int, n *wire.Node) {
	raw := g.Raw(i)
	if len(raw) < LargeNode {
		// New has parsed every node, so this cannot fail.
		_ = n.Parse(raw)
		return
	}
	kept, known := g.large[int32(i)]
	if !known {
		var parsed wire.Node
		_ = parsed.Parse(raw)
		kept = wire.Shared(&parsed)
		if g.large == nil {
			g.large = make(map[int32]wire.Node)
		}
		g.large[int32(i)] = kept
	}
	*n = kept
}

// Op returns the id of node i's op. Ids count from 0 in the order of first occurrence in the file.
func (g *Graph) Op(i int) int32 { return g.ops[i] }

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
func (g *Graph) Device(i int) int32 { return g.devices[i] }

// Devices returns the device strings of the graph, by id; the first is the empty one. The caller must not change them.
func (g *Graph) Devices() []string { return g.devNames.list }

// Colocated returns the numbers of the nodes that have a "_class" attr, in file order. The caller must not change the
// slice.
func (g *Graph) Colocated() []int32 { return g.colocated }

// Inputs returns the producers that node i reads, in input order, including control inputs. The caller must not change
// the slice.
func (g *Graph) Inputs(i int) []Edge { return g.edges[g.inputStart[i]:g.inputStart[i+1]] }

// Consumers returns the readers of node i in file order, one for each input that reads it. Node is the reader. Port is
// the output of node i, or Control for a control input. The caller must not change the slice.
func (g *Graph) Consumers(i int) []Edge {
	if g.consumerStart == nil {
		g.linkConsumers()
	}
	return g.consumers[g.consumerStart[i]:g.consumerStart[i+1]]
}

// linkConsumers builds the consumer lists from the inputs.
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
	// start[i+1] is the position of node i's next consumer. After the loop, it is where the consumers of node i+1
	// begin.
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

// nameIDs assigns numbers to strings, few of which differ.
type nameIDs struct {
	list []string
	ids  map[string]int32
	last int32 // neighbors often have the same string
}

// id returns the number of a string. A new string gets the next number.
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

// TensorName returns the name of a tensor, such as "dense/BiasAdd:0".
func (g *Graph) TensorName(e Edge) string {
	return string(g.Name(int(e.Node))) + ":" + strconv.Itoa(int(e.Port))
}
