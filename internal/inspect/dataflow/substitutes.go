package dataflow

import (
	"cmp"
	"hash/maphash"
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// Some networks are applied both to data and, with the same variables, to the output of another network. A GAN's
// discriminator compares generated images with real ones in this way. The tensor that replaces data is a result
// of the other network, although layers are downstream of it.

// A reading is a layer, its first weight and the tensor that it reads.
type reading struct {
	layer, root int32
	op          int32
	data        graph.Edge
}

// findSubstitutes lists the tensors that layers read instead of data.
func (d *ioFinder) findSubstitutes() {
	d.findJoined()
	readings := d.readings()
	for from := 0; from < len(readings) && d.questions > 0; {
		to := from + 1
		for to < len(readings) && readings[to].root == readings[from].root && readings[to].op == readings[from].op {
			to++
		}
		group := readings[from:to]
		from = to
		real := slices.IndexFunc(group, func(r reading) bool { return !d.Has(r.data.Node, markBelow) && !d.isSynthetic(r.data) })
		made := slices.IndexFunc(group, func(r reading) bool { return d.Has(r.data.Node, markBelow) })
		if real < 0 || made < 0 {
			continue
		}
		d.questions--
		if d.dependsOn(group[made].layer, group[real].layer) {
			continue // an unrolled loop
		}
		if e := d.firstDifference(group[made].data, group[real].data); isFloat(d.dtypeOf(e)) {
			d.substitutes[e] = true
		}
	}
}

// findJoined lists the tensors that are joined with data into one batch that a layer reads.
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
			d.substitutes[made] = true
		}
	}
}

// joinsBatch reports whether node i concatenates tensors along their first dimension.
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
	// Protobuf may omit a value of zero.
	return v.Tensor != nil && (len(v.Tensor.Values) == 0 || v.Tensor.Values[0].Int == 0)
}

// readings lists the layers that share variables with other layers, sorted by variable, op and position in the graph.
// It also lists weighted ops outside the layers whose weights are constants, such as a trained network that a
// perceptual loss uses.
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
		add(d.findReading(i, d.trainedRoot))
	}
	constants := constantRoots{ioFinder: d, seed: maphash.MakeSeed(), first: make(map[constantKey]int32)}
	for _, i := range d.withClass(opdef.ClassWeighted) {
		if !d.frozen && d.Has(i, markSource) && !d.Has(i, markLayer|markAbove) && d.forward(i) {
			add(d.findReading(i, constants.root))
		}
	}
	all = slices.DeleteFunc(all, func(r reading) bool { return count[r.root] < 2 })
	slices.SortStableFunc(all, func(a, b reading) int { return cmp.Or(cmp.Compare(a.root, b.root), cmp.Compare(a.op, b.op)) })
	return all
}

// findReading returns the tensor that layer i reads, and the variable or constant that root finds among its weights. It
// returns false if either is missing.
func (d *ioFinder) findReading(i int32, root func(i int32) (int32, bool)) (reading, bool) {
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

// trainedRoot returns the variable that node i is or is computed from, and false if node i is not a weight.
func (d *ioFinder) trainedRoot(i int32) (int32, bool) {
	if !d.Has(i, markWeights) {
		return 0, false
	}
	return d.weightRoot(i)
}

// A constantRoots finds constants that can be the weights of a layer. Constants with equal values count as one,
// because Python creates new constants each time it applies a network.
type constantRoots struct {
	*ioFinder
	seed  maphash.Seed
	first map[constantKey]int32
}

// A constantKey identifies a value by its length and samples of its beginning and end.
type constantKey struct {
	length int
	sample uint64
}

// root returns the constant that node i is or passes on.
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

// isSynthetic reports whether a tensor does not descend from data, such as zeros or noise.
func (d *ioFinder) isSynthetic(e graph.Edge) bool {
	return !d.isDataSource(e.Node) && !d.Has(e.Node, markSource)
}

// dependsOn reports whether node a is computed from node b.
func (d *ioFinder) dependsOn(a, b int32) bool {
	d.spread([]int32{b}, markAsked, d.forward)
	depends := d.Has(a, markAsked)
	for i := range d.marks {
		d.marks[i] &^= markAsked
	}
	return depends
}

// firstDifference follows two tensors upstream while the same ops compute both. It returns the made tensor at the
// first difference.
func (d *ioFinder) firstDifference(made, real graph.Edge) graph.Edge {
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
