package saver

import (
	"cmp"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/rewrite/values"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Fitting fits the saver of a graph to the variables that an export keeps.
type Fitting struct {
	Meta     *wire.MetaGraph
	Registry *scope.Registry
	Draft    *draft.Graph   // gets the nodes of a new saver
	Cut      *prune.Cut     // gets the nodes of the saver; nil if all nodes are kept
	Values   *values.Values // what the saver of Meta restores
	Check    bool           // require that the checkpoint has everything that the saver restores

	conflicts draft.Conflicts
}

// Fit reduces the saver to the kept variables. A saver that restores nothing else stays unchanged, and so does one that
// computes a kept variable from a tensor. Otherwise a new one is written, because TensorFlow's savers come in too many forms
// to cut each. A graph without a saver gets one too. Fit returns the SaverDef of the new saver, or nil if there is none, and
// the checkpoint keys that the copy restores. The error is draft.Conflicts, or values.ErrNoCheckpoint if Check needs one.
func (f *Fitting) Fit() (saverDef []byte, keys []string, err error) {
	old, _ := f.Meta.Message(fieldnum.MetaGraphDef_SaverDef)
	restored, kept := f.Values.Restored, f.Cut.Keeps
	usable := f.complete(old) && !slices.ContainsFunc(restored, func(r checkpoint.Restored) bool { return r.V1Only })
	whole := slices.ContainsFunc(restored, func(r checkpoint.Restored) bool { return !r.Direct() && slices.ContainsFunc(values.Nodes(&r), kept) })
	if whole && f.Cut != nil {
		if err := f.keepWhole(old, usable); err != nil {
			return nil, nil, err
		}
	}
	entries := entriesFor(restored, kept)
	for _, e := range entries {
		keys = append(keys, e.key)
	}
	if len(entries) == 0 {
		return nil, nil, nil
	}
	if f.Check {
		if err := f.checkValues(); err != nil {
			return nil, nil, err
		}
	}
	switch {
	case whole, usable && f.Cut == nil:
		return nil, keys, nil
	case usable && len(entries) == len(restored):
		return nil, keys, f.keep(old)
	}
	under := scope.Parent(string(wire.Last(old, fieldnum.SaverDef_RestoreOpName)))
	under = cmp.Or(under[strings.LastIndexByte(under, '/')+1:], "save")
	saverDef, nodes := write(f.Draft, entries, old, under, kept)
	if f.Cut != nil {
		err = f.Cut.Reach.Add(nodes...)
	}
	return saverDef, keys, err
}

// complete reports whether the graph has all ops that a SaverDef names.
func (f *Fitting) complete(saverDef []byte) bool {
	for _, num := range []protowire.Number{fieldnum.SaverDef_FilenameTensorName, fieldnum.SaverDef_SaveTensorName, fieldnum.SaverDef_RestoreOpName} {
		if _, ok := f.Draft.Source(wire.Last(saverDef, num)); !ok {
			return false
		}
	}
	return true
}

// keepWhole keeps the saver of the file with everything that it restores, because a new saver could not compute a variable
// from a tensor as it does.
func (f *Fitting) keepWhole(saverDef []byte, usable bool) error {
	if !usable {
		f.conflicts.Add(values.SaveAgain, "the saver computes variables from tensors, but cannot read a V2 checkpoint")
		return f.conflicts
	}
	return f.keep(saverDef)
}

// keep keeps the nodes of the file's saver, and what initializes the variables among them.
func (f *Fitting) keep(saverDef []byte) error {
	for s := wire.Scan(saverDef); s.Next(); {
		if s.Num > fieldnum.SaverDef_RestoreOpName || !s.Is(s.Num) {
			continue
		}
		if i, ok := f.Draft.Source(s.Data); ok {
			if err := f.Cut.Reach.Add(i); err != nil {
				return err
			}
		}
	}
	return f.Cut.KeepVariables(f.Meta, f.Registry)
}

// checkValues reports the tensors that the saver of the copy restores and the checkpoint lacks.
func (f *Fitting) checkValues() error {
	if f.Values.Checkpoint == nil {
		return values.ErrNoCheckpoint
	}
	for k := range f.Values.Restored {
		if r := &f.Values.Restored[k]; r.Node >= 0 && f.Cut.Keeps(int(r.Node)) {
			f.Values.Tensor(r, &f.conflicts)
		}
	}
	return f.conflicts.Err()
}

// Replace adds a saver for the given variables to g, which is the graph of m, in place of old savers: scopes or nodes. The
// new saver keeps as many checkpoints as that of m. Replace returns its SaverDef, and which nodes of g stay: all but those of
// the old savers that nothing else needs or names. The error is draft.Conflicts if a saver computes a variable from a tensor.
func Replace(m *wire.MetaGraph, r *scope.Registry, g *draft.Graph, restores []checkpoint.Restored, old []string) ([]byte, []bool, error) {
	var conflicts draft.Conflicts
	var roots []int
	for k := range restores {
		variable := int(restores[k].Node)
		values.CheckDirect(g.Graph, &restores[k], variable, &conflicts)
		roots = append(roots, variable)
	}
	if err := conflicts.Err(); err != nil {
		return nil, nil, err
	}
	inSaver := func(name []byte) bool {
		return slices.ContainsFunc(old, func(saver string) bool { return string(name) == saver || scope.Under(name, saver) })
	}
	named := prune.NamedOutputs(m, r)
	for i := range g.Files() {
		name := g.Graph.Name(i)
		if _, is := named[string(name)]; is || !inSaver(name) {
			roots = append(roots, i)
		}
	}
	reach := g.NewReach()
	if err := reach.Add(roots...); err != nil {
		return nil, nil, err
	}
	kept := func(i int) bool { return reach.Has[i] }
	policy, _ := m.Message(fieldnum.MetaGraphDef_SaverDef)
	saverDef, nodes := write(g, entriesFor(restores, kept), policy, "save", kept)
	return saverDef, append(reach.Has, slices.Repeat([]bool{true}, len(nodes))...), nil
}
