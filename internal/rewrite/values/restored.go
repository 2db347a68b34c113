package values

import (
	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// RestoredBy returns what the saver of m, whose graph is g, restores. For a graph without a saver, this is what a saver of
// all variables would restore from c, if c is not nil: each variable from the key with its name
// (BaseSaverBuilder.OpListToDict in tensorflow/python/training/saver.py). The error is that of checkpoint.RestoredBy.
func RestoredBy(m *wire.MetaGraph, r *scope.Registry, g *graph.Graph, c *checkpoint.Checkpoint) ([]checkpoint.Restored, error) {
	restored, err := checkpoint.RestoredBy(m, g)
	if err != nil || len(restored) > 0 || c == nil {
		return restored, err
	}
	return restoredByName(variableSlices(m, r), g, c), nil
}

// restoredByName returns what a saver of all variables would restore, given the parts of partitioned variables.
func restoredByName(parts map[string]checkpoint.Restored, g *graph.Graph, c *checkpoint.Checkpoint) []checkpoint.Restored {
	var out []checkpoint.Restored
	var n wire.Node
	for i := range g.Len() {
		if g.Node(i, &n); !opdef.IsVariable(n.Op) {
			continue
		}
		shared := tensor.AttrString(&n, "shared_name")
		r, sliced := parts[string(n.Name)]
		if !sliced {
			r = checkpoint.Restored{Key: string(n.Name)}
			if c.Find(r.Key) == nil && c.Find(shared) != nil {
				r.Key = shared
			}
		}
		if c.Find(r.Key) == nil {
			continue
		}
		r.Node, r.DType, r.Variable, r.Restore = int32(i), tensor.AttrType(&n, "dtype"), tensor.AttrShape(&n), graph.Dangling
		out = append(out, r)
	}
	return out
}

// variableSlices returns the parts of partitioned variables, indexed by the name of the part, as the collections of
// variables describe them.
func variableSlices(m *wire.MetaGraph, r *scope.Registry) map[string]checkpoint.Restored {
	out := make(map[string]checkpoint.Restored)
	for variable := range r.VariableDefs(m) {
		raw, ok := wire.Merged(variable, fieldnum.VariableDef_SaveSliceInfoDef)
		info := new(tfpb.SaveSliceInfoDef)
		if !ok || schema.Unmarshal(raw, info) != nil || len(info.GetFullShape()) != len(info.GetVarOffset()) || len(info.GetFullShape()) != len(info.GetVarShape()) {
			continue
		}
		_, name, _ := scope.Split(wire.Last(variable, fieldnum.VariableDef_VariableName))
		out[string(name)] = checkpoint.Restored{Key: info.GetFullName(), Shape: info.GetFullShape(), Slice: checkpoint.Slice{Start: info.GetVarOffset(), Length: info.GetVarShape()}}
	}
	return out
}
