package main

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/savedmodel"
	"github.com/metagraph/metagraph/internal/wire"
)

// exported is the result of an export, ready to be written.
type exported struct {
	o       *exportOptions
	in      *metafile.File
	values  *checkpoint.Checkpoint // nil if none is needed
	out     string
	kind    metafile.Kind
	message *wire.Rope // a MetaGraphDef
	report  *rewrite.ExportReport
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

// write writes one file, and its debug info with --save-debug-info.
func (x *exported) write(ctx context.Context, env *environment) error {
	debug, err := x.o.cutDebugInfo(x.in)
	if err != nil {
		return err
	}
	out := target(x.out, x.kind, x.in)
	said := render.Export{ExportReport: x.report, DryRun: x.o.out.dryRun, NoDebug: x.o.debugInfo && debug == nil}
	if x.kind == metafile.GraphDef {
		x.report.GraphAlone()
	}
	if debug != nil {
		said.DebugInfo = metafile.DebugInfoPath(out)
	}
	r := result{kind: x.kind, report: said, verify: x.verify(ctx)}
	if debug != nil {
		r.beside = &companion{said.DebugInfo, debug, metafile.DebugInfo}
	}
	if r.message, err = x.in.As(x.kind, x.message); err != nil {
		return x.in.Annotate(err)
	}
	return x.o.out.write(ctx, env, out, r, x.in)
}

// verify returns a function that checks the values for a frozen graph, or nil if the graph is not frozen.
func (x *exported) verify(ctx context.Context) func() error {
	if x.values == nil || !x.o.convert.freeze {
		return nil
	}
	return func() error { return verifyKeys(ctx, x.values, x.report.Keys) }
}

// keep returns a function that reports whether the copy needs a key of the checkpoint. It returns nil if the copy needs all keys.
func (x *exported) keep() func(key string) bool {
	if len(x.o.export.Outputs) == 0 {
		return nil
	}
	wanted := make(map[string]bool, len(x.report.Keys))
	for _, key := range x.report.Keys {
		wanted[key] = true
	}
	return func(key string) bool { return wanted[key] }
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
	m := savedmodel.Model{Message: metafile.NewSavedModel(x.message), Format: format, Keep: x.keep()}
	if !x.o.convert.freeze {
		m.Values = x.values
	}
	for _, asset := range x.report.AssetFiles {
		m.Assets = append(m.Assets, savedmodel.Asset{Filename: asset.Filename, Sources: x.places(asset)})
	}
	r := result{kind: metafile.SavedModel, report: render.Export{ExportReport: x.report, DryRun: x.o.out.dryRun}}
	if _, err := strconv.ParseUint(filepath.Base(x.out), 10, 63); err != nil {
		r.hints = append(r.hints, "TensorFlow Serving loads directories named by a version number, such as "+filepath.Join(x.out, "1"))
	}
	if err := metafile.CheckSize(x.out, m.Message, r.kind); err != nil {
		return err
	}
	if verify := x.verify(ctx); verify != nil {
		if err := verify(); err != nil {
			return err
		}
	}
	if x.o.out.dryRun {
		_, err = m.Check(x.out)
	} else {
		err = m.Write(ctx, x.out, x.release)
	}
	if err != nil {
		return err
	}
	x.o.out.say(env, x.out, r)
	return nil
}

// places returns the paths where the file of an asset may be, in the order to try: in the input SavedModel, at the path in the graph, and
// beside the graph.
func (x *exported) places(asset rewrite.AssetFile) []string {
	dir := filepath.Dir(x.in.Path)
	var places []string
	if asset.Filename != "" && x.in.Path != "" {
		places = append(places, filepath.Join(dir, "assets", filepath.FromSlash(asset.Filename)))
	}
	if asset.Path == "" {
		return places
	}
	base := filepath.Base(filepath.FromSlash(strings.ReplaceAll(asset.Path, `\`, "/")))
	written := filepath.FromSlash(asset.Path)
	beside := []string{filepath.Join(dir, written), filepath.Join(dir, base)}
	if x.in.Kind == metafile.SavedModel {
		return append(append(places, written), beside...)
	}
	return append(append([]string{written}, places...), beside...)
}

// writeWithCheckpoint writes a file, and the checkpoint beside it.
func (x *exported) writeWithCheckpoint(ctx context.Context, env *environment) error {
	out := target(x.out, x.kind, x.in)
	message, err := x.in.As(x.kind, x.message)
	if err != nil {
		return x.in.Annotate(err)
	}
	format, err := metafile.ParseFormat(x.o.out.format)
	if err != nil {
		return err
	}
	r := result{message: message, kind: x.kind, report: render.Export{ExportReport: x.report, DryRun: x.o.out.dryRun}}
	options := metafile.WriteOptions{Format: format, AllowUnknown: x.o.out.allowUnknown}
	if x.o.out.dryRun {
		err = metafile.Try(ctx, out, message, x.kind, options)
	} else {
		err = x.stage(ctx, out, message, options)
	}
	if err != nil {
		return err
	}
	x.o.out.say(env, x.o.out.reported(&place{path: out}, []*metafile.File{x.in}), r)
	return nil
}

// stage writes a message to out and the checkpoint beside it, both or neither.
func (x *exported) stage(ctx context.Context, out string, message *wire.Rope, options metafile.WriteOptions) error {
	stage := metafile.NewStage(ctx)
	defer stage.Discard() //nolint:errcheck // after a commit there is nothing to discard
	if err := stage.Message(out, message, x.kind, options); err != nil {
		return err
	}
	if x.values != nil {
		source := checkpoint.Source{Checkpoint: x.values}
		if keep := x.keep(); keep != nil {
			source.Key = func(name string) (string, bool) { return name, keep(name) }
		}
		if _, err := checkpoint.Stage(stage, strings.TrimSuffix(out, filepath.Ext(out)), source); err != nil {
			return err
		}
	}
	if err := x.release(); err != nil {
		return err
	}
	return stage.Commit()
}
