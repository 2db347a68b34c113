package variables

import (
	"slices"
	"strconv"
	"strings"

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

// sliceText formats a slice as checkpoints do: "10 4 0,5:0,4" (SaveSliceInfo.spec in
// tensorflow/python/ops/variables.py).
func sliceText(s *tfpb.SaveSliceInfoDef) string {
	var b strings.Builder
	for _, dim := range s.GetFullShape() {
		b.WriteString(strconv.FormatInt(dim, 10) + " ")
	}
	for k := range s.GetVarOffset() {
		if k > 0 {
			b.WriteByte(':')
		}
		b.WriteString(strconv.FormatInt(s.GetVarOffset()[k], 10) + "," + strconv.FormatInt(s.GetVarShape()[k], 10))
	}
	return b.String()
}

// joinParts returns the list with the parts of each partitioned variable merged at the position of the first part.
func (r *variableReader) joinParts() []Variable {
	joined := r.list[:0]         // never longer than what was read of r.list
	full := make(map[string]int) // index in joined, by full name and shape
	partOf := make(map[string]string)
	for at := range r.list {
		v, slice := r.list[at], r.facts[at].slice
		if slice != nil {
			v.Slice = sliceText(slice)
		}
		if slice == nil || !isPart(v.Name, slice) {
			joined = append(joined, v)
			continue
		}
		partOf[v.Name] = slice.GetFullName()
		part := Part{
			Name: v.Name, Shape: clampShape(slice.GetVarShape()), Offset: slice.GetVarOffset(), Slice: v.Slice, Op: v.Op, Key: v.Key,
		}
		part.Parameters, _ = sizes(part.Shape, r.facts[at].dtype)
		shape := clampShape(slice.GetFullShape())
		key := slice.GetFullName() + "\x00" + shape.String() + "\x00" + v.DType
		place, seen := full[key]
		if !seen {
			full[key] = len(joined)
			v.Name, v.Shape, v.Slice, v.Initializer, v.InitialValue = slice.GetFullName(), shape, "", "", ""
			v.Parameters, v.Bytes = sizes(shape, r.facts[at].dtype)
			v.Parts = []Part{part}
			joined = append(joined, v)
			continue
		}
		whole := &joined[place]
		whole.Parts = append(whole.Parts, part)
		whole.Trainable = whole.Trainable || v.Trainable
		for _, source := range v.Sources {
			if !slices.Contains(whole.Sources, source) {
				whole.Sources = append(whole.Sources, source)
			}
		}
	}
	for k := range joined {
		v := &joined[k]
		if of, ok := partOf[v.Of]; ok {
			v.Of = of
		}
		if len(v.Parts) > 0 {
			v.finish()
		}
	}
	return joined
}

// finish sorts the parts and checks that they cover the full variable.
func (v *Variable) finish() {
	slices.SortStableFunc(v.Parts, func(a, b Part) int { return slices.Compare(a.Offset, b.Offset) })
	var sum int64
	for _, p := range v.Parts {
		sum = saturate(sum, p.Parameters)
	}
	v.Incomplete = v.Parameters >= 0 && sum != int64(v.Parameters)
}
