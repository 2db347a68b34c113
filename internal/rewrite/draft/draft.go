// Package draft holds a graph with pending changes. Pruning, freezing and setting shapes each add their changes to one Graph, and
// one scope.NodeRewriter writes them all.
package draft

import (
	"fmt"
	"iter"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Graph is a GraphDef with pending changes. Nodes are numbered by their place in the file; new nodes follow. The file's bytes are
// not modified. A Graph is not safe for concurrent use.
type Graph struct {
	*graph.Graph
	edits map[int]*scope.Edit
	added []*scope.NewNode
	after map[int][]*scope.NewNode
	names map[string]int     // numbers of the new nodes
	cut   map[graph.Edge]int // number of the new node that replaces each cut tensor
	cutAt map[int32]bool     // nodes with cut tensors
}

// New returns a Graph without changes.
func New(g *graph.Graph) *Graph {
	return &Graph{Graph: g, edits: make(map[int]*scope.Edit), after: make(map[int][]*scope.NewNode),
		names: make(map[string]int), cut: make(map[graph.Edge]int), cutAt: make(map[int32]bool)}
}

// Files returns the number of nodes in the file, which is the number of the first new node.
func (g *Graph) Files() int { return g.Graph.Len() }

// Len returns the number of nodes, including new ones.
func (g *Graph) Len() int { return g.Graph.Len() + len(g.added) }

// Find returns the number of the node with that name, or false if there is none. A new node takes precedence over a node of the
// file with the same name.
func (g *Graph) Find(name []byte) (int, bool) {
	if i, ok := g.names[string(name)]; ok {
		return i, true
	}
	return g.Graph.Find(name)
}

// Original returns the number of the file's node with that name, or false if there is none.
func (g *Graph) Original(name []byte) (int, bool) { return g.Graph.Find(name) }

// Taken reports whether a node has the name.
func (g *Graph) Taken(name string) bool {
	_, taken := g.Find([]byte(name))
	return taken
}

// Name returns the name of node i.
func (g *Graph) Name(i int) string {
	if k := i - g.Files(); k >= 0 {
		return g.added[k].Name
	}
	return string(g.Graph.Name(i))
}

// Node sets n to node i with its changes, except for changes to attrs, which Attr returns.
func (g *Graph) Node(i int, n *wire.Node) {
	if k := i - g.Files(); k >= 0 {
		a := g.added[k]
		*n = wire.Node{Name: []byte(a.Name), Op: []byte(a.Op), Device: []byte(a.Device), Inputs: asBytes(a.Inputs)}
		return
	}
	g.Graph.Node(i, n)
	if e := g.edits[i]; e != nil {
		if e.Op != "" {
			n.Op = []byte(e.Op)
		}
		if e.Inputs != nil {
			n.Inputs = asBytes(e.Inputs)
		}
	}
}

// Attr returns the AttrValue of an attr of node i with its changes, or false if it is absent. n must hold node i.
func (g *Graph) Attr(i int, n *wire.Node, key string) ([]byte, bool) {
	if k := i - g.Files(); k >= 0 {
		value := g.added[k].Attrs[key]
		if value == nil {
			return nil, false
		}
		return value.Bytes(), true
	}
	if e := g.edits[i]; e != nil {
		if value, set := e.Attrs[key]; set {
			if value == nil {
				return nil, false
			}
			return value.Bytes(), true
		}
		if e.Alone {
			return nil, false
		}
	}
	return n.Attr(key)
}

// Attrs calls yield with the key and AttrValue of each attr of node i, which n holds. New values come last.
func (g *Graph) Attrs(i int, n *wire.Node) iter.Seq2[[]byte, []byte] {
	changed := g.edits[i]
	switch {
	case i >= g.Files():
		changed = &scope.Edit{Attrs: g.added[i-g.Files()].Attrs, Alone: true}
	case changed == nil:
		return n.Attrs
	}
	return func(yield func(key, value []byte) bool) {
		for key, value := range n.Attrs {
			if _, set := changed.Attrs[string(key)]; !set && !changed.Alone && !yield(key, value) {
				return
			}
		}
		for key, value := range changed.Attrs {
			if value != nil && !yield([]byte(key), value.Bytes()) {
				return
			}
		}
	}
}

func asBytes(list []string) [][]byte {
	out := make([][]byte, len(list))
	for i, s := range list {
		out[i] = []byte(s)
	}
	return out
}

// Edit returns the pending changes to node i of the file. The caller may add to them.
func (g *Graph) Edit(i int) *scope.Edit {
	e := g.edits[i]
	if e == nil {
		e = &scope.Edit{Attrs: make(map[string]*wire.Rope)}
		g.edits[i] = e
	}
	return e
}

// Edited reports whether node i has changes.
func (g *Graph) Edited(i int) bool { return g.edits[i] != nil }

// Add adds a node after node number after of the file and returns its number. No kept node may have its name.
func (g *Graph) Add(after int, n *scope.NewNode) int {
	number := g.Len()
	g.added = append(g.added, n)
	g.names[n.Name] = number
	g.after[min(after, g.Files()-1)] = append(g.after[min(after, g.Files()-1)], n)
	return number
}

// Rename changes the name of new node i.
func (g *Graph) Rename(i int, name string) {
	n := g.added[i-g.Files()]
	delete(g.names, n.Name)
	n.Name = name
	g.names[name] = i
}

// Cut makes all readers of output port of node i of the file read the first output of new node by instead.
func (g *Graph) Cut(i, port, by int) {
	g.cut[graph.Edge{Node: int32(i), Port: int32(port)}], g.cutAt[int32(i)] = by, true
}

// Through returns the node that an edge leads to, following cuts. It reports false for an edge to a missing node. It also reports
// false for a control edge to a node with cut tensors, which is outside the cut graph.
func (g *Graph) Through(e graph.Edge) (int, bool) {
	if len(g.cutAt) > 0 && g.cutAt[e.Node] {
		if e.Port == graph.Control {
			return 0, false
		}
		if i, ok := g.cut[e]; ok {
			return i, true
		}
	}
	return int(e.Node), e.Node != graph.Dangling
}

// Source returns the number of the node that an input reads, with the result of Through.
func (g *Graph) Source(input []byte) (int, bool) {
	in := wire.ParseInput(input)
	i, ok := g.Find(in.Node)
	if !ok || i >= g.Files() {
		return i, ok
	}
	return g.Through(graph.Edge{Node: int32(i), Port: portOf(in)})
}

// portOf returns the number of the output that an input reads, or graph.Control.
func portOf(in wire.Input) int32 {
	if in.Control {
		return graph.Control
	}
	port, _ := in.Output()
	return int32(port)
}

// Inputs calls use with the source of each input of node i, following changes and cuts, and with the number of the output that is read:
// graph.Control for a control input. The error is a *MissingError for a data input from a missing node, or that of use.
func (g *Graph) Inputs(i int, use func(source int, port int32) error) error {
	if i < g.Files() && (g.edits[i] == nil || g.edits[i].Inputs == nil) {
		for k, e := range g.Graph.Inputs(i) {
			source, ok := g.Through(e)
			switch {
			case ok:
				if err := use(source, e.Port); err != nil {
					return err
				}
			case e.Node == graph.Dangling && e.Port != graph.Control:
				var n wire.Node
				g.Graph.Node(i, &n)
				return &MissingError{node: g.Name(i), input: string(n.Inputs[k])}
			}
		}
		return nil
	}
	var n wire.Node
	g.Node(i, &n)
	for _, input := range n.Inputs {
		source, ok := g.Source(input)
		in := wire.ParseInput(input)
		switch {
		case ok:
			if err := use(source, portOf(in)); err != nil {
				return err
			}
		case !in.Control:
			return &MissingError{node: g.Name(i), input: string(input)}
		}
	}
	return nil
}

// A MissingError reports that a node reads a node that does not exist.
type MissingError struct{ node, input string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("node %q reads %q, which does not exist", e.node, e.input)
}

// A Reach is a set of nodes that is closed under inputs.
type Reach struct {
	g     *Graph
	Has   []bool // whether the set has each node, by number
	Order []int  // the nodes of the set in the order in which they were added
}

// NewReach returns an empty set.
func (g *Graph) NewReach() *Reach { return &Reach{g: g, Has: make([]bool, g.Len())} }

// Add adds nodes and everything that they need: inputs and control inputs, with changes and cuts applied. It ignores control inputs
// from missing nodes. The error is a *MissingError.
func (r *Reach) Add(nodes ...int) error {
	for len(r.Has) < r.g.Len() {
		r.Has = append(r.Has, false)
	}
	at := len(r.Order)
	for _, i := range nodes {
		r.add(i)
	}
	for ; at < len(r.Order); at++ {
		if err := r.g.Inputs(r.Order[at], func(source int, _ int32) error { r.add(source); return nil }); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reach) add(i int) {
	if !r.Has[i] {
		r.Has[i] = true
		r.Order = append(r.Order, i)
	}
}

// Node returns a new node. attrs may be nil.
func Node(name, op, device string, inputs []string, attrs map[string]*wire.Rope) *scope.NewNode {
	return &scope.NewNode{Name: name, Op: op, Device: device, Inputs: inputs, Attrs: attrs}
}
