package shapes

import (
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/tensor"
)

// partialShape returns the shape that an integer vector represents, if only some of its elements are constant
// (ShapeRefiner::ConstantPartialShape in tensorflow/core/common_runtime/shape_refiner.cc).
func (w *Walk) partialShape(e graph.Edge, depth int) tensor.Shape {
	if e.Node == graph.Dangling || e.Port < 0 || w.lists[e.Node] < 0 {
		return nil
	}
	at := w.sameValue(e)
	if s, seen := w.partial[at]; seen {
		return s
	}
	if depth > maxConstantDepth || len(w.partial) >= maxConstants {
		return nil
	}
	if w.partial == nil {
		w.partial = make(map[graph.Edge]tensor.Shape)
	}
	w.partial[at] = nil // the result for a cycle
	s := w.computePartial(e, depth)
	w.partial[at] = s
	return s
}

// computePartial is partialShape without the cache.
func (w *Walk) computePartial(e graph.Edge, depth int) tensor.Shape {
	i := int(e.Node)
	op, in := w.nodes.Op(i), w.nodes.Inputs(i)
	if count, _, known := w.nodes.Tensors(i); op.Source != opdef.InTensorFlow || !known || count != int64(len(in)) {
		return nil
	}
	switch op.Name {
	case "Shape":
		return w.Shape(in[0])
	case "ShapeN":
		return w.Shape(in[min(int(e.Port), len(in)-1)])
	case "Cast":
		return w.partialShape(in[0], depth+1)
	case "Pack":
		return w.packedShape(i, in, depth+1)
	case "Concat":
		return w.joinedShape(in[0], in[1:], depth+1)
	case "ConcatV2":
		return w.joinedShape(in[len(in)-1], in[:len(in)-1], depth+1)
	case "StridedSlice":
		r, ok := w.sliceRange(i, in, depth+1)
		if !ok || r.single {
			return nil
		}
		s := w.partialShape(in[0], depth+1)
		if s == nil {
			return nil
		}
		part, _ := r.of(s)
		return append(tensor.Shape{}, part...)
	}
	length := w.Shape(e)
	if len(length) != 1 {
		return nil
	}
	if v, ok := w.value(e, depth); ok {
		if len(v) > 0 && slices.Min(v) < -1 {
			return nil
		}
		return append(tensor.Shape{}, v...)
	}
	if length[0] < 0 || length[0] > tensor.MaxRank {
		return nil
	}
	return opdef.UnknownShape(int(length[0]))
}

// packedShape returns the shape that a Pack of numbers represents. Numbers that are not constant become unknown dimensions.
func (w *Walk) packedShape(i int, in []graph.Edge, depth int) tensor.Shape {
	if len(in) > tensor.MaxRank || len(w.Shape(graph.Edge{Node: int32(i)})) != 1 {
		return nil
	}
	out := make(tensor.Shape, len(in))
	for k, e := range in {
		out[k] = -1
		if v, ok := w.value(e, depth); ok && len(v) == 1 {
			out[k] = max(-1, v[0])
		}
	}
	return out
}

// joinedShape returns the shape that the concatenated vectors in parts represent.
func (w *Walk) joinedShape(axis graph.Edge, parts []graph.Edge, depth int) tensor.Shape {
	if at, ok := w.value(axis, depth); !ok || len(at) != 1 || at[0] != 0 {
		return nil
	}
	out := tensor.Shape{}
	for _, e := range parts {
		part := w.partialShape(e, depth)
		if part == nil || len(out)+len(part) > tensor.MaxRank {
			return nil
		}
		out = append(out, part...)
	}
	return out
}
