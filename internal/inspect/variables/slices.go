package variables

import (
	"slices"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/graph"
	tfpb "github.com/metagraph/metagraph/internal/proto"
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
		if !specs.Any() {
			continue // nearly all savers save whole variables
		}
		names := r.strings(in[saveNames])
		for k, e := range in[saveFirst:] {
			if int64(k) >= min(names.Len(), specs.Len()) || len(specs.At(int64(k))) == 0 {
				continue
			}
			at, ok := r.variableAt(e, true)
			if !ok || r.list[at].known().slice != nil {
				continue
			}
			slice, ok := parseSlice(string(names.At(int64(k))), string(specs.At(int64(k))))
			if shape := r.list[at].known().shape; ok && (shape == nil || slices.Equal(shape, slice.GetVarShape())) {
				r.list[at].detail().slice = slice
			}
		}
	}
}

// strings returns the elements of the string constant that e reads, or none if it reads something else.
func (r *variableReader) strings(e graph.Edge) tensor.Strings {
	if e.Node == graph.Dangling || r.g.OpName(r.g.Op(int(e.Node))) != "Const" {
		return tensor.Strings{}
	}
	var n wire.Node
	r.g.Node(int(e.Node), &n)
	value, _ := tensor.AttrTensor(&n)
	return tensor.ParseStrings(value)
}

// parseSlice parses the slice of a part of the variable called name (see checkpoint.ParseShapeAndSlice).
func parseSlice(name, spec string) (*tfpb.SaveSliceInfoDef, bool) {
	shape, slice, err := checkpoint.ParseShapeAndSlice(spec)
	within, ok := slice.Within(shape)
	if err != nil || slice.Start == nil || !ok {
		return nil, false
	}
	s := &tfpb.SaveSliceInfoDef{FullName: name, FullShape: shape, VarOffset: within.Start, VarShape: within.Length}
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
	for _, v := range r.list {
		if key := keys[v.node]; key != "" {
			v.detail().key = key
		}
	}
	return nil
}
