package rewrite

import (
	"cmp"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/rewrite/saver"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// restored returns what the saver of the file restores.
func (e *exporter) restored() ([]checkpoint.Restored, error) {
	if e.byNode == nil {
		restores, err := restoredBy(e.m, e.o.Registry, e.draft.Graph, e.o.Checkpoint)
		if err != nil {
			return nil, err
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
	usable := e.completeSaver(names) && !v1Only(restored)
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

// completeSaver reports whether the graph has all ops that a SaverDef names.
func (e *exporter) completeSaver(saverDef []byte) bool {
	for _, num := range []protowire.Number{fieldnum.SaverDef_FilenameTensorName, fieldnum.SaverDef_SaveTensorName, fieldnum.SaverDef_RestoreOpName} {
		if _, ok := e.draft.Source(wire.Last(saverDef, num)); !ok {
			return false
		}
	}
	return true
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

// replaceSaver writes the saver that the options request, in place of others.
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
	keep, err := e.withoutSavers()
	if err != nil {
		return err
	}
	kept := func(i int) bool { return keep[i] }
	var nodes []int
	e.newSaver, nodes = saver.Write(e.draft, saver.Entries(e.o.Restores, kept), "save", kept)
	for range nodes {
		keep = append(keep, true)
	}
	e.keep = keep
	return nil
}

// withoutSavers returns which nodes stay without the savers that the new one replaces: all but the nodes in their scopes that nothing else
// needs or names.
func (e *exporter) withoutSavers() ([]bool, error) {
	named := prune.NamedOutputs(e.m, e.o.Registry)
	reach := e.draft.NewReach()
	inSaver := func(name []byte) bool {
		return slices.ContainsFunc(e.o.Replaces, func(restore string) bool {
			at := scope.Parent(restore)
			return at != "" && scope.Under(name, at)
		})
	}
	var roots []int
	for i := range e.draft.Files() {
		name := e.draft.Graph.Name(i)
		if _, is := named[string(name)]; is || !inSaver(name) {
			roots = append(roots, i)
		}
	}
	return reach.Has, reach.Add(roots...)
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
