package dataflow

import (
	"hash/maphash"
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A network that is applied to data and, with the same variables, to something that another network made, judges the second by the
// first: what stands in for data is what the other network is there to make, as the output of a generator that a discriminator
// tells from real images. It is a result although layers lie below it.

// A reading is a layer, with what it reads.
type reading struct {
	layer, root int32
	op          int32
	data        graph.Edge
}

// findStandIns lists the tensors that stand in for data.
func (d *ioFinder) findStandIns() {
	d.findJoined()
	readings := d.readings()
	for from := 0; from < len(readings) && d.questions > 0; {
		to := from + 1
		for to < len(readings) && readings[to].root == readings[from].root && readings[to].op == readings[from].op {
			to++
		}
		group := readings[from:to]
		from = to
		real := slices.IndexFunc(group, func(r reading) bool { return !d.Has(r.data.Node, markBelow) && !d.madeUp(r.data) })
		made := slices.IndexFunc(group, func(r reading) bool { return d.Has(r.data.Node, markBelow) })
		if real < 0 || made < 0 {
			continue
		}
		d.questions--
		if d.dependsOn(group[made].layer, group[real].layer) {
			continue // a loop that was unrolled
		}
		if e := d.whereTheyDiffer(group[made].data, group[real].data); isFloat(d.dtypeOf(e)) {
			d.standIns[e] = true
		}
	}
}

// findJoined lists the tensors that stand in for data where real and made data form one batch, of which a layer reads.
func (d *ioFinder) findJoined() {
	for i := range int32(d.g.Len()) {
		if !d.Has(i, markAbove) || !d.Has(i, markBelow) || d.Has(i, markInside) || !d.joinsBatch(i) {
			continue
		}
		made, real := graph.Edge{Node: graph.Dangling}, false
		for _, e := range d.firstInputs(i) {
			switch {
			case e.Node == graph.Dangling || e.Port < 0 || d.Is(e.Node, opdef.ClassConst):
			case d.Has(e.Node, markBelow):
				made = e
			case d.Has(e.Node, markSource) || d.isData(e):
				real = true
			}
		}
		if real && made.Node != graph.Dangling && isFloat(d.dtypeOf(made)) {
			d.standIns[made] = true
		}
	}
}

// joinsBatch reports whether node i joins tensors along their first dimension.
func (d *ioFinder) joinsBatch(i int32) bool {
	in := d.g.Inputs(int(i))
	var axis graph.Edge
	switch d.g.OpName(d.g.Op(int(i))) {
	case "Concat":
		axis = d.firstInput(i)
	case "ConcatV2":
		for _, e := range in {
			if e.Port >= 0 {
				axis = e // the last data input
			}
		}
	default:
		return false
	}
	if len(in) < 3 || axis.Node == graph.Dangling || !d.Is(axis.Node, opdef.ClassConst) {
		return false
	}
	var n wire.Node
	d.g.Node(int(axis.Node), &n)
	value, _ := n.Attr("value")
	v := tensor.ParseValue(value)
	// Zeros need not be written.
	return v.Tensor != nil && (len(v.Tensor.Values) == 0 || v.Tensor.Values[0].Int == 0)
}

// readings lists the layers whose variables several layers read, by variable, op and place in the graph; and with them the ops
// below layers and beside them whose weights are constants, like those of a trained network by which the loss compares images.
func (d *ioFinder) readings() []reading {
	var all []reading
	count := make(map[int32]int)
	add := func(r reading, ok bool) {
		if ok && !d.Has(r.layer, markInside) {
			all = append(all, r)
			count[r.root]++
		}
	}
	for _, i := range d.layers {
		add(d.readingOf(i, d.trainedRoot))
	}
	constants := constantRoots{ioFinder: d, seed: maphash.MakeSeed(), first: make(map[constantKey]int32)}
	for _, i := range d.withClass(opdef.ClassWeighted) {
		if !d.frozen && d.Has(i, markSource) && !d.Has(i, markLayer|markAbove) && d.forward(i) {
			add(d.readingOf(i, constants.root))
		}
	}
	all = slices.DeleteFunc(all, func(r reading) bool { return count[r.root] < 2 })
	slices.SortStableFunc(all, func(a, b reading) int {
		if a.root != b.root {
			return int(a.root) - int(b.root)
		}
		return int(a.op) - int(b.op)
	})
	return all
}

// readingOf returns what layer i reads, and the variable or the constant that root finds among its weights.
func (d *ioFinder) readingOf(i int32, root func(i int32) (int32, bool)) (reading, bool) {
	r := reading{layer: i, root: graph.Dangling, op: d.g.Op(int(i)), data: graph.Edge{Node: graph.Dangling}}
	for _, in := range d.firstInputs(i) {
		if in.Node == graph.Dangling || in.Port < 0 || d.Is(in.Node, opdef.ClassShape) {
			continue
		}
		if weight, ok := root(in.Node); !ok {
			if r.data.Node == graph.Dangling && !d.Is(in.Node, opdef.ClassConst) && !d.Has(in.Node, markWeights) {
				r.data = in
			}
		} else if r.root == graph.Dangling {
			r.root = weight
		}
	}
	return r, r.root != graph.Dangling && r.data.Node != graph.Dangling
}

// trainedRoot returns the variable that node i is or is computed from alone.
func (d *ioFinder) trainedRoot(i int32) (int32, bool) {
	if !d.Has(i, markWeights) {
		return 0, false
	}
	return d.weightRoot(i)
}

// A constantRoots finds constants that may be the weights of a layer. Of several with one value the first stands for all:
// Python that applies a network twice makes its constants twice.
type constantRoots struct {
	*ioFinder
	seed  maphash.Seed
	first map[constantKey]int32
}

// A constantKey tells values apart, as far as their beginning and end do.
type constantKey struct {
	length int
	sample uint64
}

// root returns the constant that node i is or hands on.
func (r *constantRoots) root(i int32) (int32, bool) {
	for step := 0; step < maxSame && i != graph.Dangling && r.Is(i, opdef.ClassSame); step++ {
		i = r.firstInput(i).Node
	}
	if i == graph.Dangling || !r.Is(i, opdef.ClassConst) {
		return 0, false
	}
	var n wire.Node
	r.g.Node(int(i), &n)
	value, ok := n.Attr("value")
	if !ok || !isFloat(tensor.AttrType(&n, "dtype")) || r.t.Shape(int(i), 0).IsScalar() {
		return 0, false
	}
	key := constantKey{len(value), tensor.Sample(r.seed, value)}
	if first, known := r.first[key]; known {
		return first, true
	}
	r.first[key] = i
	return i, true
}

// madeUp reports whether a tensor descends from no data: zeros, noise.
func (d *ioFinder) madeUp(e graph.Edge) bool { return !d.comesIn(e.Node) && !d.Has(e.Node, markSource) }

// dependsOn reports whether node a depends on node b.
func (d *ioFinder) dependsOn(a, b int32) bool {
	d.spread([]int32{b}, markAsked, d.forward)
	depends := d.Has(a, markAsked)
	for i := range d.marks {
		d.marks[i] &^= markAsked
	}
	return depends
}

// whereTheyDiffer goes up from two tensors as long as the same ops make them, and returns the first from which on that is not so.
func (d *ioFinder) whereTheyDiffer(made, real graph.Edge) graph.Edge {
	for range maxChain {
		if d.g.Op(int(made.Node)) != d.g.Op(int(real.Node)) || d.Has(made.Node, markLayer) {
			return made
		}
		a, b := d.g.Inputs(int(made.Node)), d.g.Inputs(int(real.Node))
		next := -1
		for k := range min(len(a), len(b)) {
			if a[k].Node != graph.Dangling && a[k].Port >= 0 && b[k].Node != graph.Dangling && d.Has(a[k].Node, markBelow) && !d.Has(b[k].Node, markBelow) {
				next = k
				break
			}
		}
		if next < 0 {
			return made
		}
		made, real = a[next], b[next]
	}
	return made
}
