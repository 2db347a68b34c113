package graph

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/hugepage"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

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
	numbers   []uint16
	inputs    []int32 // number of inputs
	edges     []Edge
	later     []pending
	colocated []Colocation
	long      bool
	node      wire.Node  // the current node
	recent    [256]int32 // 1 + the number of a node that was read or found lately, by recentPlace of its name
}

// reset prepares for reading p.
func (p *graphPart) reset(part wire.Part) {
	n := part.Nodes
	p.nodesPart.reset(n)
	p.size, p.long, p.rest, p.later = len(part.Fields), false, p.rest[:0], p.later[:0]
	p.ops, p.devices, p.inputs = slices.Grow(p.ops[:0], n), slices.Grow(p.devices[:0], n), slices.Grow(p.inputs[:0], n)
	p.edges, p.colocated = slices.Grow(p.edges[:0], 2*n), p.colocated[:0]
	if p.number != nil {
		p.numbers = slices.Grow(p.numbers[:0], n)
	}
	p.opNames.trim()
	p.devNames.trim()
	p.devNames.id(nil) // reserve id 0 for "no device"
	p.byName.reset(n)
	clear(p.recent[:])
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

// A partReader reads the parts of a graph. It uses the memory of parts again that have been joined.
type partReader struct {
	graph wire.Graph
	open  func() NodeNumber
	done  sync.Pool // of *graphPart
}

// read reads one part.
func (r *partReader) read(p wire.Part) (*graphPart, error) {
	part, again := r.done.Get().(*graphPart)
	if !again {
		part = &graphPart{nodesPart: newNodesPart(r.graph, p.Nodes)}
		if r.open != nil {
			part.number = r.open()
		}
	}
	part.reset(p)
	n := &part.node
	s := wire.Scan(p.Fields)
	for s.Next() {
		if !s.Is(fieldnum.GraphDef_Node) {
			part.rest = append(part.rest, s.Raw)
			continue
		}
		if err := n.Parse(s.Data); err != nil {
			return nil, fmt.Errorf("read node %d: %w", p.First+part.Len(), err)
		}
		part.addNode(s.Raw, n)
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
	if p.byName.add(&p.Nodes, p.hashes[i], i) {
		p.recent[recentPlace(n.Name)] = int32(i) + 1
	}
	p.ops = append(p.ops, p.opNames.id(n.Op))
	p.devices = append(p.devices, p.devNames.id(n.Device))
	p.inputs = append(p.inputs, int32(len(n.Inputs)))
	for _, input := range n.Inputs {
		node, port := parseInput(input)
		edge := Edge{Node: p.find(node, int32(len(p.edges))), Port: port}
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

// parseInput returns the name of the node that an input reads, and the port. It passes no wire.Input around, which takes time in a walk
// over a million nodes.
func parseInput(input []byte) (node []byte, port int32) {
	switch colon := bytes.IndexByte(input, ':'); {
	case wire.IsControl(input):
		return input[1:], Control
	case colon < 0:
		return input, 0
	default:
		in := wire.ParseInput(input)
		number, ok := in.Output()
		if !ok {
			return in.Node, BadPort
		}
		return in.Node, int32(number)
	}
}

// find returns the number of the node called name. If the part has not read it yet, find returns Dangling and adds the pending edge.
func (p *graphPart) find(name []byte, edge int32) int32 {
	// Most names are those of nodes read or found lately, and a comparison takes less time than a search.
	recent := &p.recent[recentPlace(name)]
	if *recent > 0 && string(p.Name(int(*recent-1))) == string(name) {
		return *recent - 1
	}
	hash := hashOf(name)
	if read, found := p.byName.find(&p.Nodes, hash, name); found {
		*recent = int32(read) + 1
		return int32(read)
	}
	if at, ok := wire.Offset(p.bytes, name); ok {
		p.later = append(p.later, pending{edge: edge, at: uint32(at), length: uint32(len(name)), hash: hash})
	}
	return Dangling
}

// recentPlace returns the place of a name among recent ones. It depends on the length and the last two bytes, because names in one scope
// begin alike.
func recentPlace(name []byte) uint8 {
	n := len(name)
	if n < 2 {
		return uint8(n)
	}
	return uint8(n*31 + int(name[n-1])*7 + int(name[n-2]))
}

// classField returns the field of a NodeDef that holds the attr _class, whose AttrValue is value, and its colocation group. It returns
// nil unless the value is a list of one group and all lengths have one byte.
func classField(node, value []byte) (field, group []byte) {
	const (
		bytesTag = byte(protowire.BytesType)
		key      = "\x0a\x06_class\x12"
		head     = 2 + len(key) + 1          // bytes of the field before value
		inner    = 4 + len(wire.GroupPrefix) // bytes of value before the group
	)
	at, ok := wire.Offset(node, value)
	n := len(value)
	if !ok || at < head || n < inner || n+head-2 >= 0x80 {
		return nil, nil
	}
	field = node[at-head : at+n]
	if field[0] != byte(fieldnum.NodeDef_Attr)<<3|bytesTag || int(field[1]) != len(field)-2 || string(field[2:head-1]) != key || int(field[head-1]) != n ||
		value[0] != byte(fieldnum.AttrValue_List)<<3|bytesTag || int(value[1]) != n-2 ||
		value[2] != byte(fieldnum.AttrValue_ListValue_S)<<3|bytesTag || int(value[3]) != n-4 || string(value[4:inner]) != wire.GroupPrefix {
		return nil, nil
	}
	return field, value[inner:]
}

// join adds the next part, except what Nodes.join adds.
func (g *Graph) join(p *graphPart) {
	before := int32(g.Len())
	p.opNames.join(&g.opNames, p.ops, &g.ops)
	p.devNames.join(&g.devNames, p.devices, &g.devices)
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

// maxReserve caps the nodes and inputs for which reserve makes room, because a gigabyte node may follow many small ones.
const maxReserve = 4 << 20

// reserve makes room for a graph whose other parts are like p, its first.
func (g *Graph) reserve(p *graphPart) {
	parts := float64(len(g.bytes)) / float64(max(p.size, 1)) * 17 / 16 // a low estimate would force a copy of the tables
	room := func(n int) int { return int(min(float64(n)*parts, maxReserve)) }
	nodes := room(p.Len())
	g.starts, g.nameAt = hugepage.Make[uint32](0, nodes), hugepage.Make[uint8](0, nodes)
	g.ops.short, g.devices.short = hugepage.Make[uint16](0, nodes), hugepage.Make[uint16](0, nodes)
	if len(p.numbers) > 0 {
		g.numbers = hugepage.Make[uint16](0, nodes)
	}
	g.inputStart = append(hugepage.Make[int32](0, nodes+1), 0)
	g.edges = hugepage.Make[Edge](0, room(len(p.edges)))
	if len(p.colocated) > 0 {
		g.colocated = hugepage.Make[Colocation](0, room(len(p.colocated)))
	}
}

// nameIDs assigns numbers to strings, few of which differ.
type nameIDs struct {
	list   []string
	ids    map[string]int32
	recent [256]int32 // ids of recent strings, by recentPlace
	joined []int32    // the numbers of list in another nameIDs, as far as they are known
}

// id returns the number of a string. A new string gets the next number.
func (s *nameIDs) id(name []byte) int32 {
	recent := &s.recent[recentPlace(name)]
	if len(s.list) > 0 && s.list[*recent] == string(name) {
		return *recent
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
	*recent = id
	return id
}

// join appends ids to all, with the numbers that their strings have in to, which must always be the same.
func (s *nameIDs) join(to *nameIDs, ids []int32, all *idList) {
	for _, name := range s.list[len(s.joined):] {
		s.joined = append(s.joined, to.id([]byte(name)))
	}
	for _, id := range ids {
		all.add(s.joined[id])
	}
}

// An idList is a list of ids. Nearly always, two bytes are enough for each.
type idList struct {
	short []uint16
	long  []int32 // replaces short once an id does not fit
}

func (l *idList) add(id int32) {
	if l.long == nil {
		if id <= math.MaxUint16 {
			l.short = append(l.short, uint16(id))
			return
		}
		l.long = make([]int32, len(l.short), 2*len(l.short))
		for i, id := range l.short {
			l.long[i] = int32(id)
		}
		l.short = nil
	}
	l.long = append(l.long, id)
}

func (l *idList) at(i int) int32 {
	if l.long != nil {
		return l.long[i]
	}
	return int32(l.short[i])
}

// trim forgets all strings if there are unusually many.
func (s *nameIDs) trim() {
	const usual = 1 << 10
	if len(s.list) > usual {
		*s = nameIDs{}
	}
}
