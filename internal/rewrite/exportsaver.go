package rewrite

import (
	"cmp"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/graph"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/rewrite/saver"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// restored returns what the saver of the file restores.
func (e *exporter) restored() ([]checkpoint.Restored, error) {
	if e.byNode == nil {
		restores, err := checkpoint.RestoredBy(e.m, e.draft.Graph)
		if err != nil {
			return nil, err
		}
		if len(restores) == 0 && e.o.Checkpoint != nil {
			restores = e.restoredByName()
		}
		e.restores, e.byNode = restores, make(map[int]*checkpoint.Restored, len(restores))
		for k := range restores {
			for _, i := range nodesOf(&restores[k]) {
				if e.byNode[i] == nil {
					e.byNode[i] = &restores[k]
				}
			}
		}
	}
	return e.restores, nil
}

// nodesOf returns the variables and tables that get a value from a tensor.
func nodesOf(r *checkpoint.Restored) []int {
	nodes := []int{int(r.Node)}
	for _, other := range r.Others {
		nodes = append(nodes, int(other))
	}
	return nodes
}

// restoredByName returns what a saver of all variables would restore, for a graph without a saver. Each variable is
// restored from the key with its name, if the checkpoint has it (BaseSaverBuilder.OpListToDict in
// tensorflow/python/training/saver.py).
func (e *exporter) restoredByName() []checkpoint.Restored {
	parts := e.variableSlices()
	var out []checkpoint.Restored
	var n wire.Node
	for i := range e.draft.Files() {
		if e.draft.Graph.Node(i, &n); !prune.IsVariable(n.Op) {
			continue
		}
		value, _ := n.Attr("shared_name")
		shared, _ := wire.AttrBytes(value, fieldnum.AttrValue_S)
		r, sliced := parts[string(n.Name)]
		if !sliced {
			r = checkpoint.Restored{Key: string(n.Name)}
			if e.o.Checkpoint.Find(r.Key) == nil && e.o.Checkpoint.Find(string(shared)) != nil {
				r.Key = string(shared)
			}
		}
		if e.o.Checkpoint.Find(r.Key) == nil {
			continue
		}
		r.Node, r.DType, r.Variable, r.Restore, r.Assign = int32(i), tensor.AttrType(&n, "dtype"), tensor.AttrShape(&n), graph.Dangling, graph.Dangling
		out = append(out, r)
	}
	return out
}

// variableSlices returns the parts of partitioned variables, indexed by the name of the part, as the collections of
// variables describe them.
func (e *exporter) variableSlices() map[string]checkpoint.Restored {
	out := make(map[string]checkpoint.Restored)
	for key, value := range e.m.Entries(fieldnum.MetaGraphDef_CollectionDef) {
		t, ok := e.o.Registry.Lookup(string(key))
		kind, list := scope.KindOf(value)
		if !ok || t.Message.Descriptor().FullName() != "tensorflow.VariableDef" || kind != fieldnum.CollectionDef_BytesList {
			continue
		}
		for s := wire.Scan(list); s.Next(); {
			info, ok := wire.Merged(s.Data, fieldnum.VariableDef_SaveSliceInfoDef)
			def := new(tfpb.SaveSliceInfoDef)
			if !ok || schema.Unmarshal(info, def) != nil || len(def.GetFullShape()) != len(def.GetVarOffset()) || len(def.GetFullShape()) != len(def.GetVarShape()) {
				continue
			}
			_, name, _ := scope.Split(wire.Last(s.Data, fieldnum.VariableDef_VariableName))
			out[string(name)] = checkpoint.Restored{Key: def.GetFullName(), Shape: def.GetFullShape(), Slice: checkpoint.Slice{Start: def.GetVarOffset(), Length: def.GetVarShape()}}
		}
	}
	return out
}

// planSaver reduces the graph's saver to the kept variables. A saver that restores nothing else stays unchanged, and so does one that
// computes a kept variable from a tensor. Otherwise a new one is written, because TensorFlow's savers come in too many forms to cut each.
// A SavedModel gets a saver even if the graph has none.
func (e *exporter) planSaver() error {
	if e.o.Restores != nil {
		return e.replaceSaver()
	}
	if e.o.Freeze || e.cut == nil && !e.o.SavedModel && !e.o.WithCheckpoint {
		return nil
	}
	if _, err := e.draftGraph(); err != nil {
		return err
	}
	restored, err := e.restored()
	if err != nil {
		return err
	}
	names, _ := e.m.Message(fieldnum.MetaGraphDef_SaverDef)
	usable := len(wire.Last(names, fieldnum.SaverDef_RestoreOpName)) > 0 && !v1Only(restored)
	kept := e.stays
	whole := slices.ContainsFunc(restored, func(r checkpoint.Restored) bool { return !r.Direct() && slices.ContainsFunc(nodesOf(&r), kept) })
	if whole && e.cut != nil {
		if err := e.keepWholeSaver(names, usable); err != nil {
			return err
		}
	}
	entries := saver.Entries(restored, kept)
	for _, entry := range entries {
		e.report.Keys = append(e.report.Keys, entry.Key)
	}
	if len(entries) == 0 {
		return nil
	}
	if e.o.WithCheckpoint {
		if err := e.checkKeys(restored, kept); err != nil {
			return err
		}
	}
	switch {
	case whole, usable && e.cut == nil:
		return nil
	case usable && len(entries) == len(restored):
		return e.keepSaver(names)
	}
	under := scope.Parent(string(wire.Last(names, fieldnum.SaverDef_RestoreOpName)))
	under = cmp.Or(under[strings.LastIndexByte(under, '/')+1:], "save")
	var nodes []int
	e.newSaver, nodes = saver.Write(e.draft, entries, under, kept)
	if e.cut == nil {
		return nil
	}
	return e.cut.Reach.Add(nodes...)
}

// keepWholeSaver keeps the saver of the file with everything that it restores, because a new saver could not compute a variable from a
// tensor as it does.
func (e *exporter) keepWholeSaver(saverDef []byte, usable bool) error {
	if !usable {
		e.conflicts.Add("restore the checkpoint with TensorFlow, and save it with a tf.train.Saver", "the saver computes variables from tensors, but cannot read a V2 checkpoint")
		return e.conflicts.Err()
	}
	if err := e.keepSaver(saverDef); err != nil {
		return err
	}
	return e.cut.KeepVariables(e.m, e.o.Registry)
}

// checkDirect reports the variables that a saver computes from tensors. The key alone does not hold their value.
func (e *exporter) checkDirect(r *checkpoint.Restored, node int) bool {
	if r.Direct() {
		return true
	}
	e.conflicts.Add("restore the checkpoint with TensorFlow, and save it with a tf.train.Saver", "the saver computes variable %q from key %q, which may hold more than its value", e.draft.Graph.Name(node), r.Key)
	return false
}

// replaceSaver writes the saver that the options request.
func (e *exporter) replaceSaver() error {
	if _, err := e.draftGraph(); err != nil {
		return err
	}
	for k := range e.o.Restores {
		e.checkDirect(&e.o.Restores[k], int(e.o.Restores[k].Node))
	}
	if err := e.conflicts.Err(); err != nil {
		return err
	}
	all := func(int) bool { return true }
	e.newSaver, _ = saver.Write(e.draft, saver.Entries(e.o.Restores, all), "save", all)
	return nil
}

// checkKeys reports the tensors that the copy's saver restores and the checkpoint lacks.
func (e *exporter) checkKeys(restored []checkpoint.Restored, kept func(i int) bool) error {
	if e.o.Checkpoint == nil {
		return ErrNoCheckpoint
	}
	for k := range restored {
		if i := int(restored[k].Node); i >= 0 && kept(i) {
			e.checkKey(&restored[k])
		}
	}
	return e.conflicts.Err()
}

// keepSaver keeps the nodes of the file's saver.
func (e *exporter) keepSaver(saverDef []byte) error {
	for s := wire.Scan(saverDef); s.Next(); {
		if s.Num > fieldnum.SaverDef_RestoreOpName || !s.Is(s.Num) {
			continue
		}
		if i, ok := e.draft.Source(s.Data); ok {
			if err := e.cut.Reach.Add(i); err != nil {
				return err
			}
		}
	}
	return nil
}

// v1Only reports whether a restore op reads only checkpoints of the first format.
func v1Only(restored []checkpoint.Restored) bool {
	for i := range restored {
		if restored[i].V1Only {
			return true
		}
	}
	return false
}
