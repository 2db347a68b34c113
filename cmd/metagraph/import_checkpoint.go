package main

import (
	"context"
	"errors"

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
	opened, prefixes, err := openCheckpoints(inputs)
	defer closeCheckpoints(opened)
	if err != nil {
		return err
	}
	o.imports.Checkpoints = &rewrite.ImportCheckpoints{In: opened[0], Base: opened[1]}
	message, report, err := rewrite.Import(inputs[0].Meta, base, o.imports)
	if lacking, ok := errors.AsType[*rewrite.NoCheckpointError](err); ok {
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
	r := result{message: message, place: place{path: target(out, metafile.MetaGraph, inputs...), kind: metafile.MetaGraph},
		reports: reportOf(render.Import{ImportReport: report, Checkpoints: prefixes, DryRun: o.out.dryRun})}
	r.companions = checkpointNextTo(r.place.path, o.imports.Checkpoints.Sources(report))
	r.release = func() error {
		defer closeCheckpoints(opened)
		return release(inputs)
	}
	if err := o.out.write(ctx, env, r, inputs...); err != nil {
		return err
	}
	return o.printElements(env, r.place.path, report)
}

// openCheckpoints opens the checkpoints of IN and BASE, the two inputs, and returns their prefixes too. A checkpoint that does not exist is
// nil. The caller closes the checkpoints, after an error too.
func openCheckpoints(inputs []*metafile.File) (opened []*checkpoint.Checkpoint, prefixes []string, err error) {
	opened, prefixes = make([]*checkpoint.Checkpoint, 2), []string{}
	for k, in := range inputs {
		prefix, found := in.Checkpoint()
		if !found {
			continue
		}
		if opened[k], err = checkpoint.Open(prefix); err != nil {
			return opened, nil, err
		}
		if err := checkFiles(opened[k]); err != nil {
			return opened, nil, err
		}
		prefixes = append(prefixes, opened[k].Prefix)
	}
	return opened, prefixes, nil
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
