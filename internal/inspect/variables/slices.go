package variables

import (
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/graph"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// The inputs of a SaveV2 node that precede the tensors: file name, names, slices (tensorflow/core/ops/io_ops.cc).
const (
	saveNames  = 1
	saveSlices = 2
	saveFirst  = 3
)

// readSaved finds parts of partitioned variables that no collection describes. It reads them from the savers in the
// graph, which record the full name and the slice of each part.
func (r *variableReader) readSaved() {
	id, ok := r.g.OpID("SaveV2")
	if !ok {
		return
	}
	for i := range r.g.Len() {
		in := r.g.Inputs(i)
		if r.g.Op(i) != id || len(in) <= saveFirst {
			continue
		}
		specs := r.strings(in[saveSlices])
		if !slices.ContainsFunc(specs, func(spec []byte) bool { return len(spec) > 0 }) {
			continue
		}
		names := r.strings(in[saveNames])
		for k, e := range in[saveFirst:] {
			if k >= len(specs) || k >= len(names) || len(specs[k]) == 0 {
				continue
			}
			at, ok := r.variableAt(e, true)
			if !ok || r.facts[at].slice != nil {
				continue
			}
			slice, ok := parseSlice(string(names[k]), string(specs[k]))
			if ok && (r.list[at].Shape == nil || slices.Equal(r.list[at].Shape, slice.GetVarShape())) {
				r.facts[at].slice = slice
			}
		}
	}
}

// strings returns the elements of the string constant that e reads, or nil if it reads none. A single value may stand
// for many elements.
func (r *variableReader) strings(e graph.Edge) [][]byte {
	if e.Node == graph.Dangling || r.g.OpName(r.g.Op(int(e.Node))) != "Const" {
		return nil
	}
	var n wire.Node
	r.g.Node(int(e.Node), &n)
	value, _ := n.Attr("value")
	raw, _ := wire.AttrBytes(value, fieldnum.AttrValue_Tensor)
	var tensor tfpb.TensorProto
	if schema.Unmarshal(raw, &tensor) != nil || tensor.GetDtype() != tfpb.DataType_DT_STRING {
		return nil
	}
	return tensor.GetStringVal()
}

// parseSlice parses a slice as checkpoints write it, "10 4 0,5:-": the full shape, then offset and length of each
// dimension, or "-" for the whole dimension (ParseShapeAndSlice in tensorflow/core/util/saved_tensor_slice_util.cc).
func parseSlice(name, spec string) (*tfpb.SaveSliceInfoDef, bool) {
	words := strings.Split(spec, " ")
	dims, extents := words[:len(words)-1], strings.Split(words[len(words)-1], ":")
	if len(dims) == 0 || len(dims) != len(extents) || len(dims) > tensor.MaxRank {
		return nil, false
	}
	s := &tfpb.SaveSliceInfoDef{FullName: name}
	for k, word := range dims {
		dim, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return nil, false
		}
		offset, length := int64(0), dim
		if extents[k] != "-" {
			from, size, _ := strings.Cut(extents[k], ",")
			var errOffset, errLength error
			offset, errOffset = strconv.ParseInt(from, 10, 64)
			length, errLength = strconv.ParseInt(size, 10, 64)
			if errOffset != nil || errLength != nil {
				return nil, false
			}
		}
		s.FullShape, s.VarOffset, s.VarShape = append(s.FullShape, dim), append(s.VarOffset, offset), append(s.VarShape, length)
	}
	return s, sliceFits(s)
}

// readKeys sets the checkpoint key under which the saver restores each variable.
func (r *variableReader) readKeys() error {
	restored, err := checkpoint.RestoredBy(r.meta, r.g)
	if err != nil {
		return err
	}
	keys := make(map[int32]string, len(restored))
	for i := range restored {
		if t := &restored[i]; t.Node != graph.Dangling && keys[t.Node] == "" {
			keys[t.Node] = t.Key
		}
	}
	for at := range r.list {
		r.list[at].Key = keys[r.facts[at].node]
	}
	return nil
}
