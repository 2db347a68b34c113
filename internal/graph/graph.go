// Package graph indexes the nodes of one GraphDef by number and by name, and the edges between them.
package graph

import (
	"fmt"
	"slices"
	"strconv"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/parallel"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Graph holds the nodes of one GraphDef and the edges between them. It uses about 35
// bytes per node and 16 per input; attrs stay in the file's bytes. Function bodies are not included. A Graph is safe
// for concurrent use.
type Graph struct {
	Nodes
	rest       wire.Graph // the fields other than nodes
	restEnd    int        // where rest ends in bytes, while rest is a window on bytes
	restCopied bool
	ops        []int32 // op ids
	devices    []int32 // device ids
	opNames    nameIDs
	devNames   nameIDs
	numbers    []int32 // what NewNumbered stored
	inputStart []int32 // the inputs of node i are edges[inputStart[i]:inputStart[i+1]]
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
type NodeNumber func(n *wire.Node, class []byte) int32

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
	err = parallel.Ordered(g.Parts, func(p wire.Part) (*graphPart, error) { return newPart(g, p, open) }, func(p *graphPart) error {
		if x.Len() == 0 {
			x.reserve(p)
			hashes = make([]uint32, 0, cap(x.starts))
		}
		later = append(later, unresolved{len(x.edges), len(x.colocated), p.later})
		x.join(p)
		hashes = x.Nodes.join(&p.nodesPart, hashes)
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

// maxReserve caps the nodes and inputs for which reserve makes room, because a gigabyte node may follow many small ones.
const maxReserve = 4 << 20

// reserve makes room for a graph whose other parts are like p, its first.
func (g *Graph) reserve(p *graphPart) {
	parts := float64(len(g.bytes)) / float64(max(p.size, 1)) * 17 / 16 // a low estimate would force a copy of the tables
	room := func(n int) int { return int(min(float64(n)*parts, maxReserve)) }
	nodes := room(p.Len())
	g.starts, g.nameAt = make([]uint32, 0, nodes), make([]uint32, 0, nodes)
	g.ops, g.devices = make([]int32, 0, nodes), make([]int32, 0, nodes)
	if len(p.numbers) > 0 {
		g.numbers = make([]int32, 0, nodes)
	}
	g.inputStart = append(make([]int32, 0, nodes+1), 0)
	g.edges = make([]Edge, 0, room(len(p.edges)))
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

// A graphPart holds what Graph holds, for one part of a graph. Node numbers count from the beginning of the part.
type graphPart struct {
	nodesPart
	size      int      // in bytes
	rest      [][]byte // the fields that are not nodes
	ops       []int32  // ids in opNames
	devices   []int32  // ids in devNames
	opNames   nameIDs
	devNames  nameIDs
	number    NodeNumber
	numbers   []int32
	inputs    []int32 // number of inputs
	edges     []Edge
	later     []pending
	colocated []Colocation
	long      bool
}

// A pending is an edge or a colocation to a node that the part has not before it. Few are, because nearly every graph lists a node
// shortly after its inputs.
type pending struct {
	edge   int32  // ^k for colocation number k
	at     uint32 // offset of the producer's name in the graph
	length uint32
	hash   uint32 // of the name
}

// An unresolved holds the pending edges of a part, and the numbers that its first edge and its first colocation have in the graph.
type unresolved struct {
	edge, colocation int
	edges            []pending
}

// newPart reads one part of g.
func newPart(g wire.Graph, p wire.Part, open func() NodeNumber) (*graphPart, error) {
	ids := func() []int32 { return make([]int32, 0, p.Nodes) }
	part := &graphPart{nodesPart: newNodesPart(g, p.Nodes), size: len(p.Fields), ops: ids(), devices: ids(), inputs: ids(), edges: make([]Edge, 0, 2*p.Nodes)}
	if open != nil {
		part.number, part.numbers = open(), ids()
	}
	part.byName = oneShard(p.Nodes)
	part.devNames.id(nil)
	var n wire.Node
	s := wire.Scan(p.Fields)
	for s.Next() {
		if !s.Is(fieldnum.GraphDef_Node) {
			part.rest = append(part.rest, s.Raw)
			continue
		}
		if err := n.Parse(s.Data); err != nil {
			return nil, fmt.Errorf("read node %d: %w", p.First+part.Len(), err)
		}
		part.addNode(s.Raw, &n)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("read the graph: %w", err)
	}
	return part, nil
}

// addNode adds a node, whose complete field is raw.
func (p *graphPart) addNode(raw []byte, n *wire.Node) {
	i := p.Len()
	p.add(raw, n.Raw, n.Name)
	p.byName.add(&p.Nodes, p.hashes[i], i)
	p.ops = append(p.ops, p.opNames.id(n.Op))
	p.devices = append(p.devices, p.devNames.id(n.Device))
	p.inputs = append(p.inputs, int32(len(n.Inputs)))
	for _, input := range n.Inputs {
		in := wire.ParseInput(input)
		edge := Edge{Node: Dangling, Port: Control}
		if !in.Control {
			edge.Port = BadPort
			if port, ok := in.Output(); ok {
				edge.Port = int32(port)
			}
		}
		edge.Node = p.find(in.Node, int32(len(p.edges)))
		p.edges = append(p.edges, edge)
	}
	var class []byte
	if value, ok := n.Attr("_class"); ok {
		c := Colocation{Node: int32(i), Group: UnknownGroup}
		var group []byte
		if class, group = classField(n.Raw, value); class != nil {
			c.Group = p.find(group, ^int32(len(p.colocated)))
		}
		p.colocated = append(p.colocated, c)
	}
	if p.number != nil {
		p.numbers = append(p.numbers, p.number(n, class))
	}
	p.long = p.long || len(raw) != protowire.SizeTag(fieldnum.GraphDef_Node)+protowire.SizeBytes(len(n.Raw))
}

// find returns the number of the node called name. If the part has not read it yet, find returns Dangling and adds the pending edge.
func (p *graphPart) find(name []byte, edge int32) int32 {
	hash := hashOf(name)
	if read, found := p.byName.find(&p.Nodes, hash, name); found {
		return int32(read)
	}
	if at, ok := wire.Offset(p.bytes, name); ok {
		p.later = append(p.later, pending{edge: edge, at: uint32(at), length: uint32(len(name)), hash: hash})
	}
	return Dangling
}

// classField returns the field of a NodeDef that holds the attr _class, whose AttrValue is value, and its colocation group. It returns
// nil unless the value is a list of one group and all lengths have one byte.
func classField(node, value []byte) (field, group []byte) {
	const (
		bytesTag = byte(protowire.BytesType)
		key      = "\x0a\x06_class\x12"
		prefix   = "loc:@"
		head     = 2 + len(key) + 1 // bytes of the field before value
		inner    = 4 + len(prefix)  // bytes of value before the group
	)
	at, ok := wire.Offset(node, value)
	n := len(value)
	if !ok || at < head || n < inner || n+head-2 >= 0x80 {
		return nil, nil
	}
	field = node[at-head : at+n]
	if field[0] != byte(fieldnum.NodeDef_Attr)<<3|bytesTag || int(field[1]) != len(field)-2 || string(field[2:head-1]) != key || int(field[head-1]) != n ||
		value[0] != byte(fieldnum.AttrValue_List)<<3|bytesTag || int(value[1]) != n-2 ||
		value[2] != byte(fieldnum.AttrValue_ListValue_S)<<3|bytesTag || int(value[3]) != n-4 || string(value[4:inner]) != prefix {
		return nil, nil
	}
	return field, value[inner:]
}

// join adds the next part, except what Nodes.join adds.
func (g *Graph) join(p *graphPart) {
	before := int32(g.Len())
	g.ops = p.opNames.join(&g.opNames, p.ops, g.ops)
	g.devices = p.devNames.join(&g.devNames, p.devices, g.devices)
	g.numbers = append(g.numbers, p.numbers...)
	g.long = g.long || p.long
	for _, c := range p.colocated {
		c.Node += before
		if c.Group >= 0 {
			c.Group += before
		}
		g.colocated = append(g.colocated, c)
	}
	edges := g.inputStart[len(g.inputStart)-1]
	for _, n := range p.inputs {
		edges += n
		g.inputStart = append(g.inputStart, edges)
	}
	for _, e := range p.edges {
		if e.Node != Dangling {
			e.Node += before
		}
		g.edges = append(g.edges, e)
	}
	for _, field := range p.rest {
		g.keep(field)
	}
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

// Numbers returns the numbers that NewNumbered stored, by node, or nil if New made the graph. The caller must not change the slice.
func (g *Graph) Numbers() []int32 { return g.numbers }

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

// join appends ids to all, with the numbers that their strings have in to.
func (s *nameIDs) join(to *nameIDs, ids, all []int32) []int32 {
	number := make([]int32, len(s.list))
	for id, name := range s.list {
		number[id] = to.id([]byte(name))
	}
	for _, id := range ids {
		all = append(all, number[id])
	}
	return all
}

// TensorName returns the name of a tensor, such as "dense/BiasAdd:0".
func (g *Graph) TensorName(e Edge) string {
	return string(g.Name(int(e.Node))) + ":" + strconv.Itoa(int(e.Port))
}
