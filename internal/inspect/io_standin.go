package inspect

import "slices"

// A network that is applied to data and, with the same variables, to something that another network made, judges the second by the
// first: what stands in for data is what the other network is there to make, as the output of a generator that a discriminator
// tells from real images. It is a result although layers lie below it.

// A reading is a layer, with what it reads.
type reading struct {
	layer, root int32
	op          int32
	data        Edge
}

// findStandIns lists the tensors that stand in for data.
func (d *finder) findStandIns() {
	readings := d.readings()
	for from := 0; from < len(readings) && d.questions > 0; {
		to := from + 1
		for to < len(readings) && readings[to].root == readings[from].root && readings[to].op == readings[from].op {
			to++
		}
		group := readings[from:to]
		from = to
		real := slices.IndexFunc(group, func(r reading) bool { return !d.has(r.data.Node, markBelow) && !d.madeUp(r.data) })
		made := slices.IndexFunc(group, func(r reading) bool { return d.has(r.data.Node, markBelow) })
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

// readings lists the layers whose variables several layers read, by variable, op and place in the graph.
func (d *finder) readings() []reading {
	var all []reading
	count := make(map[int32]int)
	for _, i := range d.layers {
		r := reading{layer: i, root: -1, op: d.g.Op(int(i)), data: Edge{Node: Dangling}}
		for _, in := range d.firstInputs(i) {
			switch {
			case in.Node == Dangling || in.Port < 0 || d.is(in.Node, opConst|opShape):
			case d.has(in.Node, markWeights) && r.root < 0:
				if root, ok := d.weightRoot(in.Node); ok {
					r.root = root
				}
			case !d.has(in.Node, markWeights) && r.data.Node == Dangling:
				r.data = in
			}
		}
		if r.root >= 0 && r.data.Node != Dangling && !d.has(i, markInside) {
			all = append(all, r)
			count[r.root]++
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

// madeUp reports whether a tensor descends from no data: zeros, noise.
func (d *finder) madeUp(e Edge) bool { return !d.comesIn(e.Node) && !d.has(e.Node, markSource) }

// dependsOn reports whether node a depends on node b.
func (d *finder) dependsOn(a, b int32) bool {
	d.spread([]int32{b}, markAsked, d.forward)
	depends := d.has(a, markAsked)
	for i := range d.marks {
		d.marks[i] &^= markAsked
	}
	return depends
}

// whereTheyDiffer goes up from two tensors as long as the same ops make them, and returns the first from which on that is not so.
func (d *finder) whereTheyDiffer(made, real Edge) Edge {
	for range maxChain {
		if d.g.Op(int(made.Node)) != d.g.Op(int(real.Node)) || d.has(made.Node, markLayer) {
			return made
		}
		a, b := d.g.Inputs(int(made.Node)), d.g.Inputs(int(real.Node))
		next := -1
		for k := range min(len(a), len(b)) {
			if a[k].Node != Dangling && a[k].Port >= 0 && b[k].Node != Dangling && d.has(a[k].Node, markBelow) && !d.has(b[k].Node, markBelow) {
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
