package main

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/wire"
)

// compose imports IN, the first input, into BASE, the second input if there is one. It writes the graph and one checkpoint for both.
func (o *importOptions) compose(ctx context.Context, env *environment, out string, inputs []*metafile.File, base *wire.MetaGraph) error {
	if metafile.IsStdout(out) {
		return usageErrorf("name a file, such as OUT.meta", "--with-checkpoint writes files next to OUT, so OUT cannot be standard output")
	}
	if kind, named := metafile.KindByName(out); named && kind != metafile.MetaGraph || !named && inputs[len(inputs)-1].Kind != metafile.MetaGraph {
		return fileErrorf(out, "name it OUT.meta", "--with-checkpoint writes a MetaGraphDef with a saver")
	}
	opened := make([]*checkpoint.Checkpoint, 2)
	defer closeCheckpoints(opened)
	for k, in := range inputs {
		prefix, found := in.Checkpoint()
		if !found {
			continue
		}
		var err error
		if opened[k], err = checkpoint.Open(prefix); err != nil {
			return err
		}
		if err := checkFiles(opened[k]); err != nil {
			return err
		}
	}
	o.imports.Checkpoints = &rewrite.ImportCheckpoints{In: opened[0], Base: opened[1]}
	message, report, err := rewrite.Import(inputs[0].Meta, base, o.imports)
	if lacking := (*rewrite.NoCheckpointError)(nil); errors.As(err, &lacking) {
		in := inputs[0]
		if lacking.Base {
			in = inputs[1]
		}
		return &metafile.Error{Name: in.Name, Problem: "has variables, but no checkpoint next to it", Err: err,
			Advice: "leave out --with-checkpoint, or copy the checkpoint next to the file"}
	}
	if err != nil {
		return importError(err, inputs)
	}
	out = target(out, metafile.MetaGraph, inputs...)
	if err := o.writeComposed(ctx, out, message, report, inputs, opened); err != nil {
		return err
	}
	r := result{kind: metafile.MetaGraph, reports: reportOf(render.Import{ImportReport: report, DryRun: o.out.dryRun})}
	o.out.say(env, o.out.reported(&place{path: out, kind: metafile.MetaGraph}, inputs), r)
	return o.printElements(env, out, report)
}

// writeComposed writes the graph and the checkpoint, both or neither.
func (o *importOptions) writeComposed(ctx context.Context, out string, message *wire.Rope, report *rewrite.ImportReport, inputs []*metafile.File, opened []*checkpoint.Checkpoint) error {
	format, err := metafile.ParseFormat(o.out.format)
	if err != nil {
		return err
	}
	options := metafile.WriteOptions{Format: format, AllowUnknown: o.out.allowUnknown}
	if o.out.dryRun {
		return cmp.Or(metafile.Try(ctx, out, message, metafile.MetaGraph, options), changed(inputs))
	}
	stage := metafile.NewStage(ctx)
	defer stage.Discard() //nolint:errcheck // after a commit there is nothing to discard
	if err := stage.Message(out, message, metafile.MetaGraph, options); err != nil {
		return err
	}
	if sources := o.imports.Checkpoints.Sources(report); len(sources) > 0 {
		if err := checkpoint.Stage(stage, strings.TrimSuffix(out, filepath.Ext(out)), sources...); err != nil {
			return err
		}
	}
	if err := changed(inputs); err != nil {
		return err
	}
	closeCheckpoints(opened)
	for _, in := range inputs {
		if err := in.Close(); err != nil {
			return err
		}
	}
	return stage.Commit()
}

// closeCheckpoints closes the open checkpoints and sets them to nil.
func closeCheckpoints(opened []*checkpoint.Checkpoint) {
	for k, c := range opened {
		if c != nil {
			_ = c.Close() // it was only read
		}
		opened[k] = nil
	}
}
