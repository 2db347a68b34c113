package variables

import (
	"fmt"
	"slices"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/graph"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/tensor"
)

// sliceFits reports whether a slice is valid: its shapes have the same rank, and it lies inside the full variable.
func sliceFits(s *tfpb.SaveSliceInfoDef) bool {
	full, offset, part := s.GetFullShape(), s.GetVarOffset(), s.GetVarShape()
	if s.GetFullName() == "" || len(full) != len(offset) || len(full) != len(part) || len(full) > tensor.MaxRank {
		return false
	}
	for k := range full {
		if offset[k] < 0 || part[k] < 0 || part[k] > full[k] || offset[k] > full[k]-part[k] {
			return false
		}
	}
	return true
}

// isPart reports whether the slice makes the variable called name a part of another one. A small variable may have
// only one part, which checkpoints store under the full name.
func isPart(name string, s *tfpb.SaveSliceInfoDef) bool {
	return s.GetFullName() != name || !slices.Equal(s.GetFullShape(), s.GetVarShape())
}

// specOf returns a slice as checkpoints record it: "10 4 0,5:0,4" (SaveSliceInfo.spec in tensorflow/python/ops/variables.py).
func specOf(s *tfpb.SaveSliceInfoDef) string {
	return checkpoint.FormatShapeAndSlice(s.GetFullShape(), checkpoint.Slice{Start: s.GetVarOffset(), Length: s.GetVarShape()})
}

// groupParts finds the parts of each partitioned variable.
func (r *variableReader) groupParts() {
	first := make(map[string]int) // index in list, by full name, shape and dtype
	for at, v := range r.list {
		slice := v.slice()
		if slice == nil {
			continue
		}
		key := fmt.Sprintf("%s\x00%v\x00%d", slice.GetFullName(), clampShape(slice.GetFullShape()), v.dtype)
		if _, seen := first[key]; !seen {
			first[key] = at
		}
		whole := r.list[first[key]].details
		whole.parts = append(whole.parts, int32(at))
	}
}

// anyTrainable reports whether one of the parts is trainable.
func (r *variableReader) anyTrainable(parts []int32) bool {
	return slices.ContainsFunc(parts, func(at int32) bool { return r.list[at].trainable })
}

// join changes the variable of the first part to the whole variable.
func (r *variableReader) join(v *Variable, parts []int32) {
	slice, dtype := r.list[parts[0]].slice(), r.list[parts[0]].dtype
	v.Name, v.Shape, v.Trainable = slice.GetFullName(), clampShape(slice.GetFullShape()), r.anyTrainable(parts)
	v.Parameters, v.Bytes = sizes(v.Shape, dtype)
	var sum int64
	listed := make(map[string]bool) // sources
	for _, source := range v.Sources {
		listed[source] = true
	}
	previous := r.list[parts[0]].source
	for _, at := range parts {
		p := r.list[at]
		part := Part{Name: p.name, Shape: clampShape(p.slice().GetVarShape()), Offset: p.slice().GetVarOffset(), Slice: specOf(p.slice()), Key: p.known().key}
		part.Parameters, _ = sizes(part.Shape, dtype)
		if p.node != graph.Dangling {
			part.Op = r.g.OpName(r.g.Op(int(p.node)))
		}
		v.Parts = append(v.Parts, part)
		sum = saturate(sum, part.Parameters)
		if p.source == previous {
			continue // nearly all parts have the same sources
		}
		for _, source := range r.sources.of(p.source) {
			if !listed[source] {
				listed[source] = true
				v.Sources = append(v.Sources, source)
			}
		}
		previous = p.source
	}
	slices.SortStableFunc(v.Parts, func(a, b Part) int { return slices.Compare(a.Offset, b.Offset) })
	v.Incomplete = v.Parameters >= 0 && sum != int64(v.Parameters)
}
