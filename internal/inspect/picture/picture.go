// Package picture reduces a graph to the boxes and links of a readable drawing.
package picture

import (
	"cmp"
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/inspect/dataflow"
	"github.com/metagraph/metagraph/internal/inspect/model"
)

// A Picture is a drawing of a graph by scopes. An open scope is a cluster; everything else is a box. Links count the inputs between boxes.
// Every node is in exactly one box. The number of boxes is limited, however large the graph is.
type Picture struct {
	Clusters []Cluster // each before the clusters in it
	Boxes    []Box     // boxes of the model in the order of their first nodes, then one for each kind of side work
	Links    []Link    // sorted by From, then To; no link leads from a box to itself
	Nodes    int       // in all boxes
	Outside  int       // nodes that do not match the filter
	Deeper   int       // scopes within Depth that stay closed to limit the number of boxes
	inner    int       // inputs from a box to itself
	missing  int       // inputs from a node that does not exist or does not match the filter
}

// A Cluster is an open scope.
type Cluster struct {
	Scope string // full path
	In    int    // the cluster around it, -1 at the top
	Nodes int    // number of nodes in all of its boxes
}

// A BoxKind is the kind of a box.
type BoxKind int

// The kinds of boxes.
const (
	BoxScope  BoxKind = iota // a closed scope with all of its nodes
	BoxNode                  // a single node
	BoxRest                  // the nodes and small scopes of a cluster without a separate box
	BoxInput                 // a node with an input of the graph
	BoxOutput                // a node with an output of the graph
	BoxSide                  // all nodes of one kind of side work, from all scopes
	BoxRepeat                // sibling scopes whose names differ only in a number, such as the layers of a model
)

// A Box is one box of a picture.
type Box struct {
	Kind   BoxKind
	Name   string            // path of the scope, name of the node, or kind of side work; for a BoxRest, the scope around it
	Last   string            // path of the last scope of a BoxRepeat; Name is the first
	Copies int               // number of scopes that a BoxRepeat represents
	In     int               // the cluster around it, -1 at the top
	Nodes  int               // number of nodes that it represents
	Scopes int               // number of scopes in it
	Op     string            // op of a single node
	IO     []dataflow.Tensor // for a BoxInput or BoxOutput, its tensors
}

// A Link counts the inputs from one box to another.
type Link struct {
	From, To      int // boxes
	Data, Control int // numbers of data and control inputs
}

// Options selects what to draw.
type Options struct {
	Filter model.Filter
	Depth  int // number of levels of scopes that can be open; 0 for all
}

const (
	maxBoxes     = 70 // boxes of the model; more would be unreadable
	maxChildren  = 24 // scopes drawn in one cluster; the smallest ones share a box
	maxSingles   = 32 // nodes directly in a cluster that each get a box
	drawnTensors = 12 // inputs that each get a box, and the same for outputs
)

// Draw returns the picture of a graph. Nodes that only serve training, saving, initialization, summaries or assertions would hide the
// model. Draw moves them from their scopes to one box for each kind. It takes time linear in the size of the graph. It returns the errors
// of dataflow.Find and of reading the graph.
func Draw(m *model.Model, o Options) (*Picture, error) {
	io, err := dataflow.Find(m)
	if err != nil {
		return nil, err
	}
	g, err := m.Graph()
	if err != nil {
		return nil, err
	}
	d := newDrawing(g, io)
	d.grow(o)
	d.tree.open(maxBoxes - len(d.tensors))
	d.place()
	d.placeSideWork()
	d.link()
	return d.picture, nil
}

// newDrawing returns a drawing with the inputs, outputs and side work of a graph.
func newDrawing(g *graph.Graph, io *dataflow.IO) *drawing {
	d := &drawing{g: g, picture: new(Picture), boxOf: make([]int32, g.Len()), tensors: make(map[int32]*Box)}
	d.mark(io.Inputs, BoxInput)
	d.mark(io.Outputs, BoxOutput)
	d.side = findSideWork(g, func(i int32) bool { return d.tensors[i] != nil })
	return d
}

// SideWork returns the kind of side work of each node: 0 for nodes of the model itself, k for names[k-1]. It returns the errors of
// dataflow.Find and of reading the graph.
func SideWork(m *model.Model) (kinds []uint8, names []string, err error) {
	io, err := dataflow.Find(m)
	if err != nil {
		return nil, nil, err
	}
	g, err := m.Graph()
	if err != nil {
		return nil, nil, err
	}
	side := newDrawing(g, io).side
	kinds = make([]uint8, len(side))
	for i, kind := range side {
		kinds[i] = uint8(kind)
	}
	return kinds, sideNames[sideNone+1:], nil
}

// nowhere is the box of a node that does not match the filter.
const nowhere int32 = -1

// A drawing is a picture under construction.
type drawing struct {
	g       *graph.Graph
	picture *Picture
	side    []sideWork     // by node
	tensors map[int32]*Box // the boxes of inputs and outputs, by node
	tree    pictureTree
	branch  []int32 // by node: its scope in the tree
	boxOf   []int32 // by node
	only    []int32 // the first node of each box that may stand for several
}

// mark gives the nodes of the first tensors their own boxes.
func (d *drawing) mark(list []dataflow.Tensor, kind BoxKind) {
	marked := 0
	for _, t := range list {
		i := dataflow.FindTensor(d.g, t.Tensor).Node
		if i == graph.Dangling || t.Role == dataflow.RoleUnused {
			continue
		}
		if d.tensors[i] == nil {
			if marked++; marked > drawnTensors {
				return
			}
			d.tensors[i] = &Box{Kind: kind, Name: string(d.g.Name(int(i)))}
		}
		d.tensors[i].IO = append(d.tensors[i].IO, t)
	}
}

// grow builds the tree of the scopes of the model.
func (d *drawing) grow(o Options) {
	d.tree = newPictureTree(o.Depth)
	d.branch = make([]int32, d.g.Len())
	for i := range d.branch {
		d.branch[i] = nowhere
		if !d.picks(&o.Filter, i) {
			d.boxOf[i] = nowhere
			d.picture.Outside++
			continue
		}
		d.picture.Nodes++
		if d.side[i] == sideNone {
			d.branch[i] = d.tree.add(d.g.Name(i))
		}
	}
	for i, at := range d.branch {
		if at != nowhere {
			// A node with the name of a scope belongs to that scope. An example is a variable: the scope contains its readers.
			d.branch[i] = d.tree.settle(at, d.g.Name(i), d.tensors[int32(i)] != nil)
			d.tree.scopes[d.branch[i]].shape += mix(uint64(d.g.Op(i)))
		}
	}
	d.tree.count()
}

// picks reports whether node i matches the filter.
func (d *drawing) picks(f *model.Filter, i int) bool {
	if f.Empty() {
		return true
	}
	return f.MatchName(d.g.Name(i)) && model.MatchAny(f.Ops, []byte(d.g.OpName(d.g.Op(i)))) && f.MatchDevice([]byte(d.g.Devices()[d.g.Device(i)]))
}

// place creates the clusters and boxes of the model, and assigns its nodes to the boxes.
func (d *drawing) place() {
	clusters := make([]int32, len(d.tree.scopes)) // by scope; -1 if it is closed
	boxes := make([]int32, len(d.tree.scopes))    // by scope: its box, or its BoxRest; -1 until it is created
	for k := range d.tree.scopes {
		s := &d.tree.scopes[k]
		boxes[k], clusters[k] = -1, -1
		if s.open && k > 0 {
			clusters[k] = int32(len(d.picture.Clusters))
			d.picture.Clusters = append(d.picture.Clusters, Cluster{Scope: string(s.path), In: int(clusters[s.parent]), Nodes: s.nodes})
		}
		repeated := d.tree.drawn[k] != int32(k) && d.tree.scopes[d.tree.drawn[k]].copies != nil
		if !s.open && !repeated && s.depthLeft && len(s.children) > 0 && d.tree.scopes[s.parent].open {
			d.picture.Deeper++
		}
	}
	for i, at := range d.branch {
		if at == nowhere {
			continue
		}
		top := d.tree.drawn[at] // the scope that is drawn, as a box or as the cluster around the box of the node
		s := &d.tree.scopes[top]
		cluster := int(clusters[top])
		if box := d.tensors[int32(i)]; box != nil {
			box.Nodes, box.In, box.Op = 1, cluster, d.g.OpName(d.g.Op(i))
			if !s.open {
				box.In = int(clusters[s.parent])
			}
			d.boxOf[i] = d.newBox(*box)
			continue
		}
		if s.open && at == top && s.own <= maxSingles {
			d.boxOf[i] = d.newBox(Box{Kind: BoxNode, Name: string(d.g.Name(i)), In: cluster, Nodes: 1, Op: d.g.OpName(d.g.Op(i))})
			continue
		}
		if boxes[top] < 0 {
			box := Box{Kind: BoxRest, Name: string(s.path), In: cluster, Scopes: s.hidden}
			if !s.open {
				box = d.tree.box(s, int(clusters[s.parent]))
			}
			boxes[top] = d.newBox(box)
		}
		d.boxOf[i] = boxes[top]
		if d.picture.Boxes[boxes[top]].Nodes++; d.picture.Boxes[boxes[top]].Nodes == 1 {
			d.only = append(d.only, int32(i))
		}
	}
	for _, i := range d.only {
		if b := &d.picture.Boxes[d.boxOf[i]]; b.Nodes == 1 {
			*b = Box{Kind: BoxNode, Name: string(d.g.Name(int(i))), In: b.In, Nodes: 1, Op: d.g.OpName(d.g.Op(int(i)))}
		}
	}
}

// newBox adds a box and returns its number.
func (d *drawing) newBox(b Box) int32 {
	d.picture.Boxes = append(d.picture.Boxes, b)
	return int32(len(d.picture.Boxes) - 1)
}

// placeSideWork creates the boxes for side work and assigns its nodes to them.
func (d *drawing) placeSideWork() {
	var boxes [sideKinds]int32
	for kind := sideNone + 1; kind < sideKinds; kind++ {
		boxes[kind] = -1
		for i, side := range d.side {
			if side != kind || d.boxOf[i] == nowhere {
				continue
			}
			if boxes[kind] < 0 {
				boxes[kind] = d.newBox(Box{Kind: BoxSide, Name: sideNames[kind], In: -1})
			}
			d.boxOf[i] = boxes[kind]
			d.picture.Boxes[boxes[kind]].Nodes++
		}
	}
}

// link counts the inputs between boxes and adds the links.
func (d *drawing) link() {
	type pair struct{ from, to int32 }
	links := make(map[pair]*Link)
	for i, to := range d.boxOf {
		if to == nowhere {
			continue
		}
		for _, e := range d.g.Inputs(i) {
			if e.Node == graph.Dangling || d.boxOf[e.Node] == nowhere {
				d.picture.missing++
				continue
			}
			from := d.boxOf[e.Node]
			if from == to {
				d.picture.inner++
				continue
			}
			l := links[pair{from, to}]
			if l == nil {
				l = &Link{From: int(from), To: int(to)}
				links[pair{from, to}] = l
			}
			if e.Port == graph.Control {
				l.Control++
			} else {
				l.Data++
			}
		}
	}
	for _, l := range links {
		d.picture.Links = append(d.picture.Links, *l)
	}
	slices.SortFunc(d.picture.Links, func(a, b Link) int { return cmp.Or(a.From-b.From, a.To-b.To) })
}
