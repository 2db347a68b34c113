package main

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/rewrite/serve"
	"github.com/metagraph/metagraph/internal/savedmodel"
	"github.com/metagraph/metagraph/internal/wire"
)

// exported is the result of an export, ready to be written.
type exported struct {
	o       *exportOptions
	in      *metafile.File
	values  *checkpoint.Checkpoint // nil if none is needed
	prefix  string                 // of values; empty if the copies need no value
	place   place
	metas   []*wire.Rope            // a MetaGraphDef for each that is selected in in
	reports []*rewrite.ExportReport // one for each of metas
}

// export makes the copies of all selected MetaGraphDefs.
func (x *exported) export() error {
	options := x.o.export
	options.Checkpoint = x.values
	selected := x.in.Selected()
	if options.SavedModel && options.Tags == nil && x.in.Tags == "" && len(selected) == 1 {
		options.Tags = []string{"serve"}
	}
	for _, graph := range selected {
		meta, report, err := rewrite.Export(graph.Meta, options)
		if err != nil {
			return graph.Annotate(err)
		}
		if err := x.o.checkMissing(graph.Name, report); err != nil {
			return err
		}
		x.metas, x.reports = append(x.metas, meta), append(x.reports, report)
	}
	if whole := !x.o.convert.freeze && x.key() == nil; x.values != nil && (whole || len(x.keys()) > 0) {
		x.prefix = x.values.Prefix
	}
	return nil
}

// result returns the result to report: one report for each MetaGraphDef. Hints are in the order of the warnings.
func (x *exported) result(said render.Export) result {
	r := result{place: x.place, release: x.release}
	said.DryRun, said.Checkpoint = x.o.out.dryRun, x.prefix
	for i, report := range x.reports {
		said.ExportReport = report
		one := taggedReport{report: said}
		if len(x.reports) > 1 {
			one.tags = &x.in.TagSets[i]
		}
		for _, hint := range []struct {
			needed bool
			text   string
		}{
			{len(report.Random)+len(report.BatchNorms)+len(report.VariableUpdates) > 0, "set a placeholder such as is_training with --set-value, choose outputs of the inference part, or export the graph again in inference mode"},
			{len(report.Unrestored) > 0 && r.place.kind != metafile.GraphDef, "after restoring, run the initializers of the variables that the saver does not restore"},
			{len(report.Feeds) > 0, "--inputs makes a placeholder an input; --set-value NAME=VALUE turns a scalar into a constant"},
			{len(report.Sources) > 0, "--inputs NAME=TENSOR replaces a tensor of the input pipeline with a placeholder"},
			{len(report.InitFeeds) > 0, "--set-value NAME=PATH puts the path of a file into the graph"},
			{len(report.Devices) > 0, "--clear-devices clears the devices"},
			{len(report.Constants) > 0, "change such constants in the program that builds the graph; -1 in a Reshape adapts to any size"},
		} {
			if hint.needed {
				r.addHint(hint.text)
			}
		}
		r.reports = append(r.reports, one)
	}
	return r
}

// close closes the checkpoint. It may be called twice.
func (x *exported) close() error {
	if x.values == nil {
		return nil
	}
	values := x.values
	x.values = nil
	return values.Close()
}

// write writes one file or directory, and the debug info of a file with --save-debug-info.
func (x *exported) write(ctx context.Context, env *environment) (err error) {
	var said render.Export
	var debug *wire.Rope
	if x.place.directory == "" { // a directory is copied with its debug info
		if debug, err = x.o.cutDebugInfo(x.in); err != nil {
			return err
		}
		said.NoDebug = x.o.debugInfo && debug == nil
	}
	if debug != nil {
		said.DebugInfo = metafile.DebugInfoPath(x.place.path)
	}
	r := x.result(said)
	r.verify = x.verify(ctx)
	if debug != nil {
		r.companions = func(stage *metafile.Stage, options metafile.WriteOptions) error {
			return stage.Message(said.DebugInfo, debug, metafile.DebugInfo, options)
		}
	}
	return x.writeResult(ctx, env, r)
}

// writeResult writes the message of a result and its companions.
func (x *exported) writeResult(ctx context.Context, env *environment, r result) (err error) {
	if r.message, err = x.place.message(x.metas...); err != nil {
		return x.in.Annotate(err)
	}
	return x.o.out.write(ctx, env, r, x.in)
}

// verify returns a function that checks the values for a frozen graph, or nil if the graph is not frozen.
func (x *exported) verify(ctx context.Context) func() error {
	if x.values == nil || !x.o.convert.freeze {
		return nil
	}
	return func() error { return verifyKeys(ctx, x.values, x.keys()) }
}

// keys returns the checkpoint keys that the copies need.
func (x *exported) keys() map[string]bool {
	keys := make(map[string]bool)
	for _, report := range x.reports {
		for _, key := range report.Keys {
			keys[key] = true
		}
	}
	return keys
}

// key returns the selection of the tensors of the checkpoint that the copy needs (see checkpoint.Source), or nil if it needs all.
func (x *exported) key() func(name string) (string, bool) {
	if len(x.o.export.Outputs) == 0 {
		return nil
	}
	wanted := x.keys()
	return func(name string) (string, bool) { return name, wanted[name] }
}

// release closes the inputs. It returns an error if they have changed since they were opened.
func (x *exported) release() error {
	if err := changed([]*metafile.File{x.in}); err != nil {
		return err
	}
	if x.values != nil {
		if err := x.values.Changed(); err != nil {
			return err
		}
	}
	return errors.Join(x.close(), x.in.Close())
}

// writeSavedModel writes the new directory of a SavedModel.
func (x *exported) writeSavedModel(ctx context.Context, env *environment) error {
	format, err := metafile.ParseFormat(x.o.out.format)
	if err != nil {
		return err
	}
	out := x.place.path
	m := savedmodel.Model{Format: format, Dirs: x.assetDirs()}
	if m.Message = metafile.NewSavedModel(x.metas[0]); len(x.metas) > 1 {
		if m.Message, err = x.in.RebuildAll(x.metas); err != nil {
			return x.in.Annotate(err)
		}
	}
	if !x.o.convert.freeze {
		m.Values = checkpoint.Source{Checkpoint: x.values, Key: x.key()}
	}
	for _, report := range x.reports {
		for _, asset := range report.AssetFiles {
			m.Assets = append(m.Assets, savedmodel.Asset{Filename: asset.Filename, Tensor: asset.Tensor, Sources: x.places(asset)})
		}
	}
	r := x.result(render.Export{})
	if _, err := strconv.ParseUint(filepath.Base(out), 10, 63); err != nil {
		r.addHint("TensorFlow Serving loads directories named by a version number, such as " + filepath.Join(out, "1"))
	}
	if err := metafile.CheckSize(out, m.Message, r.place.kind); err != nil {
		return err
	}
	if verify := x.verify(ctx); verify != nil {
		if err := verify(); err != nil {
			return err
		}
	}
	if x.o.out.dryRun {
		_, err = m.Check(out)
	} else {
		err = m.Write(ctx, out, x.release)
	}
	if err != nil {
		return err
	}
	x.o.out.say(env, out, r)
	return nil
}

// assetDirs returns the directories whose files may become assets: that of the input, and those of --assets-from.
func (x *exported) assetDirs() []string {
	if x.in.Path == "" {
		return x.o.convert.assetsFrom
	}
	return append([]string{filepath.Dir(x.in.Path)}, x.o.convert.assetsFrom...)
}

// places returns the paths where the file of an asset may be, in the order to try: in the input SavedModel, at the path in the graph, and
// in the directories of assets, where it may have been moved.
func (x *exported) places(asset serve.AssetFile) []string {
	var listed, written, nearby []string
	if asset.Path != "" {
		written = []string{filepath.FromSlash(asset.Path)}
	}
	base := filepath.Base(filepath.FromSlash(strings.ReplaceAll(cmp.Or(asset.Path, asset.Filename), `\`, "/")))
	for _, dir := range x.assetDirs() {
		if asset.Filename != "" {
			listed = append(listed, filepath.Join(dir, "assets", filepath.FromSlash(asset.Filename)))
		}
		if asset.Path != "" {
			nearby = append(nearby, filepath.Join(dir, written[0]))
		}
		nearby = append(nearby, filepath.Join(dir, base))
	}
	if x.in.Kind == metafile.SavedModel {
		return slices.Concat(listed, written, nearby)
	}
	return slices.Concat(written, listed, nearby)
}

// writeWithCheckpoint writes a file, and the checkpoint next to it.
func (x *exported) writeWithCheckpoint(ctx context.Context, env *environment) error {
	r := x.result(render.Export{})
	var sources []checkpoint.Source
	if x.values != nil {
		sources = append(sources, checkpoint.Source{Checkpoint: x.values, Key: x.key()})
	}
	r.companions = checkpointNextTo(x.place.path, sources)
	return x.writeResult(ctx, env, r)
}
